//! Let the requests in flight end, then stop the old releases. They stay, without tasks, as targets of a roll back.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;
use slipway_protocol::deployment::Step;

use super::drain::{self, Drained};
use super::{Context, StepError, meter, stop};
use crate::db::{applications, deployments};
use crate::domain::step_output::{Released, Retired};

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let mut old = stop::others(context).await?;
    old.retain(|service| service.replicas > 0);
    let draining = drain::with_ports(context, old.iter().map(|service| service.name.as_str())).await?;
    let drained = drain::wait(context, Step::Retire, &draining, true).await?;
    let warm = keep_warm(context, drained).await?;
    let mut stopped = Vec::new();
    for service in old {
        if !warm.contains(&service.name) {
            stop::scale(context, &service.name, 0).await?;
            stopped.push(service.name);
        }
    }
    let _ = std::fs::remove_dir_all(context.folder());
    let output = Retired {
        stopped,
        traffic: meter::read(context.app, context.plan.application).await,
    };
    serde_json::to_value(output).map_err(|error| StepError::Damaged(error.to_string()))
}

/// Services that go on for a while: that of who served before, for as long as somebody is connected or may want it back, and, where
/// this step gives way to the next deployment, those that an earlier one gave way with.
async fn keep_warm(context: &Context<'_>, drained: Drained) -> Result<HashSet<String>, StepError> {
    let before = keep_before(context, drained).await?;
    let mut warm: HashSet<String> = before.into_iter().collect();
    if matches!(drained, Drained::Wanted(_)) {
        let mut connection = context.app.db.pool().acquire().await?;
        warm.extend(deployments::warm_services(&mut connection, context.plan.application).await?);
    }
    Ok(warm)
}

async fn keep_before(context: &Context<'_>, drained: Drained) -> Result<Option<String>, StepError> {
    let released: Released = context.output(Step::Release).unwrap_or_default();
    let Some(before) = released.before else {
        return Ok(None);
    };
    let warm = Duration::from_secs(context.plan.limits.warm);
    let (seconds, because) = match drained {
        Drained::Wanted(left) if left > warm => (
            left.as_secs().max(1),
            "for who is still connected; another deployment waits",
        ),
        Drained::Over | Drained::Wanted(_) if !warm.is_zero() => (warm.as_secs(), "to go back to at once"),
        Drained::Over | Drained::Wanted(_) => return Ok(None),
    };
    let mut tx = context.app.db.begin().await?;
    // Whoever stops the application meanwhile waits for this, and ends what is kept warm.
    applications::lock(&mut tx, context.plan.application).await?;
    if applications::is_stopped(&mut tx, context.plan.application).await? {
        return Ok(None);
    }
    let Some((plan, ..)) = deployments::find_plan(&mut tx, before).await? else {
        return Ok(None);
    };
    // The same service serves on, with other numbers: there is nothing old about it.
    if plan.service == context.plan.service {
        return Ok(None);
    }
    deployments::keep_warm(&mut tx, before, seconds).await?;
    tx.commit().await?;
    context.log.say(
        Step::Retire,
        &format!("The old release keeps running for {seconds} s, {because}"),
    );
    Ok(Some(plan.service))
}
