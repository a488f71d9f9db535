//! Lines of logs. A sequence number lets a reader go on after the last line that it has seen.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::deployment::{DeploymentView, Step};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    Stdout,
    Stderr,
    /// Slipway's own words.
    System,
}

/// A line of a deployment's log. `sequence` starts at 1 and has no gaps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeploymentLogLine {
    pub sequence: u64,
    pub at: DateTime<Utc>,
    pub step: Step,
    pub stream: LogStream,
    pub text: String,
}

/// What a reader who follows a deployment receives, until the deployment has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeploymentEvent {
    Line(DeploymentLogLine),
    /// The deployment as it is now: at the start, and at each change.
    Changed(Box<DeploymentView>),
    /// Nothing happened for a while; the link is alive.
    Ping,
}

/// A line that a container of the application wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerLogLine {
    /// Nanoseconds since 1970 by the container's clock: where to go on from (`after`).
    pub sequence: u64,
    pub at: DateTime<Utc>,
    /// Which replica wrote it: the first characters of its task's id.
    pub task: String,
    pub stream: LogStream,
    pub text: String,
}

/// What a reader of container logs receives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ContainerLogEvent {
    Line(ContainerLogLine),
    /// Nothing happened for a while; the link is alive.
    Ping,
}
