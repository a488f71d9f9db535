//! Projects and their environments.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DisplayName, EnvironmentId, EnvironmentName, ProjectId};

#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
pub struct NewProject {
    pub name: DisplayName,
    /// Free text; empty for none.
    #[serde(default)]
    pub description: String,
}

/// A project with its environments; a new one has `production`.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct ProjectView {
    pub id: ProjectId,
    pub name: DisplayName,
    pub description: String,
    pub environments: Vec<EnvironmentView>,
    pub created_at: DateTime<Utc>,
}

#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
pub struct NewEnvironment {
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
