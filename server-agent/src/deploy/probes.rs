//! The ways to new tasks that are open right now, while their deployments are at the gate.
//!
//! They live in memory only: after a restart the gate runs again and opens them anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use slipway_protocol::DeploymentId;

use crate::domain::routes::Probe;

#[derive(Default)]
pub struct Probes(Mutex<HashMap<DeploymentId, Vec<Probe>>>);

impl Probes {
    pub fn open(&self, deployment: DeploymentId, probes: Vec<Probe>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(deployment, probes);
    }

    pub fn close(&self, deployment: DeploymentId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&deployment);
    }

    pub fn all(&self) -> Vec<Probe> {
        let mut probes: Vec<Probe> = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .flatten()
            .cloned()
            .collect();
        probes.sort_by(|a, b| a.name.cmp(&b.name));
        probes
    }
}
