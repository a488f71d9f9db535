//! The keychain with a way on where there is none: the person may keep secrets for this session only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use slipway_protocol::{ClusterId, Secret};
use uuid::Uuid;

use super::{Keychain, KeychainError, MemoryKeychain, SecretKind, SecretName};

/// A keychain, or the process's memory once the person has chosen that. Going back takes a new start.
pub struct ChosenKeychain {
    lasting: Arc<dyn Keychain>,
    memory: MemoryKeychain,
    session_only: AtomicBool,
}

impl ChosenKeychain {
    pub fn new(lasting: Arc<dyn Keychain>) -> Self {
        let session_only = AtomicBool::new(!lasting.lasts());
        Self {
            lasting,
            memory: MemoryKeychain::default(),
            session_only,
        }
    }

    /// From now on secrets are kept in memory. What the keychain holds stays there untouched.
    pub fn keep_for_session(&self) {
        self.session_only.store(true, Ordering::SeqCst);
    }

    fn chosen(&self) -> &dyn Keychain {
        if self.session_only.load(Ordering::SeqCst) {
            &self.memory
        } else {
            self.lasting.as_ref()
        }
    }
}

#[async_trait]
impl Keychain for ChosenKeychain {
    async fn get(&self, name: SecretName) -> Result<Option<Secret<String>>, KeychainError> {
        self.chosen().get(name).await
    }

    async fn set(&self, name: SecretName, value: Secret<String>) -> Result<(), KeychainError> {
        self.chosen().set(name, value).await
    }

    async fn remove(&self, name: SecretName) -> Result<(), KeychainError> {
        self.chosen().remove(name).await
    }

    fn lasts(&self) -> bool {
        self.chosen().lasts()
    }
}

/// Writes, reads and removes a value of no worth: whether the keychain really keeps what it is given.
pub async fn probe(keychain: &dyn Keychain) -> Result<(), KeychainError> {
    let name = SecretName {
        profile: ClusterId(Uuid::new_v4()),
        kind: SecretKind::Session,
    };
    let value = Uuid::new_v4().to_string();
    keychain.set(name.clone(), Secret::new(value.clone())).await?;
    let read = keychain.get(name.clone()).await;
    keychain.remove(name.clone()).await?;
    match read? {
        Some(read) if *read.expose() == value => Ok(()),
        _ => Err(KeychainError::Damaged {
            name: name.to_string(),
            reason: "it gave back something else than was stored".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A keychain that cannot be reached.
    struct Absent;

    fn absent() -> KeychainError {
        KeychainError::Unavailable {
            missing: "The Secret Service".to_owned(),
            reason: "no bus".to_owned(),
        }
    }

    #[async_trait]
    impl Keychain for Absent {
        async fn get(&self, _: SecretName) -> Result<Option<Secret<String>>, KeychainError> {
            Err(absent())
        }
        async fn set(&self, _: SecretName, _: Secret<String>) -> Result<(), KeychainError> {
            Err(absent())
        }
        async fn remove(&self, _: SecretName) -> Result<(), KeychainError> {
            Err(absent())
        }
        fn lasts(&self) -> bool {
            true
        }
    }

    /// FR-CON-03: without a keychain nothing is kept by itself; the person may choose this session only, and then it works.
    #[tokio::test]
    async fn session_only_is_a_choice() {
        let keychain = ChosenKeychain::new(Arc::new(Absent));
        assert!(keychain.lasts());
        assert_eq!(probe(&keychain).await, Err(absent()));
        keychain.keep_for_session();
        assert!(!keychain.lasts());
        assert_eq!(probe(&keychain).await, Ok(()));
        assert!(!ChosenKeychain::new(Arc::new(MemoryKeychain::default())).lasts());
    }
}
