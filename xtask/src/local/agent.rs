//! The local cluster's agent: started once, and again when it was built anew.

use std::fs;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::{Result, bail};

use super::INSTANCE;
use super::state::{AgentProcess, State, stop_group};
use crate::cache;
use crate::engine::Engine;
use crate::progress::note;
use crate::run_program::{Run, last_lines};

/// Sees that the agent of the present build runs.
pub fn ensure(state: &mut State, engine: &Engine) -> Result<()> {
    let program = cache::target().join("debug/slipway-agent");
    let metadata = fs::metadata(&program)?;
    let built = metadata
        .modified()?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let build = format!("{} {built} {}", metadata.len(), engine.address());
    if let Some(running) = state.agent.clone() {
        if running.build == build && answers(state) {
            return Ok(());
        }
        note("stopping the agent of an earlier build");
        stop_group(running.pid);
    }
    let log = state.folder.join("agent.log");
    let pid = command(state, engine, "serve").daemon(&log)?;
    state.agent = Some(AgentProcess { pid, build });
    state.save()?;
    let end = Instant::now() + Duration::from_secs(90);
    while !answers(state) {
        let alive = fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
        if !alive || Instant::now() > end {
            let said = fs::read_to_string(&log).unwrap_or_default();
            bail!(
                "the agent did not start ({}):\n{}",
                log.display(),
                last_lines(&said, 12)
            );
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn answers(state: &State) -> bool {
    UnixStream::connect(state.agent_socket()).is_ok()
}

/// The agent's program with the local cluster's settings.
fn command(state: &State, engine: &Engine, subcommand: &str) -> Run {
    Run::new(cache::target().join("debug/slipway-agent"))
        .arg(subcommand)
        .env("SLIPWAY_DATA_DIR", state.agent_folder())
        .env("SLIPWAY_SOCKET", state.agent_socket())
        .env("DOCKER_HOST", engine.address())
        .env("SLIPWAY_INSTANCE", INSTANCE)
        .env("SLIPWAY_NETWORK", INSTANCE)
        .env("SLIPWAY_EDGE_PORT", state.edge_port.to_string())
}

/// A one-time invitation for the owner.
pub fn invitation(state: &State) -> Result<String> {
    let socket = state.docker_socket.clone().unwrap_or_default();
    let code = command(state, &Engine::at(&socket), "invite").quiet()?;
    Ok(code.trim().to_owned())
}
