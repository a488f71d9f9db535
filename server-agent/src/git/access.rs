//! What lets git into a private repository: a token and a key, in files that only the agent's account can read. They are
//! written before git runs and go when it has ended; a command line or an environment never holds more than their paths.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use slipway_protocol::Secret;
use slipway_protocol::git::GitUrl;
use slipway_protocol::secret::serialize_exposed;

use super::key::DeployKey;

/// A token, and the only server that may see it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Token {
    /// `https://example.org:8443`: where the repository is.
    pub origin: String,
    pub user: String,
    #[serde(serialize_with = "serialize_exposed")]
    pub token: Secret<String>,
}

impl Token {
    /// A token for the server of this address. `None` for an address that takes no token.
    pub fn new(url: &GitUrl, user: String, token: Secret<String>) -> Option<Self> {
        let origin = origin(url.as_str())?;
        Some(Self { origin, user, token })
    }
}

/// The files, for as long as this lives. Without a secret there are none.
pub struct Access {
    folder: PathBuf,
    token: bool,
    key: bool,
}

impl Access {
    /// Writes what there is into a fresh folder; one that an earlier life left is removed first.
    pub fn write(folder: &Path, token: Option<&Token>, key: Option<&DeployKey>) -> std::io::Result<Self> {
        remove(folder)?;
        let access = Self {
            folder: folder.to_owned(),
            token: token.is_some(),
            key: key.is_some(),
        };
        if access.token || access.key {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        if let Some(token) = token {
            private(&access.token_path(), &serde_json::to_vec(token)?)?;
        }
        if let Some(key) = key {
            private(&access.key_path(), key.private().expose().as_bytes())?;
        }
        Ok(access)
    }

    fn token_path(&self) -> PathBuf {
        self.folder.join("token")
    }

    fn key_path(&self) -> PathBuf {
        self.folder.join("key")
    }

    pub(super) fn token(&self) -> Option<PathBuf> {
        self.token.then(|| self.token_path())
    }

    pub(super) fn key(&self) -> Option<PathBuf> {
        self.key.then(|| self.key_path())
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.folder) {
            tracing::error!(%error, folder = %self.folder.display(), "a credential's file could not be removed");
        }
    }
}

fn remove(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path)?.write_all(bytes)
}

/// Scheme, host and port of a web address, in one spelling.
pub fn origin(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let port = url.port_or_known_default()?;
    let host = url.host_str()?;
    matches!(url.scheme(), "https" | "http").then(|| format!("{}://{host}:{port}", url.scheme()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// FR-SRC-07: secrets lie in files that only the agent reads, and are gone with the last use.
    #[test]
    fn files_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("access");
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("left-over"), "x").unwrap();
        let url = GitUrl::parse("https://example.org/a.git").unwrap();
        let token = Token::new(&url, "ada".to_owned(), Secret::new("canary".to_owned())).unwrap();
        let key = DeployKey::generate().unwrap();
        let access = Access::write(&place, Some(&token), Some(&key)).unwrap();
        assert!(!place.join("left-over").exists());
        assert_eq!(
            std::fs::metadata(&place).unwrap().permissions().mode() & 0o777,
            0o700
        );
        for path in [access.token().unwrap(), access.key().unwrap()] {
            assert_eq!(
                std::fs::metadata(path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        drop(access);
        assert!(!place.exists());
        let none = Access::write(&place, None, None).unwrap();
        assert!(none.token().is_none() && none.key().is_none() && !place.exists());
    }

    /// FR-SRC-07: a token belongs to a web address only.
    #[test]
    fn origins_are_compared_in_one_spelling() {
        assert_eq!(
            origin("https://Example.org/a"),
            origin("https://ada@example.org:443/b/c")
        );
        assert_ne!(
            origin("https://example.org/a"),
            origin("https://example.org:8443/a")
        );
        assert_ne!(
            origin("https://example.org/a"),
            origin("http://example.org:443/a")
        );
        assert!(origin("ssh://git@example.org/a").is_none());
        assert!(origin("/srv/git/a.git").is_none());
    }
}
