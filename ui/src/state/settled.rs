//! What somebody types, once they have stopped: who is asked for each letter would mostly be asked in vain.

use gloo_timers::callback::Timeout;
use yew::prelude::*;

/// So long after the last key what was typed is looked for.
const PAUSE_MS: u32 = 350;

/// What was typed last and stayed for a moment. What cannot be asked for (`ready`) is waited for.
#[hook]
pub fn use_settled<T: Clone + PartialEq + 'static>(typed: &T, ready: bool) -> T {
    let settled = use_state_eq(|| typed.clone());
    let setter = settled.setter();
    use_effect_with((typed.clone(), ready), move |(typed, ready)| {
        let typed = typed.clone();
        let wait = ready.then(|| Timeout::new(PAUSE_MS, move || setter.set(typed)));
        move || drop(wait)
    });
    (*settled).clone()
}
