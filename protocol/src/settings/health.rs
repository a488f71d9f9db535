//! How the gate decides that a new release is healthy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::CommandLine;
use super::quantity::Seconds;
use crate::{FreeText, UrlPath};

#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HealthCheck {
    /// What fits: an application with a port has to answer HTTP on it, whatever the status; one without has to stay up for 10 s.
    #[default]
    Port,
    /// `GET path` answers as it should.
    Http {
        path: UrlPath,
        #[serde(flatten)]
        answer: Answer,
    },
    /// The port accepts a connection.
    Tcp,
    /// A command inside each container ends with 0.
    Command { command: CommandLine },
    /// Each task runs for so long without ending.
    StaysUp { seconds: Seconds },
}

/// What a healthy answer looks like.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Answer {
    /// Exactly this status; without one, any of 2xx and 3xx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// A text that has to stand in the first 64 KiB of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<FreeText>,
}

impl HealthCheck {
    /// `GET path` answers 2xx or 3xx.
    pub fn http(path: UrlPath) -> Self {
        Self::Http {
            path,
            answer: Answer::default(),
        }
    }
}
