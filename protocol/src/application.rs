//! Applications: what the user asked for, and what is observed of it.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::deployment::DeploymentView;
use crate::domain::DomainView;
use crate::drift::Difference;
use crate::settings::ApplicationSettings;
use crate::{ApplicationId, ApplicationName, EnvironmentId, ProjectId, Tag};

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct NewApplication {
    pub name: ApplicationName,
    #[serde(flatten)]
    pub settings: ApplicationSettings,
}

/// Asks for a copy with volumes of its own, and without domains.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct DuplicateApplication {
    pub name: ApplicationName,
    /// Where it goes; without one, beside the original.
    #[serde(default)]
    pub environment: Option<EnvironmentId>,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct MoveApplication {
    pub environment: EnvironmentId,
}

/// An application, and a project, has at most so many tags.
pub const MOST_TAGS: usize = 20;

/// The words by which an application is found again; all that it is to have.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Tags {
    pub tags: Vec<Tag>,
}

/// What is seen of the application in the cluster now, apart from what its last deployment said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObservedStatus {
    /// Never deployed.
    Absent,
    /// All wanted tasks run.
    Running,
    /// Some of the wanted tasks run.
    Degraded,
    /// It should run, and no task does.
    Down,
    /// Somebody stopped it.
    Stopped,
    /// Docker could not be asked.
    Unknown,
}

/// Tasks that run, serve, and do not answer their health check any more.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Unhealthy {
    pub tasks: u16,
    /// What one of them was asked, and answered; ends a sentence.
    pub said: String,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct ApplicationView {
    pub id: ApplicationId,
    pub environment: EnvironmentId,
    pub project: ProjectId,
    pub name: ApplicationName,
    #[serde(default)]
    pub tags: Vec<Tag>,
    pub settings: ApplicationSettings,
    pub domains: Vec<DomainView>,
    pub observed: ObservedStatus,
    pub observed_tasks: u16,
    /// So many tasks should run: those of the serving release; none while it is stopped.
    #[serde(default)]
    pub wanted_tasks: u16,
    /// Of the tasks that run; nothing where all are healthy, or cannot be asked.
    #[serde(default)]
    pub unhealthy: Option<Unhealthy>,
    /// Somebody stopped it, and nobody started it again.
    #[serde(default)]
    pub stopped: bool,
    /// What somebody changed of the serving release outside Slipway.
    #[serde(default)]
    pub drift: Vec<Difference>,
    pub last_deployment: Option<DeploymentView>,
    /// The deployment whose release serves now.
    pub serving: Option<DeploymentView>,
    /// Settings or variables changed since the serving release was made.
    pub pending_changes: bool,
    pub created_at: DateTime<Utc>,
}
