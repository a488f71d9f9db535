//! The system packages that building, running and testing need: installed by apt, or named where there is no apt.

use std::path::Path;

use anyhow::{Result, bail};

use crate::progress::note;
use crate::run_program::Run;

/// What a task needs the packages for.
#[derive(Clone, Copy)]
pub enum Purpose {
    /// Compiling every crate, the desktop shell among them.
    Build,
    /// A local cluster: Docker, PostgreSQL, SSH, a keychain.
    Cluster,
    /// The window under test: a display and its driver.
    Window,
    /// Making base images where none can be pulled.
    BaseImages,
    /// Building a current Docker engine.
    Engine29,
    /// Compiling for Windows.
    Windows,
    /// An agent without a C library of its own, and looking into packages.
    Packaging,
}

impl Purpose {
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Build => &[
                "build-essential",
                "pkg-config",
                "cmake",
                "libdbus-1-dev",
                "libwebkit2gtk-4.1-dev",
                "librsvg2-dev",
                "libayatana-appindicator3-dev",
                "libxdo-dev",
                "ca-certificates",
                "curl",
                "git",
            ],
            Self::Cluster => &[
                "docker.io",
                "iptables",
                "postgresql",
                "openssh-server",
                "openssh-client",
                "dbus",
                "gnome-keyring",
                "git",
                "git-lfs",
                "docker-registry",
                "strace",
                "apache2-utils",
            ],
            Self::Window => &["xvfb", "webkit2gtk-driver"],
            Self::BaseImages => &["debootstrap"],
            Self::Packaging => &["musl-tools", "binutils", "dpkg"],
            Self::Windows => &["gcc-mingw-w64-x86-64", "g++-mingw-w64-x86-64", "nasm"],
            Self::Engine29 => &["libseccomp-dev", "gcc", "libc6-dev", "pkg-config"],
        }
    }
}

/// Installs what is missing for these purposes.
pub fn ensure(purposes: &[Purpose]) -> Result<()> {
    let mut wanted: Vec<&str> = purposes
        .iter()
        .flat_map(|purpose| purpose.packages())
        .copied()
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    if !Path::new("/usr/bin/apt-get").exists() {
        return name_them(&wanted);
    }
    if are_installed(&wanted) {
        return Ok(());
    }
    let missing: Vec<&str> = wanted.into_iter().filter(|name| !is_installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    note(&format!("installing {}", missing.join(" ")));
    let apt = || Run::as_root("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
    let install = || {
        apt()
            .args(["install", "--yes", "--quiet", "--no-install-recommends"])
            .args(&missing)
    };
    // The lists may be fresh enough; they are not on a bare machine.
    if install().quiet().is_err() {
        apt().args(["update", "--quiet"]).quiet()?;
        install().quiet()?;
    }
    Ok(())
}

/// Asked about all of them at once, as most machines have them all. One that dpkg has never heard of makes it fail.
fn are_installed(packages: &[&str]) -> bool {
    let asked = Run::new("dpkg-query")
        .args(["-W", "-f=${Status}\n"])
        .args(packages)
        .quiet();
    asked.is_ok_and(|told| {
        told.lines().count() >= packages.len() && told.lines().all(|status| status.ends_with(" installed"))
    })
}

fn is_installed(package: &str) -> bool {
    // Docker's own packages, or a program put there by hand, serve as well as Debian's.
    if package == "docker.io" && on_path("docker") && on_path("dockerd") {
        return true;
    }
    let asked = Run::new("dpkg-query")
        .args(["-W", "-f=${Status}", package])
        .quiet();
    asked.is_ok_and(|status| status.ends_with(" installed"))
}

/// Whether a program is there, the administrator's folders included.
pub fn on_path(program: &str) -> bool {
    find(program).is_some()
}

/// Where a program is, the administrator's folders included.
pub fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Without apt nothing is installed; the programs decide whether something is missing.
fn name_them(wanted: &[&str]) -> Result<()> {
    let needed = ["docker", "git", "ssh-keygen", "cc", "pkg-config"];
    let missing: Vec<&str> = needed.into_iter().filter(|program| !on_path(program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "{} not found, and this system has no apt. Install what Debian calls: {}",
        missing.join(", "),
        wanted.join(" ")
    )
}
