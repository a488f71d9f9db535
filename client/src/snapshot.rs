//! The last answers of a cluster on disk, so that the app can show them at once when it starts.
//!
//! They hold no password and no token, but names, git addresses and people's e-mail addresses: what somebody who copies the
//! disk should not read. So they are sealed with a key that is in the keychain, and without a keychain they are not kept.

use std::io;
use std::path::PathBuf;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use slipway_protocol::{ClusterId, Secret};

use crate::config::Home;
use crate::files;
use crate::keychain::{KeychainError, SecretKind, SecretName};

/// More than the lists of a large cluster.
const LARGEST: usize = 8 * 1024 * 1024;
const NONCE: usize = 12;

/// Why the last answers cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    #[error(transparent)]
    Keychain(#[from] KeychainError),
    #[error(
        "The last answers cannot be kept in {path}: {reason}; make room there, or the next start shows nothing before it is connected."
    )]
    File { path: PathBuf, reason: String },
}

/// The sealed files, one for each cluster.
pub struct Snapshots<'a> {
    home: &'a Home,
}

impl<'a> Snapshots<'a> {
    pub fn of(home: &'a Home) -> Self {
        Self { home }
    }

    fn path(&self, cluster: ClusterId) -> PathBuf {
        self.home.folder.join(format!("last-{cluster}.sealed"))
    }

    /// Seals and writes them. Where secrets end with the process there is no key for later, so nothing is written.
    pub async fn save(&self, cluster: ClusterId, text: &str) -> Result<(), SnapshotError> {
        let path = self.path(cluster);
        let broken = |reason: &dyn std::fmt::Display| SnapshotError::File {
            path: path.clone(),
            reason: reason.to_string(),
        };
        if !self.home.keychain.lasts() {
            return Ok(());
        }
        if text.len() > LARGEST {
            return Err(broken(&"they are larger than 8 MB"));
        }
        let key = match self.key(cluster).await? {
            Some(key) => key,
            None => self.new_key(cluster).await?,
        };
        let nonce: [u8; NONCE] = rand::random();
        let sealed = cipher(&key).encrypt(
            Nonce::from_slice(&nonce),
            Payload {
                msg: text.as_bytes(),
                aad: cluster.0.as_bytes(),
            },
        );
        let sealed = sealed.map_err(|_| broken(&"they could not be sealed"))?;
        let content = [&nonce[..], &sealed].concat();
        files::write_atomically(&path, &content).map_err(|error| broken(&error))
    }

    /// What was kept; none if there is nothing, or if it cannot be opened: then it is asked for anew, as ever.
    pub async fn load(&self, cluster: ClusterId) -> Result<Option<String>, SnapshotError> {
        let path = self.path(cluster);
        let content = match std::fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(SnapshotError::File {
                    path,
                    reason: error.to_string(),
                });
            }
        };
        let Some(key) = self.key(cluster).await? else {
            return Ok(None);
        };
        let Some((nonce, sealed)) = content.split_at_checked(NONCE) else {
            return Ok(None);
        };
        let opened = cipher(&key).decrypt(
            Nonce::from_slice(nonce),
            Payload {
                msg: sealed,
                aad: cluster.0.as_bytes(),
            },
        );
        Ok(opened.ok().and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// Forgets a cluster's; its key is the caller's to remove with the other secrets.
    pub fn remove(&self, cluster: ClusterId) {
        // What is not there, or cannot be removed, cannot be read without its key.
        let _ = std::fs::remove_file(self.path(cluster));
    }

    async fn key(&self, cluster: ClusterId) -> Result<Option<[u8; 32]>, SnapshotError> {
        let stored = self.home.keychain.get(name(cluster)).await?;
        Ok(stored.and_then(|text| STANDARD.decode(text.expose()).ok()?.try_into().ok()))
    }

    async fn new_key(&self, cluster: ClusterId) -> Result<[u8; 32], SnapshotError> {
        let key: [u8; 32] = rand::random();
        let text = Secret::new(STANDARD.encode(key));
        self.home.keychain.set(name(cluster), text).await?;
        Ok(key)
    }
}

fn name(profile: ClusterId) -> SecretName {
    SecretName {
        profile,
        kind: SecretKind::Snapshot,
    }
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(key))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::*;
    use crate::keychain::{Keychain, MemoryKeychain};

    /// A keychain that says it outlives the process.
    #[derive(Default)]
    struct Lasting(MemoryKeychain);

    #[async_trait]
    impl Keychain for Lasting {
        async fn get(&self, name: SecretName) -> Result<Option<Secret<String>>, KeychainError> {
            self.0.get(name).await
        }
        async fn set(&self, name: SecretName, value: Secret<String>) -> Result<(), KeychainError> {
            self.0.set(name, value).await
        }
        async fn remove(&self, name: SecretName) -> Result<(), KeychainError> {
            self.0.remove(name).await
        }
        fn lasts(&self) -> bool {
            true
        }
    }

    fn cluster() -> ClusterId {
        ClusterId(uuid::Uuid::new_v4())
    }

    /// FR-DSK-05, FR-CON-03: the last answers come back; the file itself can be read by nobody without the keychain's key.
    #[tokio::test]
    async fn last_answers_are_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().to_owned(), Arc::new(Lasting::default()));
        let (one, two) = (cluster(), cluster());
        let snapshots = Snapshots::of(&home);
        assert_eq!(snapshots.load(one).await.unwrap(), None);
        snapshots.save(one, "canary-of-the-disk").await.unwrap();
        assert_eq!(
            snapshots.load(one).await.unwrap().as_deref(),
            Some("canary-of-the-disk")
        );
        let path = snapshots.path(one);
        let content = std::fs::read(&path).unwrap();
        assert!(!content.windows(6).any(|window| window == b"canary"));

        // Another cluster's file, a damaged one and a short one are none.
        snapshots.save(two, "x").await.unwrap();
        std::fs::copy(&path, snapshots.path(two)).unwrap();
        assert_eq!(snapshots.load(two).await.unwrap(), None);
        std::fs::write(&path, b"short").unwrap();
        assert_eq!(snapshots.load(one).await.unwrap(), None);

        let other = Home::new(folder.path().to_owned(), Arc::new(Lasting::default()));
        snapshots.save(one, "again").await.unwrap();
        assert_eq!(
            Snapshots::of(&other).load(one).await.unwrap(),
            None,
            "without the key"
        );
        snapshots.remove(one);
        assert!(!path.exists());
    }

    /// FR-CON-03: where secrets end with the process, nothing is written.
    #[tokio::test]
    async fn without_a_keychain_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().to_owned(), Arc::new(MemoryKeychain::default()));
        Snapshots::of(&home).save(cluster(), "x").await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
