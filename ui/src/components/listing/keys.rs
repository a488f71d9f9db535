//! What keys and clicks mean in a list.

use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, HtmlElement};
use yew::prelude::*;

use super::bar::json;
use super::row_focus::{RowFocus, place_of};
use super::{Listed, Wish};
use crate::browser;

/// A click with Ctrl or Cmd chooses one more, with Shift all up to it. Others open the row.
pub fn wish_of_click(event: &MouseEvent) -> Option<fn(usize) -> Wish> {
    match (event.ctrl_key() || event.meta_key(), event.shift_key()) {
        (_, true) => Some(|place| Wish::UpTo {
            from: place,
            to: place,
        }),
        (true, false) => Some(Wish::Toggle),
        (false, false) => None,
    }
}

/// The place of the row in which an event happened, unless it was in a control of its own.
pub fn plain_place_of(target: &EventTarget) -> Option<usize> {
    let element: &Element = target.dyn_ref()?;
    if element.closest("button, a, input").ok()?.is_some() {
        return None;
    }
    place_of(target)
}

pub fn is_in_bar(target: &EventTarget) -> bool {
    let element: Option<&Element> = target.dyn_ref();
    element.is_some_and(|element| matches!(element.closest(".chosen-bar"), Ok(Some(_))))
}

/// Does what a key means in the list; says whether it means anything. The row itself has moved the focus already, where the next one is in
/// the page.
pub fn act_on_key<T: Listed>(
    event: &KeyboardEvent,
    change: &Callback<Wish>,
    picked: &[T],
    focus: &RowFocus,
    rows: usize,
) -> bool {
    let Some(focused) = browser::focused().filter(|focused| focused.has_attribute("data-place")) else {
        return false;
    };
    let Some(mut place) = plain_place_of(focused.as_ref()) else {
        return false;
    };
    let command = event.ctrl_key() || event.meta_key();
    let stays = !event.default_prevented();
    match (event.key().as_str(), command, event.shift_key()) {
        (" ", false, false) => change.emit(Wish::Toggle(place)),
        (key @ ("ArrowDown" | "ArrowUp" | "Home" | "End"), false, shift) if stays || shift => {
            if stays {
                place = match key {
                    "ArrowDown" => place + 1,
                    "ArrowUp" => place.saturating_sub(1),
                    "Home" => 0,
                    _ => rows.saturating_sub(1),
                };
                focus.go(place);
            }
            if shift {
                change.emit(Wish::UpTo {
                    from: event
                        .target()
                        .and_then(|row| plain_place_of(&row))
                        .unwrap_or(place),
                    to: place,
                });
            }
        }
        ("a", true, false) => change.emit(Wish::All),
        ("Escape", false, false) if !picked.is_empty() => change.emit(Wish::None),
        ("c", true, false) if !picked.is_empty() => {
            let text = json(picked);
            wasm_bindgen_futures::spawn_local(async move {
                if browser::copy(&text).await {
                    back_to(&focused);
                }
            });
        }
        _ => return false,
    }
    true
}

/// The older way of copying takes the focus away.
fn back_to(row: &HtmlElement) {
    // A row with a tabindex takes the focus.
    let _ = row.focus();
}
