//! The variables as a table. A secret's value is asked for alone, by who has the right to it.

use std::collections::HashMap;

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
use crate::components::pill::{Badge, Tone};
use crate::components::table::{Row, Table};
use crate::components::time::Ago;
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
    let deleting = use_state(|| None::<VariableKey>);
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
        Callback::from(move |key| deleting.set(Some(key)))
    };
    let close = {
        let deleting = deleting.setter();
        Callback::from(move |()| deleting.set(None))
    };
    let row = |one: &VariableView| {
        let shown = one.value.as_ref().or_else(|| revealed.get(&version(one)));
        let waits = props.waits_since.is_some_and(|since| one.updated_at > since);
        html! {
            <Row key={one.key.to_string()} id={format!("variable-row-{}", one.key)}>
                <td>
                    <code>{ one.key.as_str() }</code>
                    if one.as_file { <Badge tone={Tone::Neutral} text="file" title="Delivered as a file below /run/secrets"/> }
                    if waits { <Badge tone={Tone::Progress} text="waits" title="Takes effect with the next deployment or reload"/> }
                </td>
                <td class="value">{ value(one, shown, may_see, revealing.busy(), &reveal) }</td>
                <td class="right number">{ text::bytes(u64::from(one.length)) }</td>
                <td class="secondary"><Ago at={one.updated_at}/></td>
                <td class="right">{ buttons(one, props, &ask) }</td>
            </Row>
        }
    };
    let head = html! {
        <><th>{ "Key" }</th><th>{ "Value" }</th><th class="right">{ "Length" }</th><th>{ "Set" }</th><th/></>
    };
    html! {
        <>
            <FormError failure={revealing.failure()}/>
            <Card><Table {head}>{ for props.all.iter().map(row) }</Table></Card>
            if let Some(key) = &*deleting { <DeleteDialog {scope} variable={key.clone()} {close} changed={props.changed.clone()}/> }
        </>
    }
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
                <Button id={format!("variable-reveal-{}", one.key)} label={format!("{label} {}", one.key)} {icon} icon_only=true look={Look::Plain}
                    disabled={!may} {busy} {hint} {onclick}/>
            }
        </span>
    }
}

fn buttons(one: &VariableView, props: &TableProps, ask: &Callback<VariableKey>) -> Html {
    let hint = (!props.may).then_some(AttrValue::Static("It needs the role developer, admin or owner"));
    let edit = {
        let draft = Draft::of(one);
        props.edit.reform(move |()| draft.clone())
    };
    let delete = {
        let key = one.key.clone();
        ask.reform(move |()| key.clone())
    };
    html! {
        <span class="row-buttons">
            <Button id={format!("variable-edit-{}", one.key)} label="Change" look={Look::Plain} disabled={!props.may} hint={hint.clone()} onclick={edit}/>
            <Button id={format!("variable-delete-{}", one.key)} label={format!("Delete {}", one.key)} icon={Icon::Trash} icon_only=true
                look={Look::Plain} disabled={!props.may} {hint} onclick={delete}/>
        </span>
    }
}

#[derive(PartialEq, Properties)]
struct DeleteProps {
    scope: Scope,
    variable: VariableKey,
    close: Callback<()>,
    changed: Callback<()>,
}

#[function_component]
fn DeleteDialog(props: &DeleteProps) -> Html {
    let cluster = use_cluster().id();
    let task = use_task();
    let (scope, key) = (props.scope, &props.variable);
    let confirm = {
        let (task, key) = (task.clone(), key.clone());
        let (close, changed) = (props.close.clone(), props.changed.clone());
        Callback::from(move |()| {
            let (key, close, changed) = (key.clone(), close.clone(), changed.clone());
            task.run(async move {
                shell::api(cluster, DeleteVariable { scope, key }).await?;
                changed.emit(());
                close.emit(());
                Ok(())
            });
        })
    };
    html! {
        <Confirm id="variable-delete" title={format!("Delete {key}")} verb="Delete variable" {task} {confirm} close={props.close.clone()}>
            <p>{ "Its value cannot be brought back. What runs keeps it; the next deployment or reload is without it, and is refused where another \
                variable refers to it." }</p>
        </Confirm>
    }
}
