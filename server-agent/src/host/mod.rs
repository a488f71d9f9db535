//! The server itself: what is on it, what setting it up would do, and doing it.
//!
//! [`Facts`] are looked up once, [`plan`] says without touching anything what they mean, [`apply`] does it step by step. Each step
//! looks again before it changes something, so that a run that was cut off is simply run again. [`Checkups`] say how the server is kept.

mod accounts;
mod apply;
mod checkup;
mod distribution;
mod facts;
mod listeners;
mod packages;
mod plan;
mod remove;
mod service;

pub use apply::apply;
pub use checkup::Checkups;
pub use distribution::Distribution;
pub use facts::Facts;
pub use listeners::{Listener, public_listeners};
pub use plan::plan;
pub use remove::remove;
pub use service::{installed_database, installed_environment, is_installed, start_installed, stop_installed};

use std::path::PathBuf;

use crate::config::Config;
use crate::public_key::PublicKey;

/// The agent's program on a server that is set up.
pub const PROGRAM: &str = "/usr/local/bin/slipway-agent";
/// The agent under the name that makes it a pipe to its own socket: the login shell of [`LINK_ACCOUNT`].
pub const LINK_NAME: &str = "slipway-link";
/// The agent's own account, and the group that may reach its socket.
pub const ACCOUNT: &str = "slipway";
/// The account for everyday connections.
pub const LINK_ACCOUNT: &str = "slipway-link";

/// What whoever sets the server up has decided.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// A Swarm that is there already may be used; without it, it is left alone.
    pub existing_swarm: bool,
    /// Prepare everything, but start nothing.
    pub no_start: bool,
    /// `ssh-ed25519 …`: this key may use the account for everyday connections.
    pub link_key: Option<PublicKey>,
}

/// A key's line in `authorized_keys`: it can start the pipe, and nothing else (OpenSSH, sshd(8)).
fn line_of(key: &PublicKey) -> String {
    format!("restrict,command=\"{PROGRAM} dial-stdio\" {key}")
}

/// The folder of the account for everyday connections.
fn link_home(config: &Config) -> PathBuf {
    config.data_dir.join("link")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-S2, FR-HST-01: the key of everyday connections starts the pipe, and nothing else.
    #[test]
    fn a_key_of_everyday_is_a_pipe() {
        let key = "A".repeat(68);
        let good: PublicKey = format!("ssh-ed25519 {key} ada@laptop").parse().unwrap();
        assert_eq!(
            line_of(&good),
            format!("restrict,command=\"/usr/local/bin/slipway-agent dial-stdio\" ssh-ed25519 {key}")
        );
    }
}
