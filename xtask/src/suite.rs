//! `cargo xtask test`: every test of the repository, from the smallest to the window, and what they need around them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::engine::{self, Engine, Version};
use crate::images::{self, Image};
use crate::packages::{self, Purpose};
use crate::progress::step;
use crate::run_program::Run;
use crate::scratch::Scratch;
use crate::ui_bundle::{self, Profile};
use crate::{cache, leftovers, once_more, programs};

/// The crates that are built for this machine: all but the window, which is built for wasm.
const NATIVE: [&str; 3] = ["--workspace", "--exclude", "slipway-ui"];

#[derive(clap::Args)]
pub struct TestArguments {
    /// A part (`unit`, `system`, `window`, `engine`), or the name of tests: those whose name contains it.
    name: Option<String>,
    /// Of a part, only the tests whose name contains this.
    filter: Option<String>,
    /// Every fault at every point, the death of Docker among them, and random acts for longer: hours instead of minutes.
    #[arg(long)]
    thorough: bool,
    /// Of the faults at every point only this one: the hours in pieces.
    #[arg(long, requires = "thorough", value_parser = ["error", "panic", "hang", "kill", "database"])]
    fault: Option<String>,
    /// The Docker engine for the whole-system tests.
    #[arg(long, default_value = "20")]
    engine: Version,
}

/// How long the tests of a part may take: about three times of what they need on two cores.
const USUAL: Duration = Duration::from_secs(40 * 60);
const THOROUGH: Duration = Duration::from_secs(12 * 3600);

/// The parts, in the order in which they run: what is quick to fail comes first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Unit,
    System,
    Window,
    /// What kills the engine: it has it for itself.
    Engine,
}

impl Part {
    /// Without a name. What kills the engine is asked for, or belongs to the long form.
    fn usual(thorough: bool) -> Vec<Self> {
        let mut parts = vec![Self::Unit, Self::System, Self::Window];
        if thorough {
            parts.push(Self::Engine);
        }
        parts
    }
}

/// Runs all tests or some.
pub fn test(arguments: &TestArguments) -> Result<()> {
    let (parts, filter) = match arguments.name.as_deref() {
        None => (Part::usual(arguments.thorough), None),
        Some("unit") => (vec![Part::Unit], arguments.filter.as_deref()),
        Some("system") => (vec![Part::System], arguments.filter.as_deref()),
        Some("window") => (vec![Part::Window], arguments.filter.as_deref()),
        Some("engine") => (vec![Part::Engine], arguments.filter.as_deref()),
        Some(name) => (Part::usual(arguments.thorough), Some(name)),
    };
    prepare()?;
    step("Building Slipway and its tests", build_with_tests)?;
    let scratch = Scratch::make()?;
    if parts.contains(&Part::Unit) {
        step("Tests of each crate", || unit(filter, &scratch))?;
    }
    if parts.iter().any(|part| *part != Part::Unit) {
        let mut engine = step("Docker engine", || engine_for_tests(arguments.engine))?;
        let outcome = whole_system(&engine, &parts, filter, arguments, &scratch);
        engine.stop_if_started();
        outcome?;
    }
    Ok(())
}

/// Measures; needs what the whole-system tests need.
pub fn bench(
    version: Version,
    name: Option<&str>,
    deployments: Option<u32>,
    rate: Option<u32>,
) -> Result<()> {
    // As people get it.
    prepare_with(Profile::Packed)?;
    step("Building the release", || {
        // Always all three, as for packages: with another choice the libraries would be built anew.
        let programs = ["slipway-agent", "slipway-cli", "slipway-desktop"];
        let wanted = programs.iter().flat_map(|name| ["--package", name]);
        cargo(&["build", "--release"]).args(wanted).shown()
    })?;
    let mut engine = step("Docker engine", || engine_for_tests(version))?;
    let outcome = images::ensure(&engine, &Image::ALL).and_then(|()| {
        let mut environment = environment(&engine, "release")?;
        let sizes = [
            ("SLIPWAY_BENCH_DEPLOYMENTS", deployments),
            ("SLIPWAY_BENCH_RATE", rate),
        ];
        for (name, size) in sizes {
            environment.extend(size.map(|size| (name.to_owned(), size.to_string().into())));
        }
        cargo(&["run", "--package", "acceptance", "--example", "bench", "--"])
            .args(name)
            .envs(&environment)
            .shown()
    });
    engine.stop_if_started();
    outcome
}

