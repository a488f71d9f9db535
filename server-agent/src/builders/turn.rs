//! How many builds run at once on this server: the others wait for their turn.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Cheap to clone.
#[derive(Clone)]
pub struct Turns {
    free: Arc<Semaphore>,
    most: usize,
}

impl Turns {
    /// At most so many at once, and at least one.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            free: Arc::new(Semaphore::new(most)),
            most,
        }
    }

    pub fn most(&self) -> usize {
        self.most
    }

    /// A turn, if one is free now.
    pub fn now(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_owned().ok()
    }

    /// Waits for a turn, first come first served. Given back when it is dropped.
    pub async fn next(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-03: no more builds run than may; the next begins when one ends.
    #[tokio::test]
    async fn builds_wait_for_their_turn() {
        let turns = Turns::new(0);
        assert_eq!(turns.most(), 1);
        let first = turns.now().unwrap();
        assert!(turns.now().is_none());
        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { turns.next().await.is_some() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        assert!(waiting.await.unwrap());
    }
}
