//! Which lines can be seen: from the scroll position, the height, and whether the view follows the newest line.
//!
//! Heights are set through the style object, never as an attribute, so that a strict content policy allows them.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::SharedLog;
use super::buffer::LogBuffer;
use super::layout::Layout;
use super::wants::{Wants, on_wheel};
use crate::browser::use_window_event;

/// Pixels; the style sheet says the same.
const ROW: i32 = 18;
/// Rows above and below those seen.
const MORE: usize = 12;
/// So near to the top older lines are wanted.
const NEAR: i32 = 240;
/// Characters in the probe that tells how wide one is.
pub const PROBE: usize = 50;

pub struct Viewport {
    pub node: NodeRef,
    pub before: NodeRef,
    pub after: NodeRef,
    pub probe: NodeRef,
    /// The lines to put into the page.
    pub lines: Range<usize>,
    pub onscroll: Callback<Event>,
    pub onwheel: Callback<WheelEvent>,
    pub onmousedown: Callback<MouseEvent>,
}

/// What a viewport needs from around it.
pub struct Around<'a> {
    pub log: &'a SharedLog,
    pub layout: &'a Rc<Layout>,
    pub follow: &'a UseStateHandle<bool>,
    /// Characters that fit into a row, measured.
    pub columns: &'a UseStateHandle<u32>,
    /// Where a view that does not follow begins: with this line in its middle, and with the keys.
    pub begin_at: Option<u64>,
    pub wants: Wants,
}

#[derive(Clone, Copy, Default, PartialEq)]
struct Seen {
    top: i32,
    height: i32,
}

/// The first line that is seen, and where it stood: what is read stays in place when lines come or go above it.
#[derive(Clone, Copy)]
struct Anchor {
    id: u64,
    px: i32,
}

#[hook]
pub fn use_viewport(around: Around<'_>) -> Viewport {
    let Around {
        log,
        layout,
        follow,
        columns,
        begin_at,
        wants,
    } = around;
    let (node, before, after, probe) = (use_node_ref(), use_node_ref(), use_node_ref(), use_node_ref());
    let seen = use_state_eq(Seen::default);
    let anchor = use_mut_ref(|| None::<Anchor>);
    let begun = use_mut_ref(|| None::<u64>);
    let place = *seen;
    let lines = visible(place, layout, **follow);
    // Before the browser paints: the spacers get their heights, and the view goes to where it belongs.
    {
        let (node, before, after, probe) = (node.clone(), before.clone(), after.clone(), probe.clone());
        let (seen, columns, anchor) = (seen.setter(), columns.setter(), Rc::clone(&anchor));
        let buffer = Rc::clone(&log.buffer);
        let depends = (
            lines.clone(),
            Rc::clone(layout),
            log.version,
            **follow,
            place,
            begin_at,
        );
        use_effect_with(depends, move |(lines, layout, _, follow, _, begin_at)| {
            set_height(&before, layout.start(lines.start));
            set_height(&after, layout.rows().saturating_sub(layout.start(lines.end)));
            let Some(element) = node.cast::<Element>() else {
                return;
            };
            let buffer = buffer.borrow();
            let begin = begin_at.filter(|_| layout.lines() > 0 && *begun.borrow() != *begin_at);
            if *follow || begin.is_some() {
                *begun.borrow_mut() = *begin_at;
            }
            let before = *anchor.borrow();
            *anchor.borrow_mut() = match (begin, before) {
                (Some(id), _) if !*follow => Some(begin_with(&element, &buffer, layout, id)),
                _ if *follow => {
                    element.set_scroll_top(element.scroll_height());
                    anchor_at(&element, &buffer, layout)
                }
                (_, before) => {
                    let moved = before.map_or(0, |before| px_of(&buffer, layout, before.id) - before.px);
                    if moved != 0 {
                        element.set_scroll_top(element.scroll_top() + moved);
                    }
                    anchor_at(&element, &buffer, layout)
                }
            };
            if let Some(fit) = fit(&element, &probe) {
                columns.set(fit);
            }
            seen.set(measure(&element));
        });
    }
    {
        let (node, seen, columns, probe) = (node.clone(), seen.setter(), columns.setter(), probe.clone());
        use_window_event("resize", move |_: Event| {
            if let Some(element) = node.cast::<Element>() {
                seen.set(measure(&element));
                if let Some(fit) = fit(&element, &probe) {
                    columns.set(fit);
                }
            }
        });
    }
    let onwheel = on_wheel(&node, follow, &wants);
    // The mouse is held down in the pane: it may be the scroll bar that is drawn.
    let held = use_memo((), |()| Cell::new(false));
    {
        let held = Rc::clone(&held);
        use_window_event("mouseup", move |_: Event| held.set(false));
    }
    let onmousedown = {
        let held = Rc::clone(&held);
        Callback::from(move |_: MouseEvent| held.set(true))
    };
    let onscroll = {
        let (node, seen, follow, anchor) = (node.clone(), seen, follow.clone(), Rc::clone(&anchor));
        let (buffer, layout) = (Rc::clone(&log.buffer), Rc::clone(layout));
        Callback::from(move |_: Event| {
            if let Some(element) = node.cast::<Element>() {
                *anchor.borrow_mut() = anchor_at(&element, &buffer.borrow(), &layout);
                scrolled(&element, &seen, &follow, held.get(), &buffer, &wants);
            }
        })
    };
    Viewport {
        node,
        before,
        after,
        probe,
        lines,
        onscroll,
        onwheel,
        onmousedown,
    }
}

