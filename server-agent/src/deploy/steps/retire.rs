//! Let the requests in flight end, then stop the old releases. They stay, without tasks, as targets of a roll back.

use std::time::Duration;

use serde_json::Value;
use slipway_protocol::deployment::Step;
use slipway_protocol::settings::Port;
use tokio::time::Instant;

use super::{Context, StepError, meter, stop, witness};
use crate::db::deployments;
use crate::docker::OwnedService;
use crate::domain::rollout::TaskState;
use crate::domain::step_output::{Released, Retired};

const LOOK: Duration = Duration::from_millis(100);
/// The edge may have taken up a request in the moment of the switch that has not reached the old task yet.
const AT_LEAST: Duration = Duration::from_millis(300);
/// So often in a row nobody has to be connected.
const QUIET_LOOKS: u32 = 3;
/// Where it cannot be seen who is connected, because the tasks are on another node.
const UNSEEN: Duration = Duration::from_secs(10);

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let mut old = stop::others(context).await?;
    old.retain(|service| service.replicas > 0);
    if !old.is_empty() {
        drain(context, &old).await?;
    }
    let before = context
        .output::<Released>(Step::Release)
        .and_then(|output| output.before);
    let warm = context.plan.limits.warm;
    let mut stopped = Vec::new();
    for service in &old {
        let served = before.is_some_and(|before| service.deployment == before.to_string());
        if served && warm > 0 {
            let mut connection = context.app.db.pool().acquire().await?;
            if let Some(before) = before {
                deployments::keep_warm(&mut connection, before, warm).await?;
            }
            context.log.say(
                Step::Retire,
                &format!("The old release keeps running for {warm} s, to go back to at once"),
            );
            continue;
        }
        stop::scale(context, &service.name, 0).await?;
        stopped.push(service.name.clone());
    }
    let _ = std::fs::remove_dir_all(context.folder());
    let output = Retired {
        stopped,
        traffic: meter::read(context.app, context.plan.application).await,
    };
    serde_json::to_value(output).map_err(|error| StepError::Damaged(error.to_string()))
}

/// Waits until nobody is connected to the old tasks any more, at most as long as the plan says.
async fn drain(context: &Context<'_>, old: &[OwnedService]) -> Result<(), StepError> {
    let Some(port) = context.plan.settings.port.map(Port::get) else {
        return Ok(());
    };
    let (begun, limit) = (Instant::now(), Duration::from_secs(context.plan.limits.drain));
    let mut quiet = 0;
    let mut told = false;
    while begun.elapsed() < limit {
        let connected = connections(context, old, port).await?;
        match connected {
            Some(0) => quiet += 1,
            Some(_) => quiet = 0,
            None if begun.elapsed() >= UNSEEN => return Ok(()),
            None => {}
        }
        if quiet >= QUIET_LOOKS && begun.elapsed() >= AT_LEAST {
            return Ok(());
        }
        if let (false, Some(count @ 1..)) = (told, connected)
            && begun.elapsed() >= Duration::from_secs(3)
        {
            told = true;
            context.log.say(
                Step::Retire,
                &format!(
                    "{count} connection(s) to the old tasks are open; they may go on for {} s",
                    limit.as_secs()
                ),
            );
        }
        tokio::time::sleep(LOOK).await;
    }
    context.log.say(
        Step::Retire,
        &format!(
            "The time for requests in flight is over after {} s",
            limit.as_secs()
        ),
    );
    Ok(())
}

/// How many connections from outside the old tasks have on their port; `None` where that cannot be seen for one of them.
async fn connections(
    context: &Context<'_>,
    old: &[OwnedService],
    port: u16,
) -> Result<Option<usize>, StepError> {
    let app = context.app;
    let mut count = 0;
    for service in old {
        for task in app.docker.tasks(&service.name, &app.config.network).await? {
            if task.state != TaskState::Running {
                continue;
            }
            match witness::connected(&app.docker, &task, port).await {
                Some(own) => count += own,
                None => return Ok(None),
            }
        }
    }
    Ok(Some(count))
}
