//! What the person drops on the window. The shell knows where it is; the window gets a name to show and an id to ask with, so that
//! no script of the window can name a file of this machine.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ApplicationId, ClusterId};

/// Names something that was dropped, for a few minutes. Nobody guesses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DroppedId(pub Uuid);

/// What [`super::command::WATCH_DROPS`] sends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DropState {
    /// Nothing is above the window, and nothing that was dropped waits.
    #[default]
    Nothing,
    /// Something is being held above the window.
    Above,
    /// A folder or an archive was dropped.
    Dropped { dropped: Dropped },
    /// What was dropped cannot be sent.
    Refused { sentence: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    pub id: DroppedId,
    /// Its own name, without where it is.
    pub name: String,
    pub kind: DroppedKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DroppedKind {
    Folder,
    Archive,
}

impl DroppedKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Archive => "archive",
        }
    }
}

/// For [`super::command::SEND_DROPPED`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SendDropped {
    pub cluster: ClusterId,
    pub application: ApplicationId,
    pub dropped: DroppedId,
}

/// For [`super::command::FORGET_DROPPED`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OfDropped {
    /// Absent for what was refused.
    pub dropped: Option<DroppedId>,
}

/// How far it is: so many bytes of how many are on the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendProgress {
    pub sent: u64,
    pub length: u64,
}
