//! What is on this server now. Looking changes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slipway_protocol::server::is_newer;

use super::distribution::{Distribution, Need};
use super::service::installed_environment;
use super::{LINK_ACCOUNT, PROGRAM, checkup, listeners};
use crate::build_place::{BuildNode, BuildPlace};
use crate::config::{BUILD_NODE, Config};
use crate::disk;
use crate::docker::{Docker, DockerError, SwarmFacts};
use crate::own_socket;
use crate::postgres;
use crate::process::{Invocation, Program};
use crate::secrets::KeyFile;

/// For a program to say its version.
const VERSION_LIMIT: Duration = Duration::from_secs(10);

/// What was found.
#[derive(Clone, Debug)]
pub struct Facts {
    pub distribution: Distribution,
    pub architecture: &'static str,
    pub root: bool,
    pub systemd: bool,
    pub processors: usize,
    /// In bytes.
    pub memory: u64,
    /// Where the agent's data is or will be, in bytes.
    pub disk_free: u64,
    pub docker: DockerState,
    /// What is not installed.
    pub missing: Vec<Need>,
    /// The ports that are reached from outside, with the programs behind them.
    pub public: BTreeMap<u16, Vec<String>>,
    /// The agent that is installed already.
    pub agent: Option<InstalledAgent>,
    /// Whether the account for everyday connections is there.
    pub link: bool,
    /// Whether the SSH server takes passwords, where that can be read.
    pub ssh_passwords: Option<bool>,
    /// The engine that is to build, where that is another one.
    pub build_node: Option<BuildNodeState>,
}

/// What came of asking the build node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildNodeState {
    /// Its address.
    pub node: String,
    pub answer: BuildNodeAnswer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildNodeAnswer {
    Good {
        version: String,
    },
    Bad {
        reason: String,
        /// The agent that is installed has the same one: it is no new setting that is wrong.
        was_set: bool,
    },
    /// There is no key yet to sign in with.
    NotTried,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DockerState {
    Absent,
    /// Installed, but it does not answer.
    Silent {
        reason: String,
    },
    Answers {
        version: String,
        swarm: SwarmFacts,
    },
}

/// The agent's program in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledAgent {
    /// It is this very program, byte for byte.
    pub same: bool,
    /// It serves on its socket.
    pub answers: bool,
    /// Its version, where that is newer than this program's.
    pub newer: Option<String>,
}

impl Facts {
    pub async fn gather(config: &Config) -> Self {
        let docker = docker(config).await;
        let missing = missing(config, &docker);
        Self {
            distribution: Distribution::here(),
            architecture: std::env::consts::ARCH,
            root: nix::unistd::geteuid().is_root(),
            systemd: Path::new("/run/systemd/system").is_dir(),
            processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory: memory(&std::fs::read_to_string("/proc/meminfo").unwrap_or_default()),
            disk_free: disk::free(existing(&config.data_dir)),
            docker,
            missing,
            public: listeners::public_listeners(),
            agent: agent(config).await,
            link: nix::unistd::User::from_name(LINK_ACCOUNT).is_ok_and(|user| user.is_some()),
            ssh_passwords: checkup::ssh_passwords(),
            build_node: build_node(config).await,
        }
    }

    /// The programs on a port that somebody other than Slipway's own edge has taken.
    pub fn taken(&self, port: u16) -> Option<String> {
        let ours = matches!(&self.docker, DockerState::Answers { swarm, .. } if swarm.ours);
        let programs = self.public.get(&port)?;
        if ours && programs.iter().all(|program| is_dockers(program)) {
            return None;
        }
        if programs.is_empty() {
            return Some("a program that cannot be seen".to_owned());
        }
        Some(programs.join(", "))
    }
}

/// What holds the published ports of containers.
fn is_dockers(program: &str) -> bool {
    program == "docker-proxy" || program == "dockerd"
}

async fn docker(config: &Config) -> DockerState {
    let docker = Docker::new(&config.docker_host, &config.instance);
    match docker.swarm_facts().await {
        Ok((version, swarm)) => DockerState::Answers { version, swarm },
        Err(error) if installed("dockerd").is_some() => DockerState::Silent {
            reason: first_words(&error),
        },
        Err(_) => DockerState::Absent,
    }
}

