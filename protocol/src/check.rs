//! “Test connection”: the stages of the way to a cluster, each with its time.

use serde::{Deserialize, Serialize};

/// The stages, in their order. With jump hosts the middle ones come once for each host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    Resolve,
    Tcp,
    HostKey,
    SignIn,
    AgentSocket,
    AgentVersion,
    Docker,
}

impl StepName {
    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Resolve => "Look up the name",
            Self::Tcp => "Connect",
            Self::HostKey => "Check the host key",
            Self::SignIn => "Sign in",
            Self::AgentSocket => "Reach Slipway's agent",
            Self::AgentVersion => "Ask the agent's version",
            Self::Docker => "See that Docker answers",
        }
    }
}

/// A stage of the way, as it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckStep {
    pub step: StepName,
    /// The host that it is about: a jump host, an entry host, or this machine.
    pub host: String,
    /// None: nothing was tried; `found` says why.
    pub milliseconds: Option<f64>,
    /// What was found, where that says something.
    pub found: Option<String>,
    /// Why it failed, in one sentence with the remedy.
    pub failure: Option<String>,
}
