//! Which points answer a question about some time: fine ones for minutes, coarse ones for days.

use std::collections::BTreeMap;

use slipway_protocol::metric::Series;

use super::beat::BEAT;
use super::bucket::{Bucket, Point};
use super::series::Values;

const MINUTE: i64 = 60;
const QUARTER: i64 = 900;
/// The steps into which looks are put together.
pub const COARSER: [i64; 2] = [MINUTE, QUARTER];

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// How long points of a step are kept, in seconds.
pub const KEPT: [(i64, i64); 3] = [(BEAT, 2 * HOUR), (MINUTE, 2 * DAY), (QUARTER, 30 * DAY)];

/// An answer has about so many points at most.
const POINTS: i64 = 400;
/// The steps of answers. Each is a multiple of one that is kept.
const STEPS: [i64; 8] = [BEAT, 30, MINUTE, 300, QUARTER, 1_800, HOUR, 2 * HOUR];

/// A question's time, cut into points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// In seconds since 1970; a multiple of the step.
    pub from: i64,
    pub to: i64,
    pub step: i64,
    /// The step of the stored points that are put together.
    pub base: i64,
}

impl Window {
    /// The finest points that are still there and not too many. Nothing is older than what is kept longest, or later than now; `None`
    /// where no time is left.
    pub fn of(from: i64, to: i64, now: i64) -> Option<Self> {
        let from = from.max(now.saturating_sub(30 * DAY));
        let to = to.min(now);
        if from >= to {
            return None;
        }
        let fits = |step: i64| (to - from) / step <= POINTS && now - from <= kept(base(step));
        let step = STEPS.into_iter().find(|step| fits(*step)).unwrap_or(2 * HOUR);
        Some(Self {
            from: from - from.rem_euclid(step),
            to: to + (-to).rem_euclid(step),
            step,
            base: base(step),
        })
    }

    /// The points of an answer, oldest first, from stored ones in any order. Of two for the same time the later one in the list counts.
    pub fn lay_out<const N: usize>(&self, points: impl IntoIterator<Item = Point<N>>) -> Vec<Point<N>> {
        let of_time: BTreeMap<i64, Point<N>> = points.into_iter().map(|point| (point.at, point)).collect();
        let begins = (self.from..self.to).step_by(usize::try_from(self.step).unwrap_or(1));
        let put_together = |at: i64| {
            let mut bucket = Bucket::new(at);
            of_time
                .range(at..at + self.step)
                .for_each(|(_, point)| bucket.merge(point));
            bucket.point()
        };
        begins.map(put_together).collect()
    }
}

/// The coarsest step that is kept and of which this one is a multiple.
fn base(step: i64) -> i64 {
    let multiple = |(base, _): &(i64, i64)| step % base == 0;
    let coarsest = KEPT.iter().rev().find(|kept| multiple(kept));
    coarsest.map_or(BEAT, |(base, _)| *base)
}

fn kept(base: i64) -> i64 {
    let found = KEPT.iter().find(|(step, _)| *step == base);
    found.map_or(0, |(_, kept)| *kept)
}

/// One of the series of these points.
pub fn series<const N: usize>(points: &[Point<N>], place: usize) -> Series {
    let of = |values: fn(&Point<N>) -> &Values<N>| points.iter().map(|point| values(point)[place]).collect();
    Series {
        mean: of(|point| &point.mean),
        most: of(|point| &point.most),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    /// FR-OBS-03: minutes are answered finely, thirty days coarsely, and what is old as finely as it is kept.
    #[test]
    fn the_step_follows_the_time() {
        let step = |last: i64| Window::of(NOW - last, NOW, NOW).map(|window| (window.step, window.base));
        assert_eq!(step(15 * MINUTE), Some((10, 10)));
        assert_eq!(step(HOUR), Some((10, 10)));
        assert_eq!(step(6 * HOUR), Some((60, 60)));
        assert_eq!(step(DAY), Some((300, 60)));
        assert_eq!(step(7 * DAY), Some((1_800, 900)));
        assert_eq!(step(30 * DAY), Some((7_200, 900)));
        let old = Window::of(NOW - 5 * DAY, NOW - 5 * DAY + HOUR, NOW);
        assert_eq!(old.map(|window| window.step), Some(900));
        assert_eq!(Window::of(NOW, NOW, NOW), None);
        assert_eq!(Window::of(NOW + HOUR, NOW + DAY, NOW), None);
        assert_eq!(Window::of(0, NOW - 31 * DAY, NOW), None);
    }

    proptest! {
        /// FR-OBS-03: whatever is asked for, the points are not too many, lie on their step, and hold the time that was asked for.
        #[test]
        fn an_answer_is_never_long(from: i64, to: i64) {
            if let Some(window) = Window::of(from, to, NOW) {
                prop_assert!((window.to - window.from) / window.step <= POINTS + 2, "{:?}", window);
                prop_assert!(window.from % window.step == 0 && window.to % window.step == 0);
                prop_assert!(window.from <= from.max(NOW - 30 * DAY) && window.to >= to.min(NOW));
            }
        }
    }

    /// FR-OBS-03: where nothing was recorded there is a gap, and what memory knows better than the table counts.
    #[test]
    fn points_are_laid_out() {
        let window = Window {
            from: 0,
            to: 60,
            step: 20,
            base: 10,
        };
        let point = |at, value: f32| Point {
            at,
            samples: 1,
            mean: [Some(value)],
            most: [Some(value)],
        };
        let laid_out = window.lay_out([
            point(0, 1.0),
            point(10, 3.0),
            point(40, 9.0),
            point(40, 5.0),
            point(90, 7.0),
        ]);
        let series = series(&laid_out, 0);
        assert_eq!(series.mean, [Some(2.0), None, Some(5.0)]);
        assert_eq!(series.most, [Some(3.0), None, Some(5.0)]);
    }
}
