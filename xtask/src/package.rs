//! The app's packages for this system, with the agents for servers and the command line in them: `cargo xtask package`.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::cache;
use crate::packages::{self, Purpose};
use crate::progress::{note, step};
use crate::run_program::Run;
use crate::ui_bundle::{self, Profile};

/// An agent that runs on any Linux of this architecture, whatever its C library.
const STATIC: &str = "x86_64-unknown-linux-musl";
const AGENT: &str = "slipway-agent-x86_64";
/// Begins the name of an agent for servers of an architecture.
const AGENTS: &str = "slipway-agent-";
/// The secret key of the releases, as Tauri's own command line reads it. Without it the packages are made, and are not signed.
const SIGNING_KEY: &str = "TAURI_SIGNING_PRIVATE_KEY";
/// What is made where nobody says what. An AppImage is made with programs that Tauri downloads; ask for it by name.
const USUAL: &str = "deb,rpm";

#[derive(clap::Args)]
pub struct PackageArguments {
    /// Which ones, in place of `deb,rpm`: also `appimage`, which downloads programs for it.
    #[arg(long)]
    bundles: Option<String>,
    /// A folder of agents for servers that were made elsewhere, each called `slipway-agent-ARCHITECTURE`, in place of one that is made here.
    #[arg(long)]
    agents: Option<PathBuf>,
    /// Take the window's files as they are in `ui/dist`.
    #[arg(long)]
    window_is_made: bool,
}

impl PackageArguments {
    /// These ones, with nothing that was made elsewhere.
    pub fn of(bundles: &str) -> Self {
        Self {
            bundles: Some(bundles.to_owned()),
            agents: None,
            window_is_made: false,
        }
    }
}

/// What came of packing.
pub struct Made {
    pub packages: Vec<PathBuf>,
    /// Those for servers, in each of the packages.
    pub agents: Vec<PathBuf>,
}

/// Builds the release and packs it; prints where the packages are.
pub fn package(arguments: &PackageArguments) -> Result<()> {
    make(arguments).map(|_| ())
}

/// The same for who goes on with them.
pub fn make(arguments: &PackageArguments) -> Result<Made> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("packages are made here on Linux with x86_64; elsewhere see .github/workflows/release.yml");
    }
    packages::ensure(&[Purpose::Build, Purpose::Packaging])?;
    if !arguments.window_is_made {
        step("The window's files", || ui_bundle::build(Profile::Packed))?;
    }
    let agents = match &arguments.agents {
        Some(folder) => step("The agents that were made", || made_agents(folder))?,
        None => vec![step("The agent, for any Linux", static_agent)?],
    };
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
    let packages = step("Packing", || {
        bundle(&cli, &agents, arguments.bundles.as_deref().unwrap_or(USUAL))?;
        let all = files(&made)?;
        if all.is_empty() {
            bail!("nothing was made in {}", made.display());
        }
        for file in &all {
            if is_for_debian(file) {
                press(file)?;
                check(file, &agents)?;
            }
            if std::env::var_os(SIGNING_KEY).is_some_and(|key| !key.is_empty()) {
                sign(&cli, file)?;
            }
            let size = fs::metadata(file)?.len();
            note(&format!("{}  {} KiB", file.display(), size / 1024));
        }
        Ok(all)
    })?;
    Ok(Made { packages, agents })
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
    let named = built.with_file_name(AGENT);
    fs::copy(&built, &named).with_context(|| format!("{} cannot be written", named.display()))?;
    insist_on_static(&named)?;
    Ok(named)
}

/// The agents in a folder, in the order of their names. What has come over the network may have lost that it can be run.
fn made_agents(folder: &Path) -> Result<Vec<PathBuf>> {
    let folder = fs::canonicalize(folder).with_context(|| format!("{} is no folder", folder.display()))?;
    let mut agents = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if name(&path).starts_with(AGENTS) {
            agents.push(path);
        }
    }
    agents.sort();
    if !agents.iter().any(|path| name(path) == AGENT) {
        bail!("{} has no {AGENT}", folder.display());
    }
    for path in &agents {
        insist_on_static(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(agents)
}

fn insist_on_static(agent: &Path) -> Result<()> {
    let headers = Run::new("readelf")
        .args(["--program-headers", "--wide"])
        .arg(agent)
        .quiet()?;
    if headers.contains("INTERP") {
        bail!(
            "{} needs a C library on the server; it has to be static",
            agent.display()
        );
    }
    Ok(())
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Where each agent stands, and where it lies in a package.
fn resources(agents: &[PathBuf]) -> Map<String, Value> {
    let place = |agent: &PathBuf| {
        let to = format!("agents/{}", name(agent));
        (agent.to_string_lossy().into_owned(), Value::String(to))
    };
    agents.iter().map(place).collect()
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

fn bundle(cli: &Path, agents: &[PathBuf], bundles: &str) -> Result<()> {
    let program = cache::target().join("release/slipway");
    let files = json!({ "/usr/bin/slipway": program });
    let more = json!({ "bundle": {
        "resources": resources(agents),
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
fn check(package: &Path, agents: &[PathBuf]) -> Result<()> {
    let listed = Run::new("dpkg-deb").arg("--contents").arg(package).quiet()?;
    let agent = |name: &str| format!("usr/lib/Slipway/agents/{name}");
    let wanted = [
        "usr/bin/slipway-desktop",
        "usr/bin/slipway",
        "usr/share/applications/Slipway.desktop",
    ];
    let wanted = wanted.map(str::to_owned).into_iter();
    for wanted in wanted.chain(agents.iter().map(|path| agent(&name(path)))) {
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
    // Those of other architectures do not run here.
    for program in ["usr/bin/slipway", &agent(AGENT)] {
        let said = Run::new(folder.path().join(program)).arg("--version").quiet()?;
        note(&format!("{program}: {}", said.trim()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-07: every agent that was made is in the packages, by its own name.
    #[test]
    fn each_agent_is_in_the_packages() {
        let agents = ["/made/slipway-agent-aarch64", "/made/slipway-agent-x86_64"].map(PathBuf::from);
        let resources = Value::Object(resources(&agents));
        assert_eq!(
            resources,
            json!({
                "/made/slipway-agent-aarch64": "agents/slipway-agent-aarch64",
                "/made/slipway-agent-x86_64": "agents/slipway-agent-x86_64",
            })
        );
    }

    /// FR-DSK-07: without an agent for the usual servers nothing is packed.
    #[test]
    fn agents_are_there_or_it_is_said() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("slipway-agent-aarch64"), "").unwrap();
        let refused = made_agents(folder.path()).unwrap_err();
        assert!(
            refused.to_string().contains("has no slipway-agent-x86_64"),
            "{refused}"
        );
        assert!(made_agents(&folder.path().join("nowhere")).is_err());
    }

    /// FR-DSK-07: the release packs for Linux as everybody does, and with the variables that name the feed and sign.
    #[test]
    fn the_release_packs_the_same_way() {
        let workflow = include_str!("../../.github/workflows/release.yml");
        let command = "cargo run --locked --package xtask -- package --bundles deb,rpm,appimage --agents agents --window-is-made";
        assert!(workflow.contains(command), "{command}");
        let (_, linux) = workflow.split_once("\n  linux:\n").unwrap();
        let (linux, _) = linux.split_once("\n  app:\n").unwrap();
        for variable in [SIGNING_KEY, "SLIPWAY_UPDATE_FEED", "SLIPWAY_UPDATE_KEY"] {
            assert!(linux.contains(&format!("{variable}: ${{{{ ")), "{variable}");
        }
    }
}
