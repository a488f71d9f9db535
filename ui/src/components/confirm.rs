//! Asking before something is taken away: what it is, and what follows. Who presses Enter without reading keeps it.

use yew::prelude::*;

use super::button::{Button, Look};
use super::failure::FormError;
use super::modal::Dialog;
use crate::state::task::Task;

#[derive(PartialEq, Properties)]
pub struct ConfirmProps {
    /// Begins the ids of the dialog's parts.
    pub id: AttrValue,
    pub title: AttrValue,
    /// The word on the button.
    pub verb: AttrValue,
    /// The words on the other one.
    #[prop_or(AttrValue::Static("Keep it"))]
    pub keep: AttrValue,
    /// What is under way once it is confirmed; none where it is done at once.
    #[prop_or_default]
    pub task: Option<Task>,
    /// It needs no link.
    #[prop_or_default]
    pub offline: bool,
    pub confirm: Callback<()>,
    pub close: Callback<()>,
    /// What follows.
    pub children: Html,
}

#[function_component]
pub fn Confirm(props: &ConfirmProps) -> Html {
    let busy = props.task.as_ref().is_some_and(Task::busy);
    let failure = props.task.as_ref().and_then(Task::failure);
    let actions = html! {
        <>
            <Button label={props.keep.clone()} onclick={props.close.clone()} disabled={busy} autofocus=true/>
            <Button id={format!("{}-confirm", props.id)} label={props.verb.clone()} look={Look::Danger} submit=true {busy}
                offline={props.offline}/>
        </>
    };
    html! {
        <Dialog id={format!("{}-dialog", props.id)} title={props.title.clone()} onclose={props.close.clone()}
            onsubmit={props.confirm.clone()} stays={busy} {actions}>
            { props.children.clone() }
            <FormError {failure}/>
        </Dialog>
    }
}
