//! What can go wrong between here and the agent. Callers decide by variant; each sentence names the next step.

use std::path::PathBuf;

use serde::Serialize;
use slipway_protocol::Problem;

use crate::keychain::KeychainError;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ConnectError {
    /// Never seen before. Nothing was sent; ask, then open again with the fingerprint accepted.
    #[error(
        "The host key of {host} (port {port}) is not known yet: {key_type} {fingerprint}; compare it with the server's own and accept it to go on."
    )]
    UnknownHostKey {
        host: String,
        port: u16,
        key_type: String,
        fingerprint: String,
    },
    /// Another key than the one on record. A full stop.
    #[error(
        "The host key of {host} (port {port}) has changed: {expected} is on record in {file} and the server shows {found}; nothing was sent, as somebody may stand in between. If the server was set up anew, remove the old key first."
    )]
    ChangedHostKey {
        host: String,
        port: u16,
        expected: String,
        found: String,
        file: String,
    },
    /// The key is marked as revoked.
    #[error(
        "The host key {fingerprint} of {host} is marked as revoked in {file}; do not connect, and ask whoever runs the server."
    )]
    RevokedHostKey {
        host: String,
        fingerprint: String,
        file: String,
    },
    /// The record of host keys cannot be read or written, so no key can be trusted.
    #[error("The record of host keys {path} cannot be used: {reason}; repair or remove it, then try again.")]
    KnownHosts { path: PathBuf, reason: String },
    /// A host on the way to the cluster; what it is, is inside.
    #[error("On the way, at the jump host {jump}: {error}")]
    AtJump {
        /// [`crate::Hop::name`].
        jump: String,
        error: Box<ConnectError>,
    },
    /// A jump host does not lead further.
    #[error(
        "The jump host {jump} does not lead to {host}: {reason}; check that it allows forwarding and reaches that host."
    )]
    JumpRefused {
        jump: String,
        host: String,
        reason: String,
    },
    /// None of several entry hosts answers.
    #[error(
        "None of the cluster's entry hosts can be reached ({tried}); check the network and the servers' firewalls."
    )]
    NoEntryHost { tried: String },
    /// No TCP connection.
    #[error("{host} cannot be reached: {reason}; check the address, the network and the server's firewall.")]
    Unreachable { host: String, reason: String },
    /// A TCP connection was taken, and nothing came of it. A restarting or overloaded server does that; it passes.
    #[error("{host} takes connections, but {reason}; look at the SSH server there if this goes on.")]
    BrokenOff { host: String, reason: String },
    /// Something answers, but not as an SSH server that this client trusts itself to speak with.
    #[error(
        "{host} answers, but no secure SSH connection could be agreed on: {reason}; check the port and the SSH server."
    )]
    Protocol { host: String, reason: String },
    /// The server does not let this user in.
    #[error(
        "{host} refused the sign-in of “{user}” with {tried}; check the user name and what the server allows."
    )]
    SignInRefused {
        host: String,
        user: String,
        tried: String,
    },
    /// A password is wanted and none is stored.
    #[error("The SSH password of “{user}” on {host} is needed; type it to go on.")]
    PasswordNeeded { host: String, user: String },
    /// The key file is encrypted and no passphrase is stored.
    #[error("The key file {path} is protected by a passphrase; type it to go on.")]
    PassphraseNeeded { path: PathBuf },
    /// The passphrase does not open the key file.
    #[error("The passphrase does not open the key file {path}; type it again.")]
    WrongPassphrase { path: PathBuf },
    /// The key file is absent, unreadable or not a private key.
    #[error("The key file {path} cannot be used: {reason}; choose another file.")]
    KeyFile { path: PathBuf, reason: String },
    /// The SSH agent of this desktop (`ssh-agent`) does not answer or holds no key.
    #[error(
        "The SSH agent of this machine cannot be used: {reason}; start it and add a key with “ssh-add”, or choose a key file."
    )]
    NoSshAgent { reason: String },
    /// A stored secret is needed and the keychain cannot be read.
    #[error(transparent)]
    Keychain(#[from] KeychainError),
    /// SSH works, Slipway's agent does not answer.
    #[error(
        "Slipway's agent does not answer on {host}: {reason}; install it there, or start it with “systemctl start slipway-agent”."
    )]
    AgentAbsent { host: String, reason: String },
    /// The agent's API is of a level before the window of this client.
    #[error(
        "The agent {agent} on {host} is too old for this Slipway (level {theirs} of the API, it needs {oldest} or above); bring the server up to date with the app or with “slipway server install”; its applications serve on meanwhile."
    )]
    AgentTooOld {
        host: String,
        agent: String,
        theirs: u32,
        oldest: u32,
    },
    /// The agent's API is of a level that this client does not know.
    #[error(
        "The agent {agent} on {host} is newer than this Slipway understands (level {theirs} of the API, at most {ours}); update the app, or the command line, on this machine."
    )]
    AgentTooNew {
        host: String,
        agent: String,
        theirs: u32,
        ours: u32,
    },
    /// The link broke. What runs on the server goes on.
    #[error("The connection to {host} was lost; the server goes on, and the connection is being restored.")]
    Lost { host: String },
    /// The agent took too long.
    #[error(
        "The agent on {host} did not answer in {seconds} seconds; look at the current state before trying again."
    )]
    NoAnswer { host: String, seconds: u64 },
    /// This connection was closed by its owner.
    #[error("The connection to {host} is closed; open it again.")]
    Closed { host: String },
}

