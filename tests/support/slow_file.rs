//! A file that answers late, as one on another machine does.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::stat::Mode;

use crate::wait;

/// A pipe in its place: whoever opens it waits.
pub struct SlowFile {
    path: PathBuf,
}

impl SlowFile {
    pub fn at(path: PathBuf) -> Self {
        nix::unistd::mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).expect("a pipe");
        Self { path }
    }

    /// Waits for a reader, and lets it come to the end of an empty file: it does as soon as somebody has been there who could have written.
    pub async fn ends(&self) {
        wait::until("the file is read", Duration::from_secs(90), async || {
            let mut options = OpenOptions::new();
            options.write(true).custom_flags(nix::libc::O_NONBLOCK);
            options.open(&self.path).is_ok()
        })
        .await;
    }

    pub fn remove(self) {
        fs::remove_file(self.path).expect("it was there");
    }
}
