//! What the name of a source stands for at one moment: a branch's or tag's commit, an image's digest.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ImageReference;
use crate::deployment::Commit;
use crate::names::text_type;

const DIGEST: &str = "sha256:";

text_type! {
    /// A commit by its whole hash, in small letters.
    CommitHash, "The commit", |text| {
        if matches!(text.len(), 40 | 64) && text.chars().all(is_digit) { Ok(()) } else { Err("it must be 40 or 64 hexadecimal digits") }
    }
}

text_type! {
    /// An image by its content: `sha256:…`.
    ImageDigest, "The image’s digest", |text| {
        let digits = text.strip_prefix(DIGEST).unwrap_or_default();
        if digits.len() == 64 && digits.chars().all(is_digit) { Ok(()) } else { Err("it must be “sha256:” and 64 hexadecimal digits") }
    }
}

fn is_digit(c: char) -> bool {
    matches!(c, '0'..='9' | 'a'..='f')
}

/// Exactly one state of a source.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Head {
    Commit { hash: CommitHash },
    Image { digest: ImageDigest },
}

impl Head {
    /// What a deployment has pinned, if that is known by its whole hash.
    pub fn of_commit(commit: &Commit) -> Option<Self> {
        let hash = CommitHash::parse(&commit.hash).ok()?;
        Some(Self::Commit { hash })
    }

    /// The digest that a reference names.
    pub fn of_image(image: &ImageReference) -> Option<Self> {
        let digest = ImageDigest::parse(image.digest()?).ok()?;
        Some(Self::Image { digest })
    }

    pub fn commit(&self) -> Option<&CommitHash> {
        match self {
            Self::Commit { hash } => Some(hash),
            Self::Image { .. } => None,
        }
    }

    pub fn digest(&self) -> Option<&ImageDigest> {
        match self {
            Self::Image { digest } => Some(digest),
            Self::Commit { .. } => None,
        }
    }

    /// Its hexadecimal digits alone.
    pub fn digits(&self) -> &str {
        match self {
            Self::Commit { hash } => hash.as_str(),
            Self::Image { digest } => digest.as_str().trim_start_matches(DIGEST),
        }
    }

    /// “commit 4b825dc”, “image sha256:9f86d081884c”.
    pub fn in_words(&self) -> String {
        match self {
            Self::Commit { .. } => commit_in_words(self.digits()),
            Self::Image { .. } => image_in_words(self.digits()),
        }
    }
}

/// A commit for people, of its first digits at least.
pub fn commit_in_words(digits: &str) -> String {
    let first: String = digits.chars().take(7).collect();
    format!("commit {first}")
}

/// An image for people, of its digest's first digits at least.
pub fn image_in_words(digits: &str) -> String {
    let first: String = digits.chars().take(12).collect();
    format!("image {DIGEST}{first}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    const DIGITS: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    /// FR-DEP-08, NFR-S2: a commit and a digest are whole ones, and nothing else is.
    #[test]
    fn only_whole_ones_are_taken() {
        assert!(CommitHash::parse(HASH).is_ok() && CommitHash::parse(DIGITS).is_ok());
        assert!(ImageDigest::parse(&format!("sha256:{DIGITS}")).is_ok());
        for bad in [
            "",
            "main",
            &HASH[1..],
            &HASH.to_uppercase(),
            "-b825dc642cb6eb9a060e54bf8d69288fbee4904",
        ] {
            assert!(CommitHash::parse(bad).is_err(), "{bad}");
        }
        for bad in ["", DIGITS, "sha256:", "sha256:ab", &format!("sha512:{DIGITS}")] {
            assert!(ImageDigest::parse(bad).is_err(), "{bad}");
        }
    }

    /// FR-DEP-08, NFR-U2: people are told the first digits.
    #[test]
    fn they_are_told_in_short() {
        let commit = Head::of_commit(&Commit {
            hash: HASH.to_owned(),
            author: "Ada".to_owned(),
            message: "First".to_owned(),
        });
        let commit = commit.unwrap();
        assert_eq!(commit.in_words(), "commit 4b825dc");
        assert_eq!(commit_in_words("0123456789"), "commit 0123456");
        let image = ImageReference::parse(&format!("ghcr.io/shop/web:1@sha256:{DIGITS}")).unwrap();
        let image = Head::of_image(&image).unwrap();
        assert_eq!(image.in_words(), "image sha256:9f86d081884c");
        assert_eq!(image.digits(), DIGITS);
        assert_eq!(Head::of_image(&ImageReference::parse("nginx:1").unwrap()), None);
    }
}
