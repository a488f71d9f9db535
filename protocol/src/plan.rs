//! What a deployment will do, before it does it; and what two deployments differ in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::deployment::{Step, Way};
use crate::names::{refuse_dangerous, text_type};
use crate::settings::HostPath;

text_type! {
    /// Names a state of an application: its settings, variables, domains and deployments. Made by the agent.
    Revision, "The revision", |text| {
        refuse_dangerous(text, 64)?;
        if text.chars().all(|c| c.is_ascii_hexdigit()) { Ok(()) } else { Err("only the agent makes revisions") }
    }
}

/// What a deployment would do, seen from now. Asked for with `revision`, it is refused if anything of this has changed.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct PlanView {
    pub revision: Revision,
    pub way: Way,
    /// Why it is done this way, in words that follow “because”.
    pub because: String,
    pub steps: Vec<Step>,
    /// What the new release differs in from the one that serves; empty where only the source may have changed.
    pub changes: Vec<Change>,
    /// New tasks that start, and old ones that stop.
    pub starts: u16,
    pub stops: u16,
    /// So many run at the same time, at most.
    pub most_at_once: u16,
    pub downtime: Downtime,
    /// Addresses that lead to the application, before and after.
    pub routes: Vec<String>,
    /// Volumes that are opened by the new tasks.
    pub volumes: Vec<String>,
    /// Folders and files of the server that the new tasks reach.
    #[serde(default)]
    pub binds: Vec<PlannedBind>,
    /// Paths of the files that are laid over the source.
    #[serde(default)]
    pub patches: Vec<String>,
    /// Ports of the node.
    pub ports: Vec<u16>,
    /// A deployment of the application that has to end first.
    pub waits_for: Option<u32>,
    /// Waiting deployments whose place it takes.
    pub supersedes: Vec<u32>,
}

/// A folder or file of the server, and what the tasks may do to it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct PlannedBind {
    pub source: HostPath,
    pub read_only: bool,
}

impl PlannedBind {
    /// “/srv/photos, to write to”.
    pub fn in_words(&self) -> String {
        let may = if self.read_only {
            "to read only"
        } else {
            "to write to"
        };
        format!("{}, {may}", self.source)
    }
}

/// Whether somebody serves all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Downtime {
    /// The old release serves until the new one does.
    None,
    /// Nobody serves from the moment when the old tasks stop until the new ones are healthy.
    WhileStarting,
    /// Nobody serves now.
    First,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Change {
    /// The setting's path, or `variable KEY`, `file PATH`, `patch PATH`, `commit`, `image`.
    pub what: String,
    /// `None` where it was not set. Values of variables and contents of files are not told.
    pub from: Option<String>,
    pub to: Option<String>,
}
