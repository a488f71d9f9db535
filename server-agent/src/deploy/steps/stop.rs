//! Recreate only: stop the old tasks before the new ones start. Done when none of them runs any more.

use std::time::Duration;

use serde_json::Value;
use slipway_protocol::deployment::{Step, Way};
use tokio::time::Instant;

use super::{Context, StepError, canary};
use crate::db::{applications, commands, deployments};
use crate::docker::{DockerError, OwnedService};
use crate::domain::plan::{Plan, writes_to_what_stays};
use crate::domain::rollout::{ObservedTask, TaskState};
use crate::domain::step_output::{Released, Stopped};

const LOOK: Duration = Duration::from_millis(200);
/// Beyond the time that a task is given to end.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    wait_for_commands(context).await?;
    let old = others(context).await?;
    let healthy = healthy_before(context, &old).await?;
    if !old.is_empty() {
        context.log.say(
            Step::Stop,
            "Stopping the old tasks; nobody serves until the new ones are healthy",
        );
    }
    for service in &old {
        scale(context, &service.name, 0).await?;
    }
    let limit = PATIENCE + grace(context).await?;
    for service in &old {
        wait_until_stopped(context, &service.name, limit).await?;
    }
    let output = Stopped {
        stopped: old.into_iter().map(|service| service.name).collect(),
        healthy,
    };
    serde_json::to_value(output).map_err(|error| StepError::Damaged(error.to_string()))
}

