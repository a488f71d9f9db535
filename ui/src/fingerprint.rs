//! By what a text is known again that is not kept: its length and a hash.

use std::hash::{DefaultHasher, Hash, Hasher};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    bytes: usize,
    hash: u64,
}

impl Fingerprint {
    pub fn of(text: &str) -> Self {
        Self::of_all(std::iter::once(text))
    }

    /// Of several texts in their order.
    pub fn of_all<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let (mut bytes, mut hasher) = (0, DefaultHasher::new());
        for text in texts {
            bytes += text.len();
            text.hash(&mut hasher);
        }
        Self {
            bytes,
            hash: hasher.finish(),
        }
    }

    /// How long the text is.
    pub fn bytes(self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-P9: a text is the last one only if it is so to the letter, and several only in the same pieces.
    #[test]
    fn another_text_is_another_one() {
        assert_eq!(Fingerprint::of("{\"a\":1}"), Fingerprint::of("{\"a\":1}"));
        assert_ne!(Fingerprint::of("{\"a\":1}"), Fingerprint::of("{\"a\":2}"));
        let all = |texts: &[&str]| Fingerprint::of_all(texts.iter().copied());
        assert_ne!(all(&["ab", "c"]), all(&["a", "bc"]));
        assert_eq!(all(&["ab", "c"]).bytes(), 3);
    }
}
