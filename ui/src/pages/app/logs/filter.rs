//! Which lines are wanted: what the tools above a log say, as the agent's request.

use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use slipway_protocol::ApplicationId;
use slipway_protocol::desktop::LogWish;
use slipway_protocol::log_line::{LogLevel, LogStream};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogFilter {
    pub text: String,
    pub regex: bool,
    pub level: Option<LogLevel>,
    pub stream: Option<LogStream>,
    pub task: Option<String>,
    pub span: Span,
}

/// From when to when.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Span {
    #[default]
    All,
    /// The last so many minutes.
    Minutes(i64),
    /// As typed, in the person's time zone; an empty one is no border.
    Between { from: String, to: String },
}

impl Span {
    pub const CHOICES: [(i64, &'static str); 4] = [
        (15, "Last 15 minutes"),
        (60, "Last hour"),
        (24 * 60, "Last 24 hours"),
        (7 * 24 * 60, "Last 7 days"),
    ];
}

impl LogFilter {
    pub fn narrows(&self) -> bool {
        *self != Self::default()
    }

    /// Lines that are written now are among what is wanted.
    pub fn is_open(&self) -> bool {
        !matches!(&self.span, Span::Between { to, .. } if !to.trim().is_empty())
    }

    /// What is wrong with the times that were typed.
    pub fn complaint(&self) -> Option<&'static str> {
        let Span::Between { from, to } = &self.span else {
            return None;
        };
        let (Ok(from), Ok(to)) = (moment(from), moment(to)) else {
            return Some("A time is written as 2026-11-26 14:05, or a day alone.");
        };
        let backward = from.zip(to).is_some_and(|(from, to)| from >= to);
        backward.then_some("The first time has to be before the second.")
    }

    /// The request for all lines that fit.
    pub fn wish(&self, application: ApplicationId, now: DateTime<Utc>) -> LogWish {
        let text = Some(self.text.clone()).filter(|text| !text.is_empty());
        let (contains, regex) = if self.regex { (None, text) } else { (text, None) };
        let (since, until) = match &self.span {
            Span::All => (None, None),
            Span::Minutes(minutes) => (Some(now - TimeDelta::minutes(*minutes)), None),
            Span::Between { from, to } => (moment(from).ok().flatten(), moment(to).ok().flatten()),
        };
        LogWish {
            contains,
            regex,
            since,
            until,
            level: self.level,
            stream: self.stream,
            task: self.task.clone(),
            ..LogWish::all_of(application)
        }
    }
}

/// A moment as people write it; nothing for an empty text.
fn moment(text: &str) -> Result<Option<DateTime<Utc>>, ()> {
    let text = text.trim().replace('T', " ");
    if text.is_empty() {
        return Ok(None);
    }
    let day = || {
        NaiveDate::parse_from_str(&text, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)
    };
    let forms = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"];
    let parsed = forms
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())
        .or_else(day);
    // An hour that the clock goes through twice means the first.
    let local = parsed.and_then(|naive| Local.from_local_datetime(&naive).earliest());
    local.map(|local| Some(local.with_timezone(&Utc))).ok_or(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(from: &str, to: &str) -> LogFilter {
        LogFilter {
            span: Span::Between {
                from: from.to_owned(),
                to: to.to_owned(),
            },
            ..LogFilter::default()
        }
    }

    /// FR-OBS-01: text or regex, level, stream, task and time become the agent's request.
    #[test]
    fn a_filter_is_a_request() {
        let application: ApplicationId = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let mut filter = LogFilter {
            text: "payment|slow".to_owned(),
            regex: true,
            level: Some(LogLevel::Warn),
            stream: Some(LogStream::Stderr),
            task: Some("abcd".to_owned()),
            span: Span::Minutes(60),
        };
        let wish = filter.wish(application, now);
        assert_eq!(
            (wish.contains, wish.regex.as_deref()),
            (None, Some("payment|slow"))
        );
        assert_eq!(wish.since, Some(now - TimeDelta::hours(1)));
        assert_eq!(
            (wish.level, wish.task.as_deref()),
            (Some(LogLevel::Warn), Some("abcd"))
        );
        filter.regex = false;
        assert_eq!(
            filter.wish(application, now).contains.as_deref(),
            Some("payment|slow")
        );
        assert_eq!(
            LogFilter::default().wish(application, now),
            LogWish::all_of(application)
        );
    }

    /// FR-OBS-01, NFR-U2: times are read as people write them; what cannot be read is said before it is asked for.
    #[test]
    fn times_are_read() {
        assert_eq!(
            between("2026-11-26 14:05", "2026-11-26 15:00:30").complaint(),
            None
        );
        assert_eq!(between("2026-11-26", "").complaint(), None);
        assert!(between("yesterday", "").complaint().is_some());
        assert!(between("2026-11-26", "2026-11-25").complaint().is_some());
        assert!(between("2026-11-26", "").is_open() && !between("", "2026-11-26").is_open());
    }
}
