//! Of which failures the system tells the person, and when.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{NaiveTime, Timelike};
use serde::{Deserialize, Serialize};

use crate::{ClusterId, InvalidText};

const MINUTES: u16 = 24 * 60;

/// Whether the system tells the person of failures, and of which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRules {
    /// It tells of any at all.
    pub on: bool,
    pub except: NoticeExceptions,
}

/// What is not told of, where failures are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoticeExceptions {
    /// Those clusters.
    pub clusters: BTreeSet<ClusterId>,
    /// What happens at that time of the day.
    pub quiet: Option<QuietHours>,
}

impl NoticeRules {
    /// Whether a failure on this cluster is told at this time.
    pub fn tell_of(&self, cluster: ClusterId, at: DayTime) -> bool {
        let quiet = self.except.quiet.is_some_and(|hours| hours.cover(at));
        self.on && !quiet && !self.except.clusters.contains(&cluster)
    }
}

/// A part of each day, by this computer's clock. It may lie over midnight; where it ends as it begins, there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    pub from: DayTime,
    /// That minute is no part of it.
    pub until: DayTime,
}

impl QuietHours {
    /// What is offered first.
    pub const NIGHT: Self = Self {
        from: DayTime(22 * 60),
        until: DayTime(7 * 60),
    };

    pub fn cover(self, at: DayTime) -> bool {
        if self.from <= self.until {
            self.from <= at && at < self.until
        } else {
            self.from <= at || at < self.until
        }
    }
}

/// A minute of the day, as `22:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DayTime(u16);

impl DayTime {
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        let number = |text: &str| {
            let plain = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>().ok().filter(|_| plain)
        };
        let parts = text.split_once(':').filter(|(_, minute)| minute.len() == 2);
        parts
            .and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)))
            .filter(|(_, minute)| *minute < 60)
            .map(|(hour, minute)| hour * 60 + minute)
            .filter(|at| *at < MINUTES)
            .map(Self)
            .ok_or_else(|| {
                InvalidText::new(
                    "time of the day",
                    text,
                    "it is written with hour and minute, as 7:00 or 22:30",
                )
            })
    }
}

impl From<NaiveTime> for DayTime {
    fn from(time: NaiveTime) -> Self {
        let minutes = time.num_seconds_from_midnight() / 60;
        Self(u16::try_from(minutes).unwrap_or_default())
    }
}

impl fmt::Display for DayTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl TryFrom<String> for DayTime {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        Self::parse(&text)
    }
}

impl From<DayTime> for String {
    fn from(time: DayTime) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DayTime {
        DayTime::parse(text).unwrap()
    }

    fn cluster(number: u8) -> ClusterId {
        format!("018f0000-0000-7000-8000-0000000000{number:02}")
            .parse()
            .unwrap()
    }

    /// FR-DSK-03: a time of the day is hour and minute, and comes back as it was written.
    #[test]
    fn times_of_the_day() {
        assert_eq!(at("7:05").to_string(), "07:05");
        assert_eq!(at("00:00"), DayTime::from(NaiveTime::MIN));
        let late = NaiveTime::from_hms_opt(23, 59, 59).unwrap();
        assert_eq!(at("23:59"), DayTime::from(late));
        for bad in [
            "", "7", "24:00", "12:60", "12:5", "+7:00", "-1:00", "012:00", "7:00 ", "7:00:00",
        ] {
            assert!(DayTime::parse(bad).is_err(), "{bad}");
        }
    }

    /// FR-DSK-03: quiet hours begin and end at their minutes, also over midnight; those that end as they begin are none.
    #[test]
    fn quiet_hours_may_lie_over_midnight() {
        let hours = |from: &str, until: &str| QuietHours {
            from: at(from),
            until: at(until),
        };
        let noon = hours("12:00", "13:30");
        for (time, quiet) in [
            ("11:59", false),
            ("12:00", true),
            ("13:29", true),
            ("13:30", false),
        ] {
            assert_eq!(noon.cover(at(time)), quiet, "{time}");
        }
        let night = QuietHours::NIGHT;
        for (time, quiet) in [
            ("21:59", false),
            ("22:00", true),
            ("0:00", true),
            ("6:59", true),
            ("7:00", false),
        ] {
            assert_eq!(night.cover(at(time)), quiet, "{time}");
        }
        assert!(!hours("8:00", "8:00").cover(at("8:00")));
    }

    /// FR-DSK-03: a failure is told unless nothing is, nothing of its cluster, or nothing now.
    #[test]
    fn rules_say_what_is_told() {
        let mut rules = NoticeRules {
            on: true,
            except: NoticeExceptions::default(),
        };
        assert!(rules.tell_of(cluster(1), at("3:00")));
        rules.except.clusters.insert(cluster(2));
        assert!(rules.tell_of(cluster(1), at("3:00")));
        assert!(!rules.tell_of(cluster(2), at("3:00")));
        rules.except.quiet = Some(QuietHours::NIGHT);
        assert!(!rules.tell_of(cluster(1), at("3:00")));
        assert!(rules.tell_of(cluster(1), at("12:00")));
        rules.on = false;
        assert!(!rules.tell_of(cluster(1), at("12:00")));
    }

    /// FR-DSK-03: the rules are kept as they are, and what an earlier version did not keep is as it was then.
    #[test]
    fn exceptions_are_kept_as_text() {
        let except = NoticeExceptions {
            clusters: [cluster(1)].into(),
            quiet: Some(QuietHours::NIGHT),
        };
        let text = serde_json::to_string(&except).unwrap();
        assert!(text.contains(r#""from":"22:00","until":"07:00""#), "{text}");
        assert_eq!(serde_json::from_str::<NoticeExceptions>(&text).unwrap(), except);
        assert_eq!(
            serde_json::from_str::<NoticeExceptions>("{}").unwrap(),
            NoticeExceptions::default()
        );
    }
}
