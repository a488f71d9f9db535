//! The feed of changes: what a client that shows the state of a cluster is told, so that it need not ask every few seconds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One line of the feed. It never says what has changed: what the reader may see is decided where it asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum FeedEvent {
    /// Something of the team, or of the cluster, is no longer as it was. Also the first line: nobody knows what was missed before.
    Changed,
    /// The feed is alive. Something newer than the reader knows is no more to it.
    #[serde(other)]
    Ping,
}
