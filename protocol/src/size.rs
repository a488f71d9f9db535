//! Sizes as people read them.

/// “61 GB”, “1.5 kB”: decimal units with at most three digits.
pub fn in_words(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let count = u128::from(bytes);
    let (mut unit, mut index) = (1_u128, 0);
    while 2 * count >= 1_999 * unit && index + 1 < UNITS.len() {
        unit *= 1_000;
        index += 1;
    }
    let tenths = (20 * count + unit) / (2 * unit);
    if index > 0 && tenths < 100 {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[index])
    } else {
        format!("{} {}", (2 * count + unit) / (2 * unit), UNITS[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-U2: a size has the unit that fits it.
    #[test]
    fn sizes_have_units() {
        for (bytes, told) in [
            (0, "0 B"),
            (12, "12 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_500, "1.5 kB"),
            (9_949, "9.9 kB"),
            (9_950, "10 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (61_000_000_000, "61 GB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(in_words(bytes), told);
        }
    }
}
