//! How long to wait before the next attempt: doubling, capped, with jitter so that many clients do not come at once.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
/// Five attempts a minute at most, once it goes on for long.
const LONGEST: Duration = Duration::from_secs(12);
/// A link that lived this long was a good one: the next loss starts anew.
const STABLE: Duration = Duration::from_secs(20);

/// The row of waiting times.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The next wait, by a random number from 0 to 1.
    pub fn next(&mut self, random: f64) -> Duration {
        let full = FIRST.saturating_mul(1 << self.attempts.min(10)).min(LONGEST);
        self.attempts = self.attempts.saturating_add(1);
        // Between half and all of it.
        full.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
    }

    /// The link was up for this long before it was lost.
    pub fn was_up(&mut self, lived: Duration) {
        if lived >= STABLE {
            self.attempts = 0;
        }
    }

    /// How many waits there were.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-08: waits double up to the cap; jitter takes at most half.
    #[test]
    fn waits_double_up_to_the_cap() {
        let mut longest = Backoff::default();
        let waits: Vec<u128> = (0..7).map(|_| longest.next(1.0).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 12000, 12000]);
        let mut shortest = Backoff::default();
        let waits: Vec<u128> = (0..7).map(|_| shortest.next(0.0).as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 6000, 6000]);
    }

    /// FR-CON-08: a link that flaps does not reset the wait, a stable one does.
    #[test]
    fn only_a_stable_link_starts_anew() {
        let mut backoff = Backoff::default();
        let _ = (backoff.next(1.0), backoff.next(1.0));
        backoff.was_up(Duration::from_secs(2));
        assert_eq!(backoff.next(1.0), Duration::from_secs(2));
        backoff.was_up(Duration::from_secs(30));
        assert_eq!(backoff.next(1.0), Duration::from_millis(500));
    }
}
