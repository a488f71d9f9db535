//! A small file system in memory, to be filled to the last byte.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::process::Start;

pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    pub async fn mount(megabytes: u32) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sw-disk-")
            .tempdir()
            .expect("a folder");
        let size = format!("size={megabytes}m,mode=0755");
        let mount = Start::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path());
        mount.ok(Duration::from_secs(60)).await;
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Leaves this many bytes free.
    pub fn fill_but(&self, free: u64) {
        let mut file = File::create(self.ballast()).expect("the ballast");
        let block = vec![0_u8; 64 * 1024];
        // Bounded by the size of the disk.
        while file.write_all(&block).is_ok() {}
        let length = file.metadata().expect("its length").len();
        file.set_len(length.saturating_sub(free))
            .expect("a shorter ballast");
    }

    pub fn empty(&self) {
        let _ = std::fs::remove_file(self.ballast());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = nix::mount::umount2(self.folder.path(), nix::mount::MntFlags::MNT_DETACH);
    }
}
