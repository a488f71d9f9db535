//! The view of a log as it moves: it follows the newest line, begins at one, or keeps what is read in its place; older and newer lines are asked
//! for as it comes near them.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::SharedLog;
use super::buffer::LogBuffer;
use super::layout::Layout;
use super::place::{Anchor, ROW, Seen, anchor_at, fit, measure, px_of, set_height, visible};
use super::wants::{Wants, on_wheel};
use crate::browser::use_window_event;

/// So near to the top older lines are wanted.
const NEAR: i32 = 240;

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
            *anchor.borrow_mut() = moved(&element, &buffer, layout, *follow, begin, before);
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

/// Moves the view to where it belongs: to the line that it begins with, to the end, or to where what is read has gone.
fn moved(
    element: &Element,
    buffer: &LogBuffer,
    layout: &Layout,
    follow: bool,
    begin: Option<u64>,
    before: Option<Anchor>,
) -> Option<Anchor> {
    match (begin, before) {
        (Some(id), _) if !follow => Some(begin_with(element, buffer, layout, id)),
        _ if follow => {
            element.set_scroll_top(element.scroll_height());
            anchor_at(element, buffer, layout)
        }
        (_, before) => {
            let moved = before.map_or(0, |before| px_of(buffer, layout, before.id) - before.px);
            if moved != 0 {
                element.set_scroll_top(element.scroll_top() + moved);
            }
            anchor_at(element, buffer, layout)
        }
    }
}

/// The view was scrolled, by a person or by the page.
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
