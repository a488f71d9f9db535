//! Recreate only: stop the old tasks before the new ones start. Done when none of them runs any more.

use std::time::Duration;

use serde_json::{Value, json};
use slipway_protocol::deployment::Step;
use tokio::time::Instant;

use super::{Context, StepError, canary};
use crate::db::deployments;
use crate::docker::{DockerError, OwnedService};
use crate::domain::plan::Plan;
use crate::domain::rollout::{ObservedTask, TaskState};

const LOOK: Duration = Duration::from_millis(200);
/// Beyond the time that a task is given to end.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let old = others(context).await?;
    if !old.is_empty() {
        context.log.say(
            Step::Stop,
            "Stopping the old tasks; nobody serves until the new ones are healthy",
        );
    }
    for service in &old {
        scale(context, &service.name, 0).await?;
    }
    let limit = PATIENCE + grace(context);
    for service in &old {
        wait_until_stopped(context, &service.name, limit).await?;
    }
    let names: Vec<&str> = old.iter().map(|service| service.name.as_str()).collect();
    Ok(json!({ "stopped": names }))
}

/// Who served before runs again, is healthy, and gets the requests again.
pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    let Some(serving) = deployments::serving(&mut connection, context.plan.application).await? else {
        return Ok(());
    };
    let plan = deployments::find_plan(&mut connection, serving)
        .await?
        .map(|(plan, ..)| plan);
    drop(connection);
    let Some(plan) = plan else {
        return Ok(());
    };
    let wanted = plan.settings.replicas.get();
    scale(context, &plan.service, wanted).await?;
    let end = Instant::now() + Duration::from_secs(context.plan.limits.gate);
    while serving_tasks(context, &plan).await? < usize::from(wanted) {
        if Instant::now() >= end {
            return Err(StepError::Failed("the old tasks did not start again".to_owned()));
        }
        tokio::time::sleep(LOOK).await;
    }
    canary::confirm(context).await
}

/// So many tasks of a release run and, where they have a port, have been healthy.
async fn serving_tasks(context: &Context<'_>, plan: &Plan) -> Result<usize, StepError> {
    let app = context.app;
    let tasks = app.docker.tasks(&plan.service, &app.config.network).await?;
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

fn grace(context: &Context<'_>) -> Duration {
    Duration::from_secs(u64::from(context.plan.settings.container.stop_grace.get()))
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

/// So many tasks of a service run, wanted or not: a task that is ending still has its volumes open.
async fn running(context: &Context<'_>, service: &str) -> Result<usize, StepError> {
    let app = context.app;
    let tasks = match app.docker.tasks(service, &app.config.network).await {
        Err(DockerError::NotFound) => Vec::new(),
        tasks => tasks?,
    };
    Ok(tasks
        .iter()
        .filter(|task| task.state == TaskState::Running)
        .count())
}
