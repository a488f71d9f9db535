//! One container of this node, in our own words.

use std::collections::HashSet;
use std::time::Duration;

use bollard::query_parameters::RemoveContainerOptionsBuilder;
use chrono::{DateTime, Utc};
use serde_json::Value;
use slipway_protocol::task::TaskPart;
use slipway_protocol::{ApplicationId, CommandId};

use super::raw::encode;
use super::{Docker, DockerError};

/// What Docker says of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerFacts {
    /// Its first process as the host numbers it, while it runs.
    pub process: Option<u32>,
    /// The kernel ended it, or a process in it, for its memory.
    pub out_of_memory: bool,
    /// What its own health check printed last, if it has failed so often that the container counts as unhealthy. It stays after the end.
    pub failing_check: Option<String>,
}

/// A task of an application that runs on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningTask {
    pub container: String,
    pub application: String,
    /// The task's id.
    pub task: String,
    pub part: TaskPart,
    /// The deployment and the place in its service: the same for a task that takes the place of another.
    pub place: String,
}

/// What the engine counted of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainerStats {
    /// Nanoseconds of a core.
    pub cpu: u64,
    /// The working set, in bytes.
    pub memory: u64,
    /// In bytes. Where there is no limit it is all that the host has.
    pub memory_limit: Option<u64>,
    pub received: u64,
    pub sent: u64,
}

impl Docker {
    /// The tasks of applications that run on this node.
    pub async fn running_tasks(&self) -> Result<Vec<RunningTask>, DockerError> {
        let filters = serde_json::json!({ "label": [self.own_label()] });
        let path = format!("/containers/json?filters={}", encode(&filters.to_string()));
        let list = self.get_json(&path).await?;
        Ok(list
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(running)
            .collect())
    }

