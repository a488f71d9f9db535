//! Rolling only: the release's first task is healthy; one more starts, one old one stops, until all are new.
//!
//! How far it is stands in Docker: a killed agent reads how many tasks each release should have, and goes on.

use serde_json::{Value, json};
use slipway_protocol::deployment::Step;

use super::{Context, StepError, canary, gate, stop};
use crate::db::deployments;

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let wanted = context.plan.settings.replicas.get();
    share(context).await?;
    for tasks in 1..=wanted {
        if tasks > 1 {
            context
                .app
                .docker
                .scale(&context.plan.service, tasks)
                .await
                .map_err(StepError::from)?;
        }
        gate::healthy(context, Step::Roll, tasks).await?;
        canary::confirm(context).await?;
        let left = shrink(context).await?;
        context
            .log
            .say(Step::Roll, &format!("{tasks} new task(s), {left} old"));
    }
    Ok(json!({ "tasks": wanted }))
}

/// Every old task runs again, and only they serve.
pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    stop::undo(context).await?;
    canary::undo(context).await
}

/// From now on, both releases' tasks serve.
async fn share(context: &Context<'_>) -> Result<(), StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    deployments::set_share(&mut connection, context.id, None).await?;
    drop(connection);
    canary::confirm(context).await
}

/// One old task fewer; returns how many are left.
async fn shrink(context: &Context<'_>) -> Result<u16, StepError> {
    let mut left = 0;
    let mut taken = false;
    for service in stop::others(context).await? {
        let mut tasks = service.replicas;
        if tasks > 0 && !taken {
            taken = true;
            tasks -= 1;
            stop::scale(context, &service.name, tasks).await?;
        }
        left += tasks;
    }
    Ok(left)
}
