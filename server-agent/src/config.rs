//! What the agent is told at its start: flags, each with an environment variable.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use slipway_protocol::Secret;
use sqlx::postgres::PgConnectOptions;

use crate::build_place::{BuildChoice, BuildNode};
use crate::builders::BaseChoice;
use crate::logs::Limits;
use crate::public_key::PublicKey;

/// The variable that switches terminals on the node off. Who asks for one all the same is told its name.
pub const NO_NODE_TERMINAL: &str = "SLIPWAY_NO_NODE_TERMINAL";

/// The variable that names another engine to build on.
pub const BUILD_NODE: &str = "SLIPWAY_BUILD_NODE";
/// The variable with the key of its SSH server.
const BUILD_NODE_KEY: &str = "SLIPWAY_BUILD_NODE_KEY";

#[derive(Clone, clap::Args)]
pub struct Config {
    /// Where the agent keeps its key, its database and its work.
    #[arg(
        long,
        env = "SLIPWAY_DATA_DIR",
        default_value = "/var/lib/slipway",
        global = true
    )]
    pub data_dir: PathBuf,
    /// The Unix socket of the API.
    #[arg(
        long,
        env = "SLIPWAY_SOCKET",
        default_value = "/run/slipway/agent.sock",
        global = true
    )]
    pub socket: PathBuf,
    /// A PostgreSQL of your own; without it the agent runs one in its data folder.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true, value_parser = secret)]
    pub database_url: Option<Secret<String>>,
    /// The Docker engine's Unix socket.
    #[arg(
        long,
        env = "DOCKER_HOST",
        default_value = "unix:///var/run/docker.sock",
        global = true
    )]
    pub docker_host: String,
    /// The folder of Traefik's configuration; `dynamic/` below it is mounted into Traefik. Default: `traefik` in the data folder.
    #[arg(long, env = "SLIPWAY_TRAEFIK_DIR", global = true)]
    pub traefik_dir: Option<PathBuf>,
    /// Traefik's entry point as the agent reaches it. Default: this host, the edge's port.
    #[arg(long, env = "SLIPWAY_TRAEFIK_URL", global = true)]
    pub traefik_url: Option<String>,
    #[arg(
        long,
        env = "SLIPWAY_TRAEFIK_IMAGE",
        default_value = "traefik:v3.6",
        global = true
    )]
    pub traefik_image: String,
    /// How much Traefik says. With more than errors also each request that it found no server for, and where it looked; with DEBUG why.
    /// Another level restarts the edge.
    #[arg(
        long,
        env = "SLIPWAY_TRAEFIK_LOG",
        default_value = "ERROR",
        value_parser = ["ERROR", "WARN", "INFO", "DEBUG"],
        global = true
    )]
    pub traefik_log: String,
    /// The overlay network of applications and edge.
    #[arg(long, env = "SLIPWAY_NETWORK", default_value = "slipway", global = true)]
    pub network: String,
    /// The port of the node on which the edge listens.
    #[arg(long, env = "SLIPWAY_EDGE_PORT", default_value_t = 80, global = true)]
    pub edge_port: u16,
    /// Begins the name, and is the label, of everything that the agent makes in Docker.
    #[arg(long, env = "SLIPWAY_INSTANCE", default_value = "slipway", global = true)]
    pub instance: String,
    /// So many deployments run at once, each of another application.
    #[arg(long, env = "SLIPWAY_DEPLOYMENTS", default_value_t = 4, global = true)]
    pub deployments: usize,
    /// The port on Docker's bridge on which the edge process takes requests for deploy URLs; nobody outside this server reaches it.
    /// 0 takes any that is free.
    #[arg(long, env = "SLIPWAY_EDGE_PROCESS_PORT", default_value_t = 0, global = true)]
    pub edge_process_port: u16,
    /// A step of a deployment that takes longer than so many seconds is given up, whatever the application's own limits are.
    #[arg(long, env = "SLIPWAY_LONGEST_STEP", default_value_t = 14_400, global = true)]
    pub longest_step: u64,
    /// A step that finds Docker away waits for it so many seconds before it fails: a restart of Docker fails no deployment.
    #[arg(long, env = "SLIPWAY_DOCKER_PATIENCE", default_value_t = 60, global = true)]
    pub docker_patience: u64,
    /// The folder with PostgreSQL's programs. Default: the newest of the distribution's package.
    #[arg(long, env = "SLIPWAY_PG_BIN", global = true)]
    pub postgres_bin: Option<PathBuf>,
    /// So many images are built at once, on this server or on its build node; further builds wait. Default: half of this server's cores.
    #[arg(long, env = "SLIPWAY_BUILDS", global = true)]
    pub builds: Option<usize>,
    /// Another Docker engine on which images are built, so that builds take nothing from what serves here: `unix:///path/to/docker.sock` on
    /// this machine, `ssh://user@host[:port]` on another one, where `slipway-agent build-key` has to be let in. Images are moved here when
    /// they are built. Default, and `own`: this server's own engine builds.
    #[arg(long, env = BUILD_NODE, global = true)]
    pub build_node: Option<BuildChoice>,
    /// The key of the build node's SSH server, read on that machine: a line as `/etc/ssh/ssh_host_ed25519_key.pub` has it. Without it the
    /// key is trusted that `slipway-agent trust-build-node` has shown and somebody has accepted; before that nobody is connected to.
    #[arg(long, env = BUILD_NODE_KEY, value_name = "KEY", global = true)]
    pub build_node_key: Option<PublicKey>,
    /// Base images of Dockerfiles that Slipway writes, as NAME=IMAGE with {version} in IMAGE where the application may choose,
    /// for example `node=registry.example.org/node:{version}`. Several are separated by commas.
    #[arg(long, env = "SLIPWAY_BASES", value_delimiter = ',', global = true)]
    pub bases: Vec<BaseChoice>,
    /// The folder with nixpacks, railpack and pack. Default: where programs usually are.
    #[arg(long, env = "SLIPWAY_BUILDERS_DIR", global = true)]
    pub builders_dir: Option<PathBuf>,
    /// The BuildKit that Railpack builds with.
    #[arg(long, env = "BUILDKIT_HOST", global = true)]
    pub buildkit_host: Option<String>,
    /// Asks the engine what containers use and never reads the kernel's own files; costs the engine more.
    #[arg(long, env = "SLIPWAY_METRICS_FROM_ENGINE", global = true)]
    pub metrics_from_engine: bool,
    /// Nobody gets a terminal on this server itself through Slipway, whatever their role; those in containers stay.
    #[arg(long, env = NO_NODE_TERMINAL, global = true, value_parser = FalseyValueParser::new())]
    pub no_node_terminal: bool,
    #[command(flatten)]
    pub logs: LogConfig,
}

