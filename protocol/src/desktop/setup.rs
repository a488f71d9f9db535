//! Setting a server up from the window: looking at it, doing what is to be done, and what came of it.

use serde::{Deserialize, Serialize};

use super::{Answers, Asked, Cluster, NewCluster, SshAuth};
use crate::secret::serialize_exposed;
use crate::setup::{SetupEvent, SetupReport};
use crate::{ClusterId, Secret};

/// Which server, and what has been answered so far.
#[derive(Clone, Serialize, Deserialize)]
pub struct FindServer {
    pub which: WhichServer,
    pub answers: Answers,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WhichServer {
    /// One that is to become a cluster.
    New { cluster: Box<NewCluster> },
    /// That of a saved cluster, as somebody who may set it up: everyday connections may not.
    Saved {
        cluster: ClusterId,
        user: String,
        auth: SshAuth,
    },
}

/// What came of looking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ServerFound {
    Yes {
        found: FoundServer,
    },
    /// Something is needed from the person; ask, then look again with the answer.
    Asks {
        asked: Asked,
    },
}

/// A server that the shell stays signed in to until it is left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoundServer {
    /// Names it in further calls.
    pub server: u32,
    pub report: SetupReport,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OfServer {
    pub server: u32,
}

/// A server that nobody looks at any more.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct LeaveServer {
    pub server: u32,
    /// The page has the cluster that it has become, and its invitation: there is no other copy then.
    pub taken: bool,
}

/// A server that was found, with what the person allows.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SetUpServer {
    pub server: u32,
    pub use_existing_swarm: bool,
}

/// The servers that are being set up, or were and nobody has looked since; and whether the person wants to close the app meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SetUps {
    pub runs: Vec<SetUpRun>,
    /// Higher each time that the window was to be closed while one is at work.
    pub closings: u32,
}

/// One of them, with what is needed to show it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetUpRun {
    pub found: FoundServer,
    pub host: String,
    /// It is the server of this cluster already.
    pub saved: Option<ClusterId>,
    pub use_existing_swarm: bool,
    pub state: SetUpState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetUpState {
    Running,
    /// It has ended, well or not: its events say how.
    Ended,
    /// It has become a cluster of its own, and its invitation waits to be shown.
    Added,
}

/// What setting up sends.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SetupProgress {
    Event {
        event: SetupEvent,
    },
    /// It is saved and connected; nothing comes after it.
    Added {
        cluster: Box<Cluster>,
        /// Makes the first owner; it works once.
        #[serde(serialize_with = "serialize_exposed")]
        invitation: Secret<String>,
    },
}
