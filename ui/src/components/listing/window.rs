//! Which rows of a long list are in the page: those that can be seen, and some above and below. In place of the others stands a row of
//! their height.

use std::ops::Range;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};
use yew::prelude::*;

/// A list of so many rows is in the page whole.
const WHOLE: usize = 120;
/// Rows above and below those that can be seen.
const MORE: usize = 15;
/// A row in pixels, until one was measured. In such a list all are one line high.
const ROW: f64 = 35.0;

/// The part of a list that is in the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub rows: Range<usize>,
    all: usize,
    row: f64,
    is_part: bool,
}

impl Part {
    pub fn is_part(&self) -> bool {
        self.is_part
    }

    /// What stands in the page, from above: these rows, and gaps for the others. One row more is kept, wherever it is: the one that has,
    /// or would get, the focus.
    pub fn pieces(&self, kept: Option<usize>) -> Vec<Piece> {
        let Range { start, end } = self.rows;
        let before = kept.filter(|kept| *kept < start);
        let behind = kept.filter(|kept| (end..self.all).contains(kept));
        let mut pieces = Vec::with_capacity(self.rows.len() + 5);
        let gap = |pieces: &mut Vec<Piece>, name, rows: Range<usize>| {
            if !rows.is_empty() {
                pieces.push(Piece::Gap(name, rows.len()));
            }
        };
        gap(&mut pieces, "top", 0..before.unwrap_or(start));
        pieces.extend(before.map(Piece::Row));
        gap(&mut pieces, "above", before.map_or(start, |kept| kept + 1)..start);
        pieces.extend(self.rows.clone().map(Piece::Row));
        gap(&mut pieces, "below", end..behind.unwrap_or(end));
        pieces.extend(behind.map(Piece::Row));
        gap(
            &mut pieces,
            "bottom",
            behind.map_or(end, |kept| kept + 1)..self.all,
        );
        pieces
    }

    /// How high so many rows are, in pixels.
    pub fn height(&self, rows: usize) -> f64 {
        rows as f64 * self.row
    }
}

/// A row at this place, or so many that are left out. Gaps have names, by which they are known from one drawing to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    Row(usize),
    Gap(&'static str, usize),
}

/// Where the list stands in what scrolls, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    /// How far the list's first row is above the upper edge.
    above: f64,
    height: f64,
    row: f64,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            above: 0.0,
            height: 1_000.0,
            row: ROW,
        }
    }
}

/// The part of a list of so many rows, whose `<tbody>` is `body`, that is to be in the page: all of one with headings, whose rows are of
/// several heights.
#[hook]
pub fn use_window(body: &NodeRef, rows: usize, headed: bool) -> Part {
    let place = use_state_eq(Place::default);
    {
        let (body, place) = (body.clone(), place.setter());
        use_effect_with((rows, headed), move |(rows, headed)| {
            let mut listening = None;
            if *rows > WHOLE
                && !headed
                && let Some(around) = scrolls(&body)
            {
                let look = {
                    let around = around.clone();
                    move || place.set(measured(&body, &around).unwrap_or_default())
                };
                look();
                let closure = Closure::<dyn Fn()>::new(look);
                // Only fails for a closure that is none.
                let _ = around.add_event_listener_with_callback("scroll", closure.as_ref().unchecked_ref());
                // A window that grows shows more rows without a scroll.
                let sizes = ResizeObserver::new(closure.as_ref().unchecked_ref()).ok();
                if let Some(sizes) = &sizes {
                    sizes.observe(&around);
                }
                listening = Some((around, closure, sizes));
            }
            move || {
                if let Some((around, closure, sizes)) = listening {
                    if let Some(sizes) = sizes {
                        sizes.disconnect();
                    }
                    let _ = around
                        .remove_event_listener_with_callback("scroll", closure.as_ref().unchecked_ref());
                }
            }
        });
    }
    if headed {
        whole(*place, rows)
    } else {
        part(*place, rows)
    }
}

