//! Point the edge at the new tasks and see that it serves them. Done when the edge's own API says so.

use serde_json::Value;
use slipway_protocol::deployment::Step;

use super::{Context, StepError, canary, drain, gate, meter};
use crate::db::{applications, deployments};
use crate::domain::rollout::TaskState;
use crate::domain::step_output::{Released, Switched};

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let (app, plan) = (context.app, context.plan);
    if context.interrupted {
        // Docker may have started its tasks anew since the gate.
        gate::healthy(context, Step::CutOver, healthy_at_least(context)).await?;
    }
    // Before the switch: the edge would take up a release without tasks as well, and nobody would serve until this is taken back.
    if plan.settings.port.is_some() && !any_runs(context).await? {
        return Err(gone());
    }
    context
        .log
        .say(Step::CutOver, "Switching Traefik to the new tasks");
    let told = meter::read(app, plan.application).await;
    let mut tx = app.db.begin().await?;
    // First, as everybody takes it: nobody waits for each other then.
    applications::lock(&mut tx, plan.application).await?;
    deployments::set_serving(&mut tx, plan.application, Some(context.id)).await?;
    deployments::end_share(&mut tx, plan.application).await?;
    // Who deploys a stopped application wants it to run.
    applications::set_stopped(&mut tx, plan.application, false).await?;
    tx.commit().await?;
    let servers = canary::confirm(context).await?;
    if servers.is_empty() && plan.settings.port.is_some() {
        return Err(gone());
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
///
/// Each part is done again where this is tried again: that the database says so does not mean that the edge does.
pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    let application = context.plan.application;
    let released = context.output::<Released>(Step::Release).unwrap_or_default();
    let rolls = context.plan.steps.contains(&Step::Roll);
    let mut tx = context.app.db.begin().await?;
    applications::lock(&mut tx, application).await?;
    let serving = deployments::serving(&mut tx, application).await?;
    if serving == Some(context.id) {
        deployments::set_serving(&mut tx, application, released.before).await?;
        if rolls {
            // The old release has no tasks left. Both serve, which are the new ones, until taking back the roll has brought it back.
            deployments::set_share(&mut tx, context.id, None).await?;
        } else {
            deployments::end_share(&mut tx, application).await?;
        }
        applications::set_stopped(&mut tx, application, released.stopped).await?;
        tx.commit().await?;
    } else if serving == released.before {
        drop(tx);
    } else {
        return Ok(());
    }
    canary::confirm(context).await?;
    if rolls {
        return Ok(());
    }
    drain::own(context, Step::CutOver).await
}

/// A rolling release has all its tasks by now.
fn healthy_at_least(context: &Context<'_>) -> u16 {
    if context.plan.steps.contains(&Step::Roll) {
        context.plan.settings.replicas.get()
    } else {
        context.plan.first_tasks()
    }
}

async fn any_runs(context: &Context<'_>) -> Result<bool, StepError> {
    let (docker, network) = (&context.app.docker, &context.app.config.network);
    let tasks = docker.tasks(&context.plan.service, network).await?;
    Ok(tasks
        .iter()
        .any(|task| task.wanted && task.state == TaskState::Running && task.address.is_some()))
}

fn gone() -> StepError {
    StepError::Failed("the new tasks were gone when Traefik was to be switched to them".to_owned())
}
