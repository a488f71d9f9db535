//! Projects and their environments.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DisplayName, EnvironmentId, EnvironmentName, ProjectId, Tag};

/// What people say about a project; all that it is to have.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct ProjectDetails {
    pub name: DisplayName,
    /// Free text; empty for none.
    #[serde(default)]
    pub description: String,
    /// Words by which the project and what is in it are found again.
    #[serde(default)]
    pub tags: Vec<Tag>,
}

impl ProjectDetails {
    /// A name, and nothing more.
    pub fn named(name: DisplayName) -> Self {
        Self {
            name,
            description: String::new(),
            tags: Vec::new(),
        }
    }
}

/// A project with its environments; a new one has `production`.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct ProjectView {
    pub id: ProjectId,
    pub name: DisplayName,
    pub description: String,
    /// An older agent knows none.
    #[serde(default)]
    pub tags: Vec<Tag>,
    pub environments: Vec<EnvironmentView>,
    pub created_at: DateTime<Utc>,
}

/// What people say about an environment; all that it is to have.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
pub struct EnvironmentDetails {
    pub name: EnvironmentName,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct EnvironmentView {
    pub id: EnvironmentId,
    pub name: EnvironmentName,
    pub application_count: u32,
}

/// Asks for a copy of a project.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
pub struct DuplicateProject {
    pub name: DisplayName,
}

/// Asks for a copy of an environment in the same project.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
pub struct DuplicateEnvironment {
    pub name: EnvironmentName,
}
