//! Point the edge at the new tasks and see that it serves them. Done when the edge's own API says so.

use std::time::Duration;

use serde_json::Value;
use slipway_protocol::DeploymentId;
use slipway_protocol::deployment::Step;

use super::{Context, StepError, drain, meter};
use crate::db::{applications, deployments};
use crate::deploy::routes::apply_routes;
use crate::domain::routes::target_name;
use crate::domain::step_output::{Released, Switched};

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let (app, plan) = (context.app, context.plan);
    context
        .log
        .say(Step::CutOver, "Switching the edge to the new tasks");
    let told = meter::read(app, plan.application).await;
    // Who deploys a stopped application wants it to run.
    let servers = switch(context, Some(context.id), false).await?;
    if servers.is_empty() && plan.settings.port.is_some() {
        return Err(StepError::Failed(
            "the new tasks were gone when the edge was to be switched to them".to_owned(),
        ));
    }
    context.log.say(Step::CutOver, "The new release serves");
    let output = Switched {
        servers,
        told,
        switched: meter::read(app, plan.application).await,
    };
    serde_json::to_value(output).map_err(|error| StepError::Damaged(error.to_string()))
}

/// Back to who served before, of which the release step kept a note. Who serves instead of this release by now stays.
pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    let serving = deployments::serving(&mut connection, context.plan.application).await?;
    drop(connection);
    if serving != Some(context.id) {
        return Ok(());
    }
    let released = context.output::<Released>(Step::Release).unwrap_or_default();
    switch(context, released.before, released.stopped).await?;
    drain::own(context, Step::CutOver).await
}

async fn switch(
    context: &Context<'_>,
    to: Option<DeploymentId>,
    stopped: bool,
) -> Result<Vec<String>, StepError> {
    let (app, application) = (context.app, context.plan.application);
    let mut tx = app.db.begin().await?;
    deployments::set_serving(&mut tx, application, to).await?;
    deployments::end_share(&mut tx, application).await?;
    applications::set_stopped(&mut tx, application, stopped).await?;
    tx.commit().await?;
    let routes = apply_routes(app).await?;
    let name = target_name(application);
    let Some(target) = routes.targets.get(&name) else {
        return Ok(Vec::new());
    };
    app.edge
        .wait_until_served(&name, target, Duration::from_secs(context.plan.limits.cut_over))
        .await?;
    Ok(target.servers.clone())
}
