//! The app itself: its keychain, the host keys that it trusts, what it remembers, links into it, its diagnostics.

use serde::{Deserialize, Serialize};

use super::{NoticeRules, SshWay};
use crate::ClusterId;

/// How secrets are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum KeychainState {
    /// A secret was written, read and removed.
    Works,
    /// The person chose to keep secrets as long as the app runs, or it was started so.
    SessionOnly,
    /// It cannot be used; the sentence names the part that is missing. What the system said of it is for the diagnostics.
    Broken {
        sentence: String,
        detail: Option<String>,
    },
}

/// The app's settings and what they stand on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AppState {
    pub version: String,
    /// The folder of its files.
    pub folder: String,
    pub keychain: KeychainState,
    pub system: String,
    pub notices: NoticeRules,
}

/// A host key on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostKey {
    /// `example.org`, `[example.org]:2222`, or a hashed name.
    pub host: String,
    pub key_type: String,
    pub fingerprint: String,
    pub file: String,
    /// It is in Slipway's own file; the others are OpenSSH's and only read.
    pub removable: bool,
}

/// One key to forget, as it was listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveHostKey {
    pub host: String,
    pub fingerprint: String,
}

/// How a saved cluster is called and looks, and how it is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeCluster {
    pub cluster: ClusterId,
    pub name: String,
    /// None leaves the way to it as it is.
    pub way: Option<SshWay>,
    pub color: Option<String>,
    pub tag: Option<String>,
    pub group: Option<String>,
}

/// The clusters in the person's own order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ArrangeClusters {
    pub order: Vec<ClusterId>,
}

/// The last answers of a cluster, as the window wrote them.
#[derive(Clone, Serialize, Deserialize)]
pub struct SaveState {
    pub cluster: ClusterId,
    pub state: String,
}

/// What is typed about a cluster and not sent yet, as far as it may be on disk, as the window wrote it; none where that is nothing.
#[derive(Clone, Serialize, Deserialize)]
pub struct SaveDrafts {
    pub cluster: ClusterId,
    pub drafts: Option<String>,
}

/// An address `slipway://…` that the system opened with the app. It is shown, and followed only if the person says so; or the app's own,
/// which is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedLink {
    pub address: String,
    /// From a notification that the app has shown, or from its tray.
    pub own: bool,
    /// It was there before the window was: the app was started by it.
    pub first: bool,
}

/// Whether the app goes on when its window is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetBackground {
    pub on: bool,
}

/// The tray, and the app behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrayState {
    /// The desktop has a tray, and the app is in it.
    pub there: bool,
    /// The app goes on when its window is closed, where there is a tray to open it again.
    pub background: bool,
}

/// What there is of Slipway on this very machine, and is not saved yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LocalAgent {
    /// The agent has this socket.
    Listens { socket: String },
    /// The agent listens, and this account may not reach it.
    Closed {
        /// It may from the next time on that the person signs in to the desktop.
        joined: bool,
        /// What lets it, in a terminal.
        command: String,
    },
    /// The agent is installed, and does not run.
    Stopped {
        /// What starts it, in a terminal.
        command: String,
    },
    /// Docker is here, and no agent.
    Absent,
}

/// What sets this very machine up, in a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalSetUp {
    pub command: String,
}

/// What went into the bundle, for the person to read before it is given to anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostics {
    pub text: String,
    /// Where it was written.
    pub path: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct MakeDiagnostics {
    /// Write it into the person's folder of downloads too.
    pub save: bool,
}