/// What scrolls around the list.
fn scrolls(body: &NodeRef) -> Option<Element> {
    body.cast::<Element>()?.closest(".content").ok()?
}

fn measured(body: &NodeRef, around: &Element) -> Option<Place> {
    let body = body.cast::<Element>()?;
    let row = body
        .query_selector("tr.row")
        .ok()??
        .get_bounding_client_rect()
        .height();
    Some(Place {
        above: around.get_bounding_client_rect().top() - body.get_bounding_client_rect().top(),
        height: f64::from(around.client_height()),
        row: if row > 1.0 { row } else { ROW },
    })
}

fn whole(place: Place, rows: usize) -> Part {
    Part {
        rows: 0..rows,
        all: rows,
        row: place.row,
        is_part: false,
    }
}

fn part(place: Place, rows: usize) -> Part {
    if rows <= WHOLE {
        return whole(place, rows);
    }
    let at = |pixels: f64| (pixels.max(0.0) / place.row) as usize;
    let first = at(place.above).min(rows - 1).saturating_sub(MORE);
    let last = at(place.above + place.height).saturating_add(1 + MORE).min(rows);
    Part {
        rows: first..last.max(first + 1),
        is_part: true,
        ..whole(place, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(above: f64, height: f64) -> Place {
        Place {
            above,
            height,
            row: ROW,
        }
    }

    /// FR-DSK-06: a short list is in the page whole, of a long one what can be seen.
    #[test]
    fn only_rows_that_can_be_seen_are_in_the_page() {
        assert_eq!(part(place(0.0, 700.0), 100).rows, 0..100);
        // One with headings is whole, however long it is.
        let headed = whole(place(35_000.0, 700.0), 200);
        assert!(headed.rows == (0..200) && !headed.is_part());
        let first = part(place(-200.0, 700.0), 10_000);
        assert!(first.rows.start == 0 && first.rows.contains(&15) && first.rows.len() < 60);
        let middle = part(place(35_000.0, 700.0), 10_000);
        assert!(middle.rows.contains(&1_000) && middle.rows.contains(&1_020) && middle.rows.len() < 60);
        assert_eq!(middle.height(middle.rows.start), 985.0 * 35.0);
        assert_eq!(part(place(1e9, 700.0), 10_000).rows, 9_984..10_000);
    }

    /// FR-DSK-06: the row that has the focus stays in the page wherever the list is scrolled to, and with it everything is as high as all rows.
    #[test]
    fn the_row_with_the_focus_stays() {
        let part = part(place(35_000.0, 700.0), 10_000);
        for kept in [
            None,
            Some(0),
            Some(3),
            Some(984),
            Some(985),
            Some(1_000),
            Some(9_999),
            Some(10_000),
        ] {
            let pieces = part.pieces(kept);
            let mut at = 0;
            for piece in &pieces {
                match *piece {
                    Piece::Row(place) => {
                        assert_eq!(place, at, "{kept:?}");
                        at += 1;
                    }
                    Piece::Gap(_, rows) => at += rows,
                }
            }
            assert_eq!(at, 10_000, "{kept:?}");
            assert!(kept.is_none_or(|kept| kept >= 10_000 || pieces.contains(&Piece::Row(kept))));
        }
    }

    /// FR-DSK-06: wherever it is scrolled to, some rows are in the page, and none that is not there.
    #[test]
    fn a_part_is_of_the_list() {
        for rows in [0, 1, WHOLE, WHOLE + 1, 5_000] {
            for above in [f64::MIN, -1.0, 0.0, 4_200.0, 1e6, f64::MAX, f64::NAN] {
                let part = part(place(above, 700.0), rows).rows;
                assert!(
                    part.end <= rows && (rows == 0 || !part.is_empty()),
                    "{above} of {rows}: {part:?}"
                );
            }
        }
    }
}
