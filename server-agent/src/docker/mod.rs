//! Docker and Swarm, through the engine's HTTP API (1.41 and newer).

mod build;
mod container_logs;
mod context;
mod error;
mod raw;
mod services;
mod system;
mod tasks;

use std::path::{Path, PathBuf};

use bollard::API_DEFAULT_VERSION;

pub use build::BuildRequest;
pub use container_logs::LogRequest;
pub use error::DockerError;
pub use services::{EdgeSpec, ServiceRequest};
pub use system::EngineFacts;

/// Labels that say what the agent owns. Nothing without them is ever touched.
pub mod label {
    pub const INSTANCE: &str = "slipway.instance";
    pub const APPLICATION: &str = "slipway.application";
    pub const DEPLOYMENT: &str = "slipway.deployment";
}

/// The engine that the agent works with. Cheap to clone.
#[derive(Clone)]
pub struct Docker {
    api: bollard::Docker,
    socket: PathBuf,
    instance: String,
}

/// One call of the API takes at most this long, in seconds. Builds and logs are streams and have limits of their own.
const CALL_LIMIT: u64 = 60;

impl Docker {
    /// Prepares the connection; nothing is sent yet. `host` is `unix:///path` or a path.
    pub fn new(host: &str, instance: &str) -> Result<Self, DockerError> {
        let socket = PathBuf::from(host.strip_prefix("unix://").unwrap_or(host));
        let text = socket.to_string_lossy();
        let api = bollard::Docker::connect_with_unix(&text, CALL_LIMIT, API_DEFAULT_VERSION)
            .map_err(DockerError::from)?;
        Ok(Self {
            api,
            socket,
            instance: instance.to_owned(),
        })
    }

    /// Agrees on the version of the API with the engine, which may be older or newer than ours.
    pub async fn negotiated(&self) -> Result<Self, DockerError> {
        let api = self
            .api
            .clone()
            .negotiate_version()
            .await
            .map_err(DockerError::from)?;
        Ok(Self {
            api,
            socket: self.socket.clone(),
            instance: self.instance.clone(),
        })
    }

    pub fn instance(&self) -> &str {
        &self.instance
    }

    fn socket(&self) -> &Path {
        &self.socket
    }
}
