//! A public key of SSH as one line, without anything around it that could add to what the line says.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

/// Kind and key, as they stand in `authorized_keys`, in `known_hosts` and in the files of an SSH server. No options, no comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    kind: String,
    key: String,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be a public key of one line, as `ssh-ed25519 AAAA…`")]
pub struct BadPublicKey;

impl FromStr for PublicKey {
    type Err = BadPublicKey;

    /// Takes kind and key; a comment is dropped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const KINDS: [&str; 5] = [
            "ssh-ed25519",
            "ecdsa-sha2-nistp256",
            "ecdsa-sha2-nistp384",
            "ecdsa-sha2-nistp521",
            "ssh-rsa",
        ];
        let mut words = text.split(' ');
        let (kind, key) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let of_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
        let fine = KINDS.contains(&kind)
            && (40..=2000).contains(&key.len())
            && key.chars().all(of_base64)
            && !text.chars().any(char::is_control);
        if !fine {
            return Err(BadPublicKey);
        }
        Ok(Self {
            kind: kind.to_owned(),
            key: key.to_owned(),
        })
    }
}

impl Display for PublicKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-S2, FR-HST-01: a key is a key, and cannot bring options, lines or another command with it.
    #[test]
    fn a_key_is_only_a_key() {
        let key = "A".repeat(68);
        let good: PublicKey = format!("ssh-ed25519 {key} ada@laptop").parse().unwrap();
        assert_eq!(good.to_string(), format!("ssh-ed25519 {key}"));
        for bad in [
            String::new(),
            key.clone(),
            format!("command=\"id\" ssh-ed25519 {key}"),
            format!("ssh-ed25519 {key}\nssh-ed25519 {key}"),
            format!("ssh-ed25519 {key}\""),
            "ssh-ed25519 short".to_owned(),
            format!("ssh-dss {key}"),
        ] {
            assert_eq!(bad.parse::<PublicKey>(), Err(BadPublicKey), "{bad:?}");
        }
    }
}
