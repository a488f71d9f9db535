//! What steps put out for later steps and for the history. Stored with the step's *succeeded* event.

use serde::{Deserialize, Serialize};
use slipway_protocol::DeploymentId;

use super::traffic::Traffic;

/// Of *stop*.
#[derive(Default, Serialize, Deserialize)]
pub struct Stopped {
    pub stopped: Vec<String>,
    /// How many tasks of who served were healthy before that, where it is known.
    #[serde(default)]
    pub healthy: Option<usize>,
}

/// Of *release*.
#[derive(Default, Serialize, Deserialize)]
pub struct Released {
    /// Who served before: where a cut-over goes back to.
    pub before: Option<DeploymentId>,
    /// The application was stopped, and is again when this is taken back.
    #[serde(default)]
    pub stopped: bool,
    /// How many tasks of who serves were healthy then, where it is known.
    #[serde(default)]
    pub healthy: Option<usize>,
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
