//! The few things that pages need of the browser itself: listeners on the window, the clipboard, a repeating tick.

use gloo_timers::callback::Interval;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlTextAreaElement;
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

/// Renders the component again every so often, for what shows an age.
#[hook]
pub fn use_tick(every_ms: u32, going: bool) {
    let update = use_force_update();
    use_effect_with((every_ms, going), move |(every_ms, going)| {
        let interval = going.then(|| Interval::new(*every_ms, move || update.force_update()));
        move || drop(interval)
    });
}

/// A number that only grows, with the callback that makes it grow: what effects are run again by.
#[hook]
pub fn use_counter() -> (u32, Callback<()>) {
    let counter = use_reducer(Counter::default);
    let dispatcher = counter.dispatcher();
    let grow = use_callback((), move |(), ()| dispatcher.dispatch(()));
    (counter.0, grow)
}

#[derive(Default, PartialEq)]
struct Counter(u32);

impl Reducible for Counter {
    type Action = ();
    fn reduce(self: std::rc::Rc<Self>, (): ()) -> std::rc::Rc<Self> {
        Self(self.0.wrapping_add(1)).into()
    }
}

/// Puts a text on the clipboard; where the webview has no clipboard for pages, by the older way.
pub fn copy(text: String) {
    spawn_local(async move {
        let Some(window) = web_sys::window() else {
            return;
        };
        let navigator = window.navigator();
        let clipboard = js_sys::Reflect::get(&navigator, &JsValue::from_str("clipboard"));
        let there = clipboard.is_ok_and(|value| value.is_object());
        if !there
            || JsFuture::from(navigator.clipboard().write_text(&text))
                .await
                .is_err()
        {
            copy_by_selection(&text);
        }
    });
}

fn copy_by_selection(text: &str) -> Option<()> {
    let document = web_sys::window()?.document()?;
    let area: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_value(text);
    area.set_class_name("offscreen");
    let body = document.body()?;
    body.append_child(&area).ok()?;
    area.select();
    let document: web_sys::HtmlDocument = document.dyn_into().ok()?;
    let copied = document.exec_command("copy");
    area.remove();
    copied.ok().map(|_| ())
}
