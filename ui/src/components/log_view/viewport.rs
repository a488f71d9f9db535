//! Which rows can be seen: from the scroll position, the height, and whether the view follows the newest line.
//!
//! Heights are set through the style object, never as an attribute, so that a strict content policy allows them.

use std::ops::Range;

use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use crate::browser::use_window_event;

/// Pixels; the style sheet says the same.
const ROW: i32 = 18;
/// Rows above and below those seen.
const MORE: usize = 12;

pub struct Viewport {
    pub node: NodeRef,
    pub before: NodeRef,
    pub after: NodeRef,
    /// The rows to put into the page.
    pub range: Range<usize>,
    pub onscroll: Callback<Event>,
    pub onwheel: Callback<WheelEvent>,
}

#[derive(Clone, Copy, Default, PartialEq)]
struct Seen {
    top: i32,
    height: i32,
}

#[hook]
pub fn use_viewport(rows: usize, version: u32, follow: &UseStateHandle<bool>) -> Viewport {
    let (node, before, after) = (use_node_ref(), use_node_ref(), use_node_ref());
    let seen = use_state_eq(Seen::default);
    let range = visible(*seen, rows, **follow);
    // Before the browser paints: the spacers get their heights, and a view that follows goes to the end.
    {
        let (node, before, after) = (node.clone(), before.clone(), after.clone());
        let setter = seen.setter();
        let depends = (range.clone(), rows, version, **follow, *seen);
        use_effect_with(depends, move |(range, rows, _, follow, _)| {
            set_height(&before, range.start);
            set_height(&after, rows - range.end);
            if let Some(element) = node.cast::<Element>() {
                if *follow {
                    element.set_scroll_top(element.scroll_height());
                }
                setter.set(measure(&element));
            }
        });
    }
    {
        let (node, setter) = (node.clone(), seen.setter());
        use_window_event("resize", move |_: Event| {
            if let Some(element) = node.cast::<Element>() {
                setter.set(measure(&element));
            }
        });
    }
    Viewport {
        onscroll: on_scroll(&node, &seen, follow),
        onwheel: on_wheel(follow),
        node,
        before,
        after,
        range,
    }
}

fn on_scroll(node: &NodeRef, seen: &UseStateHandle<Seen>, follow: &UseStateHandle<bool>) -> Callback<Event> {
    let (node, seen, follow) = (node.clone(), seen.clone(), follow.setter());
    Callback::from(move |_: Event| {
        let Some(element) = node.cast::<Element>() else {
            return;
        };
        let now = measure(&element);
        let at_end = now.top + now.height >= element.scroll_height() - ROW;
        // Only a person scrolls up; new lines only ever move the view down.
        if now.top < seen.top && !at_end {
            follow.set(false);
        }
        seen.set(now);
    })
}

fn on_wheel(follow: &UseStateHandle<bool>) -> Callback<WheelEvent> {
    let follow = follow.setter();
    Callback::from(move |event: WheelEvent| {
        if event.delta_y() < 0.0 {
            follow.set(false);
        }
    })
}

fn measure(element: &Element) -> Seen {
    Seen {
        top: element.scroll_top(),
        height: element.client_height(),
    }
}

fn set_height(node: &NodeRef, rows: usize) {
    if let Some(element) = node.cast::<HtmlElement>() {
        let height = format!("{}px", rows as i64 * i64::from(ROW));
        // A height in pixels is always taken.
        let _ = element.style().set_property("height", &height);
    }
}

/// The rows for a position; the last ones for a view that follows.
fn visible(seen: Seen, rows: usize, follow: bool) -> Range<usize> {
    let fit = (seen.height.max(0) / ROW) as usize + 2;
    let first = if follow {
        rows.saturating_sub(fit)
    } else {
        ((seen.top.max(0) / ROW) as usize).min(rows.saturating_sub(1))
    };
    first.saturating_sub(MORE)..(first + fit + MORE).min(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-P9: of a long log only the visible lines are in the page.
    #[test]
    fn only_what_can_be_seen_is_in_the_page() {
        let seen = Seen {
            top: 18_000,
            height: 360,
        };
        let range = visible(seen, 200_000, false);
        assert!(range.contains(&1_000) && range.contains(&1_020));
        assert!(range.len() < 60);
        assert_eq!(visible(seen, 200_000, true).end, 200_000);
        assert_eq!(visible(seen, 0, false), 0..0);
        assert_eq!(visible(Seen::default(), 5, true), 0..5);
        // Rows that a search took away from under the view.
        assert_eq!(visible(seen, 5, false).end, 5);
    }
}
