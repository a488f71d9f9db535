//! The steps. Each first asks whether its work is already there, so that it can run again after a crash; each can be taken back.

mod build;
mod build_node;
mod built;
mod canary;
mod counted;
mod cut_over;
mod drain;
mod gate;
mod hooks;
mod meter;
pub mod pin_image;
pub mod release;
mod retire;
mod roll;
mod room;
mod source;
mod stop;
mod witness;

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::Value;
use slipway_protocol::DeploymentId;
use slipway_protocol::deployment::{Commit, Explanation, Step, Way};
use slipway_protocol::log_line::LogStream;
use slipway_protocol::settings::Port;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

use super::asking::Check;
use super::frozen::FrozenError;
use super::log::DeploymentLog;
use super::routes::RoutesError;
use crate::app::App;
use crate::build_place::BuildNodeError;
use crate::db::step_events::Recorded;
use crate::db::{self, deployments};
use crate::docker::DockerError;
use crate::domain::explain::seen::Seen;
use crate::domain::explain::{Evidence, Given, explain};
use crate::domain::plan::Plan;
use crate::domain::saga::StepEvent;
use crate::git::GitError;
use crate::traefik::EdgeError;

/// The serving release and so many before it stay as targets of a roll back.
pub const KEPT_RELEASES: i64 = 4;

/// What a step works with.
#[derive(Clone)]
pub struct Context<'a> {
    pub app: &'a App,
    pub id: DeploymentId,
    pub plan: &'a Plan,
    pub log: &'a DeploymentLog,
    pub cancel: &'a CancellationToken,
    pub recorded: &'a [Recorded],
    /// The agent or Docker was away since the deployment began: what ended meanwhile says nothing about the release.
    pub interrupted: bool,
}

