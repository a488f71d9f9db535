//! Where secrets live: the operating system's keychain, or nowhere but in memory.
//!
//! “There is no such entry” and “the keychain cannot be read” are different answers, everywhere: taking the second for
//! the first would make a person type, or a program create, what is already there.

mod choice;
mod memory;
mod os;

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use slipway_protocol::Secret;

use slipway_protocol::ClusterId;

use crate::profiles::{Address, Profile};

pub use choice::{ChosenKeychain, probe};
pub use memory::MemoryKeychain;
pub use os::OsKeychain;

/// What is kept for a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// The password of the SSH account.
    SshPassword,
    /// The passphrase of the key file.
    KeyPassphrase,
    /// The private key of this cluster's everyday connections.
    SshKey,
    /// The password of the account on a jump host, named by [`crate::Hop::name`], so that no other host is sent it.
    JumpPassword(String),
    /// The passphrase of the key file for that jump host.
    JumpPassphrase(String),
    /// The Slipway session: access and refresh token.
    Session,
    /// What the last answers on disk are sealed with.
    Snapshot,
}

impl std::fmt::Display for SecretKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SshPassword => f.write_str("ssh-password"),
            Self::KeyPassphrase => f.write_str("key-passphrase"),
            Self::SshKey => f.write_str("ssh-key"),
            Self::JumpPassword(hop) => write!(f, "jump-password:{hop}"),
            Self::JumpPassphrase(hop) => write!(f, "jump-passphrase:{hop}"),
            Self::Session => f.write_str("session"),
            Self::Snapshot => f.write_str("snapshot"),
        }
    }
}

impl SecretName {
    /// All that may be kept for a cluster, for removing it.
    pub fn all_of(profile: &Profile) -> Vec<Self> {
        let mut kinds = vec![
            SecretKind::SshPassword,
            SecretKind::KeyPassphrase,
            SecretKind::SshKey,
            SecretKind::Session,
            SecretKind::Snapshot,
        ];
        for hop in profile.address.hops() {
            kinds.push(SecretKind::JumpPassword(hop.name()));
            kinds.push(SecretKind::JumpPassphrase(hop.name()));
        }
        let profile = profile.id;
        kinds.into_iter().map(|kind| Self { profile, kind }).collect()
    }
}

impl SecretName {
    /// Those that nothing asks for any more once a cluster is reached in another way: of another way to sign in, and of hosts that are no longer
    /// passed. A key that was made for the cluster stays until it is removed: it is nowhere else.
    pub fn left_behind(before: &Profile, now: &Profile) -> Vec<Self> {
        let auth = |profile: &Profile| match &profile.address {
            Address::Ssh { auth, .. } => Some(auth.clone()),
            Address::Local { .. } => None,
        };
        let still = Self::all_of(now);
        let of_sign_in =
            |name: &Self| matches!(name.kind, SecretKind::SshPassword | SecretKind::KeyPassphrase);
        let other_auth = auth(before) != auth(now);
        let gone = |name: &Self| !still.contains(name) || (other_auth && of_sign_in(name));
        Self::all_of(before).into_iter().filter(gone).collect()
    }
}

/// Names one secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretName {
    pub profile: ClusterId,
    pub kind: SecretKind,
}

impl std::fmt::Display for SecretName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.profile, self.kind)
    }
}

/// Why the keychain gave no answer. “No such entry” is not among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum KeychainError {
    /// There is no keychain to speak with.
    #[error("{missing} does not answer; start it and try again, or keep secrets for this session only.")]
    Unavailable { missing: String, reason: String },
    /// It is there, and nothing was ever made in it that could hold a secret.
    #[error(
        "{keychain} holds no keyring yet; make one in the desktop's password settings and try again, or keep secrets for this session only."
    )]
    NoKeyring { keychain: String },
    /// It is there, and does not open.
    #[error(
        "This computer's keychain is locked, or did not let Slipway use it; unlock it and try again, or keep secrets for this session only."
    )]
    Locked { reason: String },
    /// It is there, and this program may not speak with it.
    #[error(
        "{keychain} does not let Slipway in, as it is where the app runs in a sandbox; allow Slipway to use it and try again, or keep secrets for this session only."
    )]
    Denied { keychain: String, reason: String },
    /// The entry is there and is not what was stored.
    #[error(
        "What the keychain holds as “{name}” of “slipway” is damaged: {reason}; remove that entry with the keychain's own program, then sign in again."
    )]
    Damaged { name: String, reason: String },
    /// The keychain does not take it.
    #[error(
        "This computer's keychain did not take a secret; look at it with its own program and try again, or keep secrets for this session only."
    )]
    Refused { reason: String },
    /// Only one program at a time may renew a session that lies in the keychain.
    #[error(
        "The session could not be read, because Slipway's own file {file} cannot be locked; let your account write there and try again."
    )]
    NotLocked { file: String, reason: String },
    /// `SLIPWAY_KEYCHAIN` names something else than `os` or `memory`.
    #[error("SLIPWAY_KEYCHAIN is “{value}”; it must be “os” or “memory”.")]
    Setting { value: String },
}

impl KeychainError {
    /// What the system said, for whoever looks for the cause; the sentence is for everybody else.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Unavailable { reason, .. }
            | Self::Locked { reason }
            | Self::Denied { reason, .. }
            | Self::Refused { reason }
            | Self::NotLocked { reason, .. } => Some(reason),
            Self::NoKeyring { .. } | Self::Damaged { .. } | Self::Setting { .. } => None,
        }
    }
}

/// A place for secrets.
#[async_trait]
pub trait Keychain: Send + Sync {
    /// The secret, or `None` if there is certainly none.
    async fn get(&self, name: SecretName) -> Result<Option<Secret<String>>, KeychainError>;
    /// Stores or replaces it.
    async fn set(&self, name: SecretName, value: Secret<String>) -> Result<(), KeychainError>;
    /// Removes it; removing what is not there is fine.
    async fn remove(&self, name: SecretName) -> Result<(), KeychainError>;
    /// False if what is stored ends with this process.
    fn lasts(&self) -> bool;
}

/// The keychain that `SLIPWAY_KEYCHAIN` asks for: `os` (the default) or `memory`.
pub fn from_environment() -> Result<Arc<dyn Keychain>, KeychainError> {
    match std::env::var("SLIPWAY_KEYCHAIN").as_deref() {
        Err(_) | Ok("" | "os") => Ok(Arc::new(OsKeychain)),
        Ok("memory") => Ok(Arc::new(MemoryKeychain::default())),
        Ok(other) => Err(KeychainError::Setting {
            value: other.to_owned(),
        }),
    }
}
