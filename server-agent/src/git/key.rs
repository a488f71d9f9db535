//! Deploy keys: Ed25519, made here, in the form that OpenSSH reads.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::TryRngCore;
use slipway_protocol::Secret;

const KIND: &[u8] = b"ssh-ed25519";

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the system gave no random bytes")]
    NoRandomness,
    #[error("a stored deploy key is damaged; make a new one")]
    Damaged,
}

/// A key pair. The private half is the seed of 32 bytes.
pub struct DeployKey {
    seed: Secret<[u8; 32]>,
    public: [u8; 32],
}

impl DeployKey {
    /// A new key of random bytes.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = [0_u8; 32];
        rand::rngs::OsRng
            .try_fill_bytes(&mut seed)
            .map_err(|_| KeyError::NoRandomness)?;
        Self::from_seed(Secret::new(seed.to_vec()))
    }

    /// A key that was made before.
    pub fn from_seed(seed: Secret<Vec<u8>>) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| KeyError::Damaged)?;
        let public = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| KeyError::Damaged)?;
        let seed = seed.into_exposed().try_into().map_err(|_| KeyError::Damaged)?;
        Ok(Self {
            seed: Secret::new(seed),
            public,
        })
    }

    /// What is stored, sealed.
    pub fn into_seed(self) -> Secret<Vec<u8>> {
        Secret::new(self.seed.expose().to_vec())
    }

    /// The line for a git server's settings or an `authorized_keys` file.
    pub fn public(&self, comment: &str) -> String {
        format!("ssh-ed25519 {} {comment}", STANDARD.encode(self.public_blob()))
    }

    fn public_blob(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        put(&mut blob, KIND);
        put(&mut blob, &self.public);
        blob
    }

    /// The private key's file (PROTOCOL.key of OpenSSH), without a passphrase.
    pub fn private(&self) -> Secret<String> {
        let mut secret = Vec::new();
        // Two equal numbers tell a decrypted key from garbage; nothing is encrypted here.
        secret.extend_from_slice(&[0; 8]);
        put(&mut secret, KIND);
        put(&mut secret, &self.public);
        put(&mut secret, &[&self.seed.expose()[..], &self.public[..]].concat());
        put(&mut secret, b"slipway");
        let padding = (8 - secret.len() % 8) % 8;
        secret.extend((1..).take(padding));
        let mut file = b"openssh-key-v1\0".to_vec();
        put(&mut file, b"none");
        put(&mut file, b"none");
        put(&mut file, b"");
        file.extend_from_slice(&1_u32.to_be_bytes());
        put(&mut file, &self.public_blob());
        put(&mut file, &secret);
        let text = STANDARD.encode(file);
        let mut lines = String::from("-----BEGIN OPENSSH PRIVATE KEY-----\n");
        for line in text.as_bytes().chunks(70) {
            lines.extend(line.iter().map(|byte| char::from(*byte)));
            lines.push('\n');
        }
        lines.push_str("-----END OPENSSH PRIVATE KEY-----\n");
        Secret::new(lines)
    }
}

/// A string of SSH's wire format: its length in four bytes, then itself.
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-SRC-01: the public half of RFC 8032's first test key is what the RFC says.
    #[test]
    fn the_public_half_is_right() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
                .collect()
        };
        let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let key = DeployKey::from_seed(Secret::new(seed)).unwrap();
        let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert_eq!(key.public[..], public[..]);
        assert!(
            key.public("slipway-web")
                .starts_with("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINda")
        );
    }

    /// FR-SRC-01: a stored key is the same key; a damaged one is none.
    #[test]
    fn a_key_is_kept() {
        let key = DeployKey::generate().unwrap();
        let (public, private) = (key.public("c"), key.private());
        let again = DeployKey::from_seed(key.into_seed()).unwrap();
        assert_eq!(again.public("c"), public);
        assert!(again.private() == private);
        assert!(DeployKey::from_seed(Secret::new(vec![1; 31])).is_err());
    }
}
