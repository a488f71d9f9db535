//! Everything that the desktop app and the `slipway` command share: the saved clusters, the keychain, the host keys,
//! the SSH connection and the typed calls over it.
//!
//! The way in is [`Connection::open`]. Where it needs something from the person (a host key accepted, a password) it
//! answers a [`ConnectError`] that says what; the caller asks and opens again with the [`Answers`].

pub mod backoff;
pub mod check;
pub mod config;
pub mod connection;
mod dial;
pub mod error;
mod files;
mod follow;
mod http;
pub mod keychain;
pub mod known_hosts;
mod link;
mod network;
pub mod profiles;
pub mod session;
mod ssh;
pub mod upload;

pub use check::{CheckReport, CheckStep, StepName, test_connection};
pub use config::{Answers, Home};
pub use connection::Connection;
pub use error::{ClientError, ConnectError};
pub use keychain::{Keychain, KeychainError, MemoryKeychain, OsKeychain, SecretKind};
pub use known_hosts::{KnownHost, KnownHosts, KnownHostsError};
pub use link::LinkState;
pub use profiles::{Address, AgentSocket, AuthMethod, Profile, ProfileError, ProfileStore};
