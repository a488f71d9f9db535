//! The way to a cluster's server over SSH, as typed; the shell checks every text.

use serde::{Deserialize, Serialize};

/// Where a server is and how to sign in to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SshWay {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub auth: SshAuth,
    /// Where the agent listens on the server; the usual place if absent.
    pub agent_socket: Option<String>,
    /// The hosts on the way, in their order.
    #[serde(default)]
    pub jump: Vec<NewHop>,
    /// More hosts of the same cluster, tried in turn.
    #[serde(default)]
    pub entries: Vec<NewEntry>,
}

/// How to sign in to the SSH server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum SshAuth {
    /// The keys of the desktop's `ssh-agent`.
    Agent,
    KeyFile {
        path: String,
        /// Those that are tried after it, in their order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        more: Vec<String>,
    },
    Password,
    /// A key that was made for this cluster alone and is nowhere but in this person's keychain. Only a saved cluster has it.
    KeptKey,
}

/// A host on the way, as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewHop {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub auth: SshAuth,
}

/// Another host of the cluster, as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewEntry {
    pub host: String,
    pub port: u16,
}
