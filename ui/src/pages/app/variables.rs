//! Variables: keys and lengths; values go in and never come back.

use std::rc::Rc;

use slipway_protocol::api::{DeleteVariable, ListVariables, SetVariable};
use slipway_protocol::variable::{self, LARGEST_VALUE, VariableView};
use slipway_protocol::{Action, Resource, Scope, Secret, VariableKey};
use yew::prelude::*;

use super::AppProps;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::components::field::{Field, Kind, complaint, into_state};
use crate::components::icon::Icon;
use crate::components::remote::face;
use crate::components::table::{Row, Table};
use crate::components::time::Ago;
use crate::shell;
use crate::state::api::{LIST, use_api};
use crate::state::cluster::use_cluster;
use crate::state::task::{Task, use_task};
use crate::text;

#[function_component]
pub fn Variables(props: &AppProps) -> Html {
    let context = use_cluster();
    let scope = Scope::Application(props.app.id);
    let remote = use_api(context.id(), ListVariables { scope }, LIST);
    let deleting = use_task();
    let may = context.may(Resource::Variable, Action::Write);
    let changed = {
        let (list, all) = (remote.reload.clone(), props.reload.clone());
        Callback::from(move |()| {
            list.emit(());
            all.emit(());
        })
    };
    let delete = {
        let (deleting, changed) = (deleting.clone(), changed.clone());
        Callback::from(move |key: VariableKey| {
            let (cluster, changed) = (context.id(), changed.clone());
            deleting.run(async move {
                shell::api(cluster, DeleteVariable { scope, key }).await?;
                changed.emit(());
                Ok(())
            });
        })
    };
    html! {
        <>
            <p class="lead">{ "Values are write-only: they are sealed on the server and cannot be read back here. \
                A change takes effect with the next deployment." }</p>
            if may { <SetForm {scope} onset={changed}/> }
            <FormError failure={deleting.failure()}/>
            { face(&remote, "the right to read variables (developer or above)", |all| table(all, &deleting, may, &delete)) }
        </>
    }
}

fn table(all: &[VariableView], deleting: &Task, may: bool, delete: &Callback<VariableKey>) -> Html {
    if all.is_empty() {
        return html! { <Card><p class="card-empty">{ "No variables yet." }</p></Card> };
    }
    let head = html! { <><th>{ "Key" }</th><th class="right">{ "Length" }</th><th>{ "Set" }</th><th/></> };
    let row = |one: &VariableView| {
        let (delete, key) = (delete.clone(), one.key.clone());
        let onclick = Callback::from(move |()| delete.emit(key.clone()));
        html! {
            <Row key={one.key.to_string()} id={format!("variable-row-{}", one.key)}>
                <td><code>{ one.key.as_str() }</code></td>
                <td class="right number">{ text::bytes(u64::from(one.length)) }</td>
                <td class="secondary"><Ago at={one.updated_at}/></td>
                <td class="right">
                    if may {
                        <Button id={format!("variable-delete-{}", one.key)} label={format!("Delete {}", one.key)} icon={Icon::Trash}
                            icon_only=true look={Look::Plain} {onclick} disabled={deleting.busy()}/>
                    }
                </td>
            </Row>
        }
    };
    html! { <Card><Table {head}>{ for all.iter().map(row) }</Table></Card> }
}

#[derive(PartialEq, Properties)]
struct SetFormProps {
    scope: Scope,
    onset: Callback<()>,
}

#[function_component]
fn SetForm(props: &SetFormProps) -> Html {
    let context = use_cluster();
    let key = use_state(String::new);
    let value = use_state(String::new);
    let task = use_task();
    let parsed = VariableKey::parse(key.trim());
    let key_error = complaint(key.trim(), false, parsed.clone());
    let too_long = value.len() > LARGEST_VALUE;
    let ready = parsed.is_ok() && !too_long;
    let value_error = too_long.then_some(AttrValue::Static("A value has at most 64 KiB."));
    let onsubmit = {
        let (scope, onset, task) = (props.scope, props.onset.clone(), task.clone());
        let (typed_key, typed_value) = (key.clone(), value.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(key) = parsed.clone().ok().filter(|_| ready) else {
                return;
            };
            let value = Secret::new((*typed_value).clone());
            let body = variable::SetVariable::new(key, value);
            let (cluster, onset) = (context.id(), onset.clone());
            let empty = Rc::new([typed_key.setter(), typed_value.setter()]);
            task.run(async move {
                shell::api(cluster, SetVariable { scope, body }).await?;
                empty.iter().for_each(|field| field.set(String::new()));
                onset.emit(());
                Ok(())
            });
        })
    };
    html! {
        <Card>
            <form class="form" {onsubmit}>
                <div class="form-row with-button">
                    <Field id="variable-key" label="Key" value={(*key).clone()} onchange={into_state(&key)} error={key_error} mono=true/>
                    <Field id="variable-value" label="Value" kind={Kind::Secret} value={(*value).clone()} onchange={into_state(&value)}
                        error={value_error}/>
                    <Button id="variable-set" label="Set" look={Look::Primary} submit=true busy={task.busy()} disabled={!ready}/>
                </div>
                <FormError failure={task.failure()}/>
            </form>
        </Card>
    }
}
