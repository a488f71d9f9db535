//! The last answers of a cluster on disk, so that the app can show them at once when it starts; and beside them what is typed about it and not
//! sent yet, so that it is there again after a crash.
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
use tokio::sync::Mutex;

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
    #[error(
        "What is typed cannot be kept in {path}: {reason}; make room there, or it is lost when the app ends."
    )]
    Drafts { path: PathBuf, reason: String },
}

#[derive(Clone, Copy)]
enum What {
    Answers,
    Drafts,
}

/// The sealed files of one kind, one for each cluster.
pub struct Snapshots<'a> {
    home: &'a Home,
    what: What,
}

impl<'a> Snapshots<'a> {
    /// The last answers.
    pub fn of(home: &'a Home) -> Self {
        Self {
            home,
            what: What::Answers,
        }
    }

    /// What is typed and not sent yet.
    pub fn of_drafts(home: &'a Home) -> Self {
        Self {
            home,
            what: What::Drafts,
        }
    }

    /// Forgets all of a cluster, of both kinds; the key is the caller's to remove with the other secrets.
    pub fn remove_all(home: &'a Home, cluster: ClusterId) {
        Self::of(home).remove(cluster);
        Self::of_drafts(home).remove(cluster);
    }

    fn path(&self, cluster: ClusterId) -> PathBuf {
        let name = match self.what {
            What::Answers => "last",
            What::Drafts => "drafts",
        };
        self.home.folder.join(format!("{name}-{cluster}.sealed"))
    }

    /// What is sealed with it: a file opens only as what it is, and of its own cluster.
    fn bound_to(&self, cluster: ClusterId) -> Vec<u8> {
        let mut bytes = cluster.0.as_bytes().to_vec();
        match self.what {
            What::Answers => {}
            What::Drafts => bytes.extend_from_slice(b"drafts"),
        }
        bytes
    }

    fn broken(&self, path: PathBuf, reason: &dyn std::fmt::Display) -> SnapshotError {
        let reason = reason.to_string();
        match self.what {
            What::Answers => SnapshotError::File { path, reason },
            What::Drafts => SnapshotError::Drafts { path, reason },
        }
    }

    /// Seals and writes them. Where secrets end with the process there is no key for later, so nothing is written.
    pub async fn save(&self, cluster: ClusterId, text: &str) -> Result<(), SnapshotError> {
        let path = self.path(cluster);
        let broken = |reason: &dyn std::fmt::Display| self.broken(path.clone(), reason);
        if !self.home.keychain.lasts() {
            return Ok(());
        }
        if text.len() > LARGEST {
            return Err(broken(&"they are larger than 8 MB"));
        }
        let key = self.key_for_sealing(cluster).await?;
        let nonce: [u8; NONCE] = rand::random();
        let sealed = cipher(key.expose()).encrypt(
            Nonce::from_slice(&nonce),
            Payload {
                msg: text.as_bytes(),
                aad: &self.bound_to(cluster),
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
            Err(error) => return Err(self.broken(path, &error)),
        };
        let Some(key) = self.key(cluster).await? else {
            return Ok(None);
        };
        let Some((nonce, sealed)) = content.split_at_checked(NONCE) else {
            return Ok(None);
        };
        let opened = cipher(key.expose()).decrypt(
            Nonce::from_slice(nonce),
            Payload {
                msg: sealed,
                aad: &self.bound_to(cluster),
            },
        );
        Ok(opened.ok().and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// Forgets a cluster's of this kind; its key is the caller's to remove with the other secrets.
    pub fn remove(&self, cluster: ClusterId) {
        // What is not there, or cannot be removed, cannot be read without its key.
        let _ = std::fs::remove_file(self.path(cluster));
    }

    /// Both kinds have one key, which two that come at once make together.
    async fn key_for_sealing(&self, cluster: ClusterId) -> Result<Secret<[u8; 32]>, SnapshotError> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
        let _turn = ONE_AT_A_TIME.lock().await;
        match self.key(cluster).await? {
            Some(key) => Ok(key),
            None => self.new_key(cluster).await,
        }
    }

    async fn key(&self, cluster: ClusterId) -> Result<Option<Secret<[u8; 32]>>, SnapshotError> {
        let stored = self.home.keychain.get(name(cluster)).await?;
        Ok(stored.and_then(|text| {
            let bytes = Secret::new(STANDARD.decode(text.expose()).ok()?);
            let key: [u8; 32] = bytes.expose().as_slice().try_into().ok()?;
            Some(Secret::new(key))
        }))
    }

    async fn new_key(&self, cluster: ClusterId) -> Result<Secret<[u8; 32]>, SnapshotError> {
        let key: Secret<[u8; 32]> = Secret::new(rand::random());
        let text = Secret::new(STANDARD.encode(key.expose()));
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

    /// FR-CON-08, FR-CON-03: what is typed is sealed beside the last answers, each opens only as what it is, and with its cluster both go.
    #[tokio::test]
    async fn what_is_typed_is_sealed_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().to_owned(), Arc::new(Lasting::default()));
        let (answers, drafts) = (Snapshots::of(&home), Snapshots::of_drafts(&home));
        let one = cluster();
        let (seen, typed) = tokio::join!(answers.save(one, "seen"), drafts.save(one, "typed"));
        seen.unwrap();
        typed.unwrap();
        assert_eq!(answers.load(one).await.unwrap().as_deref(), Some("seen"));
        assert_eq!(drafts.load(one).await.unwrap().as_deref(), Some("typed"));
        answers.remove(one);
        assert_eq!(drafts.load(one).await.unwrap().as_deref(), Some("typed"));
        std::fs::copy(drafts.path(one), answers.path(one)).unwrap();
        assert_eq!(answers.load(one).await.unwrap(), None, "it is none of these");
        Snapshots::remove_all(&home, one);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
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
