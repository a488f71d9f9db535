//! Waiting for the requests in flight: a release that gets no new ones ends those that it has before it is stopped.

use std::collections::HashMap;
use std::time::Duration;

use slipway_protocol::deployment::Step;
use slipway_protocol::settings::Port;
use tokio::time::Instant;

use super::{Context, StepError, witness};
use crate::db::{applications, deployments};
use crate::docker::DockerError;
use crate::domain::rollout::TaskState;

const LOOK: Duration = Duration::from_millis(100);
/// The edge may have taken up a request in the moment of the switch that has not reached the old task yet.
const AT_LEAST: Duration = Duration::from_millis(300);
/// So often in a row nobody has to be connected.
const QUIET_LOOKS: u32 = 3;
/// Where it cannot be seen who is connected, because the tasks are on another node.
const UNSEEN: Duration = Duration::from_secs(10);
/// How often to look whether another deployment of the application waits, or it was stopped.
pub const LOOK_BEHIND: Duration = Duration::from_secs(1);

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Nobody is connected any more, or the time for it is over.
    Over,
    /// Another deployment waits, or the application was stopped. So much of the time is left to who is still connected.
    Wanted(Duration),
}

/// A service that gets no requests any more, and the port on which it has answered.
pub struct Draining {
    pub service: String,
    pub port: u16,
}

/// This deployment's own tasks, which get no requests any more because it is taken back.
pub async fn own(context: &Context<'_>, step: Step) -> Result<(), StepError> {
    let Some(port) = context.plan.settings.port.map(Port::get) else {
        return Ok(());
    };
    let service = context.plan.service.clone();
    wait(context, step, &[Draining { service, port }], false).await?;
    Ok(())
}

/// Those of these services that have answered on a port.
pub async fn with_ports(
    context: &Context<'_>,
    services: impl Iterator<Item = &str>,
) -> Result<Vec<Draining>, StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    let ports: HashMap<String, Option<u16>> =
        deployments::ports(&mut connection, context.plan.application).await?;
    let draining = |service: &str| {
        let port = ports.get(service).copied().flatten()?;
        Some(Draining {
            service: service.to_owned(),
            port,
        })
    };
    Ok(services.filter_map(draining).collect())
}

/// Waits until nobody is connected to these services any more, at most as long as the plan says; or, where that is asked for, until
/// another deployment of the application waits, or somebody stops it.
pub async fn wait(
    context: &Context<'_>,
    step: Step,
    draining: &[Draining],
    gives_way: bool,
) -> Result<Drained, StepError> {
    if draining.is_empty() {
        return Ok(Drained::Over);
    }
    let (begun, limit) = (Instant::now(), Duration::from_secs(context.plan.limits.drain));
    let mut looked_behind = begun;
    let mut quiet = 0;
    let mut told = false;
    while begun.elapsed() < limit {
        let connected = connections(context, draining).await?;
        match connected {
            Some(0) => quiet += 1,
            Some(_) => quiet = 0,
            None if begun.elapsed() >= UNSEEN => return Ok(Drained::Over),
            None => {}
        }
        if quiet >= QUIET_LOOKS && begun.elapsed() >= AT_LEAST {
            return Ok(Drained::Over);
        }
        if gives_way && looked_behind.elapsed() >= LOOK_BEHIND {
            looked_behind = Instant::now();
            if is_waited_for(context).await? {
                return Ok(Drained::Wanted(limit.saturating_sub(begun.elapsed())));
            }
        }
        if let (false, Some(count @ 1..)) = (told, connected)
            && begun.elapsed() >= Duration::from_secs(3)
        {
            told = true;
            context.log.say(
                step,
                &format!(
                    "{count} connection(s) to tasks that get no new requests are open; they may go on for {} s",
                    limit.as_secs()
                ),
            );
        }
        tokio::time::sleep(LOOK).await;
    }
    context.log.say(
        step,
        &format!(
            "The time for requests in flight is over after {} s",
            limit.as_secs()
        ),
    );
    Ok(Drained::Over)
}

async fn is_waited_for(context: &Context<'_>) -> Result<bool, StepError> {
    let application = context.plan.application;
    let mut connection = context.app.db.pool().acquire().await?;
    Ok(deployments::any_waiting(&mut connection, application).await?
        || applications::is_stopped(&mut connection, application).await?)
}

/// How many connections from outside the services' tasks have on their port; `None` where that cannot be seen for one of them.
async fn connections(context: &Context<'_>, draining: &[Draining]) -> Result<Option<usize>, StepError> {
    let app = context.app;
    let mut count = 0;
    for one in draining {
        let tasks = match app.docker.tasks(&one.service, &app.config.network).await {
            Err(DockerError::NotFound) => continue,
            tasks => tasks?,
        };
        for task in tasks.iter().filter(|task| task.state == TaskState::Running) {
            match witness::connected(&app.docker, task, one.port).await {
                Some(own) => count += own,
                None => return Ok(None),
            }
        }
    }
    Ok(Some(count))
}