/// Everything that building needs: packages, the wasm target, the window's files.
pub fn prepare() -> Result<()> {
    prepare_with(Profile::Quick)
}

fn prepare_with(profile: Profile) -> Result<()> {
    packages_for_tests()?;
    step("The window's files", || ui_bundle::build(profile))
}

/// What the system has to have for building and testing.
pub fn packages_for_tests() -> Result<()> {
    step("System packages", || {
        packages::ensure(&[Purpose::Build, Purpose::Cluster, Purpose::Window])
    })
}

/// The window's files in `ui/dist`.
pub fn prepare_ui() -> Result<()> {
    ui_bundle::build(Profile::Quick)
}

/// Builds the programs: always all of them, as cargo would build the libraries anew for each other choice.
pub fn build() -> Result<()> {
    cargo(&["build", "--bins"]).args(NATIVE).shown()
}

/// All that the tests run. Each later call of cargo has the same packages, so that the libraries are built with the same features: once. The
/// window's program is not among them: it is built for wasm, and only its tests for this machine.
const PROGRAMS_AND_TESTS: [&str; 10] = [
    "build",
    "--workspace",
    "--lib",
    "--tests",
    "--bin",
    "slipway-agent",
    "--bin",
    "slipway",
    "--bin",
    "slipway-desktop",
];

fn build_with_tests() -> Result<()> {
    cargo(&PROGRAMS_AND_TESTS).shown()
}

/// Builds what a server needs, for a machine without a display.
pub fn build_without_window() -> Result<()> {
    cargo(&[
        "build",
        "--bins",
        "--package",
        "slipway-agent",
        "--package",
        "slipway-cli",
    ])
    .shown()
}

/// Licences, sources, bans and advisories of the dependencies.
pub fn deny() -> Result<()> {
    let program = step("cargo-deny", programs::cargo_deny)?;
    let check = |what: &[&str]| {
        Run::new(&program)
            .args(["--all-features", "check"])
            .args(what)
            .dir(&cache::workspace())
    };
    step("Licences, sources and bans", || {
        check(&["bans", "licenses", "sources"]).shown()
    })?;
    let reachable = Run::new("git")
        .args([
            "ls-remote",
            "--quiet",
            "https://github.com/RustSec/advisory-db",
            "HEAD",
        ])
        .env("GIT_TERMINAL_PROMPT", "0")
        .succeeds();
    if !reachable {
        crate::progress::note(
            "the advisory database cannot be reached from here; advisories were not checked",
        );
        return Ok(());
    }
    step("Advisories", || check(&["advisories"]).shown())
}

/// `cargo SUBCOMMAND --locked …` in the clone.
fn cargo(args: &[&str]) -> Run {
    let (subcommand, rest) = args.split_at(1.min(args.len()));
    Run::new("cargo")
        .args(subcommand)
        .arg("--locked")
        .args(rest)
        .dir(&cache::workspace())
}

fn unit(filter: Option<&str>, scratch: &Scratch) -> Result<()> {
    let agent = cache::target().join("debug/slipway-agent");
    let tests = tests_of_crates()?;
    // The window's logic too, on this machine; the window itself has a part of its own.
    cargo(&["test", "--workspace", "--lib", "--bins"])
        .args(tests.iter().flat_map(|name| ["--test", name]))
        .args(filter)
        // More than cores: they wait for a database or for sshd most of the time.
        .args(["--", "--test-threads", "12"])
        .env("SLIPWAY_TEST_AGENT", agent)
        .envs(&scratch.told_by("TMPDIR"))
        .shown()
}

/// The program of these tests, as [`build_with_tests`] has built it: asked for alone, cargo would build it and its libraries anew.
fn program_of_tests(name: &str) -> Result<PathBuf> {
    let told = cargo(&PROGRAMS_AND_TESTS)
        .args(["--message-format=json"])
        .quiet()?;
    let mut artifacts = told
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found = artifacts.find_map(|one| {
        let is_it = one["target"]["name"] == name && one["target"]["kind"] == json!(["test"]);
        is_it.then(|| one["executable"].as_str().map(PathBuf::from))?
    });
    found.with_context(|| format!("cargo names no program of the tests {name}"))
}

