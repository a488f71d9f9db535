//! Where this person's Slipway keeps its things.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::keychain::{self, Keychain, KeychainError};
use crate::known_hosts::KnownHosts;
use crate::profiles::ProfileStore;

/// The configuration folder, the keychain and the record of host keys.
#[derive(Clone)]
pub struct Home {
    pub folder: PathBuf,
    pub keychain: Arc<dyn Keychain>,
    pub known_hosts: KnownHosts,
}

impl Home {
    /// As the environment says: `SLIPWAY_CONFIG_DIR` or the system's usual place, and `SLIPWAY_KEYCHAIN`.
    pub fn from_environment() -> Result<Self, KeychainError> {
        Ok(Self::new(config_folder(), keychain::from_environment()?))
    }

    /// In a folder of the caller's choice, with the user's and the system's `known_hosts` read too.
    pub fn new(folder: PathBuf, keychain: Arc<dyn Keychain>) -> Self {
        let known_hosts = KnownHosts::in_folder(&folder);
        Self {
            folder,
            keychain,
            known_hosts,
        }
    }

    /// The saved clusters.
    pub fn profiles(&self) -> ProfileStore {
        ProfileStore::in_folder(&self.folder)
    }
}

/// `SLIPWAY_CONFIG_DIR`, or the place that the operating system has for it.
pub fn config_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("SLIPWAY_CONFIG_DIR").filter(|value| !value.is_empty()) {
        return PathBuf::from(folder);
    }
    config_folder_of_the_system()
}

/// The place that the operating system has for it.
pub fn config_folder_of_the_system() -> PathBuf {
    platform_folder().join("slipway")
}

pub(crate) fn home_folder() -> PathBuf {
    std::env::home_dir().unwrap_or_else(|| Path::new(".").to_owned())
}

/// A text for somebody else: paths below the person's home begin with `~`, which says nothing about the person.
pub fn without_home(text: &str) -> String {
    shortened(text, &home_folder().to_string_lossy())
}

/// The home folder is covered where it stands as a whole path or begins one; `/home/ada` is not the beginning of `/home/adam`.
fn shortened(text: &str, home: &str) -> String {
    let home = home.trim_end_matches(['/', '\\']);
    if home.len() < 2 {
        return text.to_owned();
    }
    let of_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(home) {
        let (before, found) = rest.split_at(at);
        let (found, behind) = found.split_at(home.len());
        out.push_str(before);
        let begins = !out.ends_with(|c: char| of_name(c) || c == '.');
        let ends = !behind.starts_with(of_name);
        out.push_str(if begins && ends { "~" } else { found });
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(target_os = "macos")]
fn platform_folder() -> PathBuf {
    home_folder().join("Library/Application Support")
}

#[cfg(windows)]
fn platform_folder() -> PathBuf {
    std::env::var_os("APPDATA").map_or_else(home_folder, PathBuf::from)
}

#[cfg(not(any(target_os = "macos", windows)))]
fn platform_folder() -> PathBuf {
    match std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from) {
        Some(folder) if folder.is_absolute() => folder,
        _ => home_folder().join(".config"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-08: a text that is given to somebody else does not say how the person's home folder is called, and is otherwise as it was.
    #[test]
    fn the_home_folder_is_not_told() {
        let of = |text: &str| shortened(text, "/home/ada/");
        assert_eq!(
            of("The record /home/ada/.config/slipway/known_hosts, or “/home/ada”, of /home/ada."),
            "The record ~/.config/slipway/known_hosts, or “~”, of ~."
        );
        for other in ["/home/adam/x", "/srv/home/ada/x", "/home/ada-2", "nothing"] {
            assert_eq!(of(other), other);
        }
        assert_eq!(shortened(r"C:\Users\Ada\x", r"C:\Users\Ada"), r"~\x");
        assert_eq!(shortened("/a/b", "/"), "/a/b");
    }
}
