//! Patches: small files that are laid over an application's source after it was fetched.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RelativePath;

/// The largest file of a patch, in bytes.
pub const LARGEST_PATCH: usize = 256 * 1024;
/// An application's patches together, in bytes.
pub const LARGEST_PATCHES: usize = 1 << 20;
/// An application has at most so many.
pub const MOST_PATCHES: usize = 64;

/// A file's content; its path stands in the address.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct NewPatch {
    pub content: String,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct PatchView {
    /// Below the source's top folder. A file that is there is replaced.
    pub path: RelativePath,
    pub content: String,
    pub updated_at: DateTime<Utc>,
}
