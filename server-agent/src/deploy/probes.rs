//! The ways to single tasks that are open right now: at the gate, and while a serving release's task is not ready yet.
//!
//! They live in memory only: after a restart they are opened anew.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use slipway_protocol::DeploymentId;

use crate::domain::routes::Probe;

#[derive(Default)]
pub struct Probes {
    /// By deployment.
    open: Mutex<HashMap<DeploymentId, Vec<Probe>>>,
    /// Those at a gate, which close them themselves.
    gates: Mutex<HashSet<DeploymentId>>,
}

impl Probes {
    pub fn open(&self, deployment: DeploymentId, probes: Vec<Probe>) {
        self.lock().insert(deployment, probes);
    }

    /// Like `open`, until the gate closes them.
    pub fn open_at_gate(&self, deployment: DeploymentId, probes: Vec<Probe>) {
        self.gates().insert(deployment);
        self.open(deployment, probes);
    }

    pub fn close(&self, deployment: DeploymentId) {
        self.gates().remove(&deployment);
        self.lock().remove(&deployment);
    }

    /// Closes those of serving releases that wait for no task any more.
    pub fn keep_waiting_only(&self, waiting: HashSet<DeploymentId>) {
        let gates = self.gates().clone();
        self.lock()
            .retain(|deployment, _| gates.contains(deployment) || waiting.contains(deployment));
    }

    pub fn of(&self, deployment: DeploymentId) -> Vec<Probe> {
        self.lock().get(&deployment).cloned().unwrap_or_default()
    }

    pub fn all(&self) -> Vec<Probe> {
        let mut probes: Vec<Probe> = self.lock().values().flatten().cloned().collect();
        probes.sort_by(|a, b| a.name.cmp(&b.name));
        probes
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeploymentId, Vec<Probe>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gates(&self) -> MutexGuard<'_, HashSet<DeploymentId>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
