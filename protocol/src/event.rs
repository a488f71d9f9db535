//! What happened on a cluster by itself: to tasks, nodes, deployments and services. What people did stands in the audit log.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ApplicationId, DeploymentId};

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    /// It may need somebody's eyes.
    Warning,
    Bad,
}

impl Severity {
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Bad];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }

    /// The severity of that name, as it is stored and typed.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct ClusterEvent {
    /// Later events have larger numbers.
    pub number: i64,
    pub at: DateTime<Utc>,
    pub severity: Severity,
    /// Absent for what is about the cluster itself, and where the application is gone.
    pub application: Option<ApplicationId>,
    /// The deployment whose end it tells of.
    #[serde(default)]
    pub deployment: Option<DeploymentId>,
    /// The application's or node's name.
    pub subject: String,
    /// A sentence.
    pub text: String,
}
