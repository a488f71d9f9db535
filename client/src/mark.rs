//! A choice of the person that outlives the app: an empty file among the settings, which is there or not.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::files;

#[derive(Debug)]
pub struct Mark(PathBuf);

impl Mark {
    /// `folder` is that of the person's settings; it need not be there yet.
    pub fn new(folder: &Path, name: &str) -> Self {
        Self(folder.join(name))
    }

    pub fn is_set(&self) -> bool {
        self.0.exists()
    }

    /// # Errors
    /// Where the file cannot be made or taken away.
    pub fn set(&self, wanted: bool) -> io::Result<()> {
        if wanted {
            return files::write_atomically(&self.0, b"");
        }
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-03: a choice is kept also where nothing was kept before, and made as often as one likes.
    #[test]
    fn a_choice_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mark = || Mark::new(&folder.path().join("new"), "choice");
        assert!(!mark().is_set());
        mark().set(false).unwrap();
        for _ in 0..2 {
            mark().set(true).unwrap();
            assert!(mark().is_set());
        }
        mark().set(false).unwrap();
        assert!(!mark().is_set());
    }
}
