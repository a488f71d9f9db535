//! Where secrets live: the operating system's keychain, or nowhere but in memory.
//!
//! “There is no such entry” and “the keychain cannot be read” are different answers, everywhere: taking the second for
//! the first would make a person type, or a program create, what is already there.

mod memory;
mod os;

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use slipway_protocol::Secret;

use slipway_protocol::ClusterId;

pub use memory::MemoryKeychain;
pub use os::OsKeychain;

/// What is kept for a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// The password of the SSH account.
    SshPassword,
    /// The passphrase of the key file.
    KeyPassphrase,
    /// The Slipway session: access and refresh token.
    Session,
}

impl SecretKind {
    /// All of them, for removing a cluster.
    pub const ALL: [Self; 3] = [Self::SshPassword, Self::KeyPassphrase, Self::Session];

    fn as_str(self) -> &'static str {
        match self {
            Self::SshPassword => "ssh-password",
            Self::KeyPassphrase => "key-passphrase",
            Self::Session => "session",
        }
    }
}

/// Names one secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretName {
    pub profile: ClusterId,
    pub kind: SecretKind,
}

impl std::fmt::Display for SecretName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.profile, self.kind.as_str())
    }
}

/// Why the keychain gave no answer. “No such entry” is not among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum KeychainError {
    /// There is no keychain to speak with.
    #[error(
        "{missing} does not answer ({reason}); start it, or set SLIPWAY_KEYCHAIN=memory to keep secrets for this session only."
    )]
    Unavailable { missing: String, reason: String },
    /// It is there, and does not open.
    #[error("The keychain is locked or did not allow access ({reason}); unlock it and try again.")]
    Locked { reason: String },
    /// The entry is there and is not what was stored.
    #[error(
        "A secret in the keychain is damaged ({reason}); remove the entry “{name}” of “slipway” and sign in again."
    )]
    Damaged { name: String, reason: String },
    /// The keychain does not take it.
    #[error("The keychain did not take the secret ({reason}).")]
    Refused { reason: String },
    /// `SLIPWAY_KEYCHAIN` names something else than `os` or `memory`.
    #[error("SLIPWAY_KEYCHAIN is “{value}”; it must be “os” or “memory”.")]
    Setting { value: String },
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