    /// Ended containers of releases and commands whose service is gone, by their ids, if nothing has happened to them for so long. Swarm
    /// removes a service's containers with it; an engine that died before it had come to that has forgotten them.
    pub async fn forgotten_containers(&self, quiet: Duration) -> Result<Vec<String>, DockerError> {
        let filters = serde_json::json!({ "label": [self.own_label(), super::label::APPLICATION],
            "status": ["created", "exited", "dead"] });
        let path = format!(
            "/containers/json?all=true&filters={}",
            encode(&filters.to_string())
        );
        let containers = self.get_json(&path).await?;
        // After the containers: one of a new service is not there without it.
        let services = self.owned_services().await?;
        let services: HashSet<&str> = services.iter().map(|service| service.name.as_str()).collect();
        let mut found = Vec::new();
        for id in forgotten(&containers, &services) {
            let last = match self.get_json(&format!("/containers/{}/json", encode(&id))).await {
                Ok(container) => last_event(&container),
                Err(DockerError::NotFound) => None,
                Err(error) => return Err(error),
            };
            if last.is_some_and(|last| is_quiet(last, Utc::now(), quiet)) {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// Removes one that has ended. Absent is fine.
    pub async fn remove_ended(&self, container: &str) -> Result<(), DockerError> {
        self.remove_container(container, false).await
    }

    /// Removes one, with whatever still runs in it. Absent is fine.
    pub(super) async fn remove_by_force(&self, container: &str) -> Result<(), DockerError> {
        self.remove_container(container, true).await
    }

    async fn remove_container(&self, container: &str, force: bool) -> Result<(), DockerError> {
        let options = RemoveContainerOptionsBuilder::default()
            .force(force)
            .v(true)
            .build();
        let removed = self.api().await?.remove_container(container, Some(options)).await;
        match removed.map_err(DockerError::from) {
            // A conflict is a removal that is under way.
            Ok(()) | Err(DockerError::NotFound | DockerError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What the engine has counted of a container until now; without waiting for a second look.
    pub async fn container_stats(&self, id: &str) -> Result<ContainerStats, DockerError> {
        let path = format!("/containers/{}/stats?stream=false&one-shot=true", encode(id));
        let value = self.get_json(&path).await?;
        stats(&value).ok_or_else(|| DockerError::Refused("it counts nothing of this container".to_owned()))
    }

    /// What this node knows of a container; `None` when it is another node's, or gone.
    pub async fn container(&self, id: &str) -> Result<Option<ContainerFacts>, DockerError> {
        match self.get_json(&format!("/containers/{}/json", encode(id))).await {
            Ok(value) => Ok(Some(facts(&value["State"]))),
            Err(DockerError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The containers of this node that run for a deployment, by its id; their own ids. A command that somebody runs beside it is its own
    /// matter.
    pub async fn running_containers(&self, deployment: &str) -> Result<Vec<String>, DockerError> {
        let mut all = self.running_with(super::label::DEPLOYMENT, deployment).await?;
        all.retain(|one| one["Labels"][super::label::COMMAND].is_null());
        let ids = all.iter().filter_map(|one| one["Id"].as_str());
        Ok(ids.map(str::to_owned).collect())
    }

    /// Whether a command that somebody runs has a container on this node that has not ended.
    pub async fn is_command_here(&self, command: CommandId) -> Result<bool, DockerError> {
        let all = self
            .running_with(super::label::COMMAND, &command.to_string())
            .await?;
        Ok(!all.is_empty())
    }

    /// The deployments whose releases have containers of an application that run on this node, or are ending there.
    pub async fn deployments_with_containers(
        &self,
        application: ApplicationId,
    ) -> Result<Vec<String>, DockerError> {
        let label = super::label::APPLICATION;
        let mut all = self.running_with(label, &application.to_string()).await?;
        all.retain(|one| one["Labels"][super::label::ROLE] != super::label::HOOK);
        let makers = all
            .iter()
            .filter_map(|one| one["Labels"][super::label::DEPLOYMENT].as_str());
        Ok(makers.map(str::to_owned).collect())
    }

    async fn running_with(&self, label: &str, value: &str) -> Result<Vec<Value>, DockerError> {
        let filters = serde_json::json!({ "label": [format!("{label}={value}")] });
        let path = format!("/containers/json?filters={}", encode(&filters.to_string()));
        let found = self.get_json(&path).await?;
        Ok(found.as_array().cloned().unwrap_or_default())
    }
}

fn forgotten(containers: &Value, services: &HashSet<&str>) -> Vec<String> {
    let of_gone_service = |container: &&Value| {
        let service = container["Labels"]["com.docker.swarm.service.name"].as_str();
        service.is_some_and(|service| !services.contains(service))
    };
    let all = containers
        .as_array()
        .into_iter()
        .flatten()
        .filter(of_gone_service);
    all.filter_map(|container| container["Id"].as_str().map(str::to_owned))
        .collect()
}

/// Whether so much time lies between; also where the clock was set back since.
fn is_quiet(last: DateTime<Utc>, now: DateTime<Utc>, quiet: Duration) -> bool {
    (now - last).abs().to_std().is_ok_and(|age| age >= quiet)
}

/// When a container was made or has ended; one that was never started ended long before our time.
fn last_event(container: &Value) -> Option<DateTime<Utc>> {
    let moment = |value: &Value| value.as_str()?.parse::<DateTime<Utc>>().ok();
    let made = moment(&container["Created"])?;
    Some(moment(&container["State"]["FinishedAt"]).map_or(made, |ended| ended.max(made)))
}

fn facts(state: &Value) -> ContainerFacts {
    let process = state["Pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
    ContainerFacts {
        process: process.filter(|pid| *pid != 0),
        out_of_memory: state["OOMKilled"].as_bool().unwrap_or(false),
        failing_check: failing_check(&state["Health"]),
    }
}

/// The engine keeps the last five outputs, the newest last, each up to 4 KiB long.
fn failing_check(health: &Value) -> Option<String> {
    (health["Status"] == "unhealthy").then(|| {
        let outputs = health["Log"].as_array();
        let last = outputs.and_then(|all| all.last()?["Output"].as_str());
        last.unwrap_or_default().to_owned()
    })
}

fn running(container: &Value) -> Option<RunningTask> {
    let labels = &container["Labels"];
    let task = labels[super::TASK].as_str()?;
    // `SERVICE.SLOT.TASK`
    let name = labels["com.docker.swarm.task.name"].as_str().unwrap_or(task);
    let slot = name.rsplit_once('.').map_or(name, |(slot, _)| slot);
    let deployment = labels[super::label::DEPLOYMENT].as_str().unwrap_or_default();
    Some(RunningTask {
        container: container["Id"].as_str()?.to_owned(),
        application: labels[super::label::APPLICATION].as_str()?.to_owned(),
        task: task.to_owned(),
        part: part(labels),
        place: format!("{deployment} {slot}"),
    })
}

/// What a task runs. A command of either kind is a hook by its role.
fn part(labels: &Value) -> TaskPart {
    let named = |label: &str| labels[label].as_str();
    let command = named(super::label::COMMAND).and_then(|id| id.parse().ok());
    TaskPart {
        deployment: named(super::label::DEPLOYMENT).and_then(|id| id.parse().ok()),
        command,
        hook: command.is_none() && labels[super::label::ROLE] == super::label::HOOK,
    }
}

fn stats(value: &Value) -> Option<ContainerStats> {
    let memory = &value["memory_stats"];
    let inactive = memory["stats"]["total_inactive_file"].as_u64();
    let inactive = inactive.or_else(|| memory["stats"]["inactive_file"].as_u64());
    let of_networks = |direction: &str| {
        let networks = value["networks"].as_object();
        let bytes = networks.into_iter().flatten();
        bytes.filter_map(|(_, network)| network[direction].as_u64()).sum()
    };
    Some(ContainerStats {
        cpu: value["cpu_stats"]["cpu_usage"]["total_usage"].as_u64()?,
        memory: memory["usage"].as_u64()?.saturating_sub(inactive.unwrap_or(0)),
        memory_limit: memory["limit"].as_u64(),
        received: of_networks("rx_bytes"),
        sent: of_networks("tx_bytes"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// FR-DEP-16: a container that was killed for its memory is told from one that runs.
    #[test]
    fn a_containers_state_is_read() {
        let killed =
            json!({ "Status": "exited", "Running": false, "OOMKilled": true, "Pid": 0, "ExitCode": 137 });
        let expected = ContainerFacts {
            process: None,
            out_of_memory: true,
            failing_check: None,
        };
        assert_eq!(facts(&killed), expected);
        let runs =
            json!({ "Status": "running", "Running": true, "OOMKilled": false, "Pid": 4711, "ExitCode": 0 });
        assert_eq!(facts(&runs).process, Some(4711));
        let unhealthy = json!({ "Status": "exited", "Health": { "Status": "unhealthy", "FailingStreak": 3, "Log": [
            { "ExitCode": 1, "Output": "first" }, { "ExitCode": 1, "Output": "connection refused" }] } });
        let said = facts(&unhealthy).failing_check;
        assert_eq!(said.as_deref(), Some("connection refused"));
        let starting =
            json!({ "Status": "exited", "Health": { "Status": "starting", "Log": [{ "Output": "no" }] } });
        assert_eq!(facts(&starting).failing_check, None);
        assert_eq!(facts(&Value::Null).process, None);
    }

    /// FR-OBS-03: a task's place stays when another takes it; what is no task of an application is none.
    #[test]
    fn running_tasks_are_read() {
        let labels = json!({ "slipway.application": "a", "slipway.deployment": "d",
            "com.docker.swarm.task.id": "t1", "com.docker.swarm.task.name": "slipway-a.2.t1" });
        let expected = RunningTask {
            container: "c1".to_owned(),
            application: "a".to_owned(),
            task: "t1".to_owned(),
            part: TaskPart::default(),
            place: "d slipway-a.2".to_owned(),
        };
        assert_eq!(running(&json!({ "Id": "c1", "Labels": labels })), Some(expected));
        assert_eq!(
            running(&json!({ "Id": "c2", "Labels": { "slipway.role": "edge" } })),
            None
        );
    }

    /// FR-OBS-03, FR-DEP-09: what runs of a release, of the commands around it and of those beside it is told apart.
    #[test]
    fn a_task_says_what_it_runs() {
        const ID: &str = "018f0000-0000-7000-8000-000000000001";
        let release = json!({ "slipway.deployment": ID });
        let around = json!({ "slipway.deployment": ID, "slipway.role": "hook" });
        let beside = json!({ "slipway.deployment": ID, "slipway.role": "hook", "slipway.command": ID });
        let of_release = part(&release);
        assert_eq!(of_release.deployment, ID.parse().ok());
        assert_eq!((of_release.command, of_release.hook), (None, false));
        assert!(part(&around).hook && part(&around).deployment == of_release.deployment);
        assert_eq!(part(&beside).command, ID.parse().ok());
        assert!(!part(&beside).hook);
        assert_eq!(part(&json!({ "slipway.deployment": "d" })), TaskPart::default());
    }

    /// FR-DEP-10: only what belongs to a service that is gone is forgotten; a container without a service is somebody's own.
    #[test]
    fn what_no_service_has_is_forgotten() {
        let of = |id: &str, service: &str| json!({ "Id": id, "Labels": { "com.docker.swarm.service.name": service } });
        let all = json!([of("a", "there"), of("b", "gone"), { "Id": "c", "Labels": {} }]);
        assert_eq!(forgotten(&all, &HashSet::from(["there"])), ["b"]);
        let of =
            |ended: &str| json!({ "Created": "2026-01-02T03:04:05.6Z", "State": { "FinishedAt": ended } });
        let second = |container| last_event(&container).map(|at| at.format("%H:%M:%S").to_string());
        assert_eq!(second(of("2026-01-02T03:05:00.1Z")).as_deref(), Some("03:05:00"));
        assert_eq!(second(of("0001-01-01T00:00:00Z")).as_deref(), Some("03:04:05"));
    }

    /// NFR-R3: what has ended before the clock jumped is forgotten all the same, whichever way it did.
    #[test]
    fn a_clock_that_jumps_keeps_no_container() {
        let (now, quiet) = (Utc::now(), Duration::from_secs(30));
        let at = |seconds: i64| is_quiet(now + chrono::TimeDelta::seconds(seconds), now, quiet);
        assert!(!at(0) && !at(-29) && !at(10));
        assert!(at(-31) && at(-86_400) && at(86_400));
    }

    /// FR-OBS-03: the engine's own counters are read, of both versions of control groups.
    #[test]
    fn the_engines_counters_are_read() {
        let value = |inactive: &str| {
            json!({ "cpu_stats": { "cpu_usage": { "total_usage": 7 } },
                "memory_stats": { "usage": 100, "limit": 400, "stats": { inactive: 30 } },
                "networks": { "eth0": { "rx_bytes": 1, "tx_bytes": 2 }, "eth1": { "rx_bytes": 3, "tx_bytes": 4 } } })
        };
        let expected = ContainerStats {
            cpu: 7,
            memory: 70,
            memory_limit: Some(400),
            received: 4,
            sent: 6,
        };
        for inactive in ["total_inactive_file", "inactive_file"] {
            assert_eq!(stats(&value(inactive)), Some(expected));
        }
        assert_eq!(stats(&json!({ "cpu_stats": {}, "memory_stats": {} })), None);
    }
}
