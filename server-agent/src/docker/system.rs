//! The engine itself: its version and its store, the networks, and what came of removing something.

use std::net::IpAddr;
use std::path::PathBuf;

use bollard::models::{LocalNodeState, NetworkCreateRequest};

use super::{Docker, DockerError, label};

/// What the engine says of itself.
#[derive(Clone, Debug)]
pub struct EngineFacts {
    /// Engines on one machine may share it.
    pub id: String,
    /// Its machine's.
    pub name: String,
    pub version: String,
    pub swarm_manager: bool,
    pub nodes: u32,
    /// The folder in which it keeps its data.
    pub root: Option<PathBuf>,
    /// `x86_64`, as its kernel says.
    pub processor: String,
    /// It keeps images in containerd's store, where an image's id is another one than in Docker's own.
    pub containerd_store: bool,
}

impl EngineFacts {
    /// Whether both were said by one engine: no two on a machine have their data in one folder.
    pub fn is_of(&self, other: &Self) -> bool {
        (&self.id, &self.name, &self.root) == (&other.id, &other.name, &other.root)
    }
}

/// What came of removing something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    Gone,
    /// A container, perhaps one that is just ending, or a service still holds it.
    InUse,
}

impl Docker {
    pub async fn facts(&self) -> Result<EngineFacts, DockerError> {
        let info = self.api().await?.info().await?;
        let swarm = info.swarm.unwrap_or_default();
        let active = swarm.local_node_state == Some(LocalNodeState::ACTIVE);
        Ok(EngineFacts {
            id: info.id.unwrap_or_default(),
            name: info.name.unwrap_or_default(),
            version: info.server_version.unwrap_or_default(),
            swarm_manager: active && swarm.control_available.unwrap_or(false),
            nodes: swarm
                .nodes
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or(0),
            root: info.docker_root_dir.map(PathBuf::from),
            processor: info.architecture.unwrap_or_default(),
            containerd_store: is_containerds(&info.driver_status.unwrap_or_default()),
        })
    }

    /// Makes the overlay network of applications and edge where there is none.
    pub async fn ensure_network(&self, name: &str) -> Result<(), DockerError> {
        match self
            .api()
            .await?
            .inspect_network(name, None)
            .await
            .map_err(DockerError::from)
        {
            Ok(_) => return Ok(()),
            Err(DockerError::NotFound) => {}
            Err(error) => return Err(error),
        }
        let request = NetworkCreateRequest {
            name: name.to_owned(),
            driver: Some("overlay".to_owned()),
            attachable: Some(false),
            labels: Some(label::own(self.instance(), &[])),
            ..Default::default()
        };
        match self
            .api()
            .await?
            .create_network(request)
            .await
            .map_err(DockerError::from)
        {
            Ok(_) | Err(DockerError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The address of this server on the bridge by which containers of Swarm services reach it; `None` before there is a Swarm.
    pub async fn bridge_address(&self) -> Result<Option<IpAddr>, DockerError> {
        let found = self.api().await?.inspect_network("docker_gwbridge", None).await;
        let network = match found.map_err(DockerError::from) {
            Ok(network) => network,
            Err(DockerError::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let pools = network.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
        let gateway = pools.into_iter().find_map(|pool| pool.gateway);
        Ok(gateway.and_then(|address| address.parse().ok()))
    }
}

/// By what `docker info` shows as the storage driver's own words.
fn is_containerds(status: &[Vec<String>]) -> bool {
    status
        .iter()
        .any(|row| row.len() == 2 && row[0] == "driver-type" && row[1].starts_with("io.containerd."))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-03: the two ways in which Docker keeps images are told apart.
    #[test]
    fn stores_are_told_apart() {
        let row = |key: &str, value: &str| vec![key.to_owned(), value.to_owned()];
        let own = [row("Backing Filesystem", "extfs"), row("Supports d_type", "true")];
        assert!(!is_containerds(&own) && !is_containerds(&[]) && !is_containerds(&[Vec::new()]));
        assert!(is_containerds(&[row(
            "driver-type",
            "io.containerd.snapshotter.v1"
        )]));
    }
}
