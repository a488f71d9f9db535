//! Numbers of things as people read them.

/// “1 task”, “2 tasks”, “1,204 lines”.
pub fn in_words(number: usize, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", thousands(number as u64))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-U2: large numbers are grouped.
    #[test]
    fn numbers_are_readable() {
        assert_eq!(thousands(1_204_318), "1,204,318");
        assert_eq!(thousands(999), "999");
    }

    /// NFR-U2: one thing has the singular, all else the plural.
    #[test]
    fn things_are_counted() {
        for (number, said) in [
            (0, "0 patches"),
            (1, "1 patch"),
            (2, "2 patches"),
            (1_204, "1,204 patches"),
        ] {
            assert_eq!(in_words(number, "patch", "patches"), said);
        }
    }
}
