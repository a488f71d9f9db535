//! Where the tests put the folders of their agents: in memory where there is plenty. Each has a database of about a thousand small
//! files, and a disk spends more time on those than the tests do on anything else.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use nix::sys::statvfs::{FsFlags, statvfs};

/// Linux's file system in memory that everybody may use: `shm_overview(7)`.
const IN_MEMORY: &str = "/dev/shm";
/// The tests hold less than a quarter of it, and what they start needs memory too.
const PLENTY: u64 = 6 << 30;
/// Before the number of the process whose folder it is.
const PREFIX: &str = "slipway-tests-";

/// A folder for the tests that are run meanwhile; gone with it is what a killed test has left.
pub struct Scratch(Option<PathBuf>);

impl Scratch {
    pub fn make() -> Result<Self> {
        let memory = Path::new(IN_MEMORY);
        remove_left_over(memory);
        if !is_suitable(memory) {
            return Ok(Self(None));
        }
        let folder = memory.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir(&folder)?;
        // Tests start programs under other accounts.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        Ok(Self(Some(folder)))
    }

    /// Tells a program of tests by this variable.
    pub fn told_by(&self, variable: &str) -> Vec<(String, OsString)> {
        let folder = self.0.iter();
        folder.map(|path| (variable.to_owned(), path.into())).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// A run that was killed keeps no memory until the next start of the machine.
fn remove_left_over(memory: &Path) {
    for entry in fs::read_dir(memory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// It is in memory, has room, and programs may be run there.
fn is_suitable(folder: &Path) -> bool {
    let in_memory = statfs(folder).is_ok_and(|found| found.filesystem_type() == TMPFS_MAGIC);
    in_memory
        && statvfs(folder).is_ok_and(|found| {
            let free = found.blocks_available() * found.fragment_size();
            free >= PLENTY && !found.flags().contains(FsFlags::ST_NOEXEC)
        })
}
