//! Putting the configuration in place: written whole beside it, then renamed.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Traefik's file provider reads `.yml`, `.yaml` and `.toml`; it ignores `.json`.
pub const FILE_NAME: &str = "slipway.yml";

/// Replaces the configuration in `folder` in one act. Returns false when it already had this text.
pub fn put_configuration(folder: &Path, text: &str) -> std::io::Result<bool> {
    let path = folder.join(FILE_NAME);
    if std::fs::read(&path).is_ok_and(|now| now == text.as_bytes()) {
        return Ok(false);
    }
    std::fs::create_dir_all(folder)?;
    // Outside the watched folder's pattern: Traefik takes no notice of names without a known extension.
    let fresh = folder.join(".slipway.new");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, &path)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-EDG-01: writing the same text twice changes nothing; a new text replaces the whole file.
    #[test]
    fn twice_is_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(put_configuration(folder.path(), "a").unwrap());
        assert!(!put_configuration(folder.path(), "a").unwrap());
        assert!(put_configuration(folder.path(), "b").unwrap());
        assert_eq!(
            std::fs::read_to_string(folder.path().join(FILE_NAME)).unwrap(),
            "b"
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
