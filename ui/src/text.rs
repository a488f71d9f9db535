//! How numbers, times and digests are written for people. Pure, so that it is tested without a browser.

use chrono::{DateTime, Local, TimeDelta, Utc};
pub use slipway_protocol::count::{in_words as count, thousands};
pub use slipway_protocol::size::in_words as bytes;

/// “12 s ago”, “3 min ago”, “2 h ago”, “5 d ago”.
pub fn ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - then).num_seconds();
    match seconds {
        ..=1 => "just now".to_owned(),
        2..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// How long [`ago`] stays as it is.
pub fn ago_lasts(then: DateTime<Utc>, now: DateTime<Utc>) -> TimeDelta {
    let step = match (now - then).num_seconds() {
        ..=1 => return then + TimeDelta::seconds(2) - now,
        2..60 => 1,
        60..3_600 => 60,
        3_600..172_800 => 3_600,
        _ => 86_400,
    };
    rest(then, now, step)
}

/// How long [`took`] is true enough until now.
pub fn took_lasts(from: DateTime<Utc>, now: DateTime<Utc>) -> TimeDelta {
    match (now - from).num_seconds() {
        ..0 => from - now,
        0..3_600 => rest(from, now, 1),
        _ => rest(from, now, 60),
    }
}

/// Until the next full step of so many seconds since then.
fn rest(then: DateTime<Utc>, now: DateTime<Utc>, step: i64) -> TimeDelta {
    let step = step * 1_000;
    TimeDelta::milliseconds(step - (now - then).num_milliseconds() % step)
}

/// A duration between two moments: “0.6 s”, “41 s”, “1 m 12 s”, “2 h 3 m”.
pub fn took(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    duration(u64::try_from((to - from).num_milliseconds()).unwrap_or(0))
}

/// The same of so many milliseconds.
pub fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0..10 => format!("{}.{} s", seconds, milliseconds % 1_000 / 100),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{} m {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} m", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// The moment itself in the person's time zone, for the hover.
pub fn absolute(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local)
        .format("%Y-%m-%d %H:%M:%S %:z")
        .to_string()
}

/// The time of day, for log lines.
pub fn clock(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%H:%M:%S").to_string()
}

/// The time of day to the millisecond.
pub fn fine_clock(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%H:%M:%S%.3f").to_string()
}

/// “23 ms”, below ten with one decimal.
pub fn milliseconds(value: f64) -> String {
    if value < 9.95 {
        format!("{value:.1} ms")
    } else {
        format!("{value:.0} ms")
    }
}

/// `sha256:0bb29…68fc` of a digest; what is short already stays.
pub fn short_digest(text: &str) -> String {
    let (kind, hex) = match text.split_once(':') {
        Some((kind, hex)) => (format!("{kind}:"), hex),
        None => (String::new(), text),
    };
    if hex.len() <= 12 || !hex.is_ascii() {
        return text.to_owned();
    }
    format!("{kind}{}…{}", &hex[..5], &hex[hex.len() - 4..])
}

/// The first seven characters of a commit's hash.
pub fn short_commit(hash: &str) -> String {
    hash.chars().take(7).collect()
}

/// Two letters for a cluster's tile: of the first two words, or the first two of one.
pub fn initials(name: &str) -> String {
    let words: Vec<&str> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let letters: String = match words.as_slice() {
        [] => "?".to_owned(),
        [word] => word.chars().take(2).collect(),
        [first, second, ..] => first.chars().take(1).chain(second.chars().take(1)).collect(),
    };
    letters.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-U2: a time says its unit.
    #[test]
    fn times_have_units() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        assert_eq!(ago(now - TimeDelta::seconds(12), now), "12 s ago");
        assert_eq!(ago(now - TimeDelta::seconds(7_300), now), "2 h ago");
        assert_eq!(took(now, now + TimeDelta::milliseconds(640)), "0.6 s");
        assert_eq!(took(now, now + TimeDelta::seconds(72)), "1 m 12 s");
        assert_eq!(took(now, now - TimeDelta::seconds(1)), "0.0 s");
    }

    /// NFR-P10: an age is written anew when it is another text, and not before.
    #[test]
    fn an_age_lasts_until_it_is_another_text() {
        let then = DateTime::<Utc>::UNIX_EPOCH;
        for seconds in [
            -30, 0, 1, 2, 40, 59, 60, 61, 3_599, 3_600, 9_000, 172_799, 172_800, 400_000,
        ] {
            let now = then + TimeDelta::milliseconds(seconds * 1_000 + 250);
            let (shown, lasts) = (ago(then, now), ago_lasts(then, now));
            assert_eq!(
                ago(then, now + lasts - TimeDelta::milliseconds(1)),
                shown,
                "{seconds}"
            );
            assert_ne!(ago(then, now + lasts), shown, "{seconds}");
        }
        let from = then + TimeDelta::seconds(10);
        assert_eq!(took_lasts(from, then).num_seconds(), 10);
        assert_eq!(took_lasts(then, from).num_milliseconds(), 1_000);
    }

    /// NFR-U2: a latency has no more digits than it needs.
    #[test]
    fn latencies_are_readable() {
        assert_eq!(milliseconds(23.4), "23 ms");
    }

    /// NFR-U2: digests are shortened.
    #[test]
    fn digests_and_names_are_short() {
        assert_eq!(
            short_digest("sha256:0bb2922d253b2922d253b68fc"),
            "sha256:0bb29…68fc"
        );
        assert_eq!(short_digest("latest"), "latest");
        assert_eq!(initials("prod-frankfurt"), "PF");
        assert_eq!(initials("homelab"), "HO");
    }
}
