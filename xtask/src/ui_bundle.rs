//! The window's files in `ui/dist`: the wasm program with its glue, the styles, the fonts. All that the desktop shell embeds.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha512};
use wasm_bindgen_cli_support::Bindgen;

use crate::run_program::Run;
use crate::{cache, packages, wasm};

/// A file of a package in npm's registry.
struct Asset {
    package: &'static str,
    version: &'static str,
    /// The registry's own checksum of the package's archive.
    sha512: &'static str,
    /// The file in the archive, and its name in `dist`.
    file: &'static str,
    to: &'static str,
}

const ASSETS: [Asset; 3] = [
    Asset {
        package: "@patternfly/patternfly",
        version: "6.5.2",
        sha512: "yZ71+1gt1VGzUN5amjDNd9NvttTnSOm9M0JeBL0YX1KaWXW1bmDPzTWEM+vQXuC4LVK0msHmR5hKB7KVpamAkA==",
        file: "package/patternfly.min.css",
        to: "patternfly.css",
    },
    Asset {
        package: "@fontsource-variable/inter",
        version: "5.3.0",
        sha512: "OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA==",
        file: "package/files/inter-latin-wght-normal.woff2",
        to: "fonts/inter.woff2",
    },
    Asset {
        package: "@fontsource/jetbrains-mono",
        version: "5.3.0",
        sha512: "fqDfB5I9f1p1TV486aUgB9t8zP84P0O1FtQR5Ol9vjwPy+S+EIGlVYm1cvj2W5shcZMTg2nZFdVMoH5wFu8a1A==",
        file: "package/files/jetbrains-mono-latin-400-normal.woff2",
        to: "fonts/jetbrains-mono.woff2",
    },
];

/// Where the shell's build expects the files.
fn dist() -> PathBuf {
    cache::workspace().join("ui/dist")
}

/// Builds the window and puts its files in place. Files that did not change are left untouched, so that the shell is
/// not built again for nothing.
pub fn build() -> Result<()> {
    let environment = wasm::environment()?;
    Run::new("cargo")
        .args([
            "build",
            "--locked",
            "--package",
            "slipway-ui",
            "--profile",
            "window",
            "--target",
            wasm::TARGET,
        ])
        .envs(&environment)
        .dir(&cache::workspace())
        .shown()?;
    let program = cache::target().join(wasm::TARGET).join("window/slipway-ui.wasm");
    let fresh = tempfile::tempdir()?;
    let mut glue = Bindgen::new();
    glue.input_path(&program)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .omit_default_module_path(false);
    glue.web(true)?.generate(fresh.path())?;
    for asset in &ASSETS {
        put(&fresh.path().join(asset.to), &asset_bytes(asset)?)?;
    }
    let ui = cache::workspace().join("ui");
    put(
        &fresh.path().join("index.html"),
        &fs::read(ui.join("index.html"))?,
    )?;
    put(
        &fresh.path().join("styles.css"),
        styles(&ui.join("styles"))?.as_bytes(),
    )?;
    replace(fresh.path(), &dist())
}

/// Clippy over the window's crate: what the window runs, as it is built for the window, and its tests, as they run on this machine.
/// Debian's compiler for the web comes without clippy; there everything is linted for this machine.
pub fn lint() -> Result<()> {
    if wasm::environment()?.is_empty() {
        clippy(&["--target", wasm::TARGET])?;
    }
    clippy(&["--all-targets"])
}

fn clippy(what: &[&str]) -> Result<()> {
    Run::new("cargo")
        .args(["clippy", "--locked", "--package", "slipway-ui"])
        .args(what)
        .args(["--", "-D", "warnings"])
        .dir(&cache::workspace())
        .shown()
}

/// All style sheets in the order of their names.
fn styles(folder: &Path) -> Result<String> {
    let mut files = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|kind| kind == "css"));
    files.sort();
    let sheets = files
        .iter()
        .map(fs::read_to_string)
        .collect::<std::io::Result<Vec<_>>>()?;
    Ok(sheets.join("\n"))
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))
}

fn replace(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            replace(&entry.path(), &target)?;
            continue;
        }
        let bytes = fs::read(entry.path())?;
        if fs::read(&target).ok().as_deref() != Some(&bytes) {
            put(&target, &bytes)?;
        }
    }
    Ok(())
}

/// The asset's file, from the cache or from npm's registry; the archive's checksum is compared either way.
fn asset_bytes(asset: &Asset) -> Result<Vec<u8>> {
    let name = asset.package.rsplit('/').next().unwrap_or(asset.package);
    let archive = cache::sub("npm")?.join(format!("{name}-{}.tgz", asset.version));
    let bytes = match fs::read(&archive) {
        Ok(bytes) if is_genuine(asset, &bytes) => bytes,
        _ => download(asset, name, &archive)?,
    };
    let mut entries = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
    for entry in entries.entries()? {
        let mut entry = entry?;
        if entry.path()?.to_string_lossy() == asset.file {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            return Ok(content);
        }
    }
    bail!("{} has no file {}", archive.display(), asset.file)
}

fn download(asset: &Asset, name: &str, archive: &Path) -> Result<Vec<u8>> {
    packages::ensure(&[packages::Purpose::Build])?;
    let url = format!(
        "https://registry.npmjs.org/{}/-/{name}-{}.tgz",
        asset.package, asset.version
    );
    let part = archive.with_extension("part");
    Run::new("curl")
        .args([
            "--fail",
            "--silent",
            "--show-error",
            "--location",
            "--retry",
            "3",
            "--max-time",
            "120",
            "--output",
        ])
        .arg(&part)
        .arg(&url)
        .quiet()?;
    let bytes = fs::read(&part)?;
    if !is_genuine(asset, &bytes) {
        bail!("{url} is not what it was when its checksum was written down; nothing was used of it");
    }
    fs::rename(&part, archive)?;
    Ok(bytes)
}

fn is_genuine(asset: &Asset, bytes: &[u8]) -> bool {
    BASE64.encode(Sha512::digest(bytes)) == asset.sha512
}
