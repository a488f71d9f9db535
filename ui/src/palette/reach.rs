//! Does what an entry says.

use gloo_timers::future::TimeoutFuture;
use slipway_protocol::desktop::{Failure, OpenUrl, command};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::entry::Step;
use crate::browser;
use crate::route::{Route, current, go};
use crate::shell;

/// So often, and so many times, a page that opens is looked at for the control.
const LOOK_MS: u32 = 50;
const LOOKS: u32 = 120;

/// Opens a page and goes to a control of it step by step, each as soon as it is there and can be used. Whoever opens another page
/// meanwhile is left alone.
pub fn open_at(route: Route, steps: Vec<Step>) {
    go(route);
    spawn_local(async move {
        for step in steps {
            let (Step::Focus(control) | Step::Press(control)) = &step;
            let Some(element) = appears(route, control).await else {
                return;
            };
            element.scroll_into_view_with_bool(false);
            // A control that is shown takes the focus.
            let _ = element.focus();
            if matches!(step, Step::Press(_)) {
                element.click();
            }
        }
    });
}

async fn appears(route: Route, control: &str) -> Option<HtmlElement> {
    for _ in 0..LOOKS {
        TimeoutFuture::new(LOOK_MS).await;
        if current() != route {
            return None;
        }
        if let Some(element) = browser::control(&route.to_string(), control) {
            return Some(element);
        }
    }
    None
}

/// Opens an address in the browser; a failure goes to who asked.
pub fn open_url(url: String, failed: Callback<Failure>) {
    spawn_local(async move {
        if let Err(failure) = shell::call::<_, ()>(command::OPEN_URL, &OpenUrl { url }).await {
            failed.emit(failure);
        }
    });
}

/// Puts the focus on the page's search field, if it has one.
pub fn find_in_page() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    let field =
        document.and_then(|document| document.query_selector("main input[type=search]").ok().flatten());
    match field.and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
        Some(field) => field.focus().is_ok(),
        None => false,
    }
}
