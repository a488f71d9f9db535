//! The key pair of a cluster's everyday connections. The private half goes from here into the keychain, and nowhere else.

use std::fmt;

use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};
use slipway_protocol::Secret;

use crate::error::ConnectError;

/// A fresh Ed25519 pair.
pub struct LinkKey {
    pub public: LinkPublicKey,
    /// As OpenSSH writes it, without a passphrase: the keychain is its protection.
    pub private: Secret<String>,
}

/// `ssh-ed25519 AAAA…`: two words of letters, digits and `+/=-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPublicKey(String);

impl LinkKey {
    /// Makes one.
    ///
    /// # Errors
    /// Where the system gives no random numbers.
    pub fn generate() -> Result<Self, ConnectError> {
        let broken = |reason: String| ConnectError::KeyFile {
            path: "(new)".into(),
            reason,
        };
        let pair = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519)
            .map_err(|error| broken(error.to_string()))?;
        let public = pair
            .public_key()
            .to_openssh()
            .map_err(|error| broken(error.to_string()))?;
        let private = pair
            .to_openssh(LineEnding::LF)
            .map_err(|error| broken(error.to_string()))?;
        Ok(Self {
            public: LinkPublicKey::plain(&public)
                .ok_or_else(|| broken("it has an unusual form".to_owned()))?,
            private: Secret::new(private.to_string()),
        })
    }
}

impl LinkPublicKey {
    /// Kind and key, without a comment.
    fn plain(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let (kind, key) = (words.next()?, words.next()?);
        let plain = |word: &str| {
            word.chars()
                .all(|c| c.is_ascii_alphanumeric() || "+/=-".contains(c))
        };
        (plain(kind) && plain(key)).then(|| Self(format!("{kind} {key}")))
    }
}

impl fmt::Display for LinkPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-02, NFR-S2: a fresh pair each time, and a public half that fits between quotes.
    #[test]
    fn keys_are_fresh_and_plain() {
        let (one, two) = (LinkKey::generate().unwrap(), LinkKey::generate().unwrap());
        assert_ne!(one.public, two.public);
        assert!(one.public.to_string().starts_with("ssh-ed25519 AAAA"));
        assert!(one.private.expose().contains("OPENSSH PRIVATE KEY"));
        assert_eq!(LinkPublicKey::plain("ssh-ed25519 AAAA';reboot"), None);
    }
}
