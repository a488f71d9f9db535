//! Where the tasks keep what is worth keeping between runs, outside the clone, and where the clone is.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

/// `SLIPWAY_CACHE`, or `~/.cache/slipway`.
pub fn folder() -> PathBuf {
    match env::var_os("SLIPWAY_CACHE").filter(|value| !value.is_empty()) {
        Some(folder) => folder.into(),
        None => env::home_dir()
            .unwrap_or_else(env::temp_dir)
            .join(".cache/slipway"),
    }
}

/// A folder in the cache, made if it is not there.
pub fn sub(name: &str) -> Result<PathBuf> {
    let path = folder().join(name);
    fs::create_dir_all(&path).with_context(|| format!("{} cannot be made", path.display()))?;
    Ok(path)
}

/// The clone. Cargo says where it is when it runs this program; what was true when the program was built may be another
/// clone, which shares the folder of built files.
pub fn workspace() -> PathBuf {
    let built = env!("CARGO_MANIFEST_DIR");
    let here = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| built.into());
    let here = Path::new(&here);
    here.parent().unwrap_or(here).to_owned()
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR").filter(|value| !value.is_empty()) {
        Some(folder) => env::current_dir().unwrap_or_default().join(folder),
        None => workspace().join("target"),
    }
}
