//! Applications: what the user asked for, and what is observed of it.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::deployment::{DeploymentStatus, DeploymentView};
use crate::domain::DomainView;
use crate::drift::Difference;
use crate::settings::ApplicationSettings;
use crate::{ApplicationId, ApplicationName, DeploymentId, EnvironmentId, ProjectId, Tag, Told};

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
    /// Docker could not be asked, or what was seen is newer than its reader.
    #[serde(other)]
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

/// An application that is not as it should be: enough to say so in a word, and to lead there.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct UnwellApplication {
    pub application: ApplicationId,
    pub name: ApplicationName,
    pub trouble: Told<Trouble>,
}

/// What is wrong with an application, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trouble {
    /// It should run, and no task does.
    Down,
    /// Some of the wanted tasks run.
    Degraded { run: u16, wanted: u16 },
    /// So many tasks serve and do not pass their health check any more.
    Unhealthy { tasks: u16 },
    /// Its last deployment has failed or is stuck; what served before it serves on, if anything did.
    Failed { deployment: DeploymentId },
}

impl ApplicationView {
    /// What is wrong with it. While a deployment runs that is what somebody sees to already.
    pub fn trouble(&self) -> Option<Trouble> {
        let last = self.last_deployment.as_ref();
        if last.is_some_and(|last| !last.status.is_final()) {
            return None;
        }
        let failed = last
            .filter(|last| matches!(last.status, DeploymentStatus::Failed | DeploymentStatus::Stuck))
            .map(|last| Trouble::Failed { deployment: last.id });
        match self.observed {
            ObservedStatus::Down => Some(Trouble::Down),
            ObservedStatus::Degraded => Some(Trouble::Degraded {
                run: self.observed_tasks,
                wanted: self.wanted_tasks,
            }),
            ObservedStatus::Running => {
                let ill = self.unhealthy.as_ref();
                ill.map(|ill| Trouble::Unhealthy { tasks: ill.tasks }).or(failed)
            }
            ObservedStatus::Absent | ObservedStatus::Stopped | ObservedStatus::Unknown => failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ID: &str = "018f0000-0000-7000-8000-000000000001";

    fn application(observed: &str, last: Option<&str>) -> ApplicationView {
        let last = last.map_or(Value::Null, |status| {
            json!({
                "id": ID, "application": ID, "number": 1, "status": status, "trigger": {"kind": "deploy"}, "requested_by": "a@example.org",
                "commit": null, "image": null, "steps": [], "failure": null, "created_at": "2026-01-01T00:00:00Z", "started_at": null,
                "ended_at": null, "can_roll_back_to": false,
            })
        });
        serde_json::from_value(json!({
            "id": ID, "environment": ID, "project": ID, "name": "web", "settings": {"source": {"kind": "image", "image": "web:1"}},
            "domains": [], "observed": observed, "observed_tasks": 1, "wanted_tasks": 3, "last_deployment": last, "serving": null,
            "pending_changes": false, "created_at": "2026-01-01T00:00:00Z",
        }))
        .expect("an application")
    }

    /// FR-DSK-03: too few tasks count more than a deployment that failed, and nothing does while a deployment runs.
    #[test]
    fn what_is_wrong_is_told() {
        let trouble = |observed: &str, last: Option<&str>| application(observed, last).trouble();
        let degraded = Some(Trouble::Degraded { run: 1, wanted: 3 });
        let failed = Some(Trouble::Failed {
            deployment: ID.parse().expect("an id"),
        });
        assert_eq!(trouble("down", Some("succeeded")), Some(Trouble::Down));
        assert_eq!(trouble("down", Some("failed")), Some(Trouble::Down));
        assert_eq!(trouble("degraded", Some("failed")), degraded);
        for observed in ["running", "absent", "unknown", "stopped"] {
            assert_eq!(trouble(observed, Some("failed")), failed, "{observed}");
            assert_eq!(trouble(observed, Some("stuck")), failed, "{observed}");
            for last in [Some("succeeded"), Some("cancelled"), None] {
                assert_eq!(trouble(observed, last), None, "{observed} {last:?}");
            }
        }
        let mut ill = application("running", Some("failed"));
        ill.unhealthy = Some(Unhealthy {
            tasks: 2,
            said: String::new(),
        });
        assert_eq!(ill.trouble(), Some(Trouble::Unhealthy { tasks: 2 }));
        for last in ["queued", "running", "unwinding"] {
            assert_eq!(trouble("down", Some(last)), None, "{last}");
        }
        assert!(degraded > Some(Trouble::Down) && failed > degraded);
    }
}
