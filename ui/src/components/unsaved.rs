//! Asking before what is typed gives way to something else.

use yew::prelude::*;

use super::confirm::Confirm;
use crate::state::typed::Typed;

/// The question, where one is to be asked; `what` names what was typed.
pub fn unsaved<T: Clone + PartialEq + 'static>(typed: &Typed<T>, what: &str) -> Html {
    if !typed.is_asked_for() {
        return html! {};
    }
    html! {
        <Confirm id="unsaved" title={format!("Discard {what}?")} verb="Discard" keep="Keep typing" offline=true
            confirm={typed.give_way()} close={typed.stay()}>
            <p>{ "What you have typed is not saved, and cannot be brought back." }</p>
        </Confirm>
    }
}
