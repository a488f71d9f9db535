//! Terminals between the window and the shell. Opening, resizing and closing are plain calls of the API.

use serde::{Deserialize, Serialize};

use crate::file::in_base64;
use crate::{ClusterId, Secret, TerminalId};

/// For [`super::command::FOLLOW_TERMINAL`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct FollowTerminal {
    pub cluster: ClusterId,
    pub terminal: TerminalId,
    /// So many bytes are there already.
    pub seen: u64,
}

/// For [`super::command::TYPE_INTO_TERMINAL`].
#[derive(Clone, Serialize, Deserialize)]
pub struct TypeIntoTerminal {
    pub cluster: ClusterId,
    pub terminal: TerminalId,
    #[serde(with = "in_base64")]
    pub bytes: Secret<Vec<u8>>,
}

/// For [`super::command::TERMINAL_DRAWN`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TerminalDrawn {
    pub cluster: ClusterId,
    pub terminal: TerminalId,
    /// Everything up to this byte is on the screen.
    pub upto: u64,
}
