//! Folders and archives that are sent through the tunnel instead of coming from a repository.
//!
//! An upload is announced with its length and digest, sent in pieces at offsets, and finished. Whoever announces the same again
//! learns how far it has come, so that a lost link costs what was on its way and nothing else.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ApplicationId, Sha256, UploadId};

/// The largest archive, in bytes.
pub const LARGEST_UPLOAD: u64 = 4 << 30;
/// What it may unpack to, in bytes and in files and folders.
pub const LARGEST_UNPACKED: u64 = 8 << 30;
pub const MOST_ENTRIES: u64 = 200_000;
/// The longest path in it, and the longest name of a path, in bytes; so many folders lie in one another.
pub const LONGEST_PATH: usize = 1024;
pub const LONGEST_NAME: usize = 255;
pub const DEEPEST: usize = 64;
/// The largest piece that the agent takes at once, in bytes.
pub const LARGEST_PIECE: usize = 8 << 20;

/// Announces an archive (tar, not compressed).
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct NewUpload {
    /// In bytes.
    pub length: u64,
    pub sha256: Sha256,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct UploadView {
    pub id: UploadId,
    pub application: ApplicationId,
    /// In bytes.
    pub length: u64,
    pub sha256: Sha256,
    /// So many bytes are there; the next piece begins here.
    pub received: u64,
    /// It is whole, and can be deployed.
    pub finished: bool,
    pub created_at: DateTime<Utc>,
}
