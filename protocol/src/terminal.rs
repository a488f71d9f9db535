//! Shells and commands in running containers, and on the agent's own node. They belong to the agent: a lost link ends none, and whoever
//! comes back gets what was written meanwhile, by the number of its first byte.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::file::in_base64;
use crate::log_line::LogStream;
use crate::settings::CommandLine;
use crate::task::TaskName;
use crate::{ApplicationId, Secret, TerminalId};

/// The agent takes at most so much input at once, in bytes.
pub const LARGEST_INPUT: usize = 64 * 1024;

/// How large a screen is, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(try_from = "PlainSize")]
pub struct TerminalSize {
    pub columns: u16,
    pub rows: u16,
}

#[derive(JsonSchema, Deserialize)]
struct PlainSize {
    columns: u16,
    rows: u16,
}

impl TryFrom<PlainSize> for TerminalSize {
    type Error = &'static str;
    fn try_from(size: PlainSize) -> Result<Self, Self::Error> {
        let fits = |count: u16| (1..=1000).contains(&count);
        if !fits(size.columns) || !fits(size.rows) {
            return Err("a screen has 1 to 1000 columns and rows");
        }
        Ok(Self {
            columns: size.columns,
            rows: size.rows,
        })
    }
}

/// Opens a terminal. All of it may be left out, so what it does not know is refused: a misspelt `command` must not open a shell.
#[derive(Clone, Debug, Default, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTerminal {
    /// Left out: the first running task that can be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskName>,
    /// Left out: the container's shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandLine>,
    /// With a screen of this size; left out, input and output are plain pipes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<TerminalSize>,
}

/// Opens a terminal on the agent's own node, as root. What it does not know is refused here too.
#[derive(Clone, Debug, Default, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewNodeTerminal {
    /// Left out: the node's shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandLine>,
    /// With a screen of this size; left out, input and output are plain pipes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<TerminalSize>,
}

/// Where a terminal is.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TerminalPlace {
    /// In a task of an application.
    Task {
        application: ApplicationId,
        /// Absent where none could be reached.
        task: Option<TaskName>,
    },
    /// On the agent's own node.
    Node {
        /// How the node calls itself.
        node: String,
    },
}

/// A terminal, for the one who opened it.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct TerminalView {
    pub id: TerminalId,
    #[serde(flatten)]
    pub place: TerminalPlace,
    /// What runs in it, as a person would type it; empty until that is known.
    pub command: String,
    /// It has a screen.
    pub screen: bool,
    pub opened_at: DateTime<Utc>,
    /// So many bytes were written so far.
    pub written: u64,
    /// How it ended; absent as long as it goes on.
    pub end: Option<TerminalEnd>,
}

/// How a terminal ended.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TerminalEnd {
    /// What ran in it has ended.
    Exited {
        /// Absent where Docker does not know it.
        code: Option<i64>,
    },
    /// Its owner closed it.
    Closed,
    /// Nothing happened in it for long, or nobody came back to it.
    Idle,
    /// Whoever opened it is signed out, or may no longer use terminals here.
    RightLost,
    /// The agent was restarted, and with it every terminal ended.
    AgentRestarted,
    /// It could not begin, or Docker broke it off.
    Failed { reason: String },
    /// In a way that the reader is too old for.
    #[serde(other)]
    Newer,
}

impl fmt::Display for TerminalEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited { code: Some(0) } => f.write_str("It has ended."),
            Self::Exited { code: Some(code) } => write!(f, "It has ended with exit code {code}."),
            Self::Exited { code: None } => f.write_str("It has ended; Docker does not know how."),
            Self::Closed => f.write_str("It was closed."),
            Self::Idle => f.write_str("It was closed because nothing happened in it for long."),
            Self::RightLost => f.write_str(
                "It was closed because whoever opened it signed out, or may no longer use terminals here.",
            ),
            Self::AgentRestarted => f.write_str("It ended because the agent restarted."),
            Self::Failed { reason } => f.write_str(reason),
            Self::Newer => {
                f.write_str("It has ended in a way that is newer than this program; update it to learn more.")
            }
        }
    }
}

/// What a terminal tells those who follow it.
#[derive(Clone, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TerminalEvent {
    /// It runs.
    Started {
        /// Absent on the node.
        task: Option<TaskName>,
        /// As a person would type it.
        command: String,
    },
    /// Bytes that were written, of which `from` were before them. Where that is more than was seen, the ones between are no
    /// longer kept.
    Output {
        from: u64,
        stream: LogStream,
        #[serde(with = "in_base64")]
        #[schemars(with = "String", extend("contentEncoding" = "base64"))]
        bytes: Secret<Vec<u8>>,
    },
    /// All was said.
    Ended { end: TerminalEnd },
    /// Nothing new; the link is alive. Something newer than the reader knows is no more to it.
    #[serde(other)]
    Ping,
}

/// How much of a writer's input was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct InputTaken {
    /// All bytes of this writer so far; it goes on here.
    pub taken: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-02: a screen has a size that a terminal can have.
    #[test]
    fn a_screen_has_a_size() {
        let read = |text: &str| serde_json::from_str::<TerminalSize>(text);
        assert_eq!(
            read(r#"{"columns":80,"rows":24}"#).unwrap(),
            TerminalSize {
                columns: 80,
                rows: 24
            }
        );
        for wrong in [
            r#"{"columns":0,"rows":24}"#,
            r#"{"columns":80,"rows":1001}"#,
            r#"{"columns":-1,"rows":2}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    /// FR-OBS-02: a terminal in a task and one on the node are told apart by what names their place.
    #[test]
    fn a_place_is_a_task_or_the_node() {
        let id = "018f0000-0000-7000-8000-000000000001";
        let view = |place: &str| {
            let text = format!(
                r#"{{"id":"{id}",{place},"command":"","screen":true,"opened_at":"2026-01-01T00:00:00Z","written":0,"end":null}}"#
            );
            serde_json::from_str::<TerminalView>(&text)
        };
        let task = view(&format!(r#""application":"{id}","task":null"#)).unwrap();
        let application = id.parse().unwrap();
        assert_eq!(
            task.place,
            TerminalPlace::Task {
                application,
                task: None
            }
        );
        let node = view(r#""node":"db1""#).unwrap();
        assert_eq!(
            node.place,
            TerminalPlace::Node {
                node: "db1".to_owned()
            }
        );
        assert!(view(r#""task":null"#).is_err());
        for one in [task, node] {
            let text = serde_json::to_string(&one).unwrap();
            assert_eq!(serde_json::from_str::<TerminalView>(&text).unwrap(), one);
        }
    }

    /// FR-OBS-02: output goes over the wire byte for byte, whatever the bytes are.
    #[test]
    fn output_is_carried_byte_for_byte() {
        let bytes: Vec<u8> = (0..=255).collect();
        let event = TerminalEvent::Output {
            from: 7,
            stream: LogStream::Stdout,
            bytes: Secret::new(bytes.clone()),
        };
        let text = serde_json::to_string(&event).unwrap();
        let TerminalEvent::Output {
            from, bytes: read, ..
        } = serde_json::from_str(&text).unwrap()
        else {
            panic!("{text}");
        };
        assert_eq!((from, read.expose()), (7, &bytes));
    }
}
