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
    pub link_key: Option<LinkKey>,
}

/// A public key as a line of `authorized_keys`, without options: nothing in it can add any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkKey {
    kind: String,
    key: String,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be a public key of one line, as `ssh-ed25519 AAAA…`")]
pub struct BadLinkKey;

impl std::str::FromStr for LinkKey {
    type Err = BadLinkKey;

    /// Takes kind and key; a comment is dropped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const KINDS: [&str; 5] = [
            "ssh-ed25519",
            "ecdsa-sha2-nistp256",
            "ecdsa-sha2-nistp384",
            "ecdsa-sha2-nistp521",
            "ssh-rsa",
        ];
        let mut words = text.split(' ');
        let (kind, key) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let of_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
        let fine = KINDS.contains(&kind)
            && (40..=2000).contains(&key.len())
            && key.chars().all(of_base64)
            && !text.chars().any(char::is_control);
        if !fine {
            return Err(BadLinkKey);
        }
        Ok(Self {
            kind: kind.to_owned(),
            key: key.to_owned(),
        })
    }
}

impl LinkKey {
    /// As it stands in `authorized_keys`: it can start the pipe, and nothing else (OpenSSH, sshd(8)).
    fn line(&self) -> String {
        format!(
            "restrict,command=\"{PROGRAM} dial-stdio\" {} {}",
            self.kind, self.key
        )
    }
}

/// The folder of the account for everyday connections.
fn link_home(config: &Config) -> PathBuf {
    config.data_dir.join("link")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-S2, FR-HST-01: a key is a key, and cannot bring options, lines or another command with it.
    #[test]
    fn a_key_is_only_a_key() {
        let key = "A".repeat(68);
        let good: LinkKey = format!("ssh-ed25519 {key} ada@laptop").parse().unwrap();
        assert_eq!(
            good.line(),
            format!("restrict,command=\"/usr/local/bin/slipway-agent dial-stdio\" ssh-ed25519 {key}")
        );
        for bad in [
            String::new(),
            key.clone(),
            format!("command=\"id\" ssh-ed25519 {key}"),
            format!("ssh-ed25519 {key}\nssh-ed25519 {key}"),
            format!("ssh-ed25519 {key}\""),
            "ssh-ed25519 short".to_owned(),
            format!("ssh-dss {key}"),
        ] {
            assert_eq!(bad.parse::<LinkKey>(), Err(BadLinkKey), "{bad:?}");
        }
    }
}
