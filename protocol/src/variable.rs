//! Variables: of a team, a project, an environment or an application.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::serialize_exposed;
use crate::{Secret, VariableKey};

/// The largest value, in bytes; with its references resolved too.
pub const LARGEST_VALUE: usize = 64 * 1024;
/// One scope holds so many variables at most.
pub const MOST_VARIABLES: usize = 500;

/// Sets one variable. The value arrives in the container byte for byte; only NUL cannot be carried. In it,
/// `${{team.NAME}}`, `${{project.NAME}}`, `${{environment.NAME}}` and `${{NAME}}` stand for other variables; `$${{NAME}}` is
/// the text `${{NAME}}`.
#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct SetVariable {
    pub key: VariableKey,
    #[serde(serialize_with = "serialize_exposed")]
    pub value: Secret<String>,
    /// Its value is not shown to those who may read variables. Left out: as it was; a new one is secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<bool>,
    /// Delivered as the file `/run/secrets/<key>` instead of in the environment. Left out: as it was; a new one is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_file: Option<bool>,
}

impl SetVariable {
    /// A value, with everything else as it was.
    pub fn new(key: VariableKey, value: Secret<String>) -> Self {
        Self {
            key,
            value,
            secret: None,
            as_file: None,
        }
    }
}

/// A variable as it is listed.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct VariableView {
    pub key: VariableKey,
    /// The value's length in bytes, with its references as they are written.
    pub length: u32,
    pub secret: bool,
    pub as_file: bool,
    /// The value as it was typed, of one that is not secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub updated_at: DateTime<Utc>,
}

/// The value of a secret variable, for somebody with the right to it.
#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct RevealedVariable {
    pub key: VariableKey,
    #[serde(serialize_with = "serialize_exposed")]
    pub value: Secret<String>,
}
