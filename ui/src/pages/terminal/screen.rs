//! The screen of a terminal, made for the page: its keys, its size and what is pasted go to the session that the agent keeps.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use slipway_protocol::api::ResizeTerminal;
use slipway_protocol::desktop::{Failure, TerminalDrawn, command};
use slipway_protocol::terminal::TerminalSize;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::keys::Keys;
use super::paste::is_plain;
use crate::components::screen::{Callbacks, Found, Screen};
use crate::shell;

/// What a screen tells the page.
pub struct Tells {
    /// It is made.
    pub ready: UseStateSetter<bool>,
    /// A text that was pasted and could be more than it looks like.
    pub asked: UseStateSetter<Option<String>>,
    /// What a search has found.
    pub found: UseStateSetter<Option<Found>>,
}

/// The screen in this element, as soon as it is made.
#[hook]
pub fn use_screen(host: &NodeRef, keys: &Rc<Keys>, tells: Tells) -> Rc<RefCell<Option<Screen>>> {
    let screen = use_mut_ref(|| None::<Screen>);
    {
        let (host, screen, keys) = (host.clone(), Rc::clone(&screen), Rc::clone(keys));
        use_effect_with(keys.terminal, move |_| {
            let alive = Rc::new(Cell::new(true));
            if let Some(host) = host.cast::<HtmlElement>() {
                let (screen, alive) = (Rc::clone(&screen), Rc::clone(&alive));
                spawn_local(async move {
                    let ready = tells.ready.clone();
                    let made = made(&host, keys, tells).await;
                    // Made for a page that has gone meanwhile, it goes at once.
                    if alive.get() {
                        *screen.borrow_mut() = made;
                        ready.set(true);
                    }
                });
            }
            move || {
                alive.set(false);
                drop(screen.borrow_mut().take());
            }
        });
    }
    screen
}

/// A screen whose keys go to the terminal, in their order.
async fn made(host: &HtmlElement, keys: Rc<Keys>, tells: Tells) -> Option<Screen> {
    let (cluster, terminal) = (keys.cluster, keys.terminal);
    let Tells { asked, found, .. } = tells;
    let pasted = Rc::clone(&keys);
    let size = move |columns, rows| {
        let Some(body) = size_of(columns, rows) else {
            return;
        };
        spawn_local(async move {
            // A terminal that has ended has no size.
            let _ = shell::api(cluster, ResizeTerminal { terminal, body }).await;
        });
    };
    let drawn = move |upto| {
        spawn_local(async move {
            let told = TerminalDrawn {
                cluster,
                terminal,
                upto,
            };
            let _: Result<(), Failure> = shell::call(command::TERMINAL_DRAWN, &told).await;
        });
    };
    let paste = move |text: String| {
        if is_plain(&text) {
            pasted.press(text.into_bytes());
        } else {
            asked.set(Some(text));
        }
    };
    let callbacks = Callbacks {
        input: Box::new(move |bytes| keys.press(bytes)),
        size: Box::new(size),
        paste: Box::new(paste),
        drawn: Box::new(drawn),
        found: Box::new(move |now| found.set(Some(now))),
    };
    Screen::new(host, "Terminal; F6 leaves it", callbacks).await
}

/// A size that a terminal can have.
fn size_of(columns: u16, rows: u16) -> Option<TerminalSize> {
    (columns > 0 && rows > 0).then(|| TerminalSize {
        columns: columns.min(1000),
        rows: rows.min(1000),
    })
}
