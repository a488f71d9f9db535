//! What was changed of the serving release outside Slipway: part by part, with the two ways on.

use slipway_protocol::api::{AdoptDrift, HealDrift};
use slipway_protocol::drift::Difference;
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use super::AppProps;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::components::table::{Row, Table};
use crate::rights::FOR_DEVELOPERS;
use crate::state::cluster::use_cluster;
use crate::state::task::{last_failure, use_task};
use crate::text;

#[function_component]
pub fn Drift(props: &AppProps) -> Html {
    let context = use_cluster();
    let (healing, adopting) = (use_task(), use_task());
    let (cluster, application) = (context.id(), props.app.id);
    let heal = healing.sends(cluster, HealDrift { application }, props.reload.clone());
    let adopt = adopting.sends(cluster, AdoptDrift { application }, props.reload.clone());
    let drift = &props.app.drift;
    let right = AttrValue::Static(FOR_DEVELOPERS);
    let no_heal = (!context.may(Resource::Deployment, Action::Run)).then(|| right.clone());
    let no_adopt = (!context.may(Resource::Application, Action::Write))
        .then_some(right)
        .or_else(|| unfit(drift));
    let busy = healing.busy() || adopting.busy();
    let actions = html! {
        <>
            <Button id="drift-adopt" label="Adopt" acts=true onclick={adopt} busy={adopting.busy()} disabled={busy || no_adopt.is_some()}
                hint={no_adopt.unwrap_or(AttrValue::Static("Takes the parts that settings say exactly into the settings; the history says so"))}/>
            <Button id="drift-heal" label="Heal" look={Look::Primary} onclick={heal} busy={healing.busy()}
                disabled={busy || no_heal.is_some()} hint={no_heal.unwrap_or(AttrValue::Static(
                    "Puts it back as deployed: the number of tasks at once, anything else by new tasks of this release"))}/>
        </>
    };
    let note = text::count(drift.len(), "part", "parts");
    html! {
        <div data-testid="drift">
            <Card title="Changed outside Slipway" {note} {actions} class="attention">
                { table(drift) }
                <FormError failure={last_failure(&[&healing, &adopting])}/>
            </Card>
        </div>
    }
}

fn table(drift: &[Difference]) -> Html {
    let head = html! {
        <><th>{ "Part" }</th><th>{ "As deployed" }</th><th>{ "Found" }</th><th>{ "Ways on" }</th></>
    };
    let row = |one: &Difference| {
        html! {
            <Row key={one.what.clone()} id="drift-row">
                <td>{ &one.what }</td>
                <td class="says"><code>{ &one.wanted }</code></td>
                <td class="says"><code>{ &one.found }</code></td>
                <td>{ one.ways_on() }</td>
            </Row>
        }
    };
    html! { <Table {head}>{ for drift.iter().map(row) }</Table> }
}

/// Why the settings can take nothing over.
fn unfit(drift: &[Difference]) -> Option<AttrValue> {
    let none = !drift.iter().any(|one| one.adoptable);
    none.then_some(AttrValue::Static(
        "No setting says exactly what was changed; it can only be put back",
    ))
}
