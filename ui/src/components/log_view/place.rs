//! Where a view of a log stands, in pixels, and which lines can be seen there.
//!
//! Heights are set through the style object, never as an attribute, so that a strict content policy allows them.

use std::ops::Range;

use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::buffer::LogBuffer;
use super::layout::Layout;

/// Pixels; the style sheet says the same.
pub const ROW: i32 = 18;
/// Rows above and below those seen.
const MORE: usize = 12;
/// Characters in the probe that tells how wide one is.
pub const PROBE: usize = 50;

/// How far the view is scrolled, and how high it is.
#[derive(Clone, Copy, Default, PartialEq)]
pub struct Seen {
    pub top: i32,
    pub height: i32,
}

/// The first line that is seen, and where it stood: what is read stays in place when lines come or go above it.
#[derive(Clone, Copy)]
pub struct Anchor {
    pub id: u64,
    pub px: i32,
}

pub fn measure(element: &Element) -> Seen {
    Seen {
        top: element.scroll_top(),
        height: element.client_height(),
    }
}

pub fn anchor_at(element: &Element, buffer: &LogBuffer, layout: &Layout) -> Option<Anchor> {
    let line = layout.line_at((element.scroll_top().max(0) / ROW) as usize);
    let id = buffer.row(line)?.id;
    let px = px_of(buffer, layout, id);
    Some(Anchor { id, px })
}

pub fn px_of(buffer: &LogBuffer, layout: &Layout, id: u64) -> i32 {
    i32::try_from(layout.start(buffer.row_of(id)))
        .unwrap_or(i32::MAX / ROW)
        .saturating_mul(ROW)
}

/// How many characters fit into the column of the texts: from the first text that is shown and the width of a letter.
pub fn fit(element: &Element, probe: &NodeRef) -> Option<u32> {
    let letter = probe.cast::<Element>()?.get_bounding_client_rect().width() / PROBE as f64;
    let text = element.query_selector(".log-text").ok().flatten()?;
    let pane = element.get_bounding_client_rect();
    let left = text.get_bounding_client_rect().left() - pane.left() + f64::from(element.scroll_left());
    let room = f64::from(element.client_width()) - left - f64::from(ROW);
    (letter > 1.0).then(|| (room / letter).floor().clamp(20.0, 2_000.0) as u32)
}

pub fn set_height(node: &NodeRef, rows: usize) {
    if let Some(element) = node.cast::<HtmlElement>() {
        let height = format!("{}px", rows as i64 * i64::from(ROW));
        // A height in pixels is always taken.
        let _ = element.style().set_property("height", &height);
    }
}

/// The lines for a position; the last ones for a view that follows.
pub fn visible(seen: Seen, layout: &Layout, follow: bool) -> Range<usize> {
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
