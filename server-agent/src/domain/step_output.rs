//! What steps put out for later steps and for the history. Stored with the step's *succeeded* event.

use serde::{Deserialize, Serialize};
use slipway_protocol::DeploymentId;

use super::traffic::Traffic;

/// Of *release*.
#[derive(Default, Serialize, Deserialize)]
pub struct Released {
    /// Who served before: where a cut-over goes back to.
    pub before: Option<DeploymentId>,
    /// Tasks of an earlier life of the service. How they ended says nothing about this deployment.
    #[serde(default)]
    pub earlier_tasks: Vec<String>,
    /// What the edge had counted by then.
    #[serde(default)]
    pub traffic: Option<Traffic>,
}

/// Of *cut-over*.
#[derive(Default, Serialize, Deserialize)]
pub struct Switched {
    pub servers: Vec<String>,
    /// What the edge had counted when it was told to switch, and when it had.
    #[serde(default)]
    pub told: Option<Traffic>,
    #[serde(default)]
    pub switched: Option<Traffic>,
}

/// Of *retire*.
#[derive(Default, Serialize, Deserialize)]
pub struct Retired {
    pub stopped: Vec<String>,
    #[serde(default)]
    pub traffic: Option<Traffic>,
}
