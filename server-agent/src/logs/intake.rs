//! Lines that were collected and wait to be written: few, whatever a container prints.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::batch::Batch;
use super::log_of::LogOf;

/// So many bytes wait for one application.
const OF_ONE: usize = 4 << 20;
/// So many bytes wait in the whole agent.
const OF_ALL: usize = 12 << 20;
/// So many for one deployment, and so many more in the whole agent, which only deployments take: what a container writes is in the engine's
/// files and waits there, what a build says is nowhere else. Applications that write without end crowd it out of nothing.
const OF_DEPLOYMENT: usize = 1 << 20;
const FOR_DEPLOYMENTS: usize = 4 << 20;

/// How much may wait where something is added.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    of_one: usize,
    of_all: usize,
}

impl Room {
    pub fn of(log: LogOf) -> Self {
        match log {
            LogOf::Application(_) | LogOf::Command(_) => Self {
                of_one: OF_ONE,
                of_all: OF_ALL,
            },
            LogOf::Deployment(_) => Self {
                of_one: OF_DEPLOYMENT,
                of_all: OF_ALL + FOR_DEPLOYMENTS,
            },
        }
    }
}

/// What waits in all intakes together, in bytes.
#[derive(Clone, Default)]
pub struct Budget(Arc<AtomicUsize>);

impl Budget {
    fn take(&self, bytes: usize, of_all: usize) -> bool {
        let taken = |now: usize| now.checked_add(bytes).filter(|then| *then <= of_all);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[derive(Default)]
pub struct Intake {
    waiting: VecDeque<Batch>,
    bytes: usize,
    /// The writer knows that there is something.
    pub announced: bool,
}

impl Intake {
    /// Takes a batch, or gives it back when there is no room.
    pub fn put(&mut self, batch: Batch, budget: &Budget, room: Room) -> Result<(), Batch> {
        let size = batch.size();
        if self.bytes + size > room.of_one || !budget.take(size, room.of_all) {
            return Err(batch);
        }
        self.bytes += size;
        self.waiting.push_back(batch);
        Ok(())
    }

    /// Nothing waits, and nothing is being written.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Everything that waits. Its room is given back by [`Self::written`].
    pub fn take(&mut self) -> (Vec<Batch>, usize) {
        (self.waiting.drain(..).collect(), self.bytes)
    }

    /// What could not be written waits on, before what has come meanwhile.
    pub fn put_back(&mut self, batches: Vec<Batch>, taken: usize, budget: &Budget) {
        let size: usize = batches.iter().map(Batch::size).sum();
        self.written(taken.saturating_sub(size), budget);
        for batch in batches.into_iter().rev() {
            self.waiting.push_front(batch);
        }
    }

    pub fn written(&mut self, bytes: usize, budget: &Budget) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        budget.give_back(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::batch::tests::Made;

    const ID: &str = "018f0000-0000-7000-8000-000000000001";

    fn application() -> LogOf {
        LogOf::Application(ID.parse().unwrap())
    }

    /// NFR-P7, FR-BLD-05: applications that write without end leave the builds' lines their place, which has a bound of its own.
    #[test]
    fn a_build_is_not_crowded_out() {
        let (mut batch, budget) = (Batch::default(), Budget::default());
        Made::said(&"x".repeat(200_000)).push_to(&mut batch);
        let fill = |of: LogOf| {
            let (mut intake, mut count) = (Intake::default(), 0);
            while intake.put(batch.clone(), &budget, Room::of(of)).is_ok() {
                count += 1;
            }
            count
        };
        while fill(application()) > 0 {}
        let deployment = LogOf::Deployment(ID.parse().unwrap());
        let builds: Vec<usize> = (0..10).map(|_| fill(deployment)).collect();
        assert_eq!(builds[0], OF_DEPLOYMENT / 200_000, "{builds:?}");
        assert!(
            builds.iter().sum::<usize>() <= 2 + FOR_DEPLOYMENTS / 200_000,
            "{builds:?}"
        );
    }

    /// NFR-P7: what waits has a bound, and room is there again when it was written.
    #[test]
    fn what_waits_is_bounded() {
        let (mut intake, budget) = (Intake::default(), Budget::default());
        let room = Room::of(application());
        let mut batch = Batch::default();
        Made::said(&"x".repeat(1 << 20)).push_to(&mut batch);
        let mut taken = 0;
        while intake.put(batch.clone(), &budget, room).is_ok() {
            taken += 1;
            assert!(taken < 10);
        }
        assert_eq!(taken, 3);
        let (batches, bytes) = intake.take();
        assert!(
            intake.put(batch.clone(), &budget, room).is_err(),
            "what is being written still counts"
        );
        intake.put_back(batches, bytes, &budget);
        assert!(!intake.is_empty(), "what was put back is still to be written");
        let (_, bytes) = intake.take();
        intake.written(bytes, &budget);
        assert!(intake.is_empty());
        assert!(intake.put(batch, &budget, room).is_ok());
    }
}
