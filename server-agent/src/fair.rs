//! Turns that are shared out: of each, a team or a person, so many go on at once, however many of its own wait for theirs.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Whose turn it is, by whom the turns belong to.
pub struct Fair<K> {
    of_each: usize,
    /// Of those who go on or wait just now.
    known: Mutex<HashMap<K, Arc<Semaphore>>>,
}

impl<K: Copy + Eq + Hash> Fair<K> {
    /// So many turns of each at once.
    pub fn new(of_each: usize) -> Self {
        Self {
            of_each,
            known: Mutex::default(),
        }
    }

    /// Waits for one of its own turns. It ends when what is given is dropped.
    pub async fn turn(&self, whose: K) -> Result<OwnedSemaphorePermit, AcquireError> {
        let own = self.of(whose);
        own.acquire_owned().await
    }

    fn of(&self, whose: K) -> Arc<Semaphore> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // A permit and whoever waits for one hold it too.
        known.retain(|_, own| Arc::strong_count(own) > 1);
        let own = known
            .entry(whose)
            .or_insert_with(|| Arc::new(Semaphore::new(self.of_each)));
        Arc::clone(own)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// FR-DEP-08, NFR-S1, NFR-R3: however much one asks, another one's turn comes at once; and nothing is remembered of one that has asked.
    #[tokio::test]
    async fn nobody_takes_anothers_turns() {
        let fair = Fair::new(4);
        let soon = |whose: u8| tokio::time::timeout(Duration::from_millis(50), fair.turn(whose));
        let mut turns = Vec::new();
        for _ in 0..4 {
            turns.push(soon(1).await.expect("a turn").unwrap());
        }
        assert!(soon(1).await.is_err(), "it has all of its own");
        let other = soon(2).await.expect("a turn of its own").unwrap();
        turns.pop();
        turns.push(soon(1).await.expect("a turn that was given back").unwrap());
        drop((turns, other));
        drop(fair.of(3));
        let known = fair.known.lock().unwrap().len();
        assert_eq!(known, 1, "the last one that asked");
    }
}
