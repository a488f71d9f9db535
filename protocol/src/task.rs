//! The running tasks of an application.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::text_type;
use crate::{CommandId, DeploymentId};

text_type! {
    /// The id of a Swarm task, or how it begins.
    TaskName, "The task", |text| {
        if text.is_empty() || text.len() > 64 || !text.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err("it needs the letters and digits that the list of tasks shows");
        }
        Ok(())
    }
}

/// A running task.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct TaskView {
    pub id: TaskName,
    /// It runs on the node of the agent: a terminal and a forwarded port reach it.
    pub here: bool,
}

/// What a task runs, as far as its container says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct TaskPart {
    /// The deployment whose release it is of.
    pub deployment: Option<DeploymentId>,
    /// It runs a command that somebody runs beside the release.
    pub command: Option<CommandId>,
    /// It runs a command of the deployment itself, before or after its release.
    pub hook: bool,
}

/// So many letters of a task's id stand in the log: enough to tell replicas apart.
pub const LETTERS_IN_LOG: usize = 8;

impl TaskName {
    /// As long as it is shown to people.
    pub fn short(&self) -> &str {
        self.begin(12)
    }

    /// As the log names it.
    pub fn in_log(&self) -> &str {
        self.begin(LETTERS_IN_LOG)
    }

    fn begin(&self, letters: usize) -> &str {
        self.as_str().get(..letters).unwrap_or(self.as_str())
    }
}
