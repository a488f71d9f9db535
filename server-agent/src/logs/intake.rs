//! Lines that were collected and wait to be written: few, whatever a container prints.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::batch::Batch;

/// So many bytes wait for one application.
const OF_ONE: usize = 4 << 20;
/// So many bytes wait in the whole agent.
const OF_ALL: usize = 12 << 20;

/// What waits in all intakes together, in bytes.
#[derive(Clone, Default)]
pub struct Budget(Arc<AtomicUsize>);

impl Budget {
    fn take(&self, bytes: usize) -> bool {
        let taken = |now: usize| now.checked_add(bytes).filter(|then| *then <= OF_ALL);
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
    pub fn put(&mut self, batch: Batch, budget: &Budget) -> Result<(), Batch> {
        let size = batch.size();
        if self.bytes + size > OF_ONE || !budget.take(size) {
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

    /// NFR-P7: what waits has a bound, and room is there again when it was written.
    #[test]
    fn what_waits_is_bounded() {
        let (mut intake, budget) = (Intake::default(), Budget::default());
        let mut batch = Batch::default();
        Made::said(&"x".repeat(1 << 20)).push_to(&mut batch);
        let mut taken = 0;
        while intake.put(batch.clone(), &budget).is_ok() {
            taken += 1;
            assert!(taken < 10);
        }
        assert_eq!(taken, 3);
        let (batches, bytes) = intake.take();
        assert!(
            intake.put(batch.clone(), &budget).is_err(),
            "what is being written still counts"
        );
        intake.put_back(batches, bytes, &budget);
        assert!(!intake.is_empty(), "what was put back is still to be written");
        let (_, bytes) = intake.take();
        intake.written(bytes, &budget);
        assert!(intake.is_empty());
        assert!(intake.put(batch, &budget).is_ok());
    }
}
