//! The stage on which the whole system is tried: each module brings one real part of it up and takes it down again.
//!
//! Nothing here is a stand-in for a part of Slipway. The agent is the built binary, the connection is SSH to a real
//! sshd, Docker, Traefik, PostgreSQL, git and the keychain are the real ones. What a test opens, dropping it closes.

pub mod agent;
pub mod api_gate;
pub mod bare_server;
pub mod command;
mod crash;
pub mod desk;
pub mod dice;
pub mod display;
pub mod docker_gate;
pub mod drag;
pub mod engine;
pub mod environment;
pub mod faults;
pub mod git_repo;
pub mod git_server;
pub mod invariants;
pub mod keyring;
pub mod load;
pub mod notices;
pub mod other_agent;
pub mod person;
pub mod pointer;
pub mod postgres;
pub mod postgres_gate;
mod prepared_database;
pub mod process;
/// The one of the client's own tests.
#[path = "../../client/tests/ssh/support/raw_peer.rs"]
pub mod raw_peer;
pub mod registry;
pub mod second_engine;
pub mod sentence;
pub mod slow_file;
pub mod slow_link;
pub mod small_disk;
pub mod sshd;
pub mod stage;
pub mod trace;
pub mod tray;
pub mod update_feed;
pub mod usage;
pub mod wait;
pub mod window_manager;
pub mod x11;
