//! A team's sign-ins for registries of images. Passwords are written, never read back.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::serialize_exposed;
use crate::{LoginName, RegistryHost, Secret};

/// The longest password or token, in bytes.
pub const LONGEST_PASSWORD: usize = 4096;

#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct RegistryLogin {
    pub host: RegistryHost,
    pub user: LoginName,
    #[serde(serialize_with = "serialize_exposed")]
    pub password: Secret<String>,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct RegistryView {
    pub host: RegistryHost,
    pub user: LoginName,
    pub updated_at: DateTime<Utc>,
}
