//! What the local cluster remembers between runs: ports, the Docker that it uses, its background processes.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use rand::Rng;
use serde_json::{Value, json};

use crate::cache;
use crate::engine::Engine;

pub struct State {
    pub folder: PathBuf,
    pub docker_socket: Option<PathBuf>,
    /// The id of the Swarm that was made here. Another one, made since, is somebody else's.
    pub swarm: Option<String>,
    /// The port on which applications answer.
    pub edge_port: u16,
    pub ssh_port: u16,
    /// Process groups in the background.
    pub processes: Vec<i32>,
    pub agent: Option<AgentProcess>,
}

/// The agent's process, and which build of the program it runs.
#[derive(Clone, PartialEq, Eq)]
pub struct AgentProcess {
    pub pid: i32,
    pub build: String,
}

impl State {
    pub fn load() -> Result<Self> {
        let folder = cache::sub("local")?;
        let text = fs::read_to_string(folder.join("state.json")).unwrap_or_else(|_| "{}".into());
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        let port = |name: &str| value[name].as_u64().and_then(|port| u16::try_from(port).ok());
        let pid = |value: &Value| value.as_i64().and_then(|pid| i32::try_from(pid).ok());
        let agent = &value["agent"];
        Ok(Self {
            folder,
            docker_socket: value["docker_socket"].as_str().map(PathBuf::from),
            swarm: value["swarm"].as_str().map(str::to_owned),
            edge_port: port("edge_port").unwrap_or_else(|| free_port(&[80, 8080, 8880])),
            ssh_port: port("ssh_port").unwrap_or_else(|| free_port(&[2222, 2322])),
            processes: value["processes"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(pid)
                .collect(),
            agent: pid(&agent["pid"]).map(|pid| AgentProcess {
                pid,
                build: agent["build"].as_str().unwrap_or_default().to_owned(),
            }),
        })
    }

    /// Whether the engine's Swarm is the one that was made here.
    pub fn owns_swarm_of(&self, engine: &Engine) -> bool {
        self.swarm.is_some() && self.swarm == engine.swarm_id()
    }

    pub fn save(&self) -> Result<()> {
        let value = json!({
            "docker_socket": self.docker_socket,
            "swarm": self.swarm,
            "edge_port": self.edge_port,
            "ssh_port": self.ssh_port,
            "processes": self.processes,
            "agent": self.agent.as_ref().map(|agent| json!({ "pid": agent.pid, "build": agent.build })),
        });
        let path = self.folder.join("state.json");
        fs::create_dir_all(&self.folder)?;
        fs::write(&path, format!("{value:#}\n"))
            .with_context(|| format!("{} cannot be written", path.display()))
    }

    /// The configuration folder of the app and the command line for this cluster.
    pub fn config_folder(&self) -> PathBuf {
        self.folder.join("config")
    }

    /// The agent's data. PostgreSQL has an account of its own there, which may not pass through root's home.
    pub fn agent_folder(&self) -> PathBuf {
        if nix::unistd::geteuid().is_root() {
            PathBuf::from("/var/lib/slipway-local")
        } else {
            self.folder.join("agent")
        }
    }

    pub fn agent_socket(&self) -> PathBuf {
        self.folder.join("agent.sock")
    }

    pub fn owner_password(&self) -> PathBuf {
        self.folder.join("owner-password")
    }

    /// Ends the background processes, the agent first.
    pub fn stop_processes(&mut self) {
        if let Some(agent) = self.agent.take() {
            stop_group(agent.pid);
        }
        for group in self.processes.drain(..).rev() {
            stop_group(group);
        }
    }
}

/// Ends a process group: asked, and killed if it does not listen.
pub fn stop_group(group: i32) {
    let group = Pid::from_raw(group);
    if !is_ours(group) || killpg(group, Signal::SIGTERM).is_err() {
        return;
    }
    let end = Instant::now() + Duration::from_secs(15);
    while is_alive(group) {
        if Instant::now() > end {
            let _ = killpg(group, Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A number from an earlier day may be another program's: only the kinds of programs that are started here are ended.
fn is_ours(pid: Pid) -> bool {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    ["slipway-agent", "sshd", "dbus-daemon", "gnome-keyring-d"].contains(&name.trim())
}

fn is_alive(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    kill(pid, None).is_ok()
        && !status
            .lines()
            .any(|line| line.starts_with("State:") && line.contains('Z'))
}

/// The first of these ports that is free, or any.
fn free_port(wanted: &[u16]) -> u16 {
    let free = |port: u16| TcpListener::bind(("0.0.0.0", port)).and_then(|listener| listener.local_addr());
    let found = wanted
        .iter()
        .find_map(|port| free(*port).ok())
        .or_else(|| free(0).ok());
    found.map_or(8088, |address| address.port())
}

/// The secret in this file; a random one is made where there is none.
pub fn secret_file(path: &Path) -> Result<String> {
    if let Ok(text) = fs::read_to_string(path) {
        return Ok(text.trim().to_owned());
    }
    let letters = rand::rng()
        .sample_iter(rand::distr::Alphanumeric)
        .take(24)
        .map(char::from);
    let secret: String = letters.collect();
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{secret}")?;
    Ok(secret)
}