/// How much is kept of what containers and commands write and deployments say. All logs together never take more than a tenth of the disk.
#[derive(Clone, clap::Args)]
pub struct LogConfig {
    /// Lines of containers, commands and deployments are kept for so many days.
    #[arg(
        long = "log-days",
        env = "SLIPWAY_LOG_DAYS",
        default_value_t = 30,
        global = true
    )]
    pub days: u32,
    /// The log of one application takes at most so much of the disk, in MiB, compressed.
    #[arg(
        long = "log-size",
        env = "SLIPWAY_LOG_SIZE",
        default_value_t = 256,
        global = true
    )]
    pub size: u32,
    /// The logs of all applications take at most so much of the disk, in MiB, compressed.
    #[arg(
        long = "log-total-size",
        env = "SLIPWAY_LOG_TOTAL_SIZE",
        default_value_t = 4096,
        global = true
    )]
    pub total_size: u32,
    /// Asks the engine for containers' output and never reads its files; slower, and a flood may lose lines in the engine.
    #[arg(long = "log-from-engine", env = "SLIPWAY_LOG_FROM_ENGINE", global = true)]
    pub from_engine: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            days: 30,
            size: 256,
            total_size: 4096,
            from_engine: false,
        }
    }
}

impl LogConfig {
    pub fn limits(&self) -> Limits {
        let mebibytes = |count: u32| u64::from(count) << 20;
        Limits {
            days: self.days,
            of_one: mebibytes(self.size),
            of_all: mebibytes(self.total_size),
        }
    }
}

/// The parser's own error would repeat the address with its password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("DATABASE_URL is not a PostgreSQL address (postgres://user:password@host/name)")]
pub struct BadDatabaseUrl;

impl Config {
    /// How to connect to the database of one's own, where there is one.
    pub fn own_database(&self) -> Result<Option<PgConnectOptions>, BadDatabaseUrl> {
        let parsed = self.database_url.as_ref().map(|url| url.expose().parse());
        parsed.transpose().map_err(|_| BadDatabaseUrl)
    }