impl ConnectError {
    /// The jump host that it is about, and what happened there; else the error itself.
    pub fn place(&self) -> (Option<&str>, &Self) {
        match self {
            Self::AtJump { jump, error } => (Some(jump), error),
            other => (None, other),
        }
    }

    /// A few words, for a list of several.
    pub(crate) fn in_short(&self) -> String {
        match self {
            Self::Unreachable { reason, .. }
            | Self::BrokenOff { reason, .. }
            | Self::AgentAbsent { reason, .. }
            | Self::JumpRefused { reason, .. } => reason.clone(),
            Self::Lost { .. } => "the connection was lost".to_owned(),
            Self::NoAnswer { seconds, .. } => format!("no answer in {seconds} seconds"),
            other => other.to_string(),
        }
    }

    /// Trying again without a person's help would give the same: a question to answer, or a full stop.
    pub fn needs_a_person(&self) -> bool {
        match self {
            Self::AtJump { error, .. } => error.needs_a_person(),
            Self::Unreachable { .. }
            | Self::BrokenOff { .. }
            | Self::JumpRefused { .. }
            | Self::NoEntryHost { .. }
            | Self::AgentAbsent { .. }
            | Self::Lost { .. }
            | Self::NoAnswer { .. } => false,
            Self::UnknownHostKey { .. }
            | Self::ChangedHostKey { .. }
            | Self::RevokedHostKey { .. }
            | Self::KnownHosts { .. }
            | Self::Protocol { .. }
            | Self::SignInRefused { .. }
            | Self::PasswordNeeded { .. }
            | Self::PassphraseNeeded { .. }
            | Self::WrongPassphrase { .. }
            | Self::KeyFile { .. }
            | Self::NoSshAgent { .. }
            | Self::Keychain(_)
            | Self::AgentTooOld { .. }
            | Self::AgentTooNew { .. }
            | Self::Closed { .. } => true,
        }
    }
}

/// Why a call did not give its answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClientError {
    /// The agent refused; the sentence is the agent's.
    #[error(transparent)]
    Problem(Problem),
    /// There is no link, or it broke.
    #[error(transparent)]
    Link(#[from] ConnectError),
    /// The link stands, and a stream of the agent ended before its end: what came is not all.
    #[error(
        "The agent on {host} broke off in the middle of its answer; ask again, and look at its log there (“journalctl -u slipway-agent”) if it does so again."
    )]
    BrokenOff { host: String },
    /// Nobody is signed in to this cluster from here, or the session has ended.
    #[error("Nobody is signed in to “{cluster}” from here; sign in to go on.")]
    NotSignedIn { cluster: String },
    /// The session is in a keychain that cannot be read or written.
    #[error(transparent)]
    Keychain(#[from] KeychainError),
    /// The answer is not what the API promises.
    #[error("The agent's answer could not be read ({reason}); update this program or the agent.")]
    Answer { reason: String },
    /// A call that must not pass through the untyped door.
    #[error("This call handles secrets and has its own function; it cannot be forwarded.")]
    NotForwarded,
}