/// Why a step failed: one sentence for the person.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error("{0}")]
    Failed(String),
    /// The release does not come up.
    #[error("{reason}")]
    Unhealthy { reason: String, seen: Box<Seen> },
    #[error("it was cancelled")]
    Cancelled,
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// Of the engine that builds, where that is not the agent's own.
    #[error("{}", .0.for_teams())]
    BuildNode(BuildNodeError),
    #[error(transparent)]
    Edge(#[from] EdgeError),
    #[error(transparent)]
    Routes(#[from] RoutesError),
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    #[error("{}", of_database(.0))]
    Database(#[from] sqlx::Error),
    #[error("the agent could not write to its work folder: {0}")]
    Disk(#[from] std::io::Error),
    #[error("a stored value is damaged: {0}")]
    Damaged(String),
}

/// What was stored by another version of the agent is not a database that is away.
fn of_database(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => {
            "a stored value is damaged, or was written by a newer version of the agent; its log says which"
        }
        _ => "the agent's database did not answer",
    }
}

impl From<BuildNodeError> for StepError {
    fn from(error: BuildNodeError) -> Self {
        match error {
            BuildNodeError::Docker(error) => Self::Docker(error),
            other @ (BuildNodeError::Away(_) | BuildNodeError::Unfit(_)) => Self::BuildNode(other),
        }
    }
}

impl StepError {
    /// What was seen of a release that does not come up.
    pub fn seen(&self) -> Option<&Seen> {
        match self {
            Self::Unhealthy { seen, .. } => Some(seen),
            Self::Failed(_)
            | Self::Cancelled
            | Self::Git(_)
            | Self::Docker(_)
            | Self::BuildNode(_)
            | Self::Edge(_)
            | Self::Routes(_)
            | Self::Database(_)
            | Self::Disk(_)
            | Self::Frozen(_)
            | Self::Damaged(_) => None,
        }
    }

    /// It failed because the database is away, and may succeed when that is back.
    pub fn is_database_away(&self) -> bool {
        match self {
            Self::Database(error) | Self::Routes(RoutesError::Database(error)) => db::is_away(error),
            _ => false,
        }
    }

    /// It failed because Docker is away, and may succeed when Docker is back.
    pub fn is_docker_away(&self) -> bool {
        match self {
            Self::Docker(error) | Self::Routes(RoutesError::Docker(error)) => error.is_away(),
            Self::Failed(_)
            | Self::Unhealthy { .. }
            | Self::Cancelled
            | Self::Git(_)
            | Self::BuildNode(_)
            | Self::Edge(_)
            | Self::Routes(_)
            | Self::Frozen(_)
            | Self::Database(_)
            | Self::Disk(_)
            | Self::Damaged(_) => false,
        }
    }

    /// It failed because the build node is away, and may succeed when that is back.
    pub fn is_build_node_away(&self) -> bool {
        matches!(self, Self::BuildNode(BuildNodeError::Away(_)))
    }

    /// What these steps make in Docker carries the deployment's label and serves nobody: where Docker is away, the sweep
    /// removes it once Docker is back, and the deployment need not wait for that. Not so a service that was there before, and
    /// not one that has to be gone before the old release may open its volumes and ports again.
    pub fn is_left_to_the_sweep(&self, plan: &Plan, step: Step) -> bool {
        let alone = match step {
            Step::Build => true,
            Step::Before => plan.way != Way::Recreate,
            Step::Release => plan.tasks_of.is_none() && plan.way != Way::Recreate,
            Step::Source
            | Step::Stop
            | Step::Gate
            | Step::Canary
            | Step::Roll
            | Step::CutOver
            | Step::Retire
            | Step::After => false,
        };
        alone && matches!(self, Self::Docker(DockerError::Unreachable(_)))
    }
}

impl Context<'_> {
    /// The folder of this deployment's work.
    fn folder(&self) -> PathBuf {
        self.app.config.work_dir().join(self.id.to_string())
    }

    /// The likely cause of a failure, by its sentence, the last lines of the step, and what was seen of the release.
    pub fn explain(
        &self,
        step: Step,
        failure: &str,
        lines: Vec<(LogStream, String)>,
        seen: Seen,
    ) -> Option<Explanation> {
        let settings = &self.plan.settings;
        let path = match Check::of(settings) {
            Check::Answers {
                path,
                wanted: Some(_),
            } => Some(path),
            Check::Answers { wanted: None, .. } | Check::Listens | Check::Runs | Check::Stays(_) => None,
        };
        explain(&Evidence::new(Given {
            step,
            failure,
            lines,
            seen,
            port: settings.port.map(Port::get),
            path,
        }))
    }

    /// What an earlier step of this deployment put out.
    fn output<T: DeserializeOwned>(&self, step: Step) -> Option<T> {
        let found = self
            .recorded
            .iter()
            .rev()
            .find(|event| event.step == step && event.event == StepEvent::Succeeded)?;
        serde_json::from_value(found.output.clone()?).ok()
    }
}

pub async fn run(context: &Context<'_>, step: Step) -> Result<Value, StepError> {
    match step {
        Step::Source => source::run(context).await,
        Step::Build => build::run(context).await,
        Step::Before => hooks::before(context).await,
        Step::Stop => stop::run(context).await,
        Step::Release => release::run(context).await,
        Step::Gate => gate::run(context).await,
        Step::Canary => canary::run(context).await,
        Step::Roll => roll::run(context).await,
        Step::CutOver => cut_over::run(context).await,
        Step::Retire => retire::run(context).await,
        Step::After => hooks::after(context).await,
    }
}

pub async fn undo(context: &Context<'_>, step: Step) -> Result<(), StepError> {
    match step {
        Step::Source => source::undo(context),
        Step::Build => build::undo(context).await,
        Step::Before => hooks::undo(context, step).await,
        Step::Stop => stop::undo(context).await,
        Step::Release => release::undo(context).await,
        Step::Gate => gate::undo(context).await,
        Step::Canary => canary::undo(context).await,
        Step::Roll => roll::undo(context).await,
        Step::CutOver => cut_over::undo(context).await,
        // Behind the point of no return nothing is taken back.
        Step::Retire | Step::After => Ok(()),
    }
}

/// What a step's output means for the deployment's row, in the transaction that records it.
pub async fn store_output(
    tx: &mut PgConnection,
    id: DeploymentId,
    step: Step,
    output: &Value,
) -> Result<(), sqlx::Error> {
    match step {
        Step::Source => {
            store_pinned(tx, id, output).await?;
            match serde_json::from_value::<Commit>(output.clone()) {
                Ok(commit) => deployments::set_commit(tx, id, &commit).await,
                Err(_) => Ok(()),
            }
        }
        Step::Build => {
            store_pinned(tx, id, output).await?;
            match output["image"].as_str() {
                Some(image) => deployments::set_image(tx, id, image).await,
                None => Ok(()),
            }
        }
        // From here on it is taken back no more: what is planned while it tidies up starts from this number.
        Step::CutOver => deployments::keep_scale(tx, id).await,
        Step::Before
        | Step::Stop
        | Step::Release
        | Step::Gate
        | Step::Canary
        | Step::Roll
        | Step::Retire
        | Step::After => Ok(()),
    }
}

/// What was pinned where the source is no repository.
async fn store_pinned(tx: &mut PgConnection, id: DeploymentId, output: &Value) -> Result<(), sqlx::Error> {
    match output["pinned"].as_str() {
        Some(pinned) => deployments::set_pinned(tx, id, pinned).await,
        None => Ok(()),
    }
}
