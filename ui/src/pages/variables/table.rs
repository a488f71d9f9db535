//! The variables as a list. A secret's value is asked for alone, by who has the right to it.

use std::collections::HashMap;
use std::rc::Rc;

use chrono::{DateTime, Utc};
use slipway_protocol::api::{DeleteVariable, RevealVariable};
use slipway_protocol::variable::VariableView;
use slipway_protocol::{Action, Resource, Scope, VariableKey};
use yew::prelude::*;

use super::set_form::Draft;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::confirm::Confirm;
use crate::components::copy::CopyButton;
use crate::components::failure::FormError;
use crate::components::icon::Icon;
use crate::components::listing::{Column, Listed, Listing, Together};
use crate::components::pill::{Badge, Tone};
use crate::components::time::Ago;
use crate::rights::FOR_DEVELOPERS;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;
use crate::text;
use crate::visible::visible;

/// A key, and when its value was set.
type Version = (VariableKey, DateTime<Utc>);

fn version(one: &VariableView) -> Version {
    (one.key.clone(), one.updated_at)
}

impl Listed for VariableView {
    fn key(&self) -> String {
        self.key.to_string()
    }

    fn row_id(&self) -> String {
        format!("variable-row-{}", self.key)
    }

    fn name(&self) -> String {
        self.key.to_string()
    }
}

#[derive(PartialEq, Properties)]
pub struct TableProps {
    pub scope: Scope,
    pub all: Vec<VariableView>,
    pub waits_since: Option<DateTime<Utc>>,
    pub may: bool,
    pub edit: Callback<Draft>,
    pub changed: Callback<()>,
}

#[function_component]
pub fn VariableTable(props: &TableProps) -> Html {
    let context = use_cluster();
    let scope = props.scope;
    // A value that was set since is another one, and is not shown as this.
    let revealed = use_state(HashMap::<Version, String>::new);
    let revealing = use_task();
    let deleting = use_state(Vec::<VariableKey>::new);
    let may_see = context.may(Resource::Secret, Action::Read);
    if props.all.is_empty() {
        return html! { <Card><p class="card-empty">{ "No variables yet." }</p></Card> };
    }
    let reveal = {
        let (revealed, revealing, cluster) = (revealed.clone(), revealing.clone(), context.id());
        Callback::from(move |version: Version| {
            let mut seen = (*revealed).clone();
            if seen.remove(&version).is_some() {
                revealed.set(seen);
                return;
            }
            let revealed = revealed.setter();
            revealing.run(async move {
                let answer = shell::api(
                    cluster,
                    RevealVariable {
                        scope,
                        key: version.0.clone(),
                    },
                )
                .await?;
                seen.insert(version, answer.value.into_exposed());
                revealed.set(seen);
                Ok(())
            });
        })
    };
    let ask = {
        let deleting = deleting.setter();
        Callback::from(move |keys| deleting.set(keys))
    };
    let close = {
        let deleting = deleting.setter();
        Callback::from(move |()| deleting.set(Vec::new()))
    };
    let cell = {
        let (revealed, busy) = (Rc::new((*revealed).clone()), revealing.busy());
        move |one: &VariableView| {
            let shown = one.value.as_ref().or_else(|| revealed.get(&version(one)));
            html! { <td class="value">{ value(one, shown, may_see, busy, &reveal) }</td> }
        }
    };
    let end = {
        let (may, edit, ask) = (props.may, props.edit.clone(), ask.clone());
        Callback::from(move |one: VariableView| buttons(&one, may, &edit, &ask))
    };
    let may = props.may;
    let delete = Together {
        id: "variables-delete",
        label: "Delete…",
        refused: Callback::from(move |_| (!may).then_some(WRITER)),
        act: ask.reform(|chosen: Vec<VariableView>| chosen.into_iter().map(|one| one.key).collect()),
    };
    html! {
        <>
            <FormError failure={revealing.failure()}/>
            <Card><Listing<VariableView> id="variables" items={props.all.clone()} columns={columns(props.waits_since, cell)} {end}
                together={vec![delete]}/></Card>
            if !deleting.is_empty() {
                <DeleteDialog {scope} variables={(*deleting).clone()} {close} changed={props.changed.clone()}/>
            }
        </>
    }
}

const WRITER: AttrValue = AttrValue::Static(FOR_DEVELOPERS);

