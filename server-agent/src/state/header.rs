//! What a backup says about itself: at its beginning what it is, at its end what was in it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use slipway_protocol::names::is_hidden;
use slipway_protocol::server::is_newer;

use crate::db::copy::Shape;

/// Raised when an older agent could not read a backup any more.
pub const FORMAT: u32 = 1;
/// This agent's.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`] of the agent that wrote it.
    pub format: u32,
    /// The version of the agent that wrote it (Semantic Versioning 2.0).
    pub agent: String,
    /// The moment that the rows are of.
    pub made_at: DateTime<Utc>,
    /// Begins the names of what that agent has made in Docker.
    pub instance: String,
    pub database: Shape,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Manifest {
    /// All entries but the manifest itself, in their order.
    pub entries: Vec<Digest>,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
}

/// What an entry is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Digest {
    pub path: String,
    pub bytes: u64,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
}

#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    #[error(
        "was made by a newer agent ({0}), and this one is {VERSION}; install that version here, then restore"
    )]
    Newer(String),
    #[error("does not say what it is, so no agent of Slipway has written it")]
    Damaged,
    #[error("has tables of a newer agent (migration {0}); install a newer version here, then restore")]
    Tables(i64),
}

impl Header {
    /// Reads it, and refuses what this agent cannot bring back.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        /// What every format has.
        #[derive(Deserialize)]
        struct First {
            format: u32,
            agent: String,
        }
        let first: First = serde_json::from_slice(bytes).map_err(|_| HeaderError::Damaged)?;
        if first.format > FORMAT || is_newer(&first.agent, VERSION) {
            let plain = first.agent.chars().filter(|c| !is_hidden(*c));
            return Err(HeaderError::Newer(plain.take(40).collect()));
        }
        let header: Self = serde_json::from_slice(bytes).map_err(|_| HeaderError::Damaged)?;
        if header.format == 0 {
            return Err(HeaderError::Damaged);
        }
        match header.database.unknown_migration() {
            Some(version) => Err(HeaderError::Tables(version)),
            None => Ok(header),
        }
    }
}
