//! What a person on Windows uses, checked from here: `cargo xtask check-windows`.

use anyhow::Result;

use crate::cache;
use crate::packages::{self, Purpose};
use crate::progress::{note, step};
use crate::run_program::Run;
use crate::suite::prepare_ui;

/// The one of Rust's Windows targets whose C compiler Debian has.
const TARGET: &str = "x86_64-pc-windows-gnu";

/// Lints the app and the command line as they are built for Windows. Nothing is linked or run.
pub fn check() -> Result<()> {
    packages::ensure(&[Purpose::Build, Purpose::Windows])?;
    step("The window's files", prepare_ui)?;
    let installed = Run::new("rustup")
        .args(["target", "list", "--installed"])
        .quiet()?;
    if !installed.lines().any(|line| line.trim() == TARGET) {
        note(&format!("adding {TARGET} by rustup"));
        Run::new("rustup").args(["target", "add", TARGET]).quiet()?;
    }
    step("The app and the command line, for Windows", || {
        Run::new("cargo")
            .args(["clippy", "--locked", "--target", TARGET])
            .args(["--package", "slipway-client"])
            .args(["--package", "slipway-cli", "--package", "slipway-desktop"])
            .args(["--", "-D", "warnings"])
            .dir(&cache::workspace())
            .shown()
    })
}
