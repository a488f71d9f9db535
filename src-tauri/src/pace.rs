//! When something is looked at that may have changed: at once, and then not more often than every so often. Pure.

use std::time::Duration;

use tokio::time::Instant;

#[derive(Debug)]
pub struct Pace {
    every: Duration,
    last: Option<Instant>,
    due: Option<Instant>,
}

impl Pace {
    pub fn every(every: Duration) -> Self {
        Self {
            every,
            last: None,
            due: None,
        }
    }

    /// It may have changed. However often that is said, one look follows.
    pub fn want(&mut self, now: Instant) {
        let earliest = self.last.map_or(now, |last| (last + self.every).max(now));
        self.due.get_or_insert(earliest);
    }

    /// It is looked at.
    pub fn looked(&mut self, now: Instant) {
        self.last = Some(now);
        self.due = None;
    }

    /// Until it is to be looked at.
    pub async fn due(&self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(10);

    /// FR-DSK-03, NFR-P10: the first change is looked at now, many after it once and later, and nothing where nothing changes.
    #[test]
    fn many_changes_are_one_look() {
        let begin = Instant::now();
        let at = |seconds: u64| begin + Duration::from_secs(seconds);
        let mut pace = Pace::every(EVERY);
        assert_eq!(pace.due, None);
        pace.want(at(0));
        assert_eq!(pace.due, Some(at(0)));
        pace.looked(at(0));
        for second in 1..9 {
            pace.want(at(second));
            assert_eq!(pace.due, Some(at(10)));
        }
        pace.looked(at(10));
        assert_eq!(pace.due, None);
        pace.want(at(60));
        assert_eq!(pace.due, Some(at(60)));
    }
}