fn first_words(error: &DockerError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn missing(config: &Config, docker: &DockerState) -> Vec<Need> {
    let mut missing = Vec::new();
    if *docker == DockerState::Absent {
        missing.push(Need::Docker);
    }
    let own_database = config.database_url.is_none() && config.postgres_bin.is_none();
    if own_database && postgres::newest_installed().is_none() {
        missing.push(Need::Postgres);
    }
    if installed("git").is_none() {
        missing.push(Need::Git);
    }
    missing
}

/// Where a program is, among the places of system programs.
fn installed(program: &str) -> Option<PathBuf> {
    [
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
    ]
    .iter()
    .map(|folder| Path::new(folder).join(program))
    .find(|path| path.is_file())
}

async fn build_node(config: &Config) -> Option<BuildNodeState> {
    let wanted = config.other_engine()?;
    let node = wanted.to_string();
    let key = KeyFile::open(&config.key_path()).ok();
    if key.is_none() && matches!(wanted, BuildNode::Ssh(_)) {
        let answer = BuildNodeAnswer::NotTried;
        return Some(BuildNodeState { node, answer });
    }
    let answer = match try_build_node(config, key.as_ref()).await {
        Ok(version) => BuildNodeAnswer::Good { version },
        Err(reason) => {
            let installed = installed_environment();
            let was_set = installed
                .iter()
                .any(|(name, value)| name == BUILD_NODE && *value == node);
            BuildNodeAnswer::Bad { reason, was_set }
        }
    };
    Some(BuildNodeState { node, answer })
}

/// Its version, or what is wrong with it in one sentence.
async fn try_build_node(config: &Config, key: Option<&KeyFile>) -> Result<String, String> {
    let own = Docker::new(&config.docker_host, &config.instance);
    // The running agent's own files of such a connection are left alone.
    let unprepared =
        |error: std::io::Error| format!("the way to the build node could not be prepared: {error}");
    let folder = tempfile::tempdir().map_err(unprepared)?;
    let place = BuildPlace::open(config, &own, key, &folder.path().join("build-node"));
    // Where there is no Docker yet there is nothing to compare with.
    let seen = if own.facts().await.is_ok() {
        place.look(&own, true).await
    } else {
        place.reach().await
    };
    seen.map(|facts| facts.version).map_err(|error| error.to_string())
}

async fn agent(config: &Config) -> Option<InstalledAgent> {
    let installed = std::fs::read(PROGRAM).ok()?;
    let own = std::env::current_exe().and_then(std::fs::read).ok();
    let same = own.is_some_and(|own| own == installed);
    Some(InstalledAgent {
        same,
        answers: own_socket::answers(&config.socket).await,
        newer: if same { None } else { newer_version().await },
    })
}

/// The version of the installed program, where it is newer than this one's.
async fn newer_version() -> Option<String> {
    let asked = Invocation::new(Program::Agent { path: PROGRAM.into() }).args(["--version"]);
    let said = asked.deadline(VERSION_LIMIT).run().await.ok()?;
    let version = said.stdout.split_whitespace().last()?;
    is_newer(version, env!("CARGO_PKG_VERSION")).then(|| version.to_owned())
}

/// Total memory in bytes, from `/proc/meminfo` (proc(5)).
fn memory(text: &str) -> u64 {
    let kibibytes = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// The folder itself, or the nearest one above it that is there.
pub(super) fn existing(folder: &Path) -> &Path {
    folder
        .ancestors()
        .find(|path| path.is_dir())
        .unwrap_or(Path::new("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-HST-01: memory is read in bytes; a strange table is no memory rather than a crash.
    #[test]
    fn memory_is_read() {
        assert_eq!(
            memory("MemTotal:        4021340 kB\nMemFree: 1 kB\n"),
            4_021_340 * 1024
        );
        assert_eq!(memory("nonsense"), 0);
    }

    /// FR-HST-02: the port of Slipway's own edge is not taken; that of another program is, and it is named.
    #[test]
    fn only_others_take_a_port() {
        let swarm = |ours| SwarmFacts {
            state: crate::docker::SwarmState::Manager,
            nodes: 1,
            ours,
            services: 1,
        };
        let facts = |program: &str, ours| Facts {
            distribution: Distribution::here(),
            architecture: "x86_64",
            root: true,
            systemd: true,
            processors: 2,
            memory: 1 << 32,
            disk_free: 1 << 36,
            docker: DockerState::Answers {
                version: "29".into(),
                swarm: swarm(ours),
            },
            missing: Vec::new(),
            public: BTreeMap::from([(80, vec![program.to_owned()])]),
            agent: None,
            link: false,
            ssh_passwords: None,
            build_node: None,
        };
        assert_eq!(facts("nginx", true).taken(80).as_deref(), Some("nginx"));
        assert_eq!(facts("docker-proxy", true).taken(80), None);
        assert_eq!(
            facts("docker-proxy", false).taken(80).as_deref(),
            Some("docker-proxy")
        );
        assert_eq!(facts("nginx", false).taken(443), None);
    }
}
