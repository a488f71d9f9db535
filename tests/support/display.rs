//! A screen that nobody sees: X's virtual framebuffer.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::process::{Daemon, Start};
use crate::wait;

const PATIENCE: Duration = Duration::from_secs(120);

/// A display of its own. It ends with this.
pub struct Display {
    _server: Daemon,
    number: u32,
}

impl Display {
    /// Starts one, whose log is in this folder.
    pub async fn start(folder: &Path) -> Self {
        let log = folder.join("display.log");
        // It names the display; that of an earlier one says nothing any more.
        let _ = fs::remove_file(&log);
        let server = Start::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1440x900x24",
                "-nolisten",
                "tcp",
            ])
            .daemon(&log);
        let told = || server.output().lines().find_map(|line| line.trim().parse().ok());
        wait::until("the display is there", PATIENCE, async || told().is_some()).await;
        let number = told().expect("a number");
        Self {
            _server: server,
            number,
        }
    }

    pub fn number(&self) -> u32 {
        self.number
    }

    /// What a program with a window finds in its environment.
    pub fn environment(&self) -> [(String, OsString); 2] {
        [
            ("DISPLAY".into(), format!(":{}", self.number).into()),
            ("GDK_BACKEND".into(), "x11".into()),
        ]
    }
}
