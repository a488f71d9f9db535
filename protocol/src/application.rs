//! Applications: what the user asked for, and what is observed of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::deployment::DeploymentView;
use crate::domain::DomainView;
use crate::git::{GitRef, GitUrl};
use crate::{ApplicationId, ApplicationName, EnvironmentId, ProjectId, RelativePath, UrlPath};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewApplication {
    pub name: ApplicationName,
    #[serde(flatten)]
    pub settings: ApplicationSettings,
}

/// What can be changed of an application. A change waits for the next deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApplicationSettings {
    pub source: GitSource,
    /// The Dockerfile, below the source's folder.
    #[serde(default = "default_dockerfile")]
    pub dockerfile: RelativePath,
    /// The port on which the application's process listens.
    pub port: Port,
    #[serde(default = "one")]
    pub replicas: Replicas,
    #[serde(default)]
    pub health: HealthCheck,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GitSource {
    pub url: GitUrl,
    /// Branch, tag or commit.
    #[serde(rename = "ref")]
    pub reference: GitRef,
    /// The folder of the repository that is built; `.` for all of it.
    #[serde(default = "repository_root")]
    pub folder: RelativePath,
}

/// How the gate decides that a new release is healthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HealthCheck {
    /// The port accepts a connection and speaks HTTP, whatever the status. The default.
    #[default]
    Port,
    /// `GET path` answers 2xx or 3xx.
    Http { path: UrlPath },
}

/// A TCP port, 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Port(u16);

impl Port {
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Port {
    type Error = &'static str;
    fn try_from(number: u16) -> Result<Self, Self::Error> {
        if number == 0 {
            Err("a port is a number from 1 to 65535")
        } else {
            Ok(Self(number))
        }
    }
}

impl From<Port> for u16 {
    fn from(port: Port) -> u16 {
        port.0
    }
}

/// How many tasks run at once: 1 to 50.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Replicas(u16);

impl Replicas {
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Replicas {
    type Error = &'static str;
    fn try_from(number: u16) -> Result<Self, Self::Error> {
        if (1..=50).contains(&number) {
            Ok(Self(number))
        } else {
            Err("replicas are a number from 1 to 50")
        }
    }
}

impl From<Replicas> for u16 {
    fn from(replicas: Replicas) -> u16 {
        replicas.0
    }
}

fn one() -> Replicas {
    Replicas(1)
}

fn default_dockerfile() -> RelativePath {
    fixed("Dockerfile")
}

fn repository_root() -> RelativePath {
    fixed(".")
}

fn fixed(text: &'static str) -> RelativePath {
    RelativePath::parse(text).unwrap_or_else(|_| unreachable!("a literal path"))
}

/// What is seen of the application in the cluster now, apart from what its last deployment said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObservedStatus {
    /// Never deployed.
    Absent,
    /// All wanted tasks run.
    Running,
    /// Some of the wanted tasks run.
    Degraded,
    /// It should run, and no task does.
    Down,
    /// Docker could not be asked.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApplicationView {
    pub id: ApplicationId,
    pub environment: EnvironmentId,
    pub project: ProjectId,
    pub name: ApplicationName,
    pub settings: ApplicationSettings,
    pub domains: Vec<DomainView>,
    pub observed: ObservedStatus,
    pub observed_tasks: u16,
    pub last_deployment: Option<DeploymentView>,
    /// The deployment whose release serves now.
    pub serving: Option<DeploymentView>,
    /// Settings or variables changed since the serving release was made.
    pub pending_changes: bool,
    pub created_at: DateTime<Utc>,
}
