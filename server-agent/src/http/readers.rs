//! How many streams of lines are read at once. Each has a block of a log or a search of its own in memory, and a thread now and then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use slipway_protocol::{ErrorCode, UserId};

use super::ApiError;

/// An app with many pages open has some dozen.
const MOST_OF_ONE: usize = 64;
const MOST: usize = 512;

#[derive(Default)]
pub struct Readers {
    by_person: Mutex<HashMap<UserId, usize>>,
}

/// One of the places, free again when it is dropped.
pub struct Place {
    readers: Arc<Readers>,
    person: UserId,
}

impl Readers {
    pub fn place(self: &Arc<Self>, person: UserId) -> Result<Place, ApiError> {
        let mut all = self.by_person.lock().unwrap_or_else(PoisonError::into_inner);
        let (of_all, own) = (all.values().sum::<usize>(), all.get(&person).copied());
        if own.unwrap_or(0) >= MOST_OF_ONE || of_all >= MOST {
            let detail = format!(
                "No more can be followed at once ({MOST_OF_ONE} by one person, {MOST} by all); close a log or a page that is open elsewhere."
            );
            return Err(ApiError::new(ErrorCode::TooManyAttempts, detail));
        }
        *all.entry(person).or_default() += 1;
        Ok(Place {
            readers: Arc::clone(self),
            person,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self
            .readers
            .by_person
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.person) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-R3, NFR-S5: one person's streams leave room for others', and a closed one makes room.
    #[test]
    fn one_reader_leaves_room_for_others() {
        let readers = Arc::new(Readers::default());
        let person = |number: u128| UserId(uuid::Uuid::from_u128(number));
        let mut places: Vec<Place> = (0..MOST_OF_ONE)
            .map(|_| readers.place(person(1)).ok().unwrap())
            .collect();
        assert!(readers.place(person(1)).is_err());
        assert!(readers.place(person(2)).is_ok());
        places.pop();
        assert!(readers.place(person(1)).is_ok());
        drop(places);
        assert!(readers.by_person.lock().unwrap().is_empty());
    }
}
