//! Changes of a configuration: an import with its difference, and the history. Names only, never values.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::serialize_exposed;
use crate::{Secret, Told};

/// Takes variables from a text in the form of [`crate::dotenv`].
#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct ImportVariables {
    #[serde(serialize_with = "serialize_exposed")]
    pub text: Secret<String>,
    /// Remove what the text does not name; otherwise it stays.
    #[serde(default)]
    pub replace: bool,
    /// Only say what would change.
    #[serde(default)]
    pub preview: bool,
    /// Whether variables that are new are secret.
    #[serde(default = "yes")]
    pub secret: bool,
    /// What a preview has told: where it would be something else now, because somebody else has changed them meanwhile, nothing changes.
    #[serde(default)]
    pub previewed: Option<Changes>,
}

/// What an import changes, or would.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Changes {
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Configured {
    Variables,
    Files,
}

impl Configured {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Variables => "variables",
            Self::Files => "files",
        }
    }

    /// The kind of that name, as it is stored.
    pub fn named(text: &str) -> Option<Self> {
        [Self::Variables, Self::Files]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// One change: who, when, which names.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct ConfigurationChange {
    pub at: DateTime<Utc>,
    /// E-mail of who changed it.
    pub actor: String,
    pub what: Told<Configured>,
    #[serde(flatten)]
    pub changes: Changes,
}

fn yes() -> bool {
    true
}
