//! “Test connection”: each stage of the way with its time; a failure names the stage and says what to do.

use std::future::Future;
use std::time::{Duration, Instant};

use serde::Serialize;
use slipway_protocol::api::GetClusterHealth;
use slipway_protocol::server::PartHealth;

use crate::config::{Answers, Home};
use crate::connection::Connection;
use crate::error::{ClientError, ConnectError};
use crate::profiles::Profile;

/// The stages, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

/// A stage that was tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckStep {
    pub step: StepName,
    pub milliseconds: f64,
    /// What was found, where that says something.
    pub found: Option<String>,
    /// Why it failed, in one sentence with the remedy.
    pub failure: Option<String>,
}

/// What “test connection” found out: the stages that were tried, the last of which may have failed.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    pub steps: Vec<CheckStep>,
    /// The failure as a value, for asking the person what it needs.
    pub error: Option<ConnectError>,
}

impl CheckReport {
    /// Everything answered.
    pub fn is_good(&self) -> bool {
        self.error.is_none() && self.steps.iter().all(|step| step.failure.is_none())
    }
}

/// Collects the stages of an attempt.
#[derive(Default)]
pub(crate) struct Steps(Vec<CheckStep>);

impl Steps {
    pub async fn run<T, E: std::fmt::Display>(
        &mut self,
        step: StepName,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let started = Instant::now();
        let result = work.await;
        let failure = result.as_ref().err().map(ToString::to_string);
        self.push(step, started.elapsed(), None, failure);
        result
    }

    fn push(&mut self, step: StepName, time: Duration, found: Option<String>, failure: Option<String>) {
        self.0.push(CheckStep {
            step,
            milliseconds: time.as_secs_f64() * 1000.0,
            found,
            failure,
        });
    }

    fn found(&mut self, text: String) {
        if let Some(last) = self.0.last_mut() {
            last.found = Some(text);
        }
    }
}

/// Tries every stage of the way to a cluster, on a connection of its own.
pub async fn test_connection(home: &Home, profile: &Profile, answers: Answers) -> CheckReport {
    let mut steps = Steps::default();
    match Connection::open_counted(home, profile, answers, &mut steps).await {
        Err(error) => CheckReport {
            steps: steps.0,
            error: Some(error),
        },
        Ok(connection) => {
            if let Some(version) = connection.version() {
                steps.found(version.agent);
            }
            check_docker(&connection, &mut steps).await;
            CheckReport {
                steps: steps.0,
                error: None,
            }
        }
    }
}

async fn check_docker(connection: &Connection, steps: &mut Steps) {
    let started = Instant::now();
    let (found, failure) = match connection.send(GetClusterHealth {}).await {
        Ok(health) => match health.docker {
            PartHealth::Good => (health.engine_version, None),
            PartHealth::Bad { reason } => (None, Some(reason)),
        },
        // Only who is signed in may ask; the way itself is proved.
        Err(error @ ClientError::NotSignedIn { .. }) => (Some(error.to_string()), None),
        Err(error) => (None, Some(error.to_string())),
    };
    steps.push(StepName::Docker, started.elapsed(), found, failure);
}
