//! Asking before something is deleted: the agent says what goes, and its name is typed where anything is in it.

use slipway_protocol::deletion::Deletion;
use yew::prelude::*;

use super::button::{Button, Look};
use super::failure::FormError;
use super::field::{Field, into_state};
use super::modal::Dialog;
use super::remote::face;
use crate::state::remote::Remote;
use crate::state::task::Task;

#[derive(PartialEq, Properties)]
pub struct DeletionProps {
    /// Begins the ids of the dialog's parts.
    pub id: AttrValue,
    /// What it is: “application”, “project”.
    pub what: AttrValue,
    pub name: AttrValue,
    /// What goes, as the agent tells.
    pub deletion: Remote<Deletion>,
    pub task: Task,
    /// With what was typed: where something is in it, the agent asks for its name too.
    pub delete: Callback<String>,
    pub close: Callback<()>,
}

#[function_component]
pub fn DeletionDialog(props: &DeletionProps) -> Html {
    let typed = use_state(String::new);
    let known = props.deletion.get();
    let wants_name = known.is_some_and(|deletion| !deletion.in_words().is_empty());
    let same = typed.trim() == props.name.as_str();
    // What was known earlier is shown, and nothing is deleted by it.
    let fresh = props.deletion.live && props.deletion.failure.is_none();
    let ready = fresh && known.is_some_and(|deletion| deletion.busy.is_empty()) && (same || !wants_name);
    let delete = {
        let (delete, typed) = (props.delete.clone(), typed.trim().to_owned());
        Callback::from(move |()| {
            if ready {
                delete.emit(typed.clone());
            }
        })
    };
    let actions = html! {
        <>
            <Button label="Keep it" disabled={props.task.busy()} onclick={props.close.clone()}/>
            <Button id={format!("{}-confirm", props.id)} label={format!("Delete {}", props.what)} look={Look::Danger} submit=true
                busy={props.task.busy()} disabled={!ready}/>
        </>
    };
    html! {
        <Dialog id={format!("{}-dialog", props.id)} title={format!("Delete {}", props.name)} onclose={props.close.clone()}
            onsubmit={delete} stays={props.task.busy()} {actions}>
            { face(&props.deletion, "the right to see it", what_goes) }
            if wants_name {
                <Field id={format!("{}-name", props.id)} label={format!("Type {} to delete it", props.name)} value={(*typed).clone()}
                    onchange={into_state(&typed)} mono=true autofocus=true/>
            }
            <FormError failure={props.task.failure()}/>
        </Dialog>
    }
}

fn what_goes(deletion: &Deletion) -> Html {
    let lines = deletion.in_words();
    if lines.is_empty() {
        return html! { <p>{ "There is nothing in it." }</p> };
    }
    let busy: Vec<&str> = deletion.busy.iter().map(|name| name.as_str()).collect();
    html! {
        <>
            <p>{ "This goes, and cannot be brought back:" }</p>
            <ul class="goes">{ for lines.into_iter().map(|line| html! { <li>{ line }</li> }) }</ul>
            if !busy.is_empty() {
                <p role="alert">{ format!("A deployment runs of {}; cancel it or wait for it.", busy.join(", ")) }</p>
            }
        </>
    }
}
