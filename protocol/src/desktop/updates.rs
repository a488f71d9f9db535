//! How the app comes to a newer version of itself.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Whether the app looks for newer versions, and what it has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateState {
    /// It looks by itself, once a day.
    pub daily: bool,
    pub stage: UpdateStage,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum UpdateStage {
    /// This build does not look for versions; the sentence says why.
    Never {
        sentence: String,
    },
    /// It has not looked since it started.
    Unknown,
    Looking,
    /// There was no newer version then.
    Newest {
        at: DateTime<Utc>,
    },
    /// This version can be fetched.
    Found {
        version: String,
        /// Putting it into place ends the app, and starts the new one.
        restarts: bool,
    },
    Fetching {
        version: String,
        /// 0 to 100; absent where the size is not told.
        percent: Option<u8>,
    },
    /// Its package lies in the person's folder of downloads; the system's own package manager installs it.
    Saved {
        version: String,
        path: String,
        /// What to type in a terminal.
        command: String,
    },
    /// It is in place; the next start is of this version.
    Installed {
        version: String,
    },
    /// What went wrong, and what to do next. The app goes on as it is.
    Failed {
        sentence: String,
    },
}

/// Whether the app looks for newer versions by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetDailyLooks {
    pub on: bool,
}
