//! How large what people download is: `cargo xtask bench size`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cache;
use crate::package::{self, Made, PackageArguments};

/// An installer's limit, in bytes (NFR-P9).
const LIMIT: u64 = 15_000_000;
/// The program that packs AppImages, in the folder where Tauri keeps it.
const APP_IMAGES: &str = "linuxdeploy-x86_64.AppImage";

/// Makes the packages, and tells how large they and the programs for themselves are. An AppImage is among them where what packs it is there
/// already; it brings its webview along, so that the limit is told beside it and not insisted on.
pub fn measure() -> Result<()> {
    let bundles = if packs_app_images() {
        "deb,rpm,appimage"
    } else {
        "deb,rpm"
    };
    let Made { packages, agents } = package::make(&PackageArguments::of(bundles))?;
    println!("size");
    let mut beyond = Vec::new();
    for package in &packages {
        let size = length(package)?;
        tell(package, size, Some(LIMIT));
        if size > LIMIT && !brings_its_webview(package) {
            beyond.push(name(package));
        }
    }
    for program in agents.iter().chain([&cache::target().join("release/slipway")]) {
        tell(program, length(program)?, None);
    }
    if !beyond.is_empty() {
        bail!("{} may have {} at most", beyond.join(" and "), megabytes(LIMIT));
    }
    Ok(())
}

/// Whether Tauri has fetched it before: nothing is downloaded for a measurement.
fn packs_app_images() -> bool {
    let cache = match std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => std::env::home_dir().unwrap_or_default().join(".cache"),
    };
    cache.join("tauri").join(APP_IMAGES).is_file()
}

fn brings_its_webview(package: &Path) -> bool {
    package.extension().is_some_and(|kind| kind == "AppImage")
}

fn length(path: &Path) -> Result<u64> {
    let found = fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(found.len())
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// One line, as the other parts of the measurements write theirs.
fn tell(path: &Path, size: u64, limit: Option<u64>) {
    let against = match limit {
        Some(limit) if size > limit => format!(", above the limit of {}", megabytes(limit)),
        Some(limit) => format!(", of {} at most", megabytes(limit)),
        None => String::new(),
    };
    println!("  {:<34} {}{against}", name(path), megabytes(size));
}

/// In millions of bytes, with one digit behind the point, rounded up: what is above a limit is never told as the limit.
fn megabytes(size: u64) -> String {
    let tenths = size.div_ceil(100_000);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-P9: a size beyond the limit is not rounded to it.
    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!(megabytes(LIMIT), "15.0 MB");
        assert_eq!(megabytes(LIMIT + 1), "15.1 MB");
        assert_eq!(megabytes(9_810_000), "9.9 MB");
        assert_eq!(megabytes(0), "0.0 MB");
    }

    /// NFR-P9: only what brings its webview along may be larger.
    #[test]
    fn an_app_image_is_larger() {
        assert!(brings_its_webview(Path::new(
            "/made/Slipway_1.0.0_amd64.AppImage"
        )));
        assert!(!brings_its_webview(Path::new("/made/Slipway_1.0.0_amd64.deb")));
    }
}
