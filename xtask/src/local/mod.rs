//! The local cluster of `cargo xtask run`: an engine, an agent, an SSH server, the sample application, the app's window.

mod agent;
mod sample;
mod sshd;
mod state;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::engine::{self, Engine, Version};
use crate::images::{self, Image};
use crate::packages::{self, Purpose};
use crate::progress::{note, step};
use crate::run_program::Run;
use crate::{cache, keyring, suite};

use state::State;
pub use state::secret_file;

/// Everything that the local cluster makes in Docker carries this name.
const INSTANCE: &str = "slipway-local";

#[derive(clap::Args)]
pub struct RunArguments {
    /// Deploy onto the Swarm that this machine's Docker is part of already.
    #[arg(long)]
    use_existing_swarm: bool,
    /// Do not open the app's window.
    #[arg(long)]
    no_window: bool,
}

/// Brings everything up that is not up already, and shows the sample application's answer.
pub fn run(arguments: &RunArguments) -> Result<()> {
    let display = !arguments.no_window && has_display();
    step("System packages", || {
        packages::ensure(if display || !arguments.no_window {
            &[Purpose::Build, Purpose::Cluster]
        } else {
            &[Purpose::Cluster]
        })
    })?;
    if !arguments.no_window {
        step("The window's files", suite::prepare_ui)?;
    }
    step("Building Slipway", || {
        if arguments.no_window {
            suite::build_without_window()
        } else {
            suite::build()
        }
    })?;
    let mut state = State::load()?;
    let engine = step("Docker and Swarm", || {
        find_engine(arguments.use_existing_swarm, &mut state)
    })?;
    step("Base images", || {
        images::ensure(&engine, &[Image::Traefik, Image::Debian])
    })?;
    let keychain = step("Keychain", || {
        keyring::environment(&state.folder.join("keyring"), &mut state.processes)
    })?;
    state.save()?;
    step("Slipway's agent", || agent::ensure(&mut state, &engine))?;
    step("SSH server", || sshd::ensure(&mut state))?;
    state.save()?;
    let slipway = sample::Slipway::new(&state, &keychain);
    step("Signing in over SSH", || slipway.sign_in(&state))?;
    let url = step("The sample application", || slipway.deploy_sample(&state))?;
    let answer = step("The first response through Traefik", || {
        sample::first_response(&state)
    })?;
    println!("\n{url}\n\n{answer}");
    println!(
        "Sign in as {} with the password in {}.",
        sample::EMAIL,
        state.owner_password().display()
    );
    println!("The same from the command line: {}", slipway.hint());
    if display {
        step("Opening the app", || open_window(&state, &keychain))?;
    } else if !arguments.no_window {
        note("there is no display here, so the app's window stays closed");
    }
    println!("\n`cargo xtask down` stops the cluster; with --purge it removes it.");
    Ok(())
}

/// Stops the local cluster, or removes it.
pub fn down(purge: bool) -> Result<()> {
    let mut state = State::load()?;
    step("Stopping the agent, the SSH server and the keychain", || {
        state.stop_processes();
        state.save()
    })?;
    if let Some(docker) = state
        .docker_socket
        .clone()
        .filter(|socket| engine::answers(socket))
    {
        step("Removing what runs in Docker", || {
            remove_services(&Engine::at(&docker), purge)
        })?;
        if purge && state.owns_swarm_of(&Engine::at(&docker)) {
            step("Leaving the Swarm", || {
                Engine::at(&docker)
                    .docker()
                    .args(["swarm", "leave", "--force"])
                    .quiet()
                    .map(drop)
            })?;
        }
    }
    step("Stopping Slipway's own Docker", engine::stop_own)?;
    if purge {
        step("Removing the local cluster's data", || {
            engine::purge_own()?;
            for folder in [state.agent_folder(), state.folder.clone()] {
                if folder.exists() {
                    fs::remove_dir_all(&folder)
                        .with_context(|| format!("{} cannot be removed", folder.display()))?;
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// The machine's own Docker if it runs, else one of Slipway's own. A Swarm that Slipway did not make is left alone.
fn find_engine(use_existing: bool, state: &mut State) -> Result<Engine> {
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".into());
    let socket = host
        .strip_prefix("unix://")
        .context("DOCKER_HOST must be a Unix socket here: unix:///path")?;
    let socket = Path::new(socket);
    if !engine::answers(socket) && Path::new("/run/systemd/system").exists() && packages::on_path("dockerd") {
        note("starting Docker by systemd");
        let _ = Run::as_root("systemctl").args(["start", "docker"]).quiet();
    }
    if !engine::answers(socket) {
        let engine = Engine::own(Version::Debian)?;
        state.docker_socket = Some(engine.socket.clone());
        return Ok(engine);
    }
    let engine = Engine::at(socket);
    match engine.swarm_state()?.as_str() {
        "active" if use_existing || state.owns_swarm_of(&engine) => {}
        "active" => bail!(
            "Docker at {host} is part of a Swarm already, which is not Slipway's to touch; to deploy onto it all the same: cargo xtask run --use-existing-swarm"
        ),
        "inactive" => {
            engine.ensure_swarm()?;
            state.swarm = engine.swarm_id();
        }
        other => bail!(
            "Docker's Swarm at {host} is in the state “{other}”; look at `docker info` and mend it first"
        ),
    }
    state.docker_socket = Some(socket.to_owned());
    state.save()?;
    Ok(engine)
}

fn remove_services(engine: &Engine, purge: bool) -> Result<()> {
    let filter = format!("label=slipway.instance={INSTANCE}");
    for (kind, list) in [
        ("service", &["service", "ls"][..]),
        ("network", &["network", "ls"][..]),
    ] {
        let ids = engine
            .docker()
            .args(list)
            .args(["--quiet", "--filter", &filter])
            .quiet()?;
        let ids: Vec<&str> = ids.split_whitespace().collect();
        if !ids.is_empty() {
            // A network goes once the last task has let go of it.
            remove_patiently(engine, kind, &ids)?;
        }
    }
    if purge {
        let images = engine
            .docker()
            .args(["image", "ls", "--quiet", "--filter", &filter])
            .quiet()?;
        let ids: Vec<&str> = images.split_whitespace().collect();
        if !ids.is_empty() {
            let _ = engine
                .docker()
                .args(["image", "rm", "--force"])
                .args(&ids)
                .quiet();
        }
        for kind in ["secret", "volume"] {
            let names = engine
                .docker()
                .args([kind, "ls", "--quiet", "--filter", &filter])
                .quiet()?;
            let names: Vec<&str> = names.split_whitespace().collect();
            if !names.is_empty() {
                remove_patiently(engine, kind, &names)?;
            }
        }
    }
    Ok(())
}

fn remove_patiently(engine: &Engine, kind: &str, ids: &[&str]) -> Result<()> {
    let mut last = Ok(String::new());
    for _ in 0..30 {
        last = engine.docker().args([kind, "rm"]).args(ids).quiet();
        if last.is_ok() {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    last.map(drop)
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn open_window(state: &State, keychain: &[(String, std::ffi::OsString)]) -> Result<()> {
    let app = cache::target().join("debug/slipway-desktop");
    Run::new(app)
        .env("SLIPWAY_CONFIG_DIR", state.config_folder())
        .envs(keychain)
        .daemon(&state.folder.join("window.log"))?;
    Ok(())
}
