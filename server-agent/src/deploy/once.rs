//! A command that runs once in a container of a release, with all that belongs to that release: around a deployment, or because somebody
//! wishes it.
//!
//! It is a Swarm service that is never restarted, with a name of its own: started once, whatever happens to the agent. Who has started it
//! removes it when its end is recorded, so that a killed agent finds it and does not run the command a second time.

use std::time::Duration;

use slipway_protocol::DeploymentId;
use tokio::time::Instant;

use super::steps::StepError;
use super::steps::release::{delivery, service_request};
use crate::app::App;
use crate::docker::{DockerError, Once};
use crate::domain::plan::Plan;
use crate::domain::rollout::{ObservedTask, TaskState};

/// How often its task is looked at.
pub const LOOK: Duration = Duration::from_millis(200);
/// So long after its end what it wrote may still be read.
pub const LAST_LINES: Duration = Duration::from_secs(30);
/// So long Swarm has to make its task.
const SCHEDULED: Duration = Duration::from_secs(30);

/// The release that it runs in: a deployment's plan, variables and files, and the image.
pub struct InRelease<'a> {
    pub deployment: DeploymentId,
    pub plan: &'a Plan,
    pub image: &'a str,
}

/// Starts it; one of that name is the same command's.
pub async fn start(app: &App, release: InRelease<'_>, name: &str, once: &Once<'_>) -> Result<(), StepError> {
    let InRelease {
        deployment,
        plan,
        image,
    } = release;
    let delivery = delivery(app, deployment, plan).await?.into_exposed();
    let network = &app.config.network;
    let request = service_request(plan, deployment, image, network, name, 1, delivery);
    Ok(app.docker.ensure_once(&request, once).await?)
}

/// The service of a command, as somebody waits for its end.
pub struct Watched<'a> {
    app: &'a App,
    service: &'a str,
    since: Instant,
}

/// What a look at it has come to.
pub enum Seen {
    /// Swarm has not made its task yet.
    Nothing,
    Going(ObservedTask),
    Ended(Option<ObservedTask>, End),
}

impl<'a> Watched<'a> {
    pub fn new(app: &'a App, service: &'a str) -> Self {
        Self {
            app,
            service,
            since: Instant::now(),
        }
    }

    pub async fn look(&self) -> Result<Seen, DockerError> {
        let app = self.app;
        let tasks = app.docker.tasks(self.service, &app.config.network).await?;
        Ok(match tasks.into_iter().next() {
            None if self.since.elapsed() > SCHEDULED => Seen::Ended(None, End::NotScheduled),
            None => Seen::Nothing,
            Some(task) => match End::of(&task) {
                Some(end) => Seen::Ended(Some(task), end),
                None => Seen::Going(task),
            },
        })
    }
}

/// How a command has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Succeeded,
    Exited(i64),
    /// Swarm took it away before it had ended.
    TakenAway,
    /// With what Docker says about it, which may be nothing.
    NotStarted(String),
    NotScheduled,
}

impl End {
    /// The end of its only task; `None` while it goes on.
    fn of(task: &ObservedTask) -> Option<Self> {
        if task.shut_down {
            return Some(Self::TakenAway);
        }
        match (task.state, task.exit_code) {
            (TaskState::Starting | TaskState::Running, _) => None,
            (TaskState::Ended, Some(0) | None) => Some(Self::Succeeded),
            (TaskState::Ended | TaskState::Failed, Some(code)) => Some(Self::Exited(code)),
            (TaskState::Failed, None) | (TaskState::Rejected, _) => {
                Some(Self::NotStarted(task.message.clone()))
            }
        }
    }

    /// Why it is no success, in a sentence without its end. `again` is what to do to have it run once more.
    pub fn failure(&self, again: &str) -> Option<String> {
        Some(match self {
            Self::Succeeded => return None,
            Self::Exited(code) => {
                format!("the command ended with exit code {code}; its last lines are in the log")
            }
            Self::TakenAway => format!(
                "the command was stopped before it had ended: its service was changed, or its node was drained; {again}"
            ),
            Self::NotStarted(said) if said.is_empty() => {
                "the command could not be started: Docker gave no reason".to_owned()
            }
            Self::NotStarted(said) => format!("the command could not be started: {said}"),
            Self::NotScheduled => "Docker scheduled no container for the command".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(state: TaskState, exit_code: Option<i64>) -> ObservedTask {
        ObservedTask {
            id: "t".to_owned(),
            state,
            message: String::new(),
            exit_code,
            shut_down: false,
            wanted: false,
            address: None,
            container: None,
        }
    }

    /// FR-DEP-09: only an exit code of 0 is success, and what still runs has not ended.
    #[test]
    fn only_zero_is_success() {
        assert_eq!(End::of(&task(TaskState::Running, None)), None);
        assert_eq!(End::of(&task(TaskState::Ended, Some(0))), Some(End::Succeeded));
        let failed = End::of(&task(TaskState::Failed, Some(3))).unwrap();
        assert!(failed.failure("").unwrap().contains("exit code 3"));
        let rejected = End::of(&task(TaskState::Rejected, None)).unwrap();
        assert!(rejected.failure("").unwrap().contains("gave no reason"));
        // Whatever its process said when it was taken away: its work was not done.
        for exit_code in [None, Some(0)] {
            let stopped = ObservedTask {
                shut_down: true,
                ..task(TaskState::Ended, exit_code)
            };
            let said = End::of(&stopped).unwrap().failure("deploy again").unwrap();
            assert!(
                said.contains("stopped before") && said.ends_with("deploy again"),
                "{said}"
            );
        }
    }
}
