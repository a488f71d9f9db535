//! What the agent says of itself and of its cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The API's level: one more whenever a client needs something of an agent that agents before it do not do.
pub const API_LEVEL: u32 = 1;

/// The oldest agents that a client of this version works with, by the level of their API. What they cannot do yet they refuse; nothing else is
/// different. It rises only where an agent would misunderstand what it is asked for.
pub const OLDEST_API_LEVEL: u32 = 1;

/// Whether a client works with an agent of some level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The levels are the same.
    Same,
    /// The agent is older, and works.
    Older,
    /// The agent has to be brought up to date first.
    TooOld,
    /// The client has to be updated first: an older one cannot know what a newer agent means.
    TooNew,
}

impl Fit {
    /// Of an agent with this client.
    pub fn of(agent: u32) -> Self {
        Self::between(agent, OLDEST_API_LEVEL, API_LEVEL)
    }

    fn between(agent: u32, oldest: u32, client: u32) -> Self {
        if agent > client {
            Self::TooNew
        } else if agent < oldest {
            Self::TooOld
        } else if agent < client {
            Self::Older
        } else {
            Self::Same
        }
    }
}

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

    /// FR-HST-05: a client works with agents of its own level and of those before it, down to the oldest one of its window, and with none after it.
    #[test]
    fn the_window_of_versions_has_two_ends() {
        let fits: Vec<_> = (2..=6).map(|agent| Fit::between(agent, 3, 5)).collect();
        assert_eq!(
            fits,
            [Fit::TooOld, Fit::Older, Fit::Older, Fit::Same, Fit::TooNew]
        );
        assert_eq!(Fit::of(API_LEVEL), Fit::Same);
        assert_eq!(Fit::of(API_LEVEL + 1), Fit::TooNew);
        assert!(matches!(Fit::of(OLDEST_API_LEVEL), Fit::Same | Fit::Older));
    }
}
