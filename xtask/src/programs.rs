//! The programs that tests and checks use and that no package of the system brings: built once, kept in the cache.

use std::path::PathBuf;

use anyhow::Result;

use crate::cache;
use crate::progress::note;
use crate::run_program::Run;

/// `tauri-driver`, which leads WebDriver to the window.
pub fn tauri_driver() -> Result<PathBuf> {
    cargo_program("tauri-driver", "2.1.0")
}

/// `cargo-deny`.
pub fn cargo_deny() -> Result<PathBuf> {
    cargo_program("cargo-deny", "0.20.2")
}

fn cargo_program(name: &str, version: &str) -> Result<PathBuf> {
    let root = cache::folder().join("tools").join(format!("{name}-{version}"));
    let program = root.join("bin").join(name);
    if !program.exists() {
        note(&format!("building {name} {version}, once"));
        Run::new("cargo")
            .args(["install", name, "--version", version, "--locked", "--root"])
            .arg(&root)
            // They run for seconds: what takes long about them is to build them.
            .arg("--debug")
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_TARGET_DIR", cache::folder().join("target-tools"))
            .quiet()?;
    }
    Ok(program)
}
