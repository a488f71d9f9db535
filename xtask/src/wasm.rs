//! Makes the wasm build possible: by rustup, or, where rustup cannot reach its server, by Debian's own compiler packages.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cache;
use crate::progress::note;
use crate::run_program::Run;

pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's packages that hold a compiler for the web; they would conflict with each other's files if installed.
const PACKAGES: [&str; 4] = ["rustc-web", "libstd-rust-web-dev", "rust-web-src", "libllvm22"];

/// The environment in which `cargo build --target wasm32-unknown-unknown` works.
pub fn environment() -> Result<Vec<(String, OsString)>> {
    if has_target() {
        return Ok(Vec::new());
    }
    note("adding the wasm target by rustup");
    let added = Run::new("rustup").args(["target", "add", TARGET]).quiet();
    match added {
        Ok(_) if has_target() => Ok(Vec::new()),
        Ok(_) => bail!(
            "rustup added {TARGET}, but to another toolchain than cargo's; run `rustup show` and fix it"
        ),
        Err(error) => {
            note(&format!("rustup cannot: {error:#}"));
            note("taking Debian's compiler for the web instead");
            from_debian()
                .context("the wasm target cannot be had; run `rustup target add wasm32-unknown-unknown`")
        }
    }
}

fn has_target() -> bool {
    let sysroot = Run::new("rustc").args(["--print", "sysroot"]).quiet();
    sysroot.is_ok_and(|path| {
        Path::new(path.trim())
            .join("lib/rustlib")
            .join(TARGET)
            .join("lib")
            .is_dir()
    })
}

/// A compiler from Debian's packages, unpacked beside the system, whose standard library for wasm is built once.
fn from_debian() -> Result<Vec<(String, OsString)>> {
    let root = cache::sub("rust-web")?;
    let rustc = root.join("usr/bin/rustc");
    let libraries = root.join("usr/lib/rustlib").join(TARGET).join("lib");
    if !rustc.exists() {
        unpack(&root)?;
    }
    if !libraries.join("done").exists() {
        build_standard_library(&root, &libraries)?;
    }
    let mut environment = base_environment(&root);
    environment.push((
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER".into(),
        rust_lld()?.into(),
    ));
    Ok(environment)
}

fn base_environment(root: &Path) -> Vec<(String, OsString)> {
    vec![
        ("RUSTC".into(), root.join("usr/bin/rustc").into()),
        (
            "LD_LIBRARY_PATH".into(),
            root.join("usr/lib/x86_64-linux-gnu").into(),
        ),
    ]
}

fn unpack(root: &Path) -> Result<()> {
    let packages = root.join("packages");
    fs::create_dir_all(&packages)?;
    let shared = Run::new("apt-cache")
        .args(["pkgnames", "libstd-rust-web-1"])
        .quiet()?;
    let shared = shared
        .lines()
        .next()
        .context("Debian has no libstd-rust-web here")?
        .to_owned();
    let names = PACKAGES.into_iter().chain([shared.as_str()]);
    Run::new("apt-get")
        .arg("download")
        .args(names)
        .dir(&packages)
        .quiet()?;
    for entry in fs::read_dir(&packages)? {
        Run::new("dpkg").arg("-x").arg(entry?.path()).arg(root).quiet()?;
    }
    Ok(fs::remove_dir_all(&packages)?)
}

fn build_standard_library(root: &Path, libraries: &Path) -> Result<()> {
    let work = tempfile::tempdir()?;
    fs::create_dir(work.path().join("src"))?;
    fs::write(
        work.path().join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
    )?;
    fs::write(work.path().join("src/lib.rs"), "")?;
    Run::new("cargo")
        .args(["build", "--release", "--target", TARGET])
        .arg("-Zbuild-std=std,panic_abort,panic_unwind,proc_macro,test")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", work.path().join("target"))
        .envs(&base_environment(root))
        .dir(work.path())
        .quiet()?;
    fs::create_dir_all(libraries)?;
    let built = work.path().join("target").join(TARGET).join("release/deps");
    for entry in fs::read_dir(built)? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "rlib")
            && let Some(name) = path.file_name()
        {
            fs::copy(&path, libraries.join(name))?;
        }
    }
    Ok(fs::write(libraries.join("done"), "")?)
}

fn rust_lld() -> Result<PathBuf> {
    let sysroot = Run::new("rustc").args(["--print", "sysroot"]).quiet()?;
    let host = Path::new(sysroot.trim()).join("lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld");
    if host.exists() {
        Ok(host)
    } else {
        crate::packages::find("wasm-ld").context("no linker for wasm; install lld")
    }
}
