//! What time it is for the age of lines. A clock that jumps ahead, by a mistake or a broken battery, would make all lines old at once; so this
//! time follows the clock only as fast as is needed to come up with it after the server was off.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// The file in the folder of the logs that keeps it over a restart.
const FILE: &str = "lived-until";
/// In one hour it comes up by a day: who sets a clock right within the hour has lost a day's oldest lines at most.
const TIMES_FASTER: u32 = 24;
/// It is written down when it has gone on by so much.
const SAVE_AFTER: TimeDelta = TimeDelta::hours(1);

pub struct Lived {
    file: PathBuf,
    /// How far it had come, and when that was.
    reached: Option<(DateTime<Utc>, Instant)>,
    saved: Option<DateTime<Utc>>,
}

impl Lived {
    /// As it was when the agent ended. Without a file it is what the clock says.
    pub fn open(folder: &Path) -> Self {
        let file = folder.join(FILE);
        let saved = std::fs::read_to_string(&file)
            .ok()
            .and_then(|text| DateTime::parse_from_rfc3339(text.trim()).ok())
            .map(|time| time.to_utc());
        Self {
            file,
            reached: saved.map(|saved| (saved, Instant::now())),
            saved,
        }
    }

    /// What time it is for lines, where the clock says `clock`.
    pub fn now(&mut self, clock: DateTime<Utc>, at: Instant) -> DateTime<Utc> {
        let now = match self.reached {
            Some((reached, then)) => come_up(reached, at.saturating_duration_since(then), clock),
            None => clock,
        };
        self.reached = Some((now, at));
        if self.saved.is_none_or(|saved| (now - saved).abs() >= SAVE_AFTER) {
            self.save(now);
        }
        now
    }

    fn save(&mut self, now: DateTime<Utc>) {
        let fresh = self.file.with_extension("new");
        let text = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        let written = std::fs::write(&fresh, text).and_then(|()| std::fs::rename(&fresh, &self.file));
        match written {
            Ok(()) => self.saved = Some(now),
            Err(error) => {
                tracing::warn!(%error, "the time up to which logs were kept could not be written down")
            }
        }
    }
}

/// The clock's time, unless that is further ahead than could be lived through since.
fn come_up(reached: DateTime<Utc>, since: Duration, clock: DateTime<Utc>) -> DateTime<Utc> {
    let most = TimeDelta::from_std(since.saturating_mul(TIMES_FASTER))
        .ok()
        .and_then(|by| reached.checked_add_signed(by));
    most.map_or(clock, |most| most.min(clock))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
    }

    /// FR-OBS-01: a clock that jumps ahead makes no line old at once; set right again it is followed at once.
    #[test]
    fn a_jump_ahead_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let mut lived = Lived::open(folder.path());
        let begin = Instant::now();
        let after = |hours: u32| begin + Duration::from_secs(3600) * hours;
        assert_eq!(lived.now(day(0), after(0)), day(0));
        assert_eq!(lived.now(day(1000), after(0)), day(0));
        assert_eq!(lived.now(day(1000), after(1)), day(1));
        // A restart does not make it so either.
        let mut lived = Lived::open(folder.path());
        let now = lived.now(day(1000), Instant::now());
        assert!(now >= day(1) && now < day(2), "{now}");
        assert_eq!(lived.now(day(0), after(2)), day(0));
    }

    /// FR-OBS-01: a server that was off for a month has come up with its clock in little more than a day, and follows it from then on.
    #[test]
    fn a_server_that_was_off_comes_up() {
        let folder = tempfile::tempdir().unwrap();
        let mut lived = Lived::open(folder.path());
        let begin = Instant::now();
        let after = |hours: u32| begin + Duration::from_secs(3600) * hours;
        assert_eq!(lived.now(day(0), after(0)), day(0));
        assert_eq!(lived.now(day(30), after(12)), day(12));
        assert_eq!(lived.now(day(31), after(36)), day(31));
        assert_eq!(lived.now(day(32), after(60)), day(32));
    }
}
