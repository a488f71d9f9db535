//! Commands that somebody runs once beside an application: in a new container of one of its releases, with all that belongs to that release.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::log_line::ContainerLogLine;
use crate::settings::{CommandLimit, CommandLine};
use crate::{ApplicationId, CommandId, DeploymentId};

/// Of one application so many commands wait or run at once.
pub const MOST_COMMANDS: u32 = 4;

/// Asks for a command. What it does not know is refused: with a misspelt `deployment` it would run in another release.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCommand {
    /// It takes the place of what the image starts.
    pub command: CommandLine,
    /// The deployment whose release it runs in; left out, the one that serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentId>,
    /// It is ended when it takes longer.
    #[serde(default)]
    pub deadline_seconds: CommandLimit,
}

/// How far a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandStatus {
    /// Its container is not made yet.
    Waiting,
    Running,
    /// It has ended with exit code 0.
    Succeeded,
    /// It has ended with another exit code, or could not run.
    Failed,
    /// Somebody ended it.
    Cancelled,
    /// It took longer than it was given, and was ended.
    TimedOut,
}

impl CommandStatus {
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
    ];

    /// Nothing more will happen.
    pub fn is_final(self) -> bool {
        match self {
            Self::Waiting | Self::Running => false,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::TimedOut => true,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
        }
    }

    /// In words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::TimedOut => "timed out",
            other => other.as_str(),
        }
    }

    /// The status of that name, as it is stored.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// One command, and how it went.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct CommandView {
    pub id: CommandId,
    pub application: ApplicationId,
    /// The deployment whose release it runs in, and its number within the application.
    pub deployment: DeploymentId,
    pub deployment_number: u32,
    /// As a person would type it.
    pub command: String,
    pub status: CommandStatus,
    /// Somebody has wished it to end, and it has not ended yet.
    pub ending: bool,
    /// As its process gave it; absent where it did not end by itself.
    pub exit_code: Option<i64>,
    /// Why it did not run, or not to its end, in one sentence.
    pub failure: Option<String>,
    /// E-mail of who asked.
    pub requested_by: String,
    pub deadline_seconds: CommandLimit,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl CommandView {
    /// “succeeded”, “failed with exit code 3”, “ending”.
    pub fn outcome(&self) -> String {
        match (self.status, self.exit_code) {
            (CommandStatus::Failed, Some(code)) => format!("failed with exit code {code}"),
            (status, _) if self.ending && !status.is_final() => "ending".to_owned(),
            (status, _) => status.words().to_owned(),
        }
    }
}

/// What a reader who follows a command receives, until it has ended and all that it wrote was sent.
/// On the wire: `{"lines": […]}`, `{"changed": {…}}` or `"ping"`.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandEvent {
    /// Numbered from 1, without a gap.
    Lines(Vec<ContainerLogLine>),
    /// The command as it is now: at the start, and at each change.
    Changed(Box<CommandView>),
    /// Nothing happened for a while; the link is alive. Something newer than the reader knows is no more to it.
    Ping,
}

impl<'de> Deserialize<'de> for CommandEvent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EventVisitor)
    }
}

/// Reads an event; a derived reader would refuse a newer kind of event that holds something.
struct EventVisitor;

impl<'de> serde::de::Visitor<'de> for EventVisitor {
    type Value = CommandEvent;

    fn expecting(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        out.write_str("an event of a command")
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<CommandEvent, E> {
        Ok(CommandEvent::Ping)
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<CommandEvent, A::Error> {
        let mut event = CommandEvent::Ping;
        while let Some(kind) = map.next_key::<String>()? {
            match kind.as_str() {
                "lines" => event = CommandEvent::Lines(map.next_value()?),
                "changed" => event = CommandEvent::Changed(map.next_value()?),
                _ => {
                    map.next_value::<serde::de::IgnoredAny>()?;
                }
            }
        }
        Ok(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn view(status: CommandStatus, exit_code: Option<i64>) -> CommandView {
        let id = "018f0000-0000-7000-8000-000000000001";
        serde_json::from_value(json!({
            "id": id, "application": id, "deployment": id, "deployment_number": 3, "command": "rails db:migrate",
            "status": status, "ending": false, "exit_code": exit_code, "failure": null, "requested_by": "a@example.org",
            "deadline_seconds": 60, "created_at": "2026-01-02T03:04:05Z", "started_at": null, "ended_at": null
        }))
        .unwrap()
    }

    /// FR-DEP-09: how a command ended is said with its exit code, and one that is being ended is not called running.
    #[test]
    fn outcomes_are_said() {
        assert_eq!(
            view(CommandStatus::Failed, Some(3)).outcome(),
            "failed with exit code 3"
        );
        assert_eq!(view(CommandStatus::TimedOut, None).outcome(), "timed out");
        let ending = CommandView {
            ending: true,
            ..view(CommandStatus::Running, None)
        };
        assert_eq!(ending.outcome(), "ending");
        for status in CommandStatus::ALL {
            assert_eq!(CommandStatus::named(status.as_str()), Some(status));
        }
    }

    /// FR-DEP-09: little is enough to ask for a command, it always has a limit, and what is misspelt is refused.
    #[test]
    fn a_command_is_asked_for() {
        let read = |value| serde_json::from_value::<NewCommand>(value);
        let little = read(json!({ "command": ["rails", "db:migrate"] })).unwrap();
        assert_eq!((little.deployment, little.deadline_seconds.get()), (None, 3600));
        for wrong in [
            json!({ "command": [] }),
            json!({ "command": ["a"], "deploymnet": "018f0000-0000-7000-8000-000000000001" }),
            json!({ "command": ["a"], "deadline_seconds": 0 }),
            json!({ "command": ["a"], "deadline_seconds": 86_401 }),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    /// FR-DEP-09: what is followed travels as it is read.
    #[test]
    fn events_go_round() {
        let changed = CommandEvent::Changed(Box::new(view(CommandStatus::Running, None)));
        for event in [CommandEvent::Ping, CommandEvent::Lines(Vec::new()), changed] {
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<CommandEvent>(&text).unwrap(), event);
        }
    }
}
