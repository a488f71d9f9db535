//! Docker and Swarm, through the engine's HTTP API (1.41 and newer).

mod build;
mod build_guard;
mod capabilities;
mod container_logs;
mod containers;
mod context;
mod cover;
mod error;
mod events;
mod exec;
mod ignore;
mod images;
mod layers;
mod node_shell;
mod passing;
mod pull;
mod raw;
mod release_spec;
mod secrets;
mod services;
mod session;
mod spoken;
mod swarm;
mod system;
mod tasks;
mod transcript;
mod transfer;
mod volumes;

use std::path::PathBuf;
use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::sync::Mutex;

pub use build::{BuildRequest, Built};
pub use build_guard::{GUARD_ORDERS, LENT_GROUPS, THEY_HOLD};
pub use container_logs::{Change, LogRequest, Output, OutputOf, Writer};
pub use containers::{ContainerFacts, ContainerStats, RunningTask};
pub use context::{ADDED, AddedFile};
pub use error::DockerError;
pub use events::{Changed, Happening, Node, What};
pub use exec::{ExecRequest, ExecState};
pub use images::MADE;
pub use node_shell::{NSENTER, NodeShell};
pub use pull::{PullRequest, RegistryLogin};
pub use release_spec::{Once, ServiceRequest, volume_name};
pub use secrets::SecretFile;
pub use services::{EdgeSpec, OwnedService};
use spoken::Spoken;
pub use swarm::{SwarmFacts, SwarmState};
pub use system::{EngineFacts, Removal};
pub use transfer::TransferError;
pub use volumes::OwnedVolume;

/// Labels that say what the agent owns. Nothing without them is ever touched.
pub mod label {
    use std::collections::HashMap;

    pub const INSTANCE: &str = "slipway.instance";
    pub const APPLICATION: &str = "slipway.application";
    pub const DEPLOYMENT: &str = "slipway.deployment";
    /// What a service is for, where it is no release.
    pub const ROLE: &str = "slipway.role";
    /// The role of a command: around a release, or beside it.
    pub const HOOK: &str = "hook";
    /// The command that somebody runs beside a release, by its id.
    pub const COMMAND: &str = "slipway.command";
    /// The role of a container by which a terminal gets onto the node.
    pub const NODE_SHELL: &str = "node-shell";
    /// The terminal that it was made for.
    pub const TERMINAL: &str = "slipway.terminal";

    /// Those of something that an instance makes.
    pub(super) fn own(instance: &str, more: &[(&str, &str)]) -> HashMap<String, String> {
        let all = std::iter::once((INSTANCE, instance)).chain(more.iter().copied());
        all.map(|(label, value)| (label.to_owned(), value.to_owned()))
            .collect()
    }
}

/// Swarm's own label with the id of a container's task.
const TASK: &str = "com.docker.swarm.task.id";

/// The engine that the agent works with. Cheap to clone.
#[derive(Clone)]
pub struct Docker {
    /// None before the first answer.
    agreed: Arc<std::sync::Mutex<Option<Spoken>>>,
    socket: PathBuf,
    instance: String,
    secrets: Arc<Mutex<()>>,
}

/// One call of the API takes at most this long, in seconds. Builds and logs are streams and have limits of their own.
const CALL_LIMIT: u64 = 60;

impl Docker {
    /// Names the engine; nothing is sent yet, and it need not be there. `host` is `unix:///path` or a path.
    pub fn new(host: &str, instance: &str) -> Self {
        Self {
            agreed: Arc::default(),
            socket: PathBuf::from(host.strip_prefix("unix://").unwrap_or(host)),
            instance: instance.to_owned(),
            secrets: Arc::default(),
        }
    }

    /// `unix:///…`, as programs other than the agent want it.
    pub fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// The way to the engine, agreed upon once it answers.
    async fn spoken(&self) -> Result<Spoken, DockerError> {
        if let Some(spoken) = &*self.agreed() {
            return Ok(spoken.clone());
        }
        // Two at once agree on the same. Nobody waits for somebody else's question: the engine may not answer.
        let spoken = Spoken::agree(&self.socket).await?;
        *self.agreed() = Some(spoken.clone());
        Ok(spoken)
    }

    fn agreed(&self) -> MutexGuard<'_, Option<Spoken>> {
        self.agreed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn api(&self) -> Result<bollard::Docker, DockerError> {
        Ok(self.spoken().await?.api)
    }

    /// The engine was away: another one may have come in its place, with which the next call agrees anew.
    pub fn agree_again(&self) {
        *self.agreed() = None;
    }

    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The label of everything that this instance has made, as filters name it.
    fn own_label(&self) -> String {
        format!("{}={}", label::INSTANCE, self.instance)
    }
}
