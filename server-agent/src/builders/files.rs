//! A folder as builders see it: names and short texts. Links are not followed, so that a hostile repository shows nothing else.

use std::io::Read;
use std::path::{Path, PathBuf};

/// A file is read up to this size, in bytes; a larger one is no manifest that a person wrote.
const LARGEST: u64 = 4 * 1024 * 1024;
/// So many names of one folder are looked at.
const MOST_NAMES: usize = 10_000;

/// Paths are relative, with `/`; the folder itself is the empty text.
pub trait Files {
    /// Whether there is a plain file.
    fn has(&self, path: &str) -> bool;
    /// The text of a plain file.
    fn read(&self, path: &str) -> Option<String>;
    /// The names of the plain files in a folder, in order.
    fn files(&self, folder: &str) -> Vec<String>;
    /// The names of the folders in a folder, in order.
    fn folders(&self, folder: &str) -> Vec<String>;
}

/// The first of these that is there.
pub fn first<'n>(files: &(impl Files + ?Sized), names: &[&'n str]) -> Option<&'n str> {
    names.iter().copied().find(|name| files.has(name))
}

/// A folder on disk.
pub struct Folder(PathBuf);

impl Folder {
    /// `path` is canonical.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The path, if no part of it is a link.
    fn inside(&self, path: &str) -> Option<PathBuf> {
        let mut whole = self.0.clone();
        for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
            if part == ".." {
                return None;
            }
            whole.push(part);
            if std::fs::symlink_metadata(&whole).ok()?.is_symlink() {
                return None;
            }
        }
        Some(whole)
    }

    fn names(&self, folder: &str, wanted: fn(&std::fs::FileType) -> bool) -> Vec<String> {
        let entries = self.inside(folder).and_then(|path| std::fs::read_dir(path).ok());
        let mut names: Vec<String> = entries
            .into_iter()
            .flatten()
            .take(MOST_NAMES)
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| wanted(&kind)))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}

impl Files for Folder {
    fn has(&self, path: &str) -> bool {
        self.inside(path).is_some_and(|path| path.is_file())
    }

    fn read(&self, path: &str) -> Option<String> {
        let path = self.inside(path).filter(|path| path.is_file())?;
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).ok()?;
        file.take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
        let whole = u64::try_from(bytes.len()).is_ok_and(|length| length <= LARGEST);
        whole.then(|| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn files(&self, folder: &str) -> Vec<String> {
        self.names(folder, std::fs::FileType::is_file)
    }

    fn folders(&self, folder: &str) -> Vec<String> {
        self.names(folder, std::fs::FileType::is_dir)
    }
}

/// A folder in memory, for tests of what is detected.
#[cfg(test)]
pub mod in_memory {
    use std::collections::{BTreeMap, BTreeSet};

    use super::Files;

    pub struct InMemory(pub BTreeMap<String, String>);

    impl InMemory {
        pub fn of(files: &[(&str, &str)]) -> Self {
            let owned = files
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
            Self(owned.collect())
        }

        fn below(&self, folder: &str) -> impl Iterator<Item = &str> {
            let prefix = if folder.is_empty() {
                String::new()
            } else {
                format!("{folder}/")
            };
            self.0.keys().filter_map(move |path| path.strip_prefix(&prefix))
        }
    }

    impl Files for InMemory {
        fn has(&self, path: &str) -> bool {
            self.0.contains_key(path)
        }

        fn read(&self, path: &str) -> Option<String> {
            self.0.get(path).cloned()
        }

        fn files(&self, folder: &str) -> Vec<String> {
            self.below(folder)
                .filter(|rest| !rest.contains('/'))
                .map(str::to_owned)
                .collect()
        }

        fn folders(&self, folder: &str) -> Vec<String> {
            let names: BTreeSet<String> = self
                .below(folder)
                .filter_map(|rest| rest.split_once('/'))
                .map(|(name, _)| name.to_owned())
                .collect();
            names.into_iter().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-SRC-07: a link in a hostile repository is no file, and no folder leads out.
    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("real")).unwrap();
        std::fs::write(folder.path().join("real/package.json"), "{}").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("Procfile")).unwrap();
        std::os::unix::fs::symlink("/etc", folder.path().join("etc")).unwrap();
        let files = Folder::new(folder.path());
        assert!(files.has("real/package.json") && files.read("real/package.json").is_some());
        assert!(!files.has("Procfile") && files.read("Procfile").is_none());
        assert!(!files.has("etc/hostname") && !files.has("../x") && files.files("etc").is_empty());
        assert_eq!(files.folders(""), ["real"]);
    }
}
