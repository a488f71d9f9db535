//! Times as the engine writes them, read quickly: there is one before each line.

/// `2026-01-02T03:04:05.000000007Z`, with up to nine digits behind the point or none, in nanoseconds since 1970.
pub fn nanoseconds(text: &[u8]) -> Option<i64> {
    let digits = |from: usize, to: usize| -> Option<i64> {
        text.get(from..to)?.iter().try_fold(0_i64, |number, byte| {
            byte.is_ascii_digit()
                .then(|| number * 10 + i64::from(byte - b'0'))
        })
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators
        .iter()
        .any(|(place, byte)| text.get(*place) != Some(byte))
    {
        return None;
    }
    let seconds = days(digits(0, 4)?, digits(5, 7)?, digits(8, 10)?)? * 86_400
        + digits(11, 13)? * 3600
        + digits(14, 16)? * 60
        + digits(17, 19)?;
    let rest = text.get(19..)?;
    let fraction = match rest.split_first()? {
        (b'Z', []) => 0,
        (b'.', behind) => {
            let (b'Z', digits) = behind.split_last()? else {
                return None;
            };
            if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
                return None;
            }
            let number = digits
                .iter()
                .fold(0_i64, |number, byte| number * 10 + i64::from(byte - b'0'));
            number * 10_i64.pow(9 - u32::try_from(digits.len()).ok()?)
        }
        _ => return None,
    };
    seconds.checked_mul(1_000_000_000)?.checked_add(fraction)
}

/// Days since 1970 of a date of the Gregorian calendar (Howard Hinnant's `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// FR-OBS-01: times are read as the calendar has them, to the nanosecond.
        #[test]
        fn times_are_read(nanoseconds_wanted in 0..8_000_000_000_000_000_000_i64) {
            let time = DateTime::<Utc>::from_timestamp_nanos(nanoseconds_wanted);
            let fixed = time.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true);
            prop_assert_eq!(nanoseconds(fixed.as_bytes()), Some(nanoseconds_wanted));
            let short = time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
            prop_assert_eq!(nanoseconds(short.as_bytes()), Some(nanoseconds_wanted));
        }

        /// FR-OBS-01: anything else is no time, and no crash.
        #[test]
        fn anything_else_is_no_time(text in "[0-9T:.Z-]{0,32}") {
            let _ = nanoseconds(text.as_bytes());
        }
    }
}
