//! The app's packages for this system, with the agent for servers and the command line in them: `cargo xtask package`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::cache;
use crate::packages::{self, Purpose};
use crate::progress::{note, step};
use crate::run_program::Run;
use crate::ui_bundle::{self, Profile};

/// An agent that runs on any Linux of this architecture, whatever its C library.
const STATIC: &str = "x86_64-unknown-linux-musl";
const AGENT: &str = "slipway-agent-x86_64";
/// The secret key of the releases, as Tauri's own command line reads it. Without it the packages are made, and are not signed.
const SIGNING_KEY: &str = "TAURI_SIGNING_PRIVATE_KEY";
/// What is made where nobody says what. An AppImage is made with programs that Tauri downloads; ask for it by name.
const USUAL: &str = "deb,rpm";

/// Builds the release and packs it; prints where the packages are.
pub fn package(bundles: Option<&str>) -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("packages are made here on Linux with x86_64; elsewhere see .github/workflows/release.yml");
    }
    packages::ensure(&[Purpose::Build, Purpose::Packaging])?;
    step("The window's files", || ui_bundle::build(Profile::Packed))?;
    let agent = step("The agent, for any Linux", static_agent)?;
    step("The app and the command line", || {
        Run::new("cargo")
            .args(["build", "--locked", "--release"])
            // All three, as for the measurements: with another choice the libraries would be built anew.
            .args(["--package", "slipway-agent"])
            .args(["--package", "slipway-cli", "--package", "slipway-desktop"])
            .dir(&cache::workspace())
            .shown()
    })?;
    let cli = step("The program that packs", tauri_cli)?;
    let made = cache::target().join("release/bundle");
    // What an earlier version left there is not this one's.
    if made.exists() {
        fs::remove_dir_all(&made)?;
    }
    step("Packing", || {
        bundle(&cli, &agent, bundles.unwrap_or(USUAL))?;
        let all = files(&made)?;
        if all.is_empty() {
            bail!("nothing was made in {}", made.display());
        }
        for file in all {
            if is_for_debian(&file) {
                press(&file)?;
                check(&file)?;
            }
            if std::env::var_os(SIGNING_KEY).is_some_and(|key| !key.is_empty()) {
                sign(&cli, &file)?;
            }
            let size = fs::metadata(&file)?.len();
            note(&format!("{}  {} KiB", file.display(), size / 1024));
        }
        Ok(())
    })
}

/// The release's agent without a C library of its own to look for.
fn static_agent() -> Result<PathBuf> {
    let installed = Run::new("rustup")
        .args(["target", "list", "--installed"])
        .quiet()?;
    if !installed.lines().any(|line| line.trim() == STATIC) {
        note(&format!("adding {STATIC} by rustup"));
        Run::new("rustup").args(["target", "add", STATIC]).quiet()?;
    }
    Run::new("cargo")
        .args(["build", "--locked", "--release", "--package", "slipway-agent"])
        .args(["--target", STATIC])
        .env("CC_x86_64_unknown_linux_musl", "musl-gcc")
        .dir(&cache::workspace())
        .shown()?;
    let built = cache::target().join(STATIC).join("release/slipway-agent");
    let headers = Run::new("readelf")
        .args(["--program-headers", "--wide"])
        .arg(&built)
        .quiet()?;
    if headers.contains("INTERP") {
        bail!(
            "{} needs a C library on the server; it has to be static",
            built.display()
        );
    }
    let named = built.with_file_name(AGENT);
    fs::copy(&built, &named).with_context(|| format!("{} cannot be written", named.display()))?;
    Ok(named)
}

