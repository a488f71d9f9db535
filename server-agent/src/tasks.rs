//! The running tasks of an application, and which of them this node can reach into.

use slipway_protocol::task::{TaskName, TaskView};

use crate::app::App;
use crate::docker::DockerError;
use crate::domain::plan::Plan;
use crate::domain::rollout::TaskState;

/// A running task of this node.
#[derive(Clone, Debug)]
pub struct Target {
    pub task: TaskName,
    pub container: String,
    /// Its first process as the host numbers it.
    pub process: u32,
}

/// Why there is no task to reach. Each is a sentence for the person.
#[derive(Debug, thiserror::Error)]
pub enum NoTask {
    #[error("No task of this application is running; deploy or start it first.")]
    NoneRuns,
    #[error("No running task of this application is called “{0}”; look at the list of its tasks.")]
    Unknown(TaskName),
    #[error("Several running tasks begin with “{0}”; give more of the id.")]
    Several(TaskName),
    #[error(
        "The task runs on another node of the cluster; only tasks on the agent's own node can be reached."
    )]
    Elsewhere,
    #[error(transparent)]
    Docker(#[from] DockerError),
}

impl NoTask {
    /// As one sentence with its end.
    pub fn sentence(&self) -> String {
        match self {
            Self::Docker(error) => crate::http::ApiError::sentence_of(error),
            other => other.to_string(),
        }
    }
}

/// The tasks that run of a release, oldest first.
pub async fn running(app: &App, plan: Option<&Plan>) -> Result<Vec<TaskView>, DockerError> {
    let mut views = Vec::new();
    for (task, container) in running_containers(app, plan).await? {
        let here = app.docker.container(&container).await?.is_some();
        views.push(TaskView { id: task, here });
    }
    Ok(views)
}

/// The task that was asked for, or the first that can be reached.
pub async fn choose(app: &App, plan: Option<&Plan>, wanted: Option<&TaskName>) -> Result<Target, NoTask> {
    let all = running_containers(app, plan).await?;
    if all.is_empty() {
        return Err(NoTask::NoneRuns);
    }
    let fits = |task: &TaskName| wanted.is_none_or(|wanted| task.as_str().starts_with(wanted.as_str()));
    let fitting: Vec<_> = all.into_iter().filter(|(task, _)| fits(task)).collect();
    match (wanted, fitting.len()) {
        (Some(wanted), 0) => return Err(NoTask::Unknown(wanted.clone())),
        (Some(wanted), 2..) => return Err(NoTask::Several(wanted.clone())),
        _ => {}
    }
    for (task, container) in fitting {
        let facts = app.docker.container(&container).await?;
        if let Some(process) = facts.and_then(|facts| facts.process) {
            return Ok(Target {
                task,
                container,
                process,
            });
        }
    }
    Err(NoTask::Elsewhere)
}

async fn running_containers(app: &App, plan: Option<&Plan>) -> Result<Vec<(TaskName, String)>, DockerError> {
    let Some(plan) = plan else { return Ok(Vec::new()) };
    let mut tasks = app.docker.tasks(&plan.service, &app.config.network).await?;
    // Docker's list begins with the newest.
    tasks.reverse();
    let running = tasks
        .into_iter()
        .filter(|task| task.wanted && task.state == TaskState::Running);
    Ok(running
        .filter_map(|task| Some((TaskName::parse(&task.id).ok()?, task.container?)))
        .collect())
}
