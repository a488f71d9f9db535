//! A word that may stand in a Dockerfile: the only texts of a repository that get into instructions.

use std::fmt::{Display, Formatter};

/// Letters, digits and a few marks that mean nothing to a Dockerfile or a shell; at most 200 of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word(String);

const LONGEST: usize = 200;

impl Word {
    /// `None` for a text that is no such word.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= LONGEST;
        let harmless = |c: char| c.is_ascii_alphanumeric() || "-_./:@+".contains(c);
        let plain = text.chars().all(harmless) && !text.starts_with(['-', '/', '@', '+', ':']);
        let inside = !text.split('/').any(|part| part == "..");
        (fits && plain && inside).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for Word {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A version as a tag of an image names it: one to three numbers with dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// The version that a text begins with, in at most so many parts: of `v20.11.1` with one part, `20`.
    pub fn parse(text: &str, parts: usize) -> Option<Self> {
        let text = text.trim().trim_start_matches(['v', 'V', '=']).trim_start();
        let number =
            |part: &&str| !part.is_empty() && part.len() <= 4 && part.chars().all(|c| c.is_ascii_digit());
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let numbers: Vec<&str> = text[..end].split('.').take_while(number).take(parts).collect();
        (!numbers.is_empty()).then(|| Self(numbers.join(".")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for Version {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// FR-BLD-02: versions are read from what people write.
    #[test]
    fn versions_are_read() {
        for (text, parts, version) in [
            ("v20.11.1\n", 1, Some("20")),
            ("3.11.4", 2, Some("3.11")),
            ("1.22rc1", 2, Some("1.22")),
            ("= 8.3", 2, Some("8.3")),
            ("8..3", 2, Some("8")),
            ("lts/iron", 1, None),
            ("", 2, None),
            ("99999", 1, None),
        ] {
            let read = Version::parse(text, parts);
            assert_eq!(read.as_ref().map(Version::as_str), version, "{text:?}");
        }
    }

    proptest! {
        /// FR-BLD-02, NFR-S2: no word can begin another instruction, expand a variable or end a quotation.
        #[test]
        fn a_word_is_harmless(text in "\\PC{0,12}|[ -~\\n\\r\\t]{0,20}") {
            if let Some(word) = Word::parse(&text) {
                let harmful = |c: char| c.is_whitespace() || "$`'\"\\#;|&<>(){}[]*?!~%,=".contains(c);
                prop_assert!(!word.as_str().contains(harmful));
                prop_assert!(!word.as_str().starts_with('-'));
            }
        }
    }
}
