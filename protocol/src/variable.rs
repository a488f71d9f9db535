//! Environment variables of an application.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::secret::serialize_exposed;
use crate::{Secret, VariableKey};

/// The largest value, in bytes.
pub const LARGEST_VALUE: usize = 64 * 1024;

/// Sets one variable. The value arrives in the container byte for byte; only NUL cannot be carried.
#[derive(Clone, Serialize, Deserialize)]
pub struct SetVariable {
    pub key: VariableKey,
    #[serde(serialize_with = "serialize_exposed")]
    pub value: Secret<String>,
}

/// A variable as it is listed: values are write-only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariableView {
    pub key: VariableKey,
    /// The value's length in bytes.
    pub length: u32,
    pub updated_at: DateTime<Utc>,
}
