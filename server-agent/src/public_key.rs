//! A public key of SSH as one line, without anything around it that could add to what the line says.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

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

impl PublicKey {
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// `SHA256:…` as OpenSSH shows it; `None` where what stands in the place of the key is none.
    pub fn fingerprint(&self) -> Option<String> {
        let key = STANDARD.decode(&self.key).ok()?;
        Some(format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(key))))
    }

    /// Where the SSH server that has it keeps it, as systems set it up.
    pub fn usual_file(&self) -> &'static str {
        match self.kind.as_str() {
            "ssh-ed25519" => "/etc/ssh/ssh_host_ed25519_key.pub",
            "ssh-rsa" => "/etc/ssh/ssh_host_rsa_key.pub",
            _ => "/etc/ssh/ssh_host_ecdsa_key.pub",
        }
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

    /// FR-BLD-03: a fingerprint is OpenSSH's own, which people compare; here with what `ssh-keygen -lf` says of the key.
    #[test]
    fn a_fingerprint_is_as_openssh_shows_it() {
        let key: PublicKey =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAKNzxDb+5Zwfy/+YJOGp0LtgliqzznOji1qqK0kzwJ5"
                .parse()
                .unwrap();
        assert_eq!(
            key.fingerprint().as_deref(),
            Some("SHA256:OQ14/93cpTFCMRkmFbQ+n/yzKqv7GMnpDjGRIvms9LU")
        );
        let damaged: PublicKey = format!("ssh-ed25519 {}", "=".repeat(68)).parse().unwrap();
        assert_eq!(damaged.fingerprint(), None);
    }
}
