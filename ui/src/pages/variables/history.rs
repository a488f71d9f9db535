//! Who changed which variables and files of a scope, newest first. Names only; values are never told.

use slipway_protocol::Scope;
use slipway_protocol::api::ListConfigurationChanges;
use slipway_protocol::configuration::ConfigurationChange;
use yew::prelude::*;

use crate::components::card::Card;
use crate::components::remote::face;
use crate::components::table::{Row, Table};
use crate::components::time::Ago;
use crate::state::api::{LIST, use_api};
use crate::state::cluster::use_cluster;

#[derive(PartialEq, Properties)]
pub struct HistoryProps {
    pub scope: Scope,
}

#[function_component]
pub fn History(props: &HistoryProps) -> Html {
    let cluster = use_cluster().id();
    let remote = use_api(cluster, ListConfigurationChanges { scope: props.scope }, LIST);
    face(
        &remote,
        "the right to read variables (developer or above)",
        |all| {
            if all.is_empty() {
                return html! { <Card><p class="card-empty">{ "Nothing has been changed yet." }</p></Card> };
            }
            let head =
                html! { <><th>{ "When" }</th><th>{ "Who" }</th><th>{ "Of" }</th><th>{ "What" }</th></> };
            html! { <Card><Table {head}>{ for all.iter().enumerate().map(row) }</Table></Card> }
        },
    )
}

fn row((place, change): (usize, &ConfigurationChange)) -> Html {
    html! {
        <Row key={place} id="history-row">
            <td class="secondary"><Ago at={change.at}/></td>
            <td>{ &change.actor }</td>
            <td>{ change.what.as_str() }</td>
            <td class="says">{ in_words(change) }</td>
        </Row>
    }
}

/// “set A, B; changed C; removed D”.
fn in_words(change: &ConfigurationChange) -> String {
    let parts = [
        ("set", &change.changes.added),
        ("changed", &change.changes.changed),
        ("removed", &change.changes.removed),
    ];
    let part = |(verb, names): &(&str, &Vec<String>)| {
        (!names.is_empty()).then(|| format!("{verb} {}", names.join(", ")))
    };
    parts.iter().filter_map(part).collect::<Vec<String>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::configuration::{Changes, Configured};

    /// FR-CFG-03: a change names what it touched.
    #[test]
    fn a_change_names_what_it_touched() {
        let change = ConfigurationChange {
            at: chrono::DateTime::UNIX_EPOCH,
            actor: "ada@example.org".to_owned(),
            what: Configured::Variables.into(),
            changes: Changes {
                added: vec!["A".to_owned(), "B".to_owned()],
                changed: Vec::new(),
                removed: vec!["D".to_owned()],
            },
        };
        assert_eq!(in_words(&change), "set A, B; removed D");
    }
}
