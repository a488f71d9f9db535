//! Everything that the desktop app and the `slipway` command share: the saved clusters, the keychain, the host keys,
//! the SSH connection and the typed calls over it.
//!
//! The way in is [`Connection::open`]. Where it needs something from the person (a host key accepted, a password) it
//! answers a [`ConnectError`] that says what; the caller asks and opens again with the [`Answers`].

mod address;
mod answers;
pub mod backoff;
pub mod check;
mod choice;
pub mod config;
pub mod connection;
mod dial;
pub mod error;
mod files;
mod follow;
pub mod form;
mod forward;
mod http;
pub mod keychain;
mod knock;
pub mod known_hosts;
mod link;
mod mark;
mod network;
pub mod profiles;
pub mod project_file;
mod reading;
mod sent;
pub mod session;
pub mod setup;
pub mod share;
pub mod snapshot;
mod ssh;
pub mod ssh_config;
mod terminal;
pub mod upload;
mod way;

pub use address::HostText;
pub use answers::{Answers, JumpAnswers};
pub use check::{CheckReport, CheckStep, StepName, test_connection};
pub use choice::Choice;
pub use config::Home;
pub use connection::Connection;
pub use error::{ClientError, ConnectError};
pub use forward::{Forward, ForwardEnd, ForwardError, ForwardState, LocalPort};
pub use keychain::{ChosenKeychain, Keychain, KeychainError, MemoryKeychain, OsKeychain, SecretKind};
pub use known_hosts::{KnownHost, KnownHosts, KnownHostsError};
pub use link::LinkState;
pub use mark::Mark;
pub use profiles::{Address, AgentSocket, AuthMethod, Entry, Hop, Profile, ProfileError, ProfileStore};
pub use project_file::{ProjectFile, ProjectFileError, ProjectNames};
pub use sent::wiped_when_gone;
pub use terminal::TerminalInput;
