//! The server check-up: how the server itself is kept, check by check, each with what was found and what to do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Told;

/// What was seen of the agent's server. Looking changes nothing there.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct ServerCheckup {
    /// One for each [`CheckupTopic`], in its order.
    pub checks: Vec<ServerCheck>,
}

impl ServerCheckup {
    /// How many checks are in this state.
    pub fn count(&self, state: CheckState) -> usize {
        self.checks.iter().filter(|check| check.state == state).count()
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct ServerCheck {
    pub topic: Told<CheckupTopic>,
    pub state: CheckState,
    /// What was found, in one sentence; for what is not known the reason why.
    pub found: String,
    /// What to do, in one sentence with the command or the file; none where nothing has to be done.
    pub remedy: Option<String>,
}

/// Everything that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckupTopic {
    /// Whether the SSH server takes passwords.
    SshPasswords,
    /// Whether root may sign in over SSH, and with what.
    SshRoot,
    /// Whether something shuts the ports that nobody should reach.
    Firewall,
    /// Whether security updates are installed by themselves.
    Updates,
    /// Whether an installed update waits for a restart of the server.
    Restart,
    /// Whether somebody who tries passwords is turned away: fail2ban or its equals.
    Guesses,
    /// Room and inodes where the agent's and Docker's data lie.
    Disk,
    /// Whether the clock is kept right.
    Clock,
    /// Whether images can be built where they are to be: here, or on a build node.
    Builds,
}

impl CheckupTopic {
    pub const ALL: [Self; 9] = [
        Self::SshPasswords,
        Self::SshRoot,
        Self::Firewall,
        Self::Updates,
        Self::Restart,
        Self::Guesses,
        Self::Disk,
        Self::Clock,
        Self::Builds,
    ];

    /// For people, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::SshPasswords => "SSH password sign-in",
            Self::SshRoot => "SSH root sign-in",
            Self::Firewall => "Firewall",
            Self::Updates => "Security updates",
            Self::Restart => "Restart",
            Self::Guesses => "Guessed passwords",
            Self::Disk => "Disk space",
            Self::Clock => "Clock",
            Self::Builds => "Builds",
        }
    }

    /// Its stable name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SshPasswords => "ssh_passwords",
            Self::SshRoot => "ssh_root",
            Self::Firewall => "firewall",
            Self::Updates => "updates",
            Self::Restart => "restart",
            Self::Guesses => "guesses",
            Self::Disk => "disk",
            Self::Clock => "clock",
            Self::Builds => "builds",
        }
    }
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    Good,
    /// It works, and would be better otherwise.
    Advice,
    /// Somebody may get in, or the server is about to stop working.
    Bad,
    /// It could not be looked at, or how it stands is said by a newer agent in a way of its own; that is neither good nor bad.
    #[serde(other)]
    NotKnown,
}

impl CheckState {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Advice => "advice",
            Self::Bad => "bad",
            Self::NotKnown => "not known",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-HST-06: each topic is in the list once, and its stable name is the one in JSON.
    #[test]
    fn topics_have_stable_names() {
        for topic in CheckupTopic::ALL {
            let written = serde_json::to_value(topic).unwrap();
            assert_eq!(written, topic.as_str());
            let same = CheckupTopic::ALL.iter().filter(|other| **other == topic);
            assert_eq!(same.count(), 1);
        }
    }
}
