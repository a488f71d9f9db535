//! The agent's program for a server, as this program carries it.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::SetupError;

/// A folder with agents, before all others. Each file is named `slipway-agent-<architecture>`, or `slipway-agent` for this machine's.
const FOLDER: &str = "SLIPWAY_AGENT_FOLDER";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    X86_64,
    Aarch64,
}

impl Architecture {
    /// From what `uname -s -m` writes.
    pub fn of_uname(text: &str) -> Option<Self> {
        match text {
            "Linux x86_64" => Some(Self::X86_64),
            "Linux aarch64" => Some(Self::Aarch64),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// This machine's, where an agent runs on it.
    pub fn here() -> Option<Self> {
        [Self::X86_64, Self::Aarch64]
            .into_iter()
            .find(|one| one.is_here())
    }

    fn is_here(self) -> bool {
        cfg!(target_os = "linux") && std::env::consts::ARCH == self.as_str()
    }
}

/// A file with an agent in it.
#[derive(Clone, Debug)]
pub struct AgentProgram {
    path: PathBuf,
}

impl AgentProgram {
    /// Looks where the environment says, beside this program, and where packages put it.
    ///
    /// # Errors
    /// Where there is none; it says where it looked.
    pub fn find(architecture: Architecture) -> Result<Self, SetupError> {
        let mut names = vec![format!("slipway-agent-{}", architecture.as_str())];
        if architecture.is_here() {
            names.push("slipway-agent".to_owned());
        }
        let folders = folders();
        let found = folders
            .iter()
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
            .find(|path| path.is_file());
        found
            .map(|path| Self { path })
            .ok_or_else(|| SetupError::NoProgram {
                architecture: architecture.as_str(),
                looked: format!(
                    "looked in {}",
                    folders
                        .iter()
                        .map(|folder| folder.display().to_string())
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 in hexadecimal digits.
    pub(super) async fn digest(&self) -> Result<String, SetupError> {
        let mut file = self.open().await?;
        let (mut digest, mut buffer) = (Sha256::new(), vec![0; 256 * 1024]);
        loop {
            match file.read(&mut buffer).await {
                Ok(0) => break,
                Ok(count) => digest.update(&buffer[..count]),
                Err(error) => return Err(self.unreadable(&error)),
            }
        }
        Ok(digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect())
    }

    pub(super) async fn open(&self) -> Result<File, SetupError> {
        File::open(&self.path)
            .await
            .map_err(|error| self.unreadable(&error))
    }

    /// In bytes.
    pub(super) async fn length(&self) -> Result<u64, SetupError> {
        let metadata = tokio::fs::metadata(&self.path).await;
        metadata
            .map(|metadata| metadata.len())
            .map_err(|error| self.unreadable(&error))
    }

    fn unreadable(&self, error: &std::io::Error) -> SetupError {
        SetupError::NoProgram {
            architecture: std::env::consts::ARCH,
            looked: format!("{}: {error}", self.path.display()),
        }
    }
}

fn folders() -> Vec<PathBuf> {
    let chosen = std::env::var_os(FOLDER).filter(|value| !value.is_empty());
    let own = std::env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent).map(Path::to_owned);
    // As the packages of the desktop app lay it down (tauri.conf.json, `resources`).
    let packaged = beside.as_ref().map(|folder| folder.join("../lib/Slipway/agents"));
    let on_mac = beside.as_ref().map(|folder| folder.join("../Resources/agents"));
    let on_windows = beside.as_ref().map(|folder| folder.join("agents"));
    let all = [chosen.map(PathBuf::from), beside, packaged, on_mac, on_windows];
    all.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-HST-01: only platforms for which there can be an agent are taken.
    #[test]
    fn platforms_are_told_apart() {
        assert_eq!(Architecture::of_uname("Linux x86_64"), Some(Architecture::X86_64));
        assert_eq!(
            Architecture::of_uname("Linux aarch64"),
            Some(Architecture::Aarch64)
        );
        for other in ["Darwin arm64", "Linux armv7l", "", "Linux x86_64; reboot"] {
            assert_eq!(Architecture::of_uname(other), None);
        }
    }
}
