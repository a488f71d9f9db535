//! What a file system has left, and how much of it stays free whatever arrives: the database is on it too, and PostgreSQL stops
//! where it cannot write.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::statvfs::statvfs;

/// What a repository, an archive, an upload, a build or an image that is fetched leaves free, in bytes; a twentieth of a small disk.
const KEPT_FREE: u64 = 512 << 20;
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A file system, as statvfs(3) tells it. Sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    pub size: u64,
    /// What is kept for root is neither used nor free.
    pub used: u64,
    pub free: u64,
    /// Some file systems have no fixed number of them: none at all is told then.
    pub inodes: u64,
    pub free_inodes: u64,
}

impl Disk {
    /// The file system that holds a folder.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let stat = statvfs(folder)?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.fragment_size());
        Ok(Self {
            size: bytes(stat.blocks()),
            used: bytes(stat.blocks().saturating_sub(stat.blocks_free())),
            free: bytes(stat.blocks_available()),
            inodes: stat.files(),
            free_inodes: stat.files_available(),
        })
    }

    /// So many bytes more still leave what has to stay free.
    pub fn has_room_for(&self, bytes: u64) -> bool {
        self.free >= bytes.saturating_add(KEPT_FREE.min(self.size / 20))
    }
}

/// Free bytes on a folder's file system; 0 when it cannot be asked.
pub fn free(folder: &Path) -> u64 {
    Disk::of(folder).map_or(0, |disk| disk.free)
}

/// Whether so many bytes may be written below a folder. A file system that cannot be asked is tried.
pub fn has_room_for(folder: &Path, bytes: u64) -> bool {
    Disk::of(folder).map_or(true, |disk| disk.has_room_for(bytes))
}

/// Ends once too little is free on one of their file systems.
pub async fn any_runs_short(folders: &[PathBuf]) {
    while folders.iter().all(|folder| has_room_for(folder, 0)) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-R3: what arrives leaves room for the database, on a large disk and on a small one.
    #[test]
    fn room_stays_free() {
        let disk = |size: u64, free: u64| Disk {
            size,
            free,
            used: size - free,
            inodes: 0,
            free_inodes: 0,
        };
        let large = disk(100 << 30, 2 << 30);
        assert!(large.has_room_for((2 << 30) - (512 << 20)));
        assert!(!large.has_room_for((2 << 30) - (511 << 20)));
        let small = disk(400 << 20, 30 << 20);
        assert!(small.has_room_for(10 << 20));
        assert!(!small.has_room_for(11 << 20));
        assert!(!small.has_room_for(u64::MAX));
    }
}