/// Tauri's own command line, from npm's registry, at the version and with the checksums of the lock file.
fn tauri_cli() -> Result<PathBuf> {
    let wanted = cache::workspace().join("xtask/tauri-cli");
    let folder = cache::sub("tauri-cli")?;
    let script = folder.join("node_modules/@tauri-apps/cli/tauri.js");
    let lock = "package-lock.json";
    let same = fs::read(folder.join(lock)).ok() == fs::read(wanted.join(lock)).ok();
    if same && script.exists() {
        return Ok(script);
    }
    if packages::find("npm").is_none() {
        bail!("npm is not there; install Node.js 20 or newer");
    }
    for file in ["package.json", lock] {
        fs::copy(wanted.join(file), folder.join(file))?;
    }
    Run::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
        .dir(&folder)
        .quiet()?;
    Ok(script)
}

fn bundle(cli: &Path, agent: &Path, bundles: &str) -> Result<()> {
    let program = cache::target().join("release/slipway");
    let files = json!({ "/usr/bin/slipway": program });
    let more = json!({ "bundle": {
        "resources": { agent.to_string_lossy(): format!("agents/{AGENT}") },
        "linux": { "deb": { "files": files }, "rpm": { "files": files } },
    } });
    let mut arguments: Vec<OsString> = vec![cli.into(), "bundle".into(), "--bundles".into(), bundles.into()];
    arguments.extend(["--config".into(), more.to_string().into()]);
    Run::new("node")
        .args(&arguments)
        .env("CI", "true")
        .dir(&cache::workspace().join("src-tauri"))
        .shown()
}

/// Writes the signature of a package beside it, over its content and its version: the app takes no other.
fn sign(cli: &Path, package: &Path) -> Result<()> {
    Run::new("node")
        .arg(cli)
        .args(["signer", "sign", "--app-version", env!("CARGO_PKG_VERSION")])
        .arg(package)
        .env("CI", "true")
        .quiet()?;
    Ok(())
}

/// The packages below a folder, in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flat_map(|entry| entry.map(|entry| entry.path()))
        .flat_map(fs::read_dir)
        .flatten()
    {
        let path = entry?.path();
        let is_package = path
            .extension()
            .is_some_and(|kind| kind == "deb" || kind == "rpm" || kind == "AppImage");
        if is_package {
            all.push(path);
        }
    }
    all.sort();
    Ok(all)
}

fn is_for_debian(package: &Path) -> bool {
    package.extension().is_some_and(|kind| kind == "deb")
}

/// Packs a package for Debian anew with xz, which Tauri cannot: two thirds of the size.
fn press(package: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let content = folder.path().join("content");
    Run::new("dpkg-deb")
        .arg("--raw-extract")
        .arg(package)
        .arg(&content)
        .quiet()?;
    Run::new("dpkg-deb")
        .args(["-Zxz", "-z9", "--root-owner-group", "--build"])
        .arg(&content)
        .arg(package)
        .quiet()?;
    Ok(())
}

/// A package for Debian holds what the others hold too; it is the one that can be looked into everywhere.
fn check(package: &Path) -> Result<()> {
    let listed = Run::new("dpkg-deb").arg("--contents").arg(package).quiet()?;
    let agent = format!("usr/lib/Slipway/agents/{AGENT}");
    for wanted in [
        "usr/bin/slipway-desktop",
        "usr/bin/slipway",
        agent.as_str(),
        "usr/share/applications/Slipway.desktop",
    ] {
        if !listed
            .lines()
            .filter_map(|line| line.split_whitespace().last())
            .any(|path| path.trim_start_matches("./") == wanted)
        {
            bail!("{} has no {wanted}", package.display());
        }
    }
    let folder = tempfile::tempdir()?;
    Run::new("dpkg-deb")
        .arg("--extract")
        .arg(package)
        .arg(folder.path())
        .quiet()?;
    let entry = fs::read_to_string(folder.path().join("usr/share/applications/Slipway.desktop"))?;
    if !entry.contains("x-scheme-handler/slipway") {
        bail!("{} does not open slipway:// links", package.display());
    }
    for program in ["usr/bin/slipway", &agent] {
        let said = Run::new(folder.path().join(program)).arg("--version").quiet()?;
        note(&format!("{program}: {}", said.trim()));
    }
    Ok(())
}
