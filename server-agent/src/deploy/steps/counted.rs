//! A release's tasks, without those whose end says nothing about it.

use std::collections::HashSet;

use slipway_protocol::deployment::Step;

use super::{Context, StepError};
use crate::domain::rollout::{ObservedTask, TaskState};
use crate::domain::step_output::Released;

/// The tasks that a step judges a release by.
pub struct Counted {
    /// Of an earlier life of the service, from before this deployment.
    earlier: HashSet<String>,
    /// Those that were there when Docker or the agent came back. They may run on, and may have been ended by what was away. One that
    /// takes their place is judged as any other.
    excused: Option<HashSet<String>>,
}

impl Counted {
    pub fn of(context: &Context<'_>) -> Self {
        let released = context.output::<Released>(Step::Release).unwrap_or_default();
        Self {
            earlier: released.earlier_tasks.into_iter().collect(),
            excused: (!context.interrupted).then(HashSet::new),
        }
    }

    /// The release's tasks as they are now.
    pub async fn look(&mut self, context: &Context<'_>) -> Result<Vec<ObservedTask>, StepError> {
        let (docker, network) = (&context.app.docker, &context.app.config.network);
        let tasks = docker.tasks(&context.plan.service, network).await?;
        Ok(self.among(tasks))
    }

    fn among(&mut self, mut tasks: Vec<ObservedTask>) -> Vec<ObservedTask> {
        let excused = self
            .excused
            .get_or_insert_with(|| tasks.iter().map(|task| task.id.clone()).collect());
        tasks.retain(|task| {
            let has_not_ended = !matches!(task.state, TaskState::Ended | TaskState::Failed);
            !self.earlier.contains(&task.id) && (has_not_ended || !excused.contains(&task.id))
        });
        tasks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str, state: TaskState) -> ObservedTask {
        ObservedTask {
            id: id.to_owned(),
            state,
            message: String::new(),
            exit_code: None,
            shut_down: false,
            wanted: true,
            address: None,
            container: None,
        }
    }

    fn ids(tasks: Vec<ObservedTask>) -> Vec<String> {
        tasks.into_iter().map(|task| task.id).collect()
    }

    /// FR-DEP-10, NFR-R2: two tasks that a restart of the server ended are no crash loop; one that ends afterwards counts.
    #[test]
    fn an_interruption_ends_tasks() {
        let mut counted = Counted {
            earlier: HashSet::new(),
            excused: None,
        };
        let tasks = |a, b| vec![task("a", a), task("b", b)];
        use TaskState::{Failed, Running};
        assert_eq!(ids(counted.among(tasks(Running, Failed))), ["a"]);
        let mut later = tasks(Failed, Failed);
        later.push(task("c", Failed));
        assert_eq!(ids(counted.among(later)), ["c"]);
    }

    /// FR-DEP-03: without an interruption every end counts, but for those of an earlier life of the service.
    #[test]
    fn ends_count() {
        let mut counted = Counted {
            earlier: HashSet::from(["old".to_owned()]),
            excused: Some(HashSet::new()),
        };
        let tasks = vec![task("old", TaskState::Failed), task("new", TaskState::Failed)];
        assert_eq!(ids(counted.among(tasks)), ["new"]);
    }
}
