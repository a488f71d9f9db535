//! A choice of the person with more to it than yes or no: a small file of JSON among the settings.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::files;

/// Far more than a choice needs.
const LARGEST: u64 = 1024 * 1024;

#[derive(Debug)]
pub struct Choice(PathBuf);

impl Choice {
    /// `folder` is that of the person's settings; it need not be there yet.
    pub fn new(folder: &Path, name: &str) -> Self {
        Self(folder.join(name))
    }

    /// What was chosen; as if nothing was, where that cannot be read.
    pub fn load<T: DeserializeOwned + Default>(&self) -> T {
        let mut text = Vec::new();
        let read = File::open(&self.0).and_then(|file| file.take(LARGEST).read_to_end(&mut text));
        match read {
            Ok(_) => serde_json::from_slice(&text).unwrap_or_default(),
            Err(_) => T::default(),
        }
    }

    /// # Errors
    /// Where the file cannot be written.
    pub fn save<T: Serialize>(&self, chosen: &T) -> io::Result<()> {
        let text = serde_json::to_vec(chosen)?;
        files::write_atomically(&self.0, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-03: a choice comes back, also where nothing was kept before; what cannot be read is no choice.
    #[test]
    fn a_longer_choice_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let choice = Choice::new(&folder.path().join("new"), "choice.json");
        assert!(choice.load::<Vec<u8>>().is_empty());
        choice.save(&[1_u8, 2]).unwrap();
        assert_eq!(choice.load::<Vec<u8>>(), [1, 2]);
        std::fs::write(folder.path().join("new/choice.json"), "[1,").unwrap();
        assert!(choice.load::<Vec<u8>>().is_empty());
    }
}
