//! “Test connection”: each stage of the way with its time; a failure names the stage and says what to do.

use std::future::Future;
use std::time::{Duration, Instant};

use serde::Serialize;
use slipway_protocol::api::GetClusterHealth;
pub use slipway_protocol::check::{CheckStep, StepName};
use slipway_protocol::server::PartHealth;

use crate::answers::Answers;
use crate::config::Home;
use crate::connection::Connection;
use crate::error::{ClientError, ConnectError};
use crate::profiles::Profile;

/// What “test connection” found out: the stages that were tried, the last of which may have failed.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    pub steps: Vec<CheckStep>,
    /// The failure as a value, for asking the person what it needs.
    pub error: Option<ConnectError>,
}

impl CheckReport {
    /// The way stands and Docker answers. An entry host that did not answer before another one did is no failure.
    pub fn is_good(&self) -> bool {
        self.error.is_none() && self.failure().is_none()
    }

    /// What the last stage met.
    pub fn failure(&self) -> Option<&str> {
        self.steps.last()?.failure.as_deref()
    }
}

/// Collects the stages of an attempt.
#[derive(Default)]
pub(crate) struct Steps {
    list: Vec<CheckStep>,
    host: String,
}

impl Steps {
    /// The next stages are about this host.
    pub fn at(&mut self, host: impl Into<String>) {
        self.host = host.into();
    }

    pub async fn run<T, E: std::fmt::Display>(
        &mut self,
        step: StepName,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let started = Instant::now();
        let result = work.await;
        let failure = result.as_ref().err().map(ToString::to_string);
        self.push(step, Some(started.elapsed()), None, failure);
        result
    }

    fn push(
        &mut self,
        step: StepName,
        time: Option<Duration>,
        found: Option<String>,
        failure: Option<String>,
    ) {
        self.list.push(CheckStep {
            step,
            host: self.host.clone(),
            milliseconds: time.map(|time| time.as_secs_f64() * 1000.0),
            found,
            failure,
        });
    }

    fn found(&mut self, text: String) {
        if let Some(last) = self.list.last_mut() {
            last.found = Some(text);
        }
    }

    /// There was nothing to do for the last stage, so that its time says nothing.
    pub fn untried(&mut self, why: &str) {
        if let Some(last) = self.list.last_mut() {
            last.milliseconds = None;
            last.found = Some(why.to_owned());
        }
    }
}

/// Tries every stage of the way to a cluster, on a connection of its own.
pub async fn test_connection(home: &Home, profile: &Profile, answers: Answers) -> CheckReport {
    let mut steps = Steps::default();
    match Connection::open_counted(home, profile, answers, &mut steps).await {
        Err(error) => CheckReport {
            steps: steps.list,
            error: Some(error),
        },
        Ok(connection) => {
            if let Some(version) = connection.version() {
                steps.found(version.agent);
            }
            check_docker(&connection, &mut steps).await;
            CheckReport {
                steps: steps.list,
                error: None,
            }
        }
    }
}

async fn check_docker(connection: &Connection, steps: &mut Steps) {
    let started = Instant::now();
    let mut tried = true;
    let (found, failure) = match connection.send(GetClusterHealth {}).await {
        Ok(health) => match health.docker {
            PartHealth::Good => (health.engine_version, None),
            PartHealth::Bad { reason } => (None, Some(reason)),
        },
        // Only who is signed in may ask; the way itself is proved.
        Err(ClientError::NotSignedIn { .. }) => {
            tried = false;
            (Some("not asked: nobody is signed in from here".to_owned()), None)
        }
        Err(error) => (None, Some(error.to_string())),
    };
    let time = tried.then(|| started.elapsed());
    steps.push(StepName::Docker, time, found, failure);
}
