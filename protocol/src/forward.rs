//! Ways from a person's own machine to a port of an application's containers. Nothing is published on the server.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::Port;
use crate::task::TaskName;
use crate::{ApplicationId, ForwardId};

/// Opens a way.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct NewForward {
    /// The port inside the container.
    pub port: Port,
    /// Left out: for each connection the first running task that can be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskName>,
}

/// A way that is open, for the one who opened it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct ForwardView {
    pub id: ForwardId,
    pub application: ApplicationId,
    pub port: Port,
    pub task: Option<TaskName>,
    pub opened_at: DateTime<Utc>,
}

/// The ready address of a forwarded port on one's own machine: with the scheme of what usually listens on such a port. `http` is the port of
/// the application that speaks HTTP.
pub fn address(port: Port, local: u16, http: Option<Port>) -> String {
    let scheme = match port.get() {
        _ if http == Some(port) => "http://",
        80 | 3000 | 8000 | 8080 => "http://",
        443 | 8443 => "https://",
        5432 => "postgres://",
        3306 => "mysql://",
        6379 => "redis://",
        27017 => "mongodb://",
        5672 => "amqp://",
        _ => "",
    };
    format!("{scheme}127.0.0.1:{local}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-13: the address is ready to be used where it is known what listens there.
    #[test]
    fn addresses_are_ready() {
        let port = Port::fixed;
        assert_eq!(address(port(5432), 15432, None), "postgres://127.0.0.1:15432");
        assert_eq!(
            address(port(9123), 9123, Some(port(9123))),
            "http://127.0.0.1:9123"
        );
        assert_eq!(address(port(9123), 4000, Some(port(80))), "127.0.0.1:4000");
    }
}
