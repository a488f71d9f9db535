//! What lets the agent into a private repository: a token for HTTPS, a deploy key for SSH. Secrets are written, never read back.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::serialize_exposed;
use crate::{LoginName, Secret};

/// The longest token, in bytes.
pub const LONGEST_TOKEN: usize = 4096;

/// A token for HTTPS, with the user name that the git server wants beside it.
#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct GitToken {
    pub user: LoginName,
    #[serde(serialize_with = "serialize_exposed")]
    pub token: Secret<String>,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct GitTokenView {
    pub user: LoginName,
    /// The only server that it is told to: the one of the application's address when it was stored, as `https://example.org:8443`; empty
    /// where that address takes none.
    #[serde(default)]
    pub origin: Option<String>,
    pub updated_at: DateTime<Utc>,
}

/// The public half of a deploy key, as it is pasted into the git server's settings.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct DeployKeyView {
    /// `ssh-ed25519 AAAA… slipway-web`.
    pub public_key: String,
    pub created_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct GitAccessView {
    pub token: Option<GitTokenView>,
    pub deploy_key: Option<DeployKeyView>,
}
