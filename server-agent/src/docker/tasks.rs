//! Tasks of services, in our own words.

use serde_json::Value;

use super::raw::encode;
use super::{Docker, DockerError, label};
use crate::domain::one_line::one_line;
use crate::domain::rollout::{ObservedTask, TaskState};

impl Docker {
    /// All tasks of a service that Swarm still remembers, newest first. `network` is where their addresses are looked up.
    pub async fn tasks(&self, service: &str, network: &str) -> Result<Vec<ObservedTask>, DockerError> {
        self.tasks_where(&serde_json::json!({ "service": [service] }), network)
            .await
            .map(|tasks| tasks.into_iter().map(|task| task.observed).collect())
    }

    /// All tasks of this instance's releases, with the id of the deployment. A command beside one is none of them: it takes no requests.
    pub async fn deployment_tasks(&self, network: &str) -> Result<Vec<(String, ObservedTask)>, DockerError> {
        let label = self.own_label();
        let mut tasks = self
            .tasks_where(&serde_json::json!({ "label": [label] }), network)
            .await?;
        tasks.retain(|task| !task.of_command);
        Ok(tasks
            .into_iter()
            .map(|task| (task.deployment, task.observed))
            .collect())
    }

    async fn tasks_where(&self, filters: &Value, network: &str) -> Result<Vec<Labelled>, DockerError> {
        let filters = encode(&filters.to_string());
        let value = self.get_json(&format!("/tasks?filters={filters}")).await?;
        let mut tasks = value.as_array().cloned().unwrap_or_default();
        tasks.sort_by(|a, b| b["CreatedAt"].as_str().cmp(&a["CreatedAt"].as_str()));
        Ok(tasks.iter().map(|task| labelled(task, network)).collect())
    }
}

/// A task, and what its labels say of it.
struct Labelled {
    deployment: String,
    /// Of a deployment's command before or after its release.
    of_command: bool,
    observed: ObservedTask,
}

fn labelled(task: &Value, network: &str) -> Labelled {
    let labels = &task["Spec"]["ContainerSpec"]["Labels"];
    Labelled {
        deployment: labels[label::DEPLOYMENT].as_str().unwrap_or_default().to_owned(),
        of_command: labels[label::ROLE] == label::HOOK,
        observed: observed(task, network),
    }
}

fn observed(task: &Value, network: &str) -> ObservedTask {
    let status = &task["Status"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let state = match status["State"].as_str().unwrap_or_default() {
        "running" => TaskState::Running,
        "complete" | "shutdown" | "remove" => TaskState::Ended,
        "failed" | "orphaned" => TaskState::Failed,
        "rejected" => TaskState::Rejected,
        _ => TaskState::Starting,
    };
    let message = Some(text(&status["Err"]))
        .filter(|error| !error.is_empty())
        .unwrap_or_else(|| match state {
            TaskState::Running => String::new(),
            _ => text(&status["Message"]),
        });
    let attachments = task["NetworksAttachments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let attachment = attachments
        .iter()
        .find(|attached| attached["Network"]["Spec"]["Name"].as_str() == Some(network));
    let address = attachment
        .and_then(|attached| attached["Addresses"][0].as_str())
        .map(|address| address.split('/').next().unwrap_or_default().to_owned());
    ObservedTask {
        id: text(&task["ID"]),
        state,
        // It names what was typed: a command, a path.
        message: one_line(&message),
        // Docker leaves the code out of an ended container's status when it is zero.
        exit_code: match state {
            TaskState::Failed | TaskState::Ended => status["ContainerStatus"]
                .as_object()
                .map(|container| container.get("ExitCode").and_then(Value::as_i64).unwrap_or(0)),
            TaskState::Starting | TaskState::Running | TaskState::Rejected => None,
        },
        shut_down: matches!(status["State"].as_str(), Some("shutdown" | "remove")),
        wanted: task["DesiredState"].as_str() == Some("running"),
        address,
        container: status["ContainerStatus"]["ContainerID"]
            .as_str()
            .filter(|id| !id.is_empty())
            .map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// FR-DEP-03: an address counts only on the applications' network, without its prefix length.
    #[test]
    fn a_running_task_is_read() {
        let task = json!({
            "ID": "t1", "DesiredState": "running", "Status": { "State": "running", "Message": "started" },
            "NetworksAttachments": [
                { "Network": { "Spec": { "Name": "other" } }, "Addresses": ["10.9.0.2/24"] },
                { "Network": { "Spec": { "Name": "slipway" } }, "Addresses": ["10.0.1.7/24"] }
            ]
        });
        let task = observed(&task, "slipway");
        assert_eq!(task.address.as_deref(), Some("10.0.1.7"));
        assert!(task.wanted && task.message.is_empty());
    }

    /// FR-DEP-03: the reason of a failure is Docker's error, and the exit code is kept.
    #[test]
    fn a_failed_task_is_read() {
        let task = json!({
            "ID": "t1", "DesiredState": "shutdown",
            "Status": { "State": "failed", "Message": "started", "Err": "task: non-zero exit (3)",
                        "ContainerStatus": { "ContainerID": "c1", "PID": 0, "ExitCode": 3 } }
        });
        let task = observed(&task, "slipway");
        assert_eq!(
            (task.state, task.exit_code, task.message.as_str()),
            (TaskState::Failed, Some(3), "task: non-zero exit (3)")
        );
        assert_eq!(task.container.as_deref(), Some("c1"));
    }

    /// NFR-S2, NFR-U2: a command whose name has line breaks does not make several lines of the reason.
    #[test]
    fn a_reason_is_one_line() {
        let task = json!({ "ID": "t1", "Status": { "State": "rejected", "Err": "exec: stat \ntouch /x\r: no such file\u{1b}" } });
        assert_eq!(
            observed(&task, "slipway").message,
            "exec: stat  touch /x : no such file"
        );
    }
}
