//! How numbers, times and digests are written for people. Pure, so that it is tested without a browser.

use chrono::{DateTime, Local, Utc};

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

/// A duration between two moments: “0.6 s”, “41 s”, “1 m 12 s”, “2 h 3 m”.
pub fn took(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let milliseconds = (to - from).num_milliseconds().max(0);
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

/// “61 GB”, “812 MB”: decimal units with at most three digits.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    if unit > 0 && value < 9.95 {
        format!("{value:.1} {}", UNITS[unit])
    } else {
        format!("{value:.0} {}", UNITS[unit])
    }
}

/// “23 ms”, below ten with one decimal.
pub fn milliseconds(value: f64) -> String {
    if value < 9.95 {
        format!("{value:.1} ms")
    } else {
        format!("{value:.0} ms")
    }
}

/// “1,204,318”.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// “1 cluster”, “2 clusters”.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        thousands(number as u64),
        if number == 1 { one } else { many }
    )
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

/// A log's line as plain text: without terminal colours and other control characters.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\t' => out.push_str("    "),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

fn skip_escape(chars: &mut std::str::Chars<'_>) {
    // `ESC [ parameters letter` is the form of colours; of any other only the next character is dropped.
    if chars.next() == Some('[') {
        for c in chars.by_ref() {
            if ('\u{40}'..='\u{7e}').contains(&c) {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

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

    /// NFR-U2: large numbers are grouped.
    #[test]
    fn numbers_are_readable() {
        assert_eq!(bytes(61_000_000_000), "61 GB");
        assert_eq!(bytes(1_500), "1.5 kB");
        assert_eq!(bytes(12), "12 B");
        assert_eq!(thousands(1_204_318), "1,204,318");
        assert_eq!(thousands(999), "999");
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

    /// NFR-S7: what steers a terminal does not reach the page.
    #[test]
    fn colours_of_terminals_are_dropped() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m\ta\u{7}"), "red    a");
        assert_eq!(plain("<b>text</b>"), "<b>text</b>");
    }
}