/// The names of the crates' own integration tests, which need nothing of the whole system: files in their folders `tests`, or folders there with
/// a `main.rs`, as cargo finds them.
fn tests_of_crates() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for member in fs::read_dir(cache::workspace())? {
        let folder = member?.path().join("tests");
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry?.path();
            let is_test = path.extension().is_some_and(|kind| kind == "rs") || path.join("main.rs").is_file();
            if let Some(name) = path.file_stem().filter(|_| is_test) {
                names.push(name.to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

fn whole_system(
    engine: &Engine,
    parts: &[Part],
    filter: Option<&str>,
    arguments: &TestArguments,
    scratch: &Scratch,
) -> Result<()> {
    step("Base images", || images::ensure(engine, &Image::ALL))?;
    let mut environment = environment(engine, "debug")?;
    environment.extend(scratch.told_by("SLIPWAY_TEST_SCRATCH"));
    if arguments.thorough {
        environment.push(("SLIPWAY_TEST_THOROUGH".into(), "1".into()));
        environment.push(("SLIPWAY_TEST_MODEL_SECONDS".into(), "1800".into()));
        let fault = arguments.fault.as_ref();
        environment.extend(fault.map(|fault| ("SLIPWAY_TEST_FAULT".into(), fault.into())));
    }
    // One that waits for ever would keep the others' outcome, too.
    let limit = if arguments.thorough { THOROUGH } else { USUAL };
    let mut failed = Vec::new();
    for (part, name, threads) in [
        (Part::System, "system", "7"),
        (Part::Window, "window", "4"),
        (Part::Engine, "engine", "1"),
    ] {
        if !parts.contains(&part) {
            continue;
        }
        if part == Part::Engine && !engine.is_own() {
            crate::progress::note("this engine may have other users; the tests that kill it are left out");
            continue;
        }
        let ran = step(&format!("Tests of the whole {name}"), || {
            let folder = cache::workspace().join("tests");
            let built = program_of_tests(name)?;
            let program = || {
                // As cargo tells its tests.
                let program = Run::new(&built).dir(&folder).env("CARGO_MANIFEST_DIR", &folder);
                Ok(program.envs(&environment))
            };
            match part {
                Part::Window => once_more::run(program, filter, threads),
                _ => program()?
                    .args(filter)
                    .args(["--test-threads", threads])
                    .shown_within(limit),
            }
        });
        if let Err(error) = ran {
            crate::progress::note(&format!("{error:#}"));
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("tests failed: {}", failed.join(", "));
    }
    Ok(())
}

/// The engine that the whole-system tests use: Slipway's own, or the one that the person names.
fn engine_for_tests(version: Version) -> Result<Engine> {
    let Ok(address) = std::env::var("SLIPWAY_TEST_DOCKER") else {
        let engine = Engine::own(version)?;
        if engine.is_fresh() {
            // The tests bring their own names; what cannot be removed is only in the way of the disk.
            if let Err(error) = leftovers::remove(&engine) {
                crate::progress::note(&format!("what earlier tests left behind stays: {error:#}"));
            }
        }
        return Ok(engine);
    };
    let Some(path) = address.strip_prefix("unix://").map(Path::new) else {
        bail!("SLIPWAY_TEST_DOCKER must have the form unix:///path");
    };
    if !engine::answers(path) {
        bail!("no Docker answers at {address}");
    }
    let engine = Engine::at(path);
    engine.ensure_swarm()?;
    Ok(engine)
}

/// Where the tests find the built programs and the engine.
fn environment(engine: &Engine, profile: &str) -> Result<Vec<(String, OsString)>> {
    let built = cache::target();
    let program = |name: &str| built.join(profile).join(name).into_os_string();
    Ok(vec![
        ("SLIPWAY_TEST_DOCKER".into(), engine.address().into()),
        (
            "SLIPWAY_TEST_DOCKER_PID_FILE".into(),
            engine.pid_file().into_os_string(),
        ),
        ("SLIPWAY_TEST_AGENT".into(), program("slipway-agent")),
        ("SLIPWAY_TEST_CLI".into(), program("slipway")),
        ("SLIPWAY_TEST_DESKTOP".into(), program("slipway-desktop")),
        (
            "SLIPWAY_TEST_TAURI_DRIVER".into(),
            programs::tauri_driver()?.into(),
        ),
        ("SLIPWAY_CACHE".into(), cache::folder().into()),
    ])
}
