//! Waiting for the requests in flight: a release that gets no new ones ends those that it has before it is stopped.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use slipway_protocol::count;
use slipway_protocol::deployment::Step;
use slipway_protocol::settings::Port;
use tokio::time::Instant;

use super::{Context, StepError, witness};
use crate::db::{applications, deployments};
use crate::docker::DockerError;
use crate::domain::rollout::{ObservedTask, TaskState};

const LOOK: Duration = Duration::from_millis(100);
/// The edge may have taken up a request in the moment of the switch that has not reached the old task yet.
const AT_LEAST: Duration = Duration::from_millis(300);
/// So often in a row nobody has to be connected.
const QUIET_LOOKS: u32 = 3;
/// So long nothing is said about those who are still connected.
const SILENT: Duration = Duration::from_secs(3);
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
        quiet = if connected == Some(0) { quiet + 1 } else { 0 };
        if quiet >= QUIET_LOOKS && begun.elapsed() >= AT_LEAST {
            return Ok(Drained::Over);
        }
        if gives_way && looked_behind.elapsed() >= LOOK_BEHIND {
            looked_behind = Instant::now();
            if is_waited_for(context).await? {
                return Ok(Drained::Wanted(limit.saturating_sub(begun.elapsed())));
            }
        }
        if !told
            && begun.elapsed() >= SILENT
            && let Some(said) = so_far(connected, limit)
        {
            told = true;
            context.log.say(step, &said);
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

/// What whoever waits should know.
fn so_far(connected: Option<usize>, limit: Duration) -> Option<String> {
    let seconds = limit.as_secs();
    match connected {
        Some(0) => None,
        Some(1) => Some(format!(
            "1 connection to a task that gets no new requests is open; it may go on for {seconds} s"
        )),
        Some(number) => Some(format!(
            "{} to tasks that get no new requests are open; they may go on for {seconds} s",
            count::in_words(number, "connection", "connections")
        )),
        None => Some(format!(
            "It cannot be seen who is connected to tasks that get no new requests; they run on for {seconds} s"
        )),
    }
}

async fn is_waited_for(context: &Context<'_>) -> Result<bool, StepError> {
    let application = context.plan.application;
    let mut connection = context.app.db.pool().acquire().await?;
    Ok(deployments::any_waiting(&mut connection, application).await?
        || applications::is_stopped(&mut connection, application).await?)
}

/// How many connections from outside the services' tasks have on their port; `None` where that cannot be seen for one of them.
///
/// A task's own kernel knows them all. Of one on another node, the edge's end is looked at instead: whoever came past the edge is not seen.
async fn connections(context: &Context<'_>, draining: &[Draining]) -> Result<Option<usize>, StepError> {
    let app = context.app;
    let mut count = 0;
    let mut elsewhere = Vec::new();
    for one in draining {
        let tasks = match app.docker.tasks(&one.service, &app.config.network).await {
            Err(DockerError::NotFound) => continue,
            tasks => tasks?,
        };
        for task in tasks.iter().filter(|task| task.state == TaskState::Running) {
            match (
                witness::connected(&app.docker, task, one.port).await,
                server(task, one.port),
            ) {
                (Some(own), _) => count += own,
                (None, Some(server)) => elsewhere.push(server),
                (None, None) => return Ok(None),
            }
        }
    }
    if elsewhere.is_empty() {
        return Ok(Some(count));
    }
    let led = witness::led_to(&app.docker, &elsewhere).await;
    Ok(led.map(|led| count + led))
}

/// Where the edge finds a task.
fn server(task: &ObservedTask, port: u16) -> Option<SocketAddr> {
    let address: IpAddr = task.address.as_ref()?.parse().ok()?;
    Some(SocketAddr::new(address, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-06: who is still connected is said, and so is that it cannot be seen; nobody is nothing to be said.
    #[test]
    fn what_is_not_seen_is_said() {
        let limit = Duration::from_secs(30);
        assert_eq!(so_far(Some(0), limit), None);
        let open = so_far(Some(2), limit).unwrap();
        assert!(open.starts_with("2 connections to tasks"), "{open}");
        let one = so_far(Some(1), limit).unwrap();
        assert!(one.starts_with("1 connection to a task"), "{one}");
        let unseen = so_far(None, limit).unwrap();
        assert!(
            unseen.contains("cannot be seen") && unseen.ends_with("30 s"),
            "{unseen}"
        );
    }

    /// FR-DEP-06: a task without an address gets no requests by the edge, and cannot be looked for there.
    #[test]
    fn the_edge_finds_a_task_by_its_address() {
        let task = |address: Option<&str>| ObservedTask {
            id: "t".to_owned(),
            state: TaskState::Running,
            message: String::new(),
            exit_code: None,
            shut_down: false,
            wanted: true,
            address: address.map(str::to_owned),
            container: None,
        };
        let found = server(&task(Some("10.0.1.7")), 8080);
        assert_eq!(found, "10.0.1.7:8080".parse().ok());
        assert_eq!(server(&task(None), 8080), None);
        assert_eq!(server(&task(Some("")), 8080), None);
    }
}
