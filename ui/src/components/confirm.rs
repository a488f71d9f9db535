//! Asking before something is taken away: what it is, and what follows. Who presses Enter without reading keeps it. Where much
//! depends on it a name is typed first.

use yew::prelude::*;

use super::button::{Button, Look};
use super::failure::FormError;
use super::field::{Field, into_state};
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
    /// What has to be typed before.
    #[prop_or_default]
    pub name: Option<AttrValue>,
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
    let typed = use_state(String::new);
    let ready = fits(props.name.as_deref(), &typed);
    let busy = props.task.as_ref().is_some_and(Task::busy);
    let failure = props.task.as_ref().and_then(Task::failure);
    let confirm = {
        let confirm = props.confirm.clone();
        Callback::from(move |()| {
            if ready {
                confirm.emit(());
            }
        })
    };
    let actions = html! {
        <>
            <Button label={props.keep.clone()} onclick={props.close.clone()} disabled={busy} autofocus={props.name.is_none()}/>
            <Button id={format!("{}-confirm", props.id)} label={props.verb.clone()} look={Look::Danger} submit=true {busy}
                disabled={!ready} hint={(!ready).then_some("Type the name first")} offline={props.offline}/>
        </>
    };
    html! {
        <Dialog id={format!("{}-dialog", props.id)} title={props.title.clone()} onclose={props.close.clone()}
            onsubmit={confirm} stays={busy} {actions}>
            { props.children.clone() }
            if let Some(name) = &props.name {
                <Field id={format!("{}-name", props.id)} label={format!("Type {name} to {}", props.verb.to_lowercase())} value={(*typed).clone()}
                    onchange={into_state(&typed)} mono=true autofocus=true/>
            }
            <FormError {failure}/>
        </Dialog>
    }
}

/// Whether the name was typed that has to be, if one has.
fn fits(name: Option<&str>, typed: &str) -> bool {
    name.is_none_or(|name| typed.trim() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-04: where a name is asked for, it and nothing else lets go on; an empty field is no name.
    #[test]
    fn the_name_is_typed_first() {
        assert!(fits(None, "") && fits(Some("web"), " web "));
        for typed in ["", "we", "Web", "web2"] {
            assert!(!fits(Some("web"), typed), "{typed}");
        }
    }
}
