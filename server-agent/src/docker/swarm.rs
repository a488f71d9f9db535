//! The Swarm that the engine is part of, or is made into.

use bollard::models::{LocalNodeState, SwarmInitRequest, SwarmSpec};

use super::{Docker, DockerError, label};
use crate::domain::rollout::TaskState;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwarmState {
    Inactive,
    Manager,
    /// A node that others manage.
    Worker,
    /// Locked, pending or broken.
    Unusable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwarmFacts {
    pub state: SwarmState,
    pub nodes: u32,
    /// This instance of Slipway has its edge or its network there.
    pub ours: bool,
    /// All services, whoever made them.
    pub services: usize,
}

impl Docker {
    /// The engine's version, and its Swarm.
    pub async fn swarm_facts(&self) -> Result<(String, SwarmFacts), DockerError> {
        let info = self.api().await?.info().await?;
        let version = info.server_version.unwrap_or_default();
        let swarm = info.swarm.unwrap_or_default();
        let state = match swarm.local_node_state {
            Some(LocalNodeState::ACTIVE) if swarm.control_available == Some(true) => SwarmState::Manager,
            Some(LocalNodeState::ACTIVE) => SwarmState::Worker,
            Some(LocalNodeState::INACTIVE | LocalNodeState::EMPTY) | None => SwarmState::Inactive,
            Some(_) => SwarmState::Unusable,
        };
        let (mut services, mut ours) = (0, false);
        if state == SwarmState::Manager {
            services = self.api().await?.list_services(None).await?.len();
            ours = self.is_swarm_ours().await?;
        }
        let nodes = swarm.nodes.and_then(|count| u32::try_from(count).ok());
        let facts = SwarmFacts {
            state,
            nodes: nodes.unwrap_or(0),
            ours,
            services,
        };
        Ok((version, facts))
    }

    /// The id of the node that the engine is, while it is one.
    pub async fn own_node(&self) -> Result<Option<String>, DockerError> {
        let swarm = self.api().await?.info().await?.swarm.unwrap_or_default();
        Ok(swarm.node_id.filter(|id| !id.is_empty()))
    }

    /// Makes the engine a Swarm of one node. It listens on loopback only: nobody outside can join, or ask it anything.
    pub async fn init_swarm(&self) -> Result<(), DockerError> {
        const ALONE: &str = "127.0.0.1";
        let request = SwarmInitRequest {
            advertise_addr: Some(ALONE.to_owned()),
            listen_addr: Some(format!("{ALONE}:2377")),
            // So that a run that is cut off here knows it again.
            spec: Some(SwarmSpec {
                name: Some("default".to_owned()),
                labels: Some(label::own(self.instance(), &[])),
                ..Default::default()
            }),
            ..Default::default()
        };
        self.api().await?.init_swarm(request).await?;
        Ok(())
    }

    /// Slipway has made this Swarm, or has its edge in it already.
    async fn is_swarm_ours(&self) -> Result<bool, DockerError> {
        let swarm = self.api().await?.inspect_swarm().await?;
        let labels = swarm.spec.and_then(|spec| spec.labels).unwrap_or_default();
        let made = labels
            .get(label::INSTANCE)
            .is_some_and(|instance| instance == self.instance());
        Ok(made || self.find_service(&self.edge_name()).await?.is_some())
    }

    /// How many of the edge's tasks run, and what Swarm says of the newest that does not.
    pub async fn edge_state(&self, network: &str) -> Result<(usize, String), DockerError> {
        if self.find_service(&self.edge_name()).await?.is_none() {
            return Ok((0, "the agent has not made it yet".to_owned()));
        }
        let tasks = self.tasks(&self.edge_name(), network).await?;
        let running = tasks
            .iter()
            .filter(|task| task.state == TaskState::Running)
            .count();
        let newest = tasks.first().map(|task| task.message.clone());
        Ok((running, newest.unwrap_or_default()))
    }
}
