//! Which tasks the edge may send requests to: those that were healthy once.
//!
//! A task that Swarm starts again, or one more after scaling, runs before it answers. It is asked through a way of its own, as the
//! gate does, and takes part only when it is healthy, or has stayed up for as long as its release had to. What a restarted agent finds
//! in the edge's configuration took part before.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use slipway_protocol::DeploymentId;
use tokio::time::Instant;

use super::asking::{self, Check};
use crate::app::App;
use crate::domain::plan::Plan;
use crate::domain::rollout::{ObservedTask, TaskState};
use crate::domain::routes::Probe;

/// So many tasks are asked at once.
const AT_ONCE: usize = 32;

#[derive(Default)]
pub struct Readiness {
    ready: Mutex<HashSet<String>>,
    /// Servers of the configuration that an earlier life of the agent wrote.
    inherited: Mutex<HashSet<String>>,
    /// Since when tasks are seen running that have only to stay up.
    up_since: Mutex<HashMap<String, Instant>>,
}

impl Readiness {
    /// The tasks behind these servers take part until they are known by their ids.
    pub fn inherit(&self, servers: impl IntoIterator<Item = String>) {
        lock(&self.inherited).extend(servers);
    }

    /// What is not known by now is gone: another task may get its address.
    pub fn disinherit(&self) {
        lock(&self.inherited).clear();
    }

    pub fn mark(&self, task: &str) {
        lock(&self.ready).insert(task.to_owned());
    }

    /// It was healthy once, in this life of the agent.
    pub fn was_marked(&self, task: &str) -> bool {
        lock(&self.ready).contains(task)
    }

    pub fn is_ready(&self, task: &str, server: &str) -> bool {
        if lock(&self.ready).contains(task) {
            return true;
        }
        let inherited = lock(&self.inherited).remove(server);
        if inherited {
            self.mark(task);
        }
        inherited
    }

    /// Whether a task that runs now has been seen running for so long.
    fn stays_up(&self, task: &str, long: Duration, now: Instant) -> bool {
        let since = *lock(&self.up_since).entry(task.to_owned()).or_insert(now);
        now.duration_since(since) >= long
    }

    /// Forgets tasks that are gone.
    pub fn keep_only(&self, tasks: &HashSet<&str>) {
        lock(&self.ready).retain(|task| tasks.contains(task.as_str()));
        lock(&self.up_since).retain(|task, _| tasks.contains(task.as_str()));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A serving release with tasks that run and have not been healthy yet.
#[derive(Clone)]
pub struct Unready {
    pub deployment: DeploymentId,
    pub plan: Plan,
    pub tasks: Vec<ObservedTask>,
}

/// Opens a way to each of these tasks, and asks each whose way was open before, all at once: one that does not answer keeps no other
/// application waiting. The ways are in the configuration from the next look on.
pub async fn ask(app: &App, unready: BTreeMap<DeploymentId, Unready>) {
    let mut questions = Vec::new();
    for one in unready.values() {
        let check = Check::of(&one.plan.settings);
        let probes = asking::probes(&one.plan, one.tasks.iter());
        let known = app.probes.of(one.deployment);
        app.probes.open(one.deployment, probes.clone());
        for task in one.tasks.iter().filter(|task| task.state == TaskState::Running) {
            let probe = probes.iter().find(|probe| probe.task == task.id);
            let probe = probe.filter(|probe| known.contains(probe)).cloned();
            questions.push(async move {
                if is_healthy(app, check, &task.id, probe.as_ref()).await {
                    app.readiness.mark(&task.id);
                }
            });
        }
    }
    app.probes.keep_waiting_only(&unready.keys().copied().collect());
    stream::iter(questions)
        .for_each_concurrent(AT_ONCE, |question| question)
        .await;
}

async fn is_healthy(app: &App, check: Check<'_>, task: &str, probe: Option<&Probe>) -> bool {
    match (check, probe) {
        // Swarm counts such a task as running only when its command says so.
        (Check::Runs, _) => true,
        (Check::Stays(long), _) => app.readiness.stays_up(task, long, Instant::now()),
        (Check::Answers { .. } | Check::Listens, None) => false,
        (Check::Answers { .. } | Check::Listens, Some(probe)) => {
            check.accepts(&asking::ask(&app.edge, probe, check).await)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-04: a task that took another's place, and that nothing can be asked, has to stay up for as long as the release had to.
    #[test]
    fn staying_up_takes_its_time() {
        let (readiness, begun) = (Readiness::default(), Instant::now());
        let stays = |task, seconds| {
            let now = begun + Duration::from_secs(seconds);
            readiness.stays_up(task, Duration::from_secs(10), now)
        };
        assert!(!stays("a", 0));
        assert!(!stays("a", 6) && !stays("b", 6));
        assert!(stays("a", 10) && !stays("b", 10));
        readiness.keep_only(&HashSet::from(["b"]));
        assert!(!stays("a", 11) && stays("b", 16), "another life begins anew");
    }
}
