//! Many lines that are handed over at once, as batches of a bounded size.

use super::batch::{Batch, Line};

/// A batch is full when it has grown to so many bytes.
const FULL: usize = 192 * 1024;

/// Takes lines one by one.
#[derive(Default)]
pub struct Batches {
    full: Vec<Batch>,
    open: Batch,
}

impl Batches {
    /// Lines as [`Batch::push`] takes them, of few tasks.
    pub fn push(&mut self, line: Line) {
        self.open.push(line);
        if self.open.size() >= FULL {
            self.full.push(std::mem::take(&mut self.open));
        }
    }

    /// What was taken, in its order.
    pub fn finish(mut self) -> Vec<Batch> {
        if !self.open.is_empty() {
            self.full.push(self.open);
        }
        self.full
    }
}
