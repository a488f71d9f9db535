//! Whether somebody can see the window. While it is minimised or hidden nothing is asked for; as soon as it is seen again, all is.

use std::rc::Rc;

use super::bell::{After, Bell};

thread_local! {
    /// Rings when the window is seen again.
    static SEEN_AGAIN: Rc<Bell> = Rc::default();
}

pub fn is_hidden() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| document.hidden())
}

/// Is called when the window was hidden or has come back.
pub fn has_changed() {
    if !is_hidden() {
        SEEN_AGAIN.with(|bell| bell.ring());
    }
}

/// Waits until the window, seen or not, is seen again.
pub fn seen_again() -> After {
    SEEN_AGAIN.with(|bell| bell.after(bell.rings()))
}

/// Returns at once where the window can be seen, else when it can.
pub async fn seen() {
    let again = seen_again();
    if is_hidden() {
        again.await;
    }
}
