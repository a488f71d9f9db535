//! The ways to single tasks that are open right now: at the gate, and while a serving release's task is not ready yet. One release may
//! have both, with different tasks: a rolling release serves with its first task while the gate asks the next one.
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

    /// Those to tasks that wait.
    pub fn of(&self, deployment: DeploymentId) -> Vec<Probe> {
        self.lock().waiting.get(&deployment).cloned().unwrap_or_default()
    }

    /// All that are open, each once, in a stable order.
    pub fn all(&self) -> Vec<Probe> {
        let open = self.lock();
        let both = open.at_gates.values().chain(open.waiting.values()).flatten();
        let each: BTreeMap<&str, &Probe> = both.map(|probe| (probe.name.as_str(), probe)).collect();
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
}
