//! What was changed outside Slipway.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One part of a release's service that is not as Slipway made it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Difference {
    /// The part in words: `tasks`, `memory`, `variable KEY`.
    pub what: String,
    pub wanted: String,
    pub found: String,
}
