//! What goes wrong, and when in a step.

use slipway_protocol::deployment::{DeploymentStatus, Step};

use crate::environment;

/// Before a step's effect, after it, and after its record.
pub const MOMENTS: [&str; 3] = ["before", "after", "recorded"];

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Error,
    Panic,
    Hang,
    /// Somebody cancels the deployment while the step does not end by itself.
    Cancel,
    Kill,
    /// The agent's PostgreSQL is killed.
    Database,
    /// The Docker engine is killed, and started again.
    Docker,
}

impl Fault {
    /// Those that leave the Docker engine to the other tests.
    pub const ALL: [Self; 6] = [
        Self::Error,
        Self::Panic,
        Self::Hang,
        Self::Cancel,
        Self::Kill,
        Self::Database,
    ];

    /// Those that a run is about: all, or the one that it names.
    pub fn wanted() -> Vec<Self> {
        let named = |name: &str| Self::ALL.into_iter().find(|fault| fault.name() == name);
        match environment::only_fault() {
            Some(name) => vec![named(&name).expect("the name of a fault")],
            None => Self::ALL.to_vec(),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Database => "database",
            Self::Docker => "docker",
            Self::Error | Self::Panic | Self::Hang | Self::Kill => self.action(),
        }
    }

    /// Every deployment that is under way feels it, not only the one that it was meant for.
    pub(super) fn strikes_all(self) -> bool {
        matches!(self, Self::Kill | Self::Database | Self::Docker)
    }

    /// What the failpoint does.
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Hang | Self::Cancel => "hang",
            Self::Kill => "kill",
            Self::Database | Self::Docker => "pause",
        }
    }

    /// How it has to end where only one end is right: what fails before the new release serves is taken back.
    pub(super) fn end(self, step: Step, moment: &str) -> Option<DeploymentStatus> {
        let tidying = matches!(step, Step::Retire | Step::After);
        match self {
            Self::Kill | Self::Database | Self::Docker => None,
            Self::Error | Self::Panic | Self::Hang if moment == "recorded" || tidying => {
                Some(DeploymentStatus::Succeeded)
            }
            Self::Error | Self::Panic | Self::Hang => Some(DeploymentStatus::Failed),
            Self::Cancel if tidying => Some(DeploymentStatus::Succeeded),
            Self::Cancel => Some(DeploymentStatus::Cancelled),
        }
    }
}
