//! Observed tasks of a new release → still starting, up, or failed with the reason.

use std::time::Duration;

/// A Swarm task, in our own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedTask {
    pub id: String,
    pub state: TaskState,
    /// What Docker says about it, empty if nothing.
    pub message: String,
    pub exit_code: Option<i64>,
    /// Swarm took it away before it had ended by itself; what its process then said of itself says nothing of its work.
    pub shut_down: bool,
    /// Swarm wants it to run (it is not a finished predecessor).
    pub wanted: bool,
    /// Its address on the applications' network.
    pub address: Option<String>,
    /// The id of its container, if it has got one.
    pub container: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskState {
    Starting,
    Running,
    Ended,
    Failed,
    Rejected,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Converging,
    /// As many tasks run as are wanted; they have still to answer.
    Up,
    /// It will not come up. One sentence.
    Failed(String),
}

/// So many ended tasks make a crash loop.
const CRASHES: usize = 2;
/// So often Docker may stumble over its own network before it counts; Swarm tries again after a second.
const STUMBLES: usize = 6;

/// Why a release failed whose containers Swarm ends for their own health check.
pub const FAILING_CHECK: &str = "the container’s own health check keeps failing (HEALTHCHECK of the Dockerfile, or the command of the settings); look at what \
     it prints, and that the image has the program that it calls";

/// Judges a release's tasks. `waited` is the time since the gate began, `limit` the time it has.
pub fn judge(tasks: &[ObservedTask], wanted: usize, waited: Duration, limit: Duration) -> Verdict {
    let up = tasks
        .iter()
        .filter(|task| task.wanted && task.state == TaskState::Running && task.address.is_some())
        .count();
    let broken: Vec<_> = tasks
        .iter()
        .filter(|task| {
            matches!(
                task.state,
                TaskState::Failed | TaskState::Rejected | TaskState::Ended
            )
        })
        // One that Swarm took away, for a drained node for one, has not ended by itself.
        .filter(|task| !task.shut_down)
        .collect();
    let (stumbled, broken): (Vec<_>, Vec<_>) = broken.into_iter().partition(|task| is_passing(task));
    let refused = broken.iter().find(|task| task.state == TaskState::Rejected);
    let worn_out = stumbled.first().filter(|_| stumbled.len() >= STUMBLES);
    if let Some(task) = refused.or(worn_out) {
        return Verdict::Failed(why_refused(task));
    }
    if broken.len() >= CRASHES {
        return Verdict::Failed(why_it_ended(broken[0]));
    }
    if up >= wanted {
        return Verdict::Up;
    }
    if waited >= limit {
        let reason = match (
            broken.first(),
            stumbled.first(),
            tasks.iter().find(|task| task.wanted),
        ) {
            (Some(ended), ..) => why_it_ended(ended),
            // Swarm keeps few of those that ended: there may never be as many as wear out.
            (None, Some(task), _) => why_refused(task),
            (None, None, Some(task)) => format!(
                "its containers did not start within {} s: {}",
                limit.as_secs(),
                said(task)
            ),
            (None, None, None) => format!("Docker scheduled no container within {} s", limit.as_secs()),
        };
        return Verdict::Failed(reason);
    }
    Verdict::Converging
}

/// The newest task that did not stay up: whose end says most about a release that does not.
pub fn last_broken(tasks: &[ObservedTask]) -> Option<&ObservedTask> {
    tasks.iter().find(|task| match task.state {
        TaskState::Failed | TaskState::Rejected | TaskState::Ended => !is_passing(task),
        TaskState::Starting | TaskState::Running => false,
    })
}

/// Docker's own trouble with a network that is being made or taken away beside it; it passes by itself.
fn is_passing(task: &ObservedTask) -> bool {
    let said = task.message.to_lowercase();
    [
        "network sandbox",
        "vxlan",
        "could not find network",
        "no available ipv4",
    ]
    .iter()
    .any(|words| said.contains(words))
}

fn why_refused(task: &ObservedTask) -> String {
    format!("Docker refused to start the container: {}", said(task))
}

fn why_it_ended(task: &ObservedTask) -> String {
    // Swarm ends such a container: how it ended says nothing of why.
    if is_unhealthy(task) {
        return FAILING_CHECK.to_owned();
    }
    match task.exit_code {
        Some(137) => "the container was killed (exit code 137), most likely because it ran out of memory; give it more or use less".to_owned(),
        Some(0) => "the container ended by itself (exit code 0); its command must keep running".to_owned(),
        Some(127) => "the container's command was not found (exit code 127); check CMD or ENTRYPOINT in the Dockerfile".to_owned(),
        Some(code) => format!("the container keeps ending with exit code {code}; its last lines are in the log"),
        None => format!("the container does not stay up: {}", said(task)),
    }
}

