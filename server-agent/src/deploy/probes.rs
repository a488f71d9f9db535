//! The ways to single tasks that are open right now: at the gate, while a serving release's task is not ready yet, and to tasks of other nodes
//! that are asked while they serve. One release may have several of them, with different tasks: a rolling release serves with its first task
//! while the gate asks the next one.
//!
//! They live in memory only: after a restart they are opened anew.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use slipway_protocol::DeploymentId;

use crate::domain::routes::Probe;

#[derive(Default)]
pub struct Probes(Mutex<Open>);

/// Each by deployment.
#[derive(Default)]
struct Open {
    /// Opened and closed by the gate.
    at_gates: HashMap<DeploymentId, Vec<Probe>>,
    /// Of serving releases, to tasks that have not been healthy yet.
    waiting: HashMap<DeploymentId, Vec<Probe>>,
    /// To tasks of other nodes that serve, and are asked for their health.
    serving: Vec<Probe>,
}

impl Probes {
    /// For as long as the release has tasks that wait; see [`Self::keep_waiting_only`].
    pub fn open(&self, deployment: DeploymentId, probes: Vec<Probe>) {
        self.lock().waiting.insert(deployment, probes);
    }

    /// Until the gate closes them.
    pub fn open_at_gate(&self, deployment: DeploymentId, probes: Vec<Probe>) {
        self.lock().at_gates.insert(deployment, probes);
    }

    /// The gate has seen what it wanted.
    pub fn close(&self, deployment: DeploymentId) {
        self.lock().at_gates.remove(&deployment);
    }

    /// Closes those of serving releases that wait for no task any more.
    pub fn keep_waiting_only(&self, waiting: &HashSet<DeploymentId>) {
        self.lock()
            .waiting
            .retain(|deployment, _| waiting.contains(deployment));
    }

    /// To these tasks of other nodes, and no others, as long as they serve. True where that is another list than before.
    pub fn keep_serving(&self, mut probes: Vec<Probe>) -> bool {
        probes.sort_by(|a, b| a.name.cmp(&b.name));
        let mut open = self.lock();
        let changes = open.serving != probes;
        open.serving = probes;
        changes
    }

    /// Those to tasks that wait.
    pub fn of(&self, deployment: DeploymentId) -> Vec<Probe> {
        self.lock().waiting.get(&deployment).cloned().unwrap_or_default()
    }

    /// All that are open, each once, in a stable order.
    pub fn all(&self) -> Vec<Probe> {
        let open = self.lock();
        let both = open.at_gates.values().chain(open.waiting.values()).flatten();
        let all = both.chain(&open.serving);
        let each: BTreeMap<&str, &Probe> = all.map(|probe| (probe.name.as_str(), probe)).collect();
        each.into_values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(task: &str) -> Probe {
        Probe {
            name: format!("probe-{task}"),
            task: task.to_owned(),
            token: format!("token-{task}"),
            server: "http://10.0.0.1:80".to_owned(),
        }
    }

    /// FR-DEP-03, FR-DEP-05: what the gate has open stays open whatever else is opened and closed for the same release.
    #[test]
    fn a_gate_keeps_its_own() {
        let (probes, deployment) = (Probes::default(), DeploymentId(uuid::Uuid::from_u128(1)));
        probes.open_at_gate(deployment, vec![probe("1"), probe("2")]);
        probes.open(deployment, vec![probe("2")]);
        assert_eq!(probes.all(), [probe("1"), probe("2")]);
        probes.keep_waiting_only(&HashSet::new());
        assert_eq!(probes.all(), [probe("1"), probe("2")]);
        probes.open(deployment, vec![probe("3")]);
        probes.close(deployment);
        assert_eq!(probes.all(), [probe("3")]);
    }

    /// FR-PRJ-04: a way to a task of another node stays open while it serves, whatever the gate and who waits do with the same one.
    #[test]
    fn who_serves_elsewhere_keeps_its_way() {
        let (probes, deployment) = (Probes::default(), DeploymentId(uuid::Uuid::from_u128(1)));
        probes.open_at_gate(deployment, vec![probe("1")]);
        assert!(probes.keep_serving(vec![probe("2"), probe("1")]));
        assert!(
            !probes.keep_serving(vec![probe("1"), probe("2")]),
            "it is the same"
        );
        probes.close(deployment);
        assert_eq!(probes.all(), [probe("1"), probe("2")]);
        assert!(probes.keep_serving(Vec::new()) && probes.all().is_empty());
    }
}
