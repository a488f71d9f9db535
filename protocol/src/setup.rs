//! Setting a server up: what was found on it, what will be done, and how that goes.
//!
//! `slipway-agent install --json` writes one [`SetupEvent`] a line; whoever started it over SSH reads them.

use serde::{Deserialize, Serialize};

/// What was found on a server, and what setting it up would do. Nothing has been changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetupReport {
    pub findings: Vec<Finding>,
    pub steps: Vec<PlannedStep>,
}

impl SetupReport {
    /// For a terminal: a line or two for each finding, then one for each step.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for finding in &self.findings {
            let mark = match finding.state {
                FindingState::Good => "good",
                FindingState::Open => "open",
                FindingState::Warning => "note",
                FindingState::Blocks => "STOP",
            };
            lines.push(format!("{mark}  {}", finding.title));
            if !finding.detail.is_empty() {
                lines.push(format!("      {}", finding.detail));
            }
        }
        lines.push(String::new());
        for step in &self.steps {
            let mark = if step.done { "done " } else { "to do" };
            lines.push(format!("{mark}  {}: {}", step.title, step.detail));
        }
        lines
    }

    /// Whether nothing stands in the way.
    pub fn may_begin(&self) -> bool {
        !self
            .findings
            .iter()
            .any(|finding| finding.state == FindingState::Blocks)
    }

    /// Whether everything is as it should be.
    pub fn is_done(&self) -> bool {
        self.may_begin() && self.steps.iter().all(|step| step.done)
    }

    /// The sentences of what stands in the way.
    pub fn obstacles(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.state == FindingState::Blocks)
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name of the check, for example `swarm`.
    pub check: String,
    pub state: FindingState,
    /// In a few words: “Debian GNU/Linux 12, x86_64”.
    pub title: String,
    /// What that means, or what to do; may be empty.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    Good,
    /// Setting up will change it.
    Open,
    /// It works as it is, but should be known.
    Warning,
    /// Nothing is done before this is resolved.
    Blocks,
}

/// What setting up does, in this order. Each step looks first, and changes only what is not so yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetupStep {
    /// Docker, PostgreSQL's programs and git, by the distribution's package manager.
    Packages,
    /// The Docker engine runs, and starts with the server.
    Docker,
    Swarm,
    /// The agent's account, data folder and key.
    Account,
    /// The agent's program and its systemd unit; an earlier program comes back if the new one does not answer.
    Agent,
    /// The account for everyday connections: no shell, one forced command.
    Link,
    /// Traefik serves.
    Edge,
    /// What listens where, as the kernel says.
    Proof,
}

impl SetupStep {
    pub const ALL: [Self; 8] = [
        Self::Packages,
        Self::Docker,
        Self::Swarm,
        Self::Account,
        Self::Agent,
        Self::Link,
        Self::Edge,
        Self::Proof,
    ];

    /// For people, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Packages => "Packages",
            Self::Docker => "Docker",
            Self::Swarm => "Swarm",
            Self::Account => "Account, folder and key",
            Self::Agent => "Agent",
            Self::Link => "Account for connections",
            Self::Edge => "Traefik",
            Self::Proof => "What listens",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    pub step: SetupStep,
    /// “Install Docker, PostgreSQL and git”.
    pub title: String,
    /// What exactly: packages, paths, addresses.
    pub detail: String,
    /// It is so already: nothing will be done.
    pub done: bool,
}

/// A line of `slipway-agent install --json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SetupEvent {
    /// Always the first.
    Report {
        report: SetupReport,
    },
    Begun {
        step: SetupStep,
    },
    /// What a program writes meanwhile.
    Line {
        step: SetupStep,
        text: String,
    },
    Done {
        step: SetupStep,
        /// False if it was so already.
        changed: bool,
        seconds: f64,
        /// In a few words what is so now.
        result: String,
    },
    /// Nothing comes after it. Running it again goes on from this step.
    Failed {
        step: SetupStep,
        sentence: String,
    },
    /// All is done; nothing comes after it.
    Ready,
}

/// What is left to see of a line that a program has written over in a terminal, as a progress bar does.
pub fn last_written(text: &str) -> &str {
    text.trim_end_matches('\r')
        .rsplit('\r')
        .next()
        .unwrap_or_default()
}

/// That a step is done, as terminals show it below the step's title.
pub fn step_done(changed: bool, seconds: f64, result: &str) -> String {
    let word = if changed { "done" } else { "as it was" };
    format!("  {word}: {result} ({seconds:.1} s)")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-HST-01: what an agent writes is what a client reads, line by line.
    #[test]
    fn events_are_single_lines() {
        let event = SetupEvent::Line {
            step: SetupStep::Packages,
            text: "two\nlines \u{1b}[1m".to_owned(),
        };
        let line = serde_json::to_string(&event).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<SetupEvent>(&line).unwrap(), event);
    }

    /// FR-HST-02: a server on which something stands in the way is not begun with.
    #[test]
    fn an_obstacle_stops_everything() {
        let finding = |state| Finding {
            check: "swarm".into(),
            state,
            title: String::new(),
            detail: String::new(),
        };
        let mut report = SetupReport {
            findings: vec![finding(FindingState::Warning)],
            steps: Vec::new(),
        };
        assert!(report.may_begin() && report.is_done());
        report.findings.push(finding(FindingState::Blocks));
        assert!(!report.may_begin() && !report.is_done());
        assert_eq!(report.obstacles().count(), 1);
    }
}
