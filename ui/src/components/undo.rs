//! What was just taken away can be put back: a bar at the foot of the window says so for a while, and stays as long as it is looked at.

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::button::{Button, Look};
use super::failure::FormError;
use super::icon::Icon;
use crate::state::task::Task;

/// So long it can be put back: enough to read the words and to come there by the keyboard.
const OFFERED_MS: u32 = 20_000;

#[derive(PartialEq, Properties)]
pub struct UndoBarProps {
    /// Begins the ids of its parts.
    pub id: AttrValue,
    /// What was taken away, as a sentence.
    pub says: AttrValue,
    /// The putting back, once it is under way.
    pub task: Task,
    pub undo: Callback<()>,
    /// The time is over, or nobody wants it.
    pub close: Callback<()>,
}

#[function_component]
pub fn UndoBar(props: &UndoBarProps) -> Html {
    let pointed = use_state_eq(|| false);
    let focused = use_state_eq(|| false);
    let (busy, failure) = (props.task.busy(), props.task.failure());
    // A failure stays until it was read.
    let stays = *pointed || *focused || busy || failure.is_some();
    // A render alone does not make the time begin anew.
    let latest = use_mut_ref(|| props.close.clone());
    *latest.borrow_mut() = props.close.clone();
    use_effect_with((props.says.clone(), stays), move |(_, stays)| {
        let over = move || {
            let close = latest.borrow().clone();
            close.emit(());
        };
        let wait = (!stays).then(|| Timeout::new(OFFERED_MS, over));
        move || drop(wait)
    });
    let onmouseover = on::<MouseEvent>(&pointed, true);
    let onmouseout = on::<MouseEvent>(&pointed, false);
    let onfocusin = on::<FocusEvent>(&focused, true);
    let onfocusout = on::<FocusEvent>(&focused, false);
    html! {
        <div class="undo-bar" data-testid={format!("{}-bar", props.id)} {onmouseover} {onmouseout} {onfocusin} {onfocusout}>
            <span role="status">{ &props.says }</span>
            <Button id={props.id.clone()} label="Undo" acts=true {busy} onclick={props.undo.clone()}/>
            <Button id={format!("{}-close", props.id)} label="Leave it so" icon={Icon::Cross} icon_only=true look={Look::Plain} disabled={busy}
                onclick={props.close.clone()}/>
            <FormError {failure}/>
        </div>
    }
}

fn on<E: 'static>(state: &UseStateHandle<bool>, now: bool) -> Callback<E> {
    let state = state.setter();
    Callback::from(move |_: E| state.set(now))
}
