//! Small choices of the person that are kept in the webview's storage: nothing secret, and nothing that another machine would need.
//!
//! Whoever shows one is told when it changes elsewhere in the window.

use web_sys::{Event, Storage};
use yew::prelude::*;

use crate::browser::use_window_event;

/// What is kept under this key. A webview without storage keeps nothing.
pub fn read(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Keeps a text, and tells the window.
pub fn write(key: &str, text: &str) {
    if let Some(storage) = storage() {
        // A full storage keeps what it had.
        let _ = storage.set_item(key, text);
    }
    tell(key);
}

/// Keeps nothing under this key any more.
pub fn forget(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(key);
    }
    tell(key);
}

fn tell(key: &str) {
    if let (Some(window), Ok(event)) = (web_sys::window(), Event::new(key)) {
        let _ = window.dispatch_event(&event);
    }
}

/// What is kept under this key, now and whenever it changes.
#[hook]
pub fn use_stored(key: &'static str) -> Option<String> {
    let text = use_state_eq(|| read(key));
    {
        let text = text.setter();
        use_window_event(key, move |_: Event| text.set(read(key)));
    }
    (*text).clone()
}

fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}