fn scrolled(
    element: &Element,
    seen: &UseStateHandle<Seen>,
    follow: &UseStateHandle<bool>,
    by_hand: bool,
    buffer: &Rc<RefCell<LogBuffer>>,
    wants: &Wants,
) {
    let now = measure(element);
    let below = element.scroll_height() - now.top - now.height;
    let at_end = below <= ROW;
    if **follow {
        // Only a person scrolls up. Where the page itself moved the view while lines came fast, it goes back to the end.
        if !at_end && by_hand && now.top < seen.top {
            follow.set(false);
        } else if !at_end && !by_hand {
            element.set_scroll_top(element.scroll_height());
        }
    } else if now.top < NEAR && now.top < seen.top {
        wants.older.emit(());
    } else if now.top > seen.top {
        match &wants.newer {
            Some(newer) if below < NEAR => newer.emit(()),
            None if at_end && buffer.borrow().waiting() == 0 => follow.set(true),
            Some(_) | None => {}
        }
    }
    seen.set(measure(element));
}

/// Brings a line to the middle and gives the keys to the lines.
fn begin_with(element: &Element, buffer: &LogBuffer, layout: &Layout, id: u64) -> Anchor {
    let px = px_of(buffer, layout, id);
    element.set_scroll_top(px.saturating_sub(element.client_height() / 2));
    if let Some(lines) = element.dyn_ref::<HtmlElement>() {
        // One that cannot have them leaves them where they are.
        let _ = lines.focus();
    }
    // When the width is known, the line stays where it is and not the first one that is seen.
    Anchor { id, px }
}

fn measure(element: &Element) -> Seen {
    Seen {
        top: element.scroll_top(),
        height: element.client_height(),
    }
}

fn anchor_at(element: &Element, buffer: &LogBuffer, layout: &Layout) -> Option<Anchor> {
    let line = layout.line_at((element.scroll_top().max(0) / ROW) as usize);
    let id = buffer.row(line)?.id;
    let px = px_of(buffer, layout, id);
    Some(Anchor { id, px })
}

fn px_of(buffer: &LogBuffer, layout: &Layout, id: u64) -> i32 {
    i32::try_from(layout.start(buffer.row_of(id)))
        .unwrap_or(i32::MAX / ROW)
        .saturating_mul(ROW)
}

/// How many characters fit into the column of the texts: from the first text that is shown and the width of a letter.
fn fit(element: &Element, probe: &NodeRef) -> Option<u32> {
    let letter = probe.cast::<Element>()?.get_bounding_client_rect().width() / PROBE as f64;
    let text = element.query_selector(".log-text").ok().flatten()?;
    let pane = element.get_bounding_client_rect();
    let left = text.get_bounding_client_rect().left() - pane.left() + f64::from(element.scroll_left());
    let room = f64::from(element.client_width()) - left - f64::from(ROW);
    (letter > 1.0).then(|| (room / letter).floor().clamp(20.0, 2_000.0) as u32)
}

fn set_height(node: &NodeRef, rows: usize) {
    if let Some(element) = node.cast::<HtmlElement>() {
        let height = format!("{}px", rows as i64 * i64::from(ROW));
        // A height in pixels is always taken.
        let _ = element.style().set_property("height", &height);
    }
}

/// The lines for a position; the last ones for a view that follows.
fn visible(seen: Seen, layout: &Layout, follow: bool) -> Range<usize> {
    if layout.lines() == 0 {
        return 0..0;
    }
    let fit = (seen.height.max(0) / ROW) as usize + 2;
    let first = if follow {
        layout.rows().saturating_sub(fit)
    } else {
        (seen.top.max(0) / ROW) as usize
    };
    let last = layout.line_at(first + fit + MORE);
    layout.line_at(first.saturating_sub(MORE).min(layout.rows() - 1))..(last + 1).min(layout.lines())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::log_view::buffer::Line;
    use chrono::DateTime;
    use slipway_protocol::log_line::LogStream;

    fn layout(lines: u64, columns: Option<u32>) -> Layout {
        let mut buffer = LogBuffer::default();
        for id in 0..lines {
            let at = DateTime::UNIX_EPOCH;
            buffer.push(Line::new(
                id,
                at,
                String::new(),
                LogStream::Stdout,
                "x".repeat(95),
            ));
        }
        Layout::of(&buffer, columns)
    }

    /// NFR-P9: of a long log only the visible lines are in the page.
    #[test]
    fn only_what_can_be_seen_is_in_the_page() {
        let seen = Seen {
            top: 18_000,
            height: 360,
        };
        let long = layout(50_000, None);
        let range = visible(seen, &long, false);
        assert!(range.contains(&1_000) && range.contains(&1_020));
        assert!(range.len() < 60);
        assert_eq!(visible(seen, &long, true).end, 50_000);
        assert_eq!(visible(seen, &layout(0, None), false), 0..0);
        assert_eq!(visible(Seen::default(), &layout(5, None), true), 0..5);
        // Rows that a search took away from under the view.
        assert_eq!(visible(seen, &layout(5, None), false).end, 5);
    }

    /// FR-OBS-01: where lines are wrapped the same rows belong to fewer lines.
    #[test]
    fn wrapped_lines_fill_the_view() {
        let seen = Seen {
            top: 18_000,
            height: 360,
        };
        let range = visible(seen, &layout(50_000, Some(10)), false);
        assert!(range.contains(&100) && range.contains(&102), "{range:?}");
        assert!(range.len() < 10);
        assert_eq!(visible(seen, &layout(50_000, Some(10)), true).end, 50_000);
    }
}
