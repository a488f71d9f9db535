//! Docker and Swarm, through the engine's HTTP API (1.41 and newer).

mod build;
mod capabilities;
mod container_logs;
mod containers;
mod context;
mod error;
mod events;
mod exec;
mod ignore;
mod node_shell;
mod pull;
mod raw;
mod release_spec;
mod secrets;
mod services;
mod session;
mod swarm;
mod system;
mod tasks;
mod transcript;
mod volumes;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bollard::ClientVersion;
use tokio::sync::Mutex;

pub use build::{BuildRequest, Built};
pub use container_logs::{Change, LogRequest, Output, OutputOf, Writer};
pub use containers::{ContainerFacts, ContainerStats, RunningTask};
pub use context::{ADDED, AddedFile};
pub use error::DockerError;
pub use events::{Changed, Happening, Node, What};
pub use exec::{ExecRequest, ExecState};
pub use node_shell::{NSENTER, NodeShell};
pub use pull::{PullRequest, RegistryLogin};
pub use release_spec::{ServiceRequest, volume_name};
pub use secrets::SecretFile;
pub use services::{EdgeSpec, OwnedService};
pub use swarm::{SwarmFacts, SwarmState};
pub use system::{EngineFacts, Removal};
pub use transcript::StepTime;
pub use volumes::OwnedVolume;

/// Labels that say what the agent owns. Nothing without them is ever touched.
pub mod label {
    pub const INSTANCE: &str = "slipway.instance";
    pub const APPLICATION: &str = "slipway.application";
    pub const DEPLOYMENT: &str = "slipway.deployment";
    /// What a service is for, where it is no release.
    pub const ROLE: &str = "slipway.role";
    /// The role of a command around a release.
    pub const HOOK: &str = "hook";
    /// The role of a container by which a terminal gets onto the node.
    pub const NODE_SHELL: &str = "node-shell";
    /// The terminal that it was made for.
    pub const TERMINAL: &str = "slipway.terminal";
}

/// Swarm's own label with the id of a container's task.
const TASK: &str = "com.docker.swarm.task.id";

/// The engine that the agent works with. Cheap to clone.
#[derive(Clone)]
pub struct Docker {
    api: Arc<OnceLock<bollard::Docker>>,
    socket: PathBuf,
    instance: String,
    secrets: Arc<Mutex<()>>,
}

/// One call of the API takes at most this long, in seconds. Builds and logs are streams and have limits of their own.
const CALL_LIMIT: u64 = 60;

/// The level of Docker's API that is spoken: that of Debian's 20.10. Newer engines speak it too, so nothing has to be
/// agreed upon, also not with an engine that is replaced while the agent runs.
pub(super) const API_LEVEL: &ClientVersion = &ClientVersion {
    major_version: 1,
    minor_version: 41,
};

impl Docker {
    /// Names the engine; nothing is sent yet, and it need not be there. `host` is `unix:///path` or a path.
    pub fn new(host: &str, instance: &str) -> Self {
        Self {
            api: Arc::default(),
            socket: PathBuf::from(host.strip_prefix("unix://").unwrap_or(host)),
            instance: instance.to_owned(),
            secrets: Arc::default(),
        }
    }

    /// The connection, from the moment when the engine's socket is there.
    fn api(&self) -> Result<&bollard::Docker, DockerError> {
        if self.api.get().is_none() {
            let socket = self.socket.to_string_lossy();
            let made = bollard::Docker::connect_with_unix(&socket, CALL_LIMIT, API_LEVEL)?;
            // Two at once make the same.
            let _ = self.api.set(made);
        }
        self.api
            .get()
            .ok_or_else(|| DockerError::Refused("the connection was not made".to_owned()))
    }

    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The label of everything that this instance has made, as filters name it.
    fn own_label(&self) -> String {
        format!("{}={}", label::INSTANCE, self.instance)
    }

    fn socket(&self) -> &Path {
        &self.socket
    }
}
