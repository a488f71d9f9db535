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
    /// A setting says exactly what was found, so that it can be taken over; else it can only be put back.
    #[serde(default)]
    pub adoptable: bool,
}

impl Difference {
    /// What can be done about it, in words for people.
    pub fn ways_on(&self) -> &'static str {
        if self.adoptable {
            "heal or adopt"
        } else {
            "heal only"
        }
    }
}
