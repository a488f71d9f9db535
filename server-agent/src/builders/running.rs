//! The builds that run at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Each of them has a `T`: what it may use.
pub struct RunningBuilds<T>(Mutex<List<T>>);

struct List<T> {
    next: u64,
    builds: BTreeMap<u64, T>,
}

impl<T> Default for RunningBuilds<T> {
    fn default() -> Self {
        Self(Mutex::new(List {
            next: 0,
            builds: BTreeMap::new(),
        }))
    }
}

impl<T: Copy> RunningBuilds<T> {
    /// One begins. Its number ends it.
    pub fn begin(&self, build: T) -> u64 {
        let mut list = self.list();
        list.next += 1;
        let number = list.next;
        list.builds.insert(number, build);
        number
    }

    pub fn end(&self, number: u64) {
        self.list().builds.remove(&number);
    }

    /// Those that run now, in the order in which they began.
    pub fn all(&self) -> Vec<T> {
        self.list().builds.values().copied().collect()
    }

    fn list(&self) -> MutexGuard<'_, List<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
