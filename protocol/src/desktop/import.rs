//! Clusters from elsewhere: the person's `~/.ssh/config`, or a connection file that somebody shared.

use serde::{Deserialize, Serialize};

use super::{Asked, NewCluster};
use crate::ClusterId;
use crate::check::CheckStep;

/// What an import would add. Nothing is saved before the person says so.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportPreview {
    /// Where it was read.
    pub source: String,
    pub items: Vec<ImportItem>,
    /// What of the whole file is not taken, and why.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportItem {
    pub cluster: NewCluster,
    /// What of it is not taken, and why.
    pub notes: Vec<String>,
    /// Why it cannot be taken at all.
    pub refused: Option<String>,
}

/// The text of a connection file, to be previewed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConnectionText {
    pub text: String,
}

/// Those that the person has chosen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImportClusters {
    pub clusters: Vec<NewCluster>,
}

/// The clusters to share.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShareClusters {
    pub clusters: Vec<ClusterId>,
    /// Write it into the person's folder of downloads too.
    pub save: bool,
}

/// A connection file: addresses and looks, nothing secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharedClusters {
    pub text: String,
    /// Where it was written.
    pub path: Option<String>,
}

/// Whose connection to test, with what the person has answered so far.
#[derive(Clone, Serialize, Deserialize)]
pub struct TestConnection {
    pub of: Tested,
    pub answers: super::Answers,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Tested {
    New { cluster: Box<NewCluster> },
    Saved { cluster: ClusterId },
}

/// What a test found: the stages that were tried, and the question that it stopped at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    pub steps: Vec<CheckStep>,
    pub asks: Option<Asked>,
    /// The way stands and Docker answers.
    pub good: bool,
}
