//! The few things that pages need of the browser itself: listeners, the history, the clipboard, what has the keys.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlElement, HtmlTextAreaElement};
use yew::prelude::*;

/// Listens on the window as long as the component lives. The closure is renewed at each render.
#[hook]
pub fn use_window_event<E, F>(name: &'static str, on: F)
where
    E: FromWasmAbi + 'static,
    F: Fn(E) + 'static,
{
    use_effect(move || {
        let closure = Closure::<dyn Fn(E)>::new(on);
        let window = web_sys::window();
        if let Some(window) = &window {
            // Only fails for a closure that is none.
            let _ = window.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        }
        move || {
            if let Some(window) = window {
                let _ = window.remove_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
            }
        }
    });
}

/// Listens on an element as long as the component lives: for events that do not reach the window. The closure is renewed at each
/// render.
#[hook]
pub fn use_node_event<E, F>(node: NodeRef, name: &'static str, on: F)
where
    E: FromWasmAbi + 'static,
    F: Fn(E) + 'static,
{
    use_effect(move || {
        let closure = Closure::<dyn Fn(E)>::new(on);
        let target = node.get();
        if let Some(target) = &target {
            // Only fails for a closure that is none.
            let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        }
        move || {
            if let Some(target) = target {
                let _ = target.remove_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
            }
        }
    });
}

/// Whether a dialog is open: the page behind it is out of reach, for keys too.
pub fn has_dialog() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    let found = document.and_then(|document| document.query_selector("dialog[open]").ok());
    found.flatten().is_some()
}

/// One page back, as far as there is one.
pub fn back() {
    if let Some(history) = history() {
        // Where there is no page before this one, nothing happens.
        let _ = history.back();
    }
}

/// One page forward, as far as there is one.
pub fn forward() {
    if let Some(history) = history() {
        let _ = history.forward();
    }
}

fn history() -> Option<web_sys::History> {
    web_sys::window()?.history().ok()
}

/// Puts a text on the clipboard; where the webview has no clipboard for pages, by the older way. Tells whether it is there.
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else {
        return false;
    };
    let navigator = window.navigator();
    let clipboard = js_sys::Reflect::get(&navigator, &JsValue::from_str("clipboard"));
    let there = clipboard.is_ok_and(|value| value.is_object());
    if there
        && JsFuture::from(navigator.clipboard().write_text(text))
            .await
            .is_ok()
    {
        return true;
    }
    copy_by_selection(text).unwrap_or(false)
}

fn copy_by_selection(text: &str) -> Option<bool> {
    let document = web_sys::window()?.document()?;
    let area: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_value(text);
    area.set_class_name("offscreen");
    // What is outside of an open dialog is out of reach for the selection, too.
    let before = focused();
    let dialog = before
        .as_ref()
        .and_then(|before| before.closest("dialog[open]").ok().flatten())
        .or_else(|| document.query_selector("dialog[open]").ok().flatten());
    let around: web_sys::Element = match dialog {
        Some(dialog) => dialog,
        None => document.body()?.into(),
    };
    around.append_child(&area).ok()?;
    // Seen below, whether it was taken.
    let _ = area.focus();
    area.select();
    // A copy of something else would be taken for this one.
    let is_selected = focused().is_some_and(|focused| focused.is_same_node(Some(&area)));
    let document: web_sys::HtmlDocument = document.dyn_into().ok()?;
    let copied = document.exec_command("copy");
    area.remove();
    if let Some(before) = before {
        // The keys go on where they were.
        let _ = before.focus();
    }
    copied.ok().map(|copied| copied && is_selected)
}

/// The control with this `data-testid`, if it is in the page of this address and can be used.
pub fn control(page: &str, id: &str) -> Option<HtmlElement> {
    let document = web_sys::window()?.document()?;
    // A cluster's name is part of some.
    let id = id.replace('\\', "\\\\").replace('"', "\\\"");
    let found = document.query_selector(&format!(
        "[data-page=\"{page}\"] [data-testid=\"{id}\"]:not(:disabled)"
    ));
    found.ok().flatten()?.dyn_into().ok()
}

/// The element that has the focus.
pub fn focused() -> Option<HtmlElement> {
    web_sys::window()?.document()?.active_element()?.dyn_into().ok()
}
