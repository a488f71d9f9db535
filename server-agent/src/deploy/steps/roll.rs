//! Rolling only: the release's first task is healthy; one more starts, one old one stops, until all are new.
//!
//! How far it is stands in Docker: a killed agent reads how many tasks the new release has, and goes on from there.

use serde_json::{Value, json};
use slipway_protocol::count;
use slipway_protocol::deployment::Step;

use super::{Context, StepError, canary, gate, stop};
use crate::db::deployments;

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let wanted = context.plan.settings.replicas.get();
    share(context).await?;
    let reached = own_tasks(context).await?.clamp(1, wanted);
    for tasks in reached..=wanted {
        if tasks > reached {
            context
                .app
                .docker
                .scale(&context.plan.service, tasks)
                .await
                .map_err(StepError::from)?;
        }
        gate::healthy(context, Step::Roll, tasks).await?;
        canary::confirm(context).await?;
        let left = shrink(context, tasks).await?;
        let new = count::in_words(usize::from(tasks), "new task", "new tasks");
        context.log.say(Step::Roll, &format!("{new}, {left} old"));
    }
    Ok(json!({ "tasks": wanted }))
}

/// Every old task runs again, and only they serve. It goes back as it came, one by one: the node has room for one more than are wanted.
pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    for left in (1..own_tasks(context).await?).rev() {
        stop::bring_back(context, left).await?;
        stop::scale(context, &context.plan.service, left).await?;
    }
    stop::undo(context).await?;
    canary::undo(context).await
}

/// From now on, both releases' tasks serve.
async fn share(context: &Context<'_>) -> Result<(), StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    deployments::set_share(&mut connection, context.id, None).await?;
    drop(connection);
    canary::confirm(context).await?;
    Ok(())
}

/// How many tasks the release was told to have: what an interrupted roll had come to.
async fn own_tasks(context: &Context<'_>) -> Result<u16, StepError> {
    let services = context.app.docker.owned_services().await?;
    let own = services
        .iter()
        .find(|service| service.name == context.plan.service);
    Ok(own.map_or(0, |service| service.replicas))
}

/// As many old tasks fewer as there are new ones, counted from what the old release was planned with, so that doing it again changes
/// nothing; returns how many are left. The last one stays for *retire*, which stops it when no request goes to it any more.
async fn shrink(context: &Context<'_>, new: u16) -> Result<u16, StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    let serving = deployments::serving_plan(&mut connection, context.plan.application).await?;
    drop(connection);
    let mut left = 0;
    for service in stop::others(context).await? {
        let mut tasks = service.replicas;
        let planned = serving.as_ref().filter(|plan| plan.service == service.name);
        if let Some(plan) = planned {
            tasks = tasks.min(plan.settings.replicas.get().saturating_sub(new).max(1));
            if tasks < service.replicas {
                stop::scale(context, &service.name, tasks).await?;
            }
        }
        left += tasks;
    }
    Ok(left)
}
