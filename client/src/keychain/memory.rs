//! Secrets for this session only: they end with the process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use slipway_protocol::Secret;

use super::{Keychain, KeychainError, SecretName};

/// Keeps secrets in this process.
#[derive(Default)]
pub struct MemoryKeychain(Mutex<HashMap<SecretName, Secret<String>>>);

impl MemoryKeychain {
    fn entries(&self) -> MutexGuard<'_, HashMap<SecretName, Secret<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Keychain for MemoryKeychain {
    async fn get(&self, name: SecretName) -> Result<Option<Secret<String>>, KeychainError> {
        Ok(self.entries().get(&name).cloned())
    }

    async fn set(&self, name: SecretName, value: Secret<String>) -> Result<(), KeychainError> {
        self.entries().insert(name, value);
        Ok(())
    }

    async fn remove(&self, name: SecretName) -> Result<(), KeychainError> {
        self.entries().remove(&name);
        Ok(())
    }

    fn lasts(&self) -> bool {
        false
    }
}
