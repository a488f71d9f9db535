//! What a deployment will do, before it does it; and what two deployments differ in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Told;
use crate::deployment::{Step, Way};
use crate::head::Head;
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
    pub way: Told<Way>,
    /// Why it is done this way, in words that follow “because”.
    pub because: String,
    pub steps: Vec<Told<Step>>,
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
    /// A deployment of the application that has to end first. Where its release serves already, its end leaves the plan as it is.
    pub waits_for: Option<u32>,
    /// Waiting deployments whose place it takes.
    pub supersedes: Vec<u32>,
    /// What is taken of a repository or a registry; none where nothing is fetched from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PlannedSource>,
}

/// What a plan takes of a source whose name may stand for something else a moment later.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct PlannedSource {
    /// The branch, tag, commit or image, as the settings name it.
    pub names: String,
    /// What that is now. Asked for with the plan's revision, exactly this is deployed; none where it is not known, and then what it
    /// is when the deployment starts.
    pub takes: Option<Head>,
    /// Why that is not known.
    pub unknown: Option<String>,
    /// What the serving release is made of.
    pub serves: Option<Head>,
}

impl PlannedSource {
    /// Whether it is what the serving release is made of; none where that cannot be told.
    pub fn is_the_same(&self) -> Option<bool> {
        Some(self.takes.as_ref()? == self.serves.as_ref()?)
    }

    /// “commit 4b825dc of main; commit 1a2b3c4 serves”.
    pub fn in_words(&self) -> String {
        let Some(takes) = &self.takes else {
            let why = self.unknown.as_deref().unwrap_or("nobody has said why");
            return format!(
                "{} as it is when the deployment starts; what it is now is not known, because {why}",
                self.names
            );
        };
        let what = takes.in_words();
        // A name that says itself which one it is adds nothing.
        let what = if self.names.to_ascii_lowercase().contains(takes.digits()) {
            what
        } else {
            format!("{what} of {}", self.names)
        };
        match (&self.serves, self.is_the_same()) {
            (_, Some(true)) => format!("{what}, which serves already: nothing new"),
            (Some(serves), _) => format!("{what}; {} serves", serves.in_words()),
            (None, _) => what,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::CommitHash;

    fn commit(digit: char) -> Head {
        let hash = CommitHash::parse(&digit.to_string().repeat(40)).unwrap();
        Head::Commit { hash }
    }

    /// FR-DEP-08, NFR-U2: what is taken of the source is said in one sentence, and that nothing is new where nothing is.
    #[test]
    fn the_source_is_told_in_words() {
        let told = |names: &str, takes: Option<Head>, serves: Option<Head>| {
            let unknown = takes
                .is_none()
                .then(|| "the server could not be reached".to_owned());
            let source = PlannedSource {
                names: names.to_owned(),
                takes,
                unknown,
                serves,
            };
            source.in_words()
        };
        assert_eq!(told("main", Some(commit('a')), None), "commit aaaaaaa of main");
        assert_eq!(
            told("main", Some(commit('a')), Some(commit('b'))),
            "commit aaaaaaa of main; commit bbbbbbb serves"
        );
        assert_eq!(
            told("main", Some(commit('a')), Some(commit('a'))),
            "commit aaaaaaa of main, which serves already: nothing new"
        );
        assert_eq!(told(&"a".repeat(40), Some(commit('a')), None), "commit aaaaaaa");
        assert_eq!(
            told("main", None, Some(commit('b'))),
            "main as it is when the deployment starts; what it is now is not known, because the server could not be reached"
        );
    }
}
