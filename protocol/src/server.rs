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

/// Whether a version of Slipway is newer than another (Semantic Versioning 2.0). What is no version is not.
pub fn is_newer(one: &str, than: &str) -> bool {
    match (semver::Version::parse(one), semver::Version::parse(than)) {
        (Ok(one), Ok(than)) => one > than,
        _ => false,
    }
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

impl ClusterHealth {
    /// Whether every part is as it should be.
    pub fn is_good(&self) -> bool {
        [&self.docker, &self.swarm, &self.traefik, &self.database]
            .iter()
            .all(|part| **part == PartHealth::Good)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-HST-05: versions are compared as versions; what is none is newer than nothing.
    #[test]
    fn newer_is_newer() {
        assert!(is_newer("0.10.0", "0.9.1") && is_newer("1.0.0", "1.0.0-rc.1"));
        assert!(!is_newer("0.9.1", "0.10.0") && !is_newer("0.1.0", "0.1.0"));
        assert!(!is_newer("latest", "0.1.0") && !is_newer("1.0.0", ""));
    }
}