/// A command that somebody runs has the volumes of its release open: the next release does not open them beside it. Nothing is stopped yet,
/// and no further command begins meanwhile.
async fn wait_for_commands(context: &Context<'_>) -> Result<(), StepError> {
    if !writes_to_what_stays(&context.plan.settings) {
        return Ok(());
    }
    let end = Instant::now() + PATIENCE;
    let mut told = false;
    loop {
        let mut connection = context.app.db.pool().acquire().await?;
        let mut running = commands::running_with_plans(&mut connection, context.plan.application).await?;
        drop(connection);
        running.retain(|(_, plan)| writes_to_what_stays(&plan.settings));
        let Some((command, _)) = running.into_iter().next() else {
            return Ok(());
        };
        if context.cancel.is_cancelled() {
            return Err(StepError::Cancelled);
        }
        if Instant::now() >= end {
            return Err(StepError::Failed(format!(
                "the command “{command}” still runs and has the application’s volumes open; wait for its end or cancel it, then deploy again"
            )));
        }
        if !std::mem::replace(&mut told, true) {
            let said =
                format!("Waiting for the command “{command}”, which has the application’s volumes open");
            context.log.say(Step::Stop, &said);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// How many tasks of who serves were healthy; `None` where they are not as they were, because this deployment has begun to stop them.
pub async fn healthy_before(
    context: &Context<'_>,
    others: &[OwnedService],
) -> Result<Option<usize>, StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    let serving = deployments::serving_plan(&mut connection, context.plan.application).await?;
    drop(connection);
    let Some(plan) = serving else {
        return Ok(None);
    };
    let untouched = others
        .iter()
        .any(|service| service.name == plan.service && service.replicas == plan.settings.replicas.get());
    if !untouched {
        return Ok(None);
    }
    serving_tasks(context, &plan).await.map(Some)
}

/// Who served before runs again, is as healthy as it was, and gets the requests again. What was stopped stays stopped.
pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    bring_back(context, 0).await
}

/// The same, with as many tasks fewer as others still run beside it. Those that it has stay.
pub async fn bring_back(context: &Context<'_>, beside: u16) -> Result<(), StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    let application = context.plan.application;
    let Some(plan) = deployments::serving_plan(&mut connection, application).await? else {
        return Ok(());
    };
    let stopped = applications::is_stopped(&mut connection, application).await?;
    drop(connection);
    let planned = if stopped { 0 } else { plan.settings.replicas.get() };
    let has = others(context)
        .await?
        .into_iter()
        .find(|one| one.name == plan.service);
    let has = has.map_or(0, |one| one.replicas).min(planned);
    let wanted = planned.saturating_sub(beside).max(has);
    scale(context, &plan.service, wanted).await?;
    let healthy = match context.plan.way {
        Way::Recreate => context
            .output::<Stopped>(Step::Stop)
            .and_then(|output| output.healthy),
        Way::BlueGreen | Way::Canary | Way::Rolling => context
            .output::<Released>(Step::Release)
            .and_then(|output| output.healthy),
    };
    // A release that was broken before cannot be waited for.
    let enough = usize::from(wanted).min(healthy.unwrap_or(usize::MAX));
    let end = Instant::now() + Duration::from_secs(context.plan.limits.gate);
    while serving_tasks(context, &plan).await? < enough {
        if Instant::now() >= end {
            if healthy.is_none() {
                let said = "The old tasks were started again and are not healthy; whether they were before is not known";
                context.log.say(Step::Stop, said);
                break;
            }
            return Err(StepError::Failed("the old tasks did not start again".to_owned()));
        }
        tokio::time::sleep(LOOK).await;
    }
    canary::confirm(context).await?;
    Ok(())
}

/// So many tasks of a release run and, where they have a port, have been healthy.
async fn serving_tasks(context: &Context<'_>, plan: &Plan) -> Result<usize, StepError> {
    let app = context.app;
    let tasks = match app.docker.tasks(&plan.service, &app.config.network).await {
        Err(DockerError::NotFound) => Vec::new(),
        tasks => tasks?,
    };
    let serves = |task: &&ObservedTask| {
        let ready = plan.settings.port.is_none() || app.readiness.was_marked(&task.id);
        task.wanted && task.state == TaskState::Running && ready
    };
    Ok(tasks.iter().filter(serves).count())
}

/// The application's other releases that have tasks.
pub async fn others(context: &Context<'_>) -> Result<Vec<OwnedService>, StepError> {
    let application = context.plan.application.to_string();
    let mut services = context.app.docker.owned_services().await?;
    services.retain(|service| {
        service.application == application && !service.hook && service.name != context.plan.service
    });
    Ok(services)
}

/// Sets a release's tasks; one that is gone has none.
pub async fn scale(context: &Context<'_>, service: &str, tasks: u16) -> Result<(), StepError> {
    match context.app.docker.scale(service, tasks).await {
        Ok(()) | Err(DockerError::NotFound) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The time that the old tasks are given to end: as their own release says, which may be another time than the new one's.
async fn grace(context: &Context<'_>) -> Result<Duration, StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    let serving = deployments::serving_plan(&mut connection, context.plan.application).await?;
    let given = |plan: &Plan| plan.settings.container.stop_grace.get();
    let longest = given(context.plan).max(serving.as_ref().map_or(0, given));
    Ok(Duration::from_secs(u64::from(longest)))
}

async fn wait_until_stopped(context: &Context<'_>, service: &str, limit: Duration) -> Result<(), StepError> {
    let end = Instant::now() + limit;
    while running(context, service).await? > 0 {
        if Instant::now() >= end {
            return Err(StepError::Failed(format!(
                "the old tasks did not end within {} s; look at what they do on {}",
                limit.as_secs(),
                context.plan.settings.container.stop_signal.as_str()
            )));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// So many tasks of a service run or are about to, wanted or not: one that is ending still has its volumes open, and one that is
/// starting may open them yet.
async fn running(context: &Context<'_>, service: &str) -> Result<usize, StepError> {
    let app = context.app;
    let tasks = match app.docker.tasks(service, &app.config.network).await {
        Err(DockerError::NotFound) => Vec::new(),
        tasks => tasks?,
    };
    Ok(tasks
        .iter()
        .filter(|task| matches!(task.state, TaskState::Starting | TaskState::Running))
        .count())
}