    /// The settings that a service of this server has to be given: where things are, and what is not as usual. The address of a
    /// database is not among them; it holds a password.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("SLIPWAY_DATA_DIR", self.data_dir.display().to_string()),
            ("SLIPWAY_SOCKET", self.socket.display().to_string()),
        ];
        let texts = [
            ("DOCKER_HOST", &self.docker_host, "unix:///var/run/docker.sock"),
            ("SLIPWAY_TRAEFIK_IMAGE", &self.traefik_image, "traefik:v3.6"),
            ("SLIPWAY_TRAEFIK_LOG", &self.traefik_log, "ERROR"),
            ("SLIPWAY_NETWORK", &self.network, "slipway"),
            ("SLIPWAY_INSTANCE", &self.instance, "slipway"),
        ];
        let unusual = texts.into_iter().filter(|(_, value, usual)| value != usual);
        all.extend(unusual.map(|(name, value, _)| (name, value.clone())));
        if self.edge_port != 80 {
            all.push(("SLIPWAY_EDGE_PORT", self.edge_port.to_string()));
        }
        all.extend(self.builds.map(|builds| ("SLIPWAY_BUILDS", builds.to_string())));
        let node = self.other_engine();
        let node_key = self.build_node_key.as_ref().filter(|_| node.is_some());
        all.extend(node.map(|node| (BUILD_NODE, node.to_string())));
        all.extend(node_key.map(|key| (BUILD_NODE_KEY, key.to_string())));
        if self.no_node_terminal {
            all.push((NO_NODE_TERMINAL, "true".to_owned()));
        }
        let postgres = self.postgres_bin.as_ref();
        all.extend(postgres.map(|path| ("SLIPWAY_PG_BIN", path.display().to_string())));
        all
    }

    /// With what is not as usual in the service that is installed, where nothing else is asked for: who sets a server up once more does
    /// not have to know how it was done before. `installed` is what [`Self::environment`] gave then.
    #[must_use]
    pub fn as_installed(mut self, installed: &[(String, String)]) -> Self {
        let asked = self.environment();
        let node = self.other_engine().map(ToString::to_string);
        let other_node = self.build_node.is_some()
            && !installed
                .iter()
                .any(|(name, value)| name == BUILD_NODE && Some(value) == node.as_ref());
        for (name, value) in installed {
            let usual = |path: &str| asked.contains(&(name.as_str(), path.to_owned()));
            let is_asked = asked.iter().any(|(asked, _)| asked == name);
            match name.as_str() {
                "SLIPWAY_DATA_DIR" if usual("/var/lib/slipway") => self.data_dir = value.into(),
                "SLIPWAY_SOCKET" if usual("/run/slipway/agent.sock") => self.socket = value.into(),
                _ if is_asked => {}
                "DOCKER_HOST" => self.docker_host.clone_from(value),
                "SLIPWAY_TRAEFIK_IMAGE" => self.traefik_image.clone_from(value),
                "SLIPWAY_TRAEFIK_LOG" => self.traefik_log.clone_from(value),
                "SLIPWAY_NETWORK" => self.network.clone_from(value),
                "SLIPWAY_INSTANCE" => self.instance.clone_from(value),
                "SLIPWAY_EDGE_PORT" => self.edge_port = value.parse().unwrap_or(self.edge_port),
                NO_NODE_TERMINAL => self.no_node_terminal = true,
                "SLIPWAY_BUILDS" => self.builds = value.parse().ok(),
                // Another build node has another key.
                BUILD_NODE | BUILD_NODE_KEY if other_node => {}
                BUILD_NODE => self.build_node = value.parse().ok(),
                BUILD_NODE_KEY if self.build_node_key.is_none() => self.build_node_key = value.parse().ok(),
                "SLIPWAY_PG_BIN" => self.postgres_bin = Some(value.into()),
                _ => {}
            }
        }
        self
    }

    pub fn key_path(&self) -> PathBuf {
        self.data_dir.join("key")
    }

    /// The Unix socket by which the edge process hands wishes to the agent.
    pub fn door_path(&self) -> PathBuf {
        self.data_dir.join("edge.sock")
    }

    pub fn work_dir(&self) -> PathBuf {
        self.data_dir.join("work")
    }

    /// Where repositories are asked about without fetching them. What an earlier life left in it is nothing.
    pub fn looks_dir(&self) -> PathBuf {
        self.data_dir.join("looks")
    }

    /// What the way to a build node needs, but for the keys that are trusted. It is made anew at each start.
    pub fn build_node_dir(&self) -> PathBuf {
        self.data_dir.join("build-node")
    }

    /// Where the bytes of uploads lie.
    pub fn uploads_dir(&self) -> PathBuf {
        self.data_dir.join("uploads")
    }

    /// Where what containers write is kept.
    pub fn logs_dir(&self) -> PathBuf {
        self.data_dir.join("logs")
    }

    /// The folder that Traefik watches.
    pub fn dynamic_dir(&self) -> PathBuf {
        self.traefik_dir
            .clone()
            .unwrap_or_else(|| self.data_dir.join("traefik"))
            .join("dynamic")
    }

    /// How many images may be built at once.
    pub fn builds(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.builds.unwrap_or(cores / 2).max(1)
    }

    /// The engine that builds, where that is not the agent's own.
    pub fn other_engine(&self) -> Option<&BuildNode> {
        match self.build_node.as_ref()? {
            BuildChoice::Own => None,
            BuildChoice::Elsewhere(node) => Some(node),
        }
    }

    /// `host:port` of Traefik's entry point.
    pub fn edge_address(&self) -> String {
        let url = self
            .traefik_url
            .as_deref()
            .and_then(|url| url::Url::parse(url).ok());
        let host = url
            .as_ref()
            .and_then(url::Url::host_str)
            .unwrap_or("127.0.0.1")
            .to_owned();
        let port = url
            .as_ref()
            .and_then(url::Url::port_or_known_default)
            .unwrap_or(self.edge_port);
        format!("{host}:{port}")
    }

    /// Where a browser finds a host and path.
    pub fn public_url(&self, host: &str, path: &str) -> String {
        if self.edge_port == 80 {
            format!("http://{host}{path}")
        } else {
            format!("http://{host}:{}{path}", self.edge_port)
        }
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the shape that clap asks for")]
fn secret(text: &str) -> Result<Secret<String>, std::convert::Infallible> {
    Ok(Secret::new(text.to_owned()))
}