fn columns(
    waits_since: Option<DateTime<Utc>>,
    value: impl Fn(&VariableView) -> Html + 'static,
) -> Vec<Column<VariableView>> {
    let key = move |one: &VariableView| {
        let waits = waits_since.is_some_and(|since| one.updated_at > since);
        html! {
            <td>
                <code>{ one.key.as_str() }</code>
                if one.as_file { <Badge tone={Tone::Neutral} text="file" title="Delivered as a file below /run/secrets"/> }
                if waits { <Badge tone={Tone::Progress} text="waits" title="Takes effect with the next deployment or reload"/> }
            </td>
        }
    };
    vec![
        Column::new("key", "Key", key)
            .by(|one, other| one.key.cmp(&other.key))
            .always(),
        Column::new("value", "Value", value),
        Column::new("length", "Length", |one: &VariableView| {
            html! { <td class="right number">{ text::bytes(u64::from(one.length)) }</td> }
        })
        .by(|one, other| one.length.cmp(&other.length))
        .right(),
        Column::new("set", "Set", |one: &VariableView| {
            html! { <td class="secondary"><Ago at={one.updated_at}/></td> }
        })
        .by(|one, other| one.updated_at.cmp(&other.updated_at)),
    ]
}

fn value(
    one: &VariableView,
    shown: Option<&String>,
    may: bool,
    busy: bool,
    reveal: &Callback<Version>,
) -> Html {
    let (hint, icon, label) = match shown {
        _ if !may => (
            Some(AttrValue::Static("Only an admin or owner may read secrets")),
            Icon::Eye,
            "Reveal",
        ),
        Some(_) => (None, Icon::EyeOff, "Hide"),
        None => (None, Icon::Eye, "Reveal"),
    };
    let onclick = {
        let version = version(one);
        reveal.reform(move |()| version.clone())
    };
    let copied = shown.cloned();
    html! {
        <span class="value-cell">
            if let Some(shown) = shown {
                <code class="plain" title={visible(shown).into_owned()} data-testid={format!("variable-shown-{}", one.key)}>{ visible(shown).into_owned() }</code>
            } else {
                <span class="faint">{ "secret" }</span>
            }
            if let Some(copied) = copied { <CopyButton text={Callback::from(move |()| copied.clone())}/> }
            if one.secret {
                <Button id={format!("variable-reveal-{}", one.key)} label={format!("{label} {}", one.key)} {icon} icon_only=true look={Look::Plain} acts={shown.is_none()}
                    disabled={!may} {busy} {hint} {onclick}/>
            }
        </span>
    }
}

fn buttons(one: &VariableView, may: bool, edit: &Callback<Draft>, ask: &Callback<Vec<VariableKey>>) -> Html {
    let hint = (!may).then_some(WRITER);
    let edit = {
        let draft = Draft::of(one);
        edit.reform(move |()| draft.clone())
    };
    let delete = {
        let key = one.key.clone();
        ask.reform(move |()| vec![key.clone()])
    };
    html! {
        <span class="row-buttons">
            <Button id={format!("variable-edit-{}", one.key)} label="Change" look={Look::Plain} disabled={!may} hint={hint.clone()} onclick={edit}/>
            <Button id={format!("variable-delete-{}", one.key)} label={format!("Delete {}", one.key)} acts=true icon={Icon::Trash} icon_only=true
                look={Look::Plain} disabled={!may} {hint} onclick={delete}/>
        </span>
    }
}

#[derive(PartialEq, Properties)]
struct DeleteProps {
    scope: Scope,
    variables: Vec<VariableKey>,
    close: Callback<()>,
    changed: Callback<()>,
}

#[function_component]
fn DeleteDialog(props: &DeleteProps) -> Html {
    let cluster = use_cluster().id();
    let task = use_task();
    let (scope, keys) = (props.scope, &props.variables);
    let confirm = {
        let (task, keys) = (task.clone(), keys.clone());
        let (close, changed) = (props.close.clone(), props.changed.clone());
        Callback::from(move |()| {
            let (keys, close, changed) = (keys.clone(), close.clone(), changed.clone());
            task.run(async move {
                // One that fails leaves those behind it; the list then shows which are gone.
                for key in keys {
                    let outcome = shell::api(cluster, DeleteVariable { scope, key }).await;
                    changed.emit(());
                    outcome?;
                }
                close.emit(());
                Ok(())
            });
        })
    };
    let (title, verb) = match keys.as_slice() {
        [key] => (format!("Delete {key}"), "Delete variable".to_owned()),
        _ => (
            format!("Delete {} variables", keys.len()),
            format!("Delete {} variables", keys.len()),
        ),
    };
    html! {
        <Confirm id="variable-delete" {title} {verb} {task} {confirm} close={props.close.clone()}>
            if keys.len() > 1 {
                <p class="together-list">{ for keys.iter().map(|key| html! { <><code>{ key.as_str() }</code>{ " " }</> }) }</p>
            }
            <p>{ "A value that is deleted cannot be brought back. What runs keeps it; the next deployment or reload is without it, and is refused where another \
                variable refers to it." }</p>
        </Confirm>
    }
}
