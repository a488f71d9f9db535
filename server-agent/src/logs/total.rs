//! How large all logs together are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes on disk of all logs, kept by each log that changes: nobody has to go through all of them.
#[derive(Clone, Default)]
pub struct Total(Arc<AtomicU64>);

impl Total {
    /// One log had so many bytes, and has so many now.
    pub fn changed(&self, before: u64, now: u64) {
        // Going round the end of the numbers and back, it is right for a log that has shrunk, too.
        self.0.fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
    }

    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
