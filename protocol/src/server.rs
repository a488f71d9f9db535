//! What the agent says of itself and of its cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The API's level. A client works with agents of the same level.
pub const API_LEVEL: u32 = 1;

/// Answered without sign-in, so that a client can tell versions apart before anything else.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Version {
    pub agent: String,
    pub api_level: u32,
    /// True until the first owner has accepted an invitation.
    pub needs_owner: bool,
}

/// The parts that the agent depends on, as seen now.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct ClusterHealth {
    pub docker: PartHealth,
    pub swarm: PartHealth,
    pub traefik: PartHealth,
    pub database: PartHealth,
    /// `20.10.24`
    pub engine_version: Option<String>,
    pub nodes: u32,
    /// Free bytes on the file system that holds the agent's data.
    pub disk_free: u64,
    pub running_deployments: u32,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PartHealth {
    Good,
    /// One sentence: what is wrong and what to do.
    Bad {
        reason: String,
    },
}
