//! One container of this node, in our own words.

use serde_json::Value;

use super::raw::encode;
use super::{Docker, DockerError};

/// What Docker says of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerFacts {
    /// Its first process as the host numbers it, while it runs.
    pub process: Option<u32>,
    /// The kernel ended it, or a process in it, for its memory.
    pub out_of_memory: bool,
}

impl Docker {
    /// What this node knows of a container; `None` when it is another node's, or gone.
    pub async fn container(&self, id: &str) -> Result<Option<ContainerFacts>, DockerError> {
        match self.get_json(&format!("/containers/{}/json", encode(id))).await {
            Ok(value) => Ok(Some(facts(&value["State"]))),
            Err(DockerError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The containers of this node that run for a deployment, by its id; their own ids.
    pub async fn running_containers(&self, deployment: &str) -> Result<Vec<String>, DockerError> {
        let filters = serde_json::json!({ "label": [format!("{}={deployment}", super::label::DEPLOYMENT)] });
        let value = self
            .get_json(&format!(
                "/containers/json?filters={}",
                encode(&filters.to_string())
            ))
            .await?;
        let all = value.as_array().cloned().unwrap_or_default();
        Ok(all
            .iter()
            .filter_map(|one| one["Id"].as_str().map(str::to_owned))
            .collect())
    }
}

fn facts(state: &Value) -> ContainerFacts {
    let process = state["Pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
    ContainerFacts {
        process: process.filter(|pid| *pid != 0),
        out_of_memory: state["OOMKilled"].as_bool().unwrap_or(false),
    }
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
        };
        assert_eq!(facts(&killed), expected);
        let runs =
            json!({ "Status": "running", "Running": true, "OOMKilled": false, "Pid": 4711, "ExitCode": 0 });
        assert_eq!(facts(&runs).process, Some(4711));
        assert_eq!(facts(&Value::Null).process, None);
    }
}
