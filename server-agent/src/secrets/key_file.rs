//! The file that holds the master key: 32 random bytes outside the database, readable by its owner only.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rand::TryRngCore;
use sha2::{Digest, Sha256};
use slipway_protocol::Secret;

#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("the key file {path} could not be read or written")]
    Io { path: PathBuf, source: std::io::Error },
    #[error(
        "the key file {path} can be read by others (mode {mode:o}); run `chmod 600 {path}` and start again"
    )]
    Exposed { path: PathBuf, mode: u32 },
    #[error("the key file {path} does not hold 32 bytes; put back the copy that belongs to this database")]
    Damaged { path: PathBuf },
    #[error("the system gave no random bytes")]
    NoRandomness,
}

/// The master key. Other keys are derived from it by purpose, so that none serves two ends.
pub struct KeyFile {
    key: Secret<[u8; 32]>,
}

impl KeyFile {
    /// Reads the key and refuses one that others could read.
    pub fn open(path: &Path) -> Result<Self, KeyFileError> {
        let io = |source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        };
        let mode = std::fs::metadata(path).map_err(io)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Exposed {
                path: path.to_owned(),
                mode,
            });
        }
        let bytes = std::fs::read(path).map_err(io)?;
        let key = bytes.try_into().map_err(|_| KeyFileError::Damaged {
            path: path.to_owned(),
        })?;
        Ok(Self {
            key: Secret::new(key),
        })
    }

    /// The same, or `None` where there is no file.
    pub fn open_if_there(path: &Path) -> Result<Option<Self>, KeyFileError> {
        match Self::open(path) {
            Err(KeyFileError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Makes the key where there is none; an existing one is never touched.
    pub fn open_or_create(path: &Path) -> Result<Self, KeyFileError> {
        if !path.exists() {
            let io = |source| KeyFileError::Io {
                path: path.to_owned(),
                source,
            };
            let mut key = [0_u8; 32];
            rand::rngs::OsRng
                .try_fill_bytes(&mut key)
                .map_err(|_| KeyFileError::NoRandomness)?;
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
                .map_err(io)?;
            file.write_all(&key).and_then(|()| file.sync_all()).map_err(io)?;
        }
        Self::open(path)
    }

    /// The key itself: for a backup of it, and for nothing else.
    pub fn whole(&self) -> &Secret<[u8; 32]> {
        &self.key
    }

    /// A key for one purpose.
    pub fn derive(&self, purpose: &str) -> Secret<[u8; 32]> {
        let mut hash = Sha256::new();
        hash.update(b"slipway/1/");
        hash.update(purpose.as_bytes());
        hash.update([0]);
        hash.update(self.key.expose());
        Secret::new(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// NFR-S4: a key that others can read is refused, with the remedy.
    #[test]
    fn an_exposed_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        KeyFile::open_or_create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = KeyFile::open(&path).err().unwrap().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    /// NFR-S4: opening twice gives the same key; a damaged one is refused.
    #[test]
    fn a_key_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let first = KeyFile::open_or_create(&path).unwrap().derive("x");
        assert!(first == KeyFile::open_or_create(&path).unwrap().derive("x"));
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(KeyFile::open(&path), Err(KeyFileError::Damaged { .. })));
    }
}
