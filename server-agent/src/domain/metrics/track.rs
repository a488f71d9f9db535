//! The points of one thing as they are made: of ten seconds, a minute and a quarter of an hour.

use super::beat::BEAT;
use super::bucket::{Bucket, Point};
use super::series::Values;
use super::window::COARSER;

/// Points that could not be written are kept up to so many: those of more than an hour.
const MOST: usize = 500;

#[derive(Clone, Debug)]
pub struct Track<const N: usize> {
    /// Those of a minute and of a quarter that go on.
    open: Vec<(i64, Bucket<N>)>,
    /// What is finished and not written, with its step.
    finished: Vec<(i64, Point<N>)>,
    /// What goes on has something that is not written.
    fresh: bool,
}

impl<const N: usize> Default for Track<N> {
    fn default() -> Self {
        Self {
            open: Vec::new(),
            finished: Vec::new(),
            fresh: false,
        }
    }
}

impl<const N: usize> Track<N> {
    /// Goes on with points that an earlier life has begun.
    pub fn resume(&mut self, step: i64, point: &Point<N>) {
        let mut bucket = Bucket::new(point.at);
        bucket.merge(point);
        self.open.push((step, bucket));
    }

    /// One look, at the ten seconds that begin at `at`.
    pub fn add(&mut self, at: i64, values: &Values<N>) {
        let mut point = Bucket::new(at);
        point.add(values);
        self.finish(BEAT, point.point());
        for step in COARSER {
            self.add_to(step, at, values);
        }
        self.fresh = true;
    }

    fn add_to(&mut self, step: i64, at: i64, values: &Values<N>) {
        let begins = at - at.rem_euclid(step);
        let place = self.open.iter().position(|(of, _)| *of == step);
        let place = place.unwrap_or_else(|| {
            self.open.push((step, Bucket::new(begins)));
            self.open.len() - 1
        });
        // Not only when it is later: a clock may be set back.
        if self.open[place].1.at != begins {
            let ended = std::mem::replace(&mut self.open[place].1, Bucket::new(begins));
            if self.fresh {
                self.finish(step, ended.point());
            }
        }
        self.open[place].1.add(values);
    }

    fn finish(&mut self, step: i64, point: Point<N>) {
        if self.finished.len() >= MOST {
            self.finished.remove(0);
        }
        self.finished.push((step, point));
    }

    /// What has to be written: also what goes on, as it is by now.
    pub fn unwritten(&self) -> impl Iterator<Item = (i64, Point<N>)> {
        let open = self.open.iter().map(|(step, bucket)| (*step, bucket.point()));
        let open = self.fresh.then_some(open).into_iter().flatten();
        self.finished.iter().cloned().chain(open)
    }

    /// All of it is written.
    pub fn written(&mut self) {
        self.finished.clear();
        self.fresh = false;
    }

    /// What is known here and perhaps nowhere else, of one step.
    pub fn points(&self, step: i64) -> impl Iterator<Item = Point<N>> {
        let finished = self
            .finished
            .iter()
            .filter(move |(of, _)| *of == step)
            .map(|(_, point)| point.clone());
        let open = self.open.iter().filter(move |(of, _)| *of == step);
        finished.chain(open.map(|(_, bucket)| bucket.point()))
    }

    /// Nothing was added since `at`, and all of it is written.
    pub fn is_over(&self, at: i64) -> bool {
        !self.fresh && self.open.iter().all(|(step, bucket)| bucket.at + step < at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times, steps and means of what has to be written.
    fn written(track: &Track<1>) -> Vec<(i64, i64, Option<f32>, u32)> {
        let points = track.unwritten();
        points
            .map(|(step, point)| (step, point.at, point.mean[0], point.samples))
            .collect()
    }

    /// FR-OBS-03: ten seconds become minutes and quarters of an hour; what was written once comes again only where it has grown.
    #[test]
    fn seconds_become_minutes_and_quarters() {
        let mut track = Track::<1>::default();
        for beat in 0..6_u8 {
            track.add(900 + i64::from(beat) * 10, &[Some(f32::from(beat))]);
        }
        let first = written(&track);
        assert_eq!(first.len(), 8, "{first:?}");
        assert_eq!(first[6..], [(60, 900, Some(2.5), 6), (900, 900, Some(2.5), 6)]);
        track.written();
        assert_eq!(written(&track), []);
        track.add(960, &[Some(14.5)]);
        let wanted = [
            (10, 960, Some(14.5), 1),
            (60, 960, Some(14.5), 1),
            (900, 900, Some(29.5 / 7.0), 7),
        ];
        assert_eq!(written(&track), wanted);
        assert_eq!(track.points(900).count(), 1);
        assert_eq!(track.points(10).count(), 1);
    }

    /// FR-OBS-03: what an earlier life began goes on, and what could not be written is kept within a bound.
    #[test]
    fn an_earlier_life_goes_on() {
        let mut before = Track::<1>::default();
        before.add(900, &[Some(2.0)]);
        let mut track = Track::<1>::default();
        for (step, point) in before.unwritten().filter(|(step, _)| *step > BEAT) {
            track.resume(step, &point);
        }
        assert_eq!(written(&track), [], "that is written already");
        track.add(910, &[Some(4.0)]);
        assert_eq!(
            written(&track)[1..],
            [(60, 900, Some(3.0), 2), (900, 900, Some(3.0), 2)]
        );
        assert!(!track.is_over(100_000));
        for beat in 0..10_000 {
            track.add(beat * 10, &[None]);
        }
        assert!(written(&track).len() <= MOST + 2);
        track.written();
        assert!(track.is_over(200_000) && !track.is_over(100_000));
    }
}
