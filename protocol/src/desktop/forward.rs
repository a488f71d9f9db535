//! Ports of the person's machine that lead to ports of containers, as the window sees them. The shell owns them.

use serde::{Deserialize, Serialize};

use crate::settings::Port;
use crate::{ApplicationId, ClusterId};

/// For [`super::command::OPEN_FORWARD`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenForward {
    pub cluster: ClusterId,
    pub application: ApplicationId,
    /// The application's name.
    pub name: String,
    pub port: Port,
    /// The port on which the application speaks HTTP.
    pub http: Option<Port>,
    /// Close it when there was no connection for so many minutes.
    pub idle_minutes: Option<u32>,
}

/// For [`super::command::STOP_FORWARD`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OfForward {
    pub number: u32,
}

/// A port that is forwarded now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalForward {
    /// Names it in this app.
    pub number: u32,
    pub cluster: ClusterId,
    pub application: ApplicationId,
    /// The application's name.
    pub name: String,
    pub port: Port,
    /// Ready to be used.
    pub url: String,
    /// Connections that are open now, and all there ever were.
    pub connections: u32,
    pub total: u64,
    /// Why the last connection came to nothing.
    pub failure: Option<String>,
    pub idle_minutes: Option<u32>,
}
