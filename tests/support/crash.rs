//! A webview that crashed by itself: which tests were in it is written down, so that they can be run once more.
//!
//! On a machine without a graphics card WebKit draws with Mesa's software renderer, which ends the page's process now and then
//! (a protection fault in `swrast_dri.so`). That says nothing of what is tested.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// What the app writes then.
const CRASHED: &str = "the page's process ended by itself";
/// The file for the names of tests.
const FILE: &str = "SLIPWAY_TEST_CRASHED";

/// Looks, when a test fails, whether that was why.
pub struct Crashes {
    /// What the app and the driver wrote.
    log: PathBuf,
}

impl Crashes {
    pub fn written_to(log: PathBuf) -> Self {
        Self { log }
    }
}

impl Drop for Crashes {
    fn drop(&mut self) {
        let crashed = || std::fs::read_to_string(&self.log).is_ok_and(|log| log.contains(CRASHED));
        let Some(file) = std::env::var_os(FILE).filter(|_| std::thread::panicking() && crashed()) else {
            return;
        };
        // The test's own thread has its name.
        if let (Some(name), Ok(mut file)) = (
            std::thread::current().name(),
            OpenOptions::new().create(true).append(true).open(file),
        ) {
            let _ = writeln!(file, "{name}");
        }
    }
}