/// Docker's words for a container whose health check failed too often.
fn is_unhealthy(task: &ObservedTask) -> bool {
    task.message.contains("unhealthy container")
}

fn said(task: &ObservedTask) -> &str {
    if task.message.is_empty() {
        "Docker gave no reason"
    } else {
        &task.message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(state: TaskState, exit_code: Option<i64>) -> ObservedTask {
        let address = (state == TaskState::Running).then(|| "10.0.0.2".to_owned());
        ObservedTask {
            id: "t".to_owned(),
            state,
            message: String::new(),
            exit_code,
            shut_down: false,
            wanted: state != TaskState::Failed,
            address,
            container: None,
        }
    }

    const LIMIT: Duration = Duration::from_secs(60);

    /// FR-DEP-03: a release is up only when as many tasks run as are wanted.
    #[test]
    fn up_needs_every_task() {
        let one = [task(TaskState::Running, None), task(TaskState::Starting, None)];
        assert_eq!(judge(&one, 2, Duration::ZERO, LIMIT), Verdict::Converging);
        assert_eq!(judge(&one, 1, Duration::ZERO, LIMIT), Verdict::Up);
    }

    /// FR-DEP-03: a crash loop fails with its exit code, before the deadline.
    #[test]
    fn a_crash_loop_is_noticed() {
        let tasks = [
            task(TaskState::Failed, Some(3)),
            task(TaskState::Failed, Some(3)),
            task(TaskState::Starting, None),
        ];
        let Verdict::Failed(reason) = judge(&tasks, 1, Duration::ZERO, LIMIT) else {
            panic!()
        };
        assert!(reason.contains("exit code 3"), "{reason}");
    }

    /// FR-DEP-03: Docker's passing trouble with its network is waited out, for a while; a wrong command is not.
    #[test]
    fn a_passing_rejection_is_waited_out() {
        let rejected = |message: &str| ObservedTask {
            message: message.to_owned(),
            ..task(TaskState::Rejected, None)
        };
        let network = rejected("network sandbox join failed: error creating vxlan interface: file exists");
        let some = vec![network.clone(); STUMBLES - 1];
        assert_eq!(judge(&some, 1, Duration::ZERO, LIMIT), Verdict::Converging);
        let Verdict::Failed(late) = judge(&some, 1, LIMIT, LIMIT) else {
            panic!("its time is over");
        };
        assert!(late.contains("file exists"), "{late}");
        let many = vec![network; STUMBLES];
        assert!(matches!(
            judge(&many, 1, Duration::ZERO, LIMIT),
            Verdict::Failed(_)
        ));
        let command = [rejected("exec: \"/nope\": no such file or directory")];
        assert!(matches!(
            judge(&command, 1, Duration::ZERO, LIMIT),
            Verdict::Failed(_)
        ));
    }

    /// FR-DEP-16: the newest end is the one that is looked into; Docker's passing trouble is none.
    #[test]
    fn the_newest_end_counts() {
        let network = ObservedTask {
            message: "network sandbox join failed".to_owned(),
            ..task(TaskState::Rejected, None)
        };
        let tasks = [
            task(TaskState::Running, None),
            network,
            task(TaskState::Failed, Some(3)),
            task(TaskState::Failed, Some(1)),
        ];
        assert_eq!(last_broken(&tasks).and_then(|task| task.exit_code), Some(3));
        assert_eq!(last_broken(&tasks[..1]), None);
    }

    /// FR-DEP-16: running out of memory is named.
    #[test]
    fn an_oom_kill_is_named() {
        let tasks = [
            task(TaskState::Failed, Some(137)),
            task(TaskState::Failed, Some(137)),
        ];
        let Verdict::Failed(reason) = judge(&tasks, 1, Duration::ZERO, LIMIT) else {
            panic!()
        };
        assert!(reason.contains("memory"), "{reason}");
    }

    /// FR-DEP-03: nothing waits for ever.
    #[test]
    fn the_deadline_ends_the_wait() {
        let tasks = [task(TaskState::Starting, None)];
        assert!(matches!(judge(&tasks, 1, LIMIT, LIMIT), Verdict::Failed(_)));
        assert!(matches!(judge(&[], 1, LIMIT, LIMIT), Verdict::Failed(_)));
    }
}
