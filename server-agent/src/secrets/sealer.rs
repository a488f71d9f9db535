//! AES-256-GCM sealing of stored secrets.
//!
//! Format: `1` (version) · key id (4 bytes) · nonce (12 bytes) · ciphertext with tag. The additional data is the place where the value
//! is stored, so that a ciphertext that was moved to another row or column does not open.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use rand::TryRngCore;
use sha2::{Digest, Sha256};
use slipway_protocol::Secret;
use uuid::Uuid;

use super::{KeyFile, hex};

const VERSION: u8 = 1;
const HEAD: usize = 1 + 4 + 12;

/// Where a sealed value is stored.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub table: &'a str,
    pub row: Uuid,
    pub column: &'a str,
}

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("a stored secret does not open: it was changed, moved, or sealed under another key")]
    DoesNotOpen,
    #[error("a secret could not be sealed")]
    CannotSeal,
}

#[derive(Clone)]
pub struct Sealer {
    cipher: Aes256Gcm,
    key_id: [u8; 4],
    names: Secret<[u8; 32]>,
}

impl Sealer {
    pub fn new(key: &KeyFile) -> Self {
        let derived = key.derive("seal");
        let digest = Sha256::digest(derived.expose());
        Self {
            cipher: Aes256Gcm::new(derived.expose().into()),
            key_id: [digest[0], digest[1], digest[2], digest[3]],
            names: key.derive("names"),
        }
    }

    /// 32 hexadecimal digits that name a content to whoever may see names: the same for the same content and kind, and of no use to
    /// somebody without the key who guesses at the content.
    pub fn name_of(&self, kind: &str, content: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.names.expose());
        hash.update(kind.as_bytes());
        hash.update([0]);
        hash.update(content);
        hex(&hash.finalize()[..16])
    }

    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0_u8; 12];
        rand::rngs::OsRng
            .try_fill_bytes(&mut nonce)
            .map_err(|_| SealError::CannotSeal)?;
        let aad = additional_data(place);
        let sealed = self
            .cipher
            .encrypt(
                Nonce::from_slice(&nonce),
                Payload {
                    msg: plain,
                    aad: &aad,
                },
            )
            .map_err(|_| SealError::CannotSeal)?;
        let mut out = Vec::with_capacity(HEAD + sealed.len());
        out.push(VERSION);
        out.extend_from_slice(&self.key_id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Whether this was sealed under this key; nothing is opened.
    pub fn has_sealed(&self, sealed: &[u8]) -> bool {
        sealed.len() >= HEAD && sealed[0] == VERSION && sealed[1..5] == self.key_id
    }

    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        if !self.has_sealed(sealed) {
            return Err(SealError::DoesNotOpen);
        }
        let aad = additional_data(place);
        let payload = Payload {
            msg: &sealed[HEAD..],
            aad: &aad,
        };
        self.cipher
            .decrypt(Nonce::from_slice(&sealed[5..HEAD]), payload)
            .map(Secret::new)
            .map_err(|_| SealError::DoesNotOpen)
    }
}

fn additional_data(place: Place<'_>) -> Vec<u8> {
    format!("{}\0{}\0{}", place.table, place.row, place.column).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer() -> Sealer {
        let folder = tempfile::tempdir().unwrap();
        Sealer::new(&KeyFile::open_or_create(&folder.path().join("key")).unwrap())
    }

    /// NFR-S4: what is sealed opens in its place, and nowhere else.
    #[test]
    fn a_ciphertext_is_bound_to_its_place() {
        let sealer = sealer();
        let place = Place {
            table: "variables",
            row: Uuid::from_u128(1),
            column: "value",
        };
        let sealed = sealer.seal(place, b"canary").unwrap();
        assert_eq!(sealer.open(place, &sealed).unwrap().expose(), b"canary");
        assert!(
            sealer
                .open(
                    Place {
                        row: Uuid::from_u128(2),
                        ..place
                    },
                    &sealed
                )
                .is_err()
        );
        assert!(
            sealer
                .open(
                    Place {
                        column: "other",
                        ..place
                    },
                    &sealed
                )
                .is_err()
        );
        assert!(
            sealer
                .open(
                    Place {
                        table: "other",
                        ..place
                    },
                    &sealed
                )
                .is_err()
        );
        assert!(!sealed.windows(6).any(|window| window == b"canary"));
    }

    /// FR-CFG-02: a name tells contents and kinds apart, is the same each time, and another key gives another.
    #[test]
    fn a_name_stands_for_a_content() {
        let sealer = sealer();
        let name = sealer.name_of("a", b"canary");
        assert_eq!(name, sealer.name_of("a", b"canary"));
        assert_eq!(name.len(), 32);
        assert_ne!(name, sealer.name_of("b", b"canary"));
        assert_ne!(name, sealer.name_of("a", b"canaries"));
        assert_ne!(name, self::sealer().name_of("a", b"canary"));
    }

    /// NFR-S4: a changed ciphertext, or one under another key, does not open.
    #[test]
    fn tampering_is_noticed() {
        let place = Place {
            table: "variables",
            row: Uuid::from_u128(1),
            column: "value",
        };
        let first = sealer();
        let mut sealed = first.seal(place, b"canary").unwrap();
        assert!(sealer().open(place, &sealed).is_err());
        let last = sealed.len() - 1;
        sealed[last] ^= 1;
        assert!(first.open(place, &sealed).is_err());
        assert!(first.open(place, &[]).is_err());
    }
}
