//! Point the edge at the new tasks and see that it serves them. Done when the edge's own API says so.

use std::time::Duration;

use serde_json::{Value, json};
use slipway_protocol::DeploymentId;
use slipway_protocol::deployment::Step;

use super::release::Output;
use super::{Context, StepError};
use crate::db::deployments;
use crate::deploy::routes::apply_routes;
use crate::domain::routes::target_name;

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    context
        .log
        .say(Step::CutOver, "Switching the edge to the new tasks");
    let servers = switch(context, Some(context.id)).await?;
    if servers.is_empty() {
        return Err(StepError::Failed(
            "the new tasks were gone when the edge was to be switched to them".to_owned(),
        ));
    }
    context.log.say(Step::CutOver, "The edge serves the new release");
    Ok(json!({ "servers": servers }))
}

/// Back to who served before, of which the release step kept a note.
pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    let before = context
        .output::<Output>(Step::Release)
        .and_then(|output| output.before);
    switch(context, before).await?;
    Ok(())
}

async fn switch(context: &Context<'_>, to: Option<DeploymentId>) -> Result<Vec<String>, StepError> {
    let (app, application) = (context.app, context.plan.application);
    let mut connection = app.db.pool().acquire().await?;
    deployments::set_serving(&mut connection, application, to).await?;
    drop(connection);
    let routes = apply_routes(app).await?;
    let name = target_name(application);
    let Some(target) = routes.targets.get(&name) else {
        return Ok(Vec::new());
    };
    app.edge
        .wait_until_served(
            &name,
            &target.servers,
            Duration::from_secs(context.plan.limits.cut_over),
        )
        .await?;
    Ok(target.servers.clone())
}
