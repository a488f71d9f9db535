//! Lines of logs. A sequence number lets a reader go on after the last line that it has seen.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Told;
use crate::deployment::{DeploymentView, Step};

#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    Stdout,
    Stderr,
    /// Slipway's own words.
    System,
}

impl LogStream {
    /// Stands for it where lines are many: on the way and in the store. It does not change.
    pub fn number(self) -> u8 {
        match self {
            Self::Stdout => 0,
            Self::Stderr => 1,
            Self::System => 2,
        }
    }

    /// The stream of that number.
    pub fn numbered(number: u8) -> Self {
        match number {
            0 => Self::Stdout,
            1 => Self::Stderr,
            _ => Self::System,
        }
    }
}

/// A line of a deployment's log. `sequence` starts at 1 and has no gaps; 0 has what is told in the place of a log that cannot be read.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct DeploymentLogLine {
    pub sequence: u64,
    pub at: DateTime<Utc>,
    pub step: Told<Step>,
    pub stream: LogStream,
    pub text: String,
}

impl DeploymentLogLine {
    /// The number of what is told in the place of lines that cannot be read. No line of a log has it, and nobody goes on behind it.
    pub const INSTEAD: u64 = 0;

    /// Whether it is told in the place of lines that cannot be read.
    pub fn is_instead(&self) -> bool {
        self.sequence == Self::INSTEAD
    }
}

/// What a reader who follows a deployment receives, until the deployment has ended.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeploymentEvent {
    Line(DeploymentLogLine),
    /// The deployment as it is now: at the start, and at each change.
    Changed(Box<DeploymentView>),
    /// Nothing happened for a while; the link is alive. Something newer than the reader knows is no more to it.
    #[serde(other)]
    Ping,
}

/// How grave a line seems to be, by its own words. A guess: a line that says nothing of the kind has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl LogLevel {
    pub const ALL: [Self; 6] = [
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Warn,
        Self::Error,
        Self::Fatal,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

impl std::str::FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let level = Self::ALL.into_iter().find(|level| level.as_str() == text);
        level.ok_or_else(|| "a level is one of trace, debug, info, warn, error, fatal".to_owned())
    }
}

/// Lines that are not in a log, at the place where they are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Missing {
    /// How many; nothing when nobody can know.
    pub lines: Option<u64>,
}

/// A line that a container of the application wrote, or Slipway's word about lines that are missing.
///
/// On the wire it is a list without names, for there are many: `[sequence, nanoseconds since 1970, task, stream, level,
/// text]`, and behind that what is missing, if anything is.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerLogLine {
    /// Its number in the application's log, over all tasks and releases: where to go on from (`after`). No number is left
    /// out within the log; its oldest lines go in time.
    pub sequence: u64,
    /// By the clock of the container's node.
    pub at: DateTime<Utc>,
    /// Which replica wrote it: the first characters of its task's id.
    pub task: String,
    pub stream: LogStream,
    pub level: Option<LogLevel>,
    pub text: String,
    /// This line stands for lines that could not be kept.
    pub missing: Option<Missing>,
}

type Wire<T> = (u64, i64, T, u8, u8, T);

impl Serialize for ContainerLogLine {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wire: Wire<&str> = (
            self.sequence,
            self.at.timestamp_nanos_opt().unwrap_or(0),
            &self.task,
            self.stream.number(),
            self.level.map_or(0, |level| level as u8 + 1),
            &self.text,
        );
        match &self.missing {
            None => wire.serialize(serializer),
            Some(missing) => {
                let (a, b, c, d, e, f) = wire;
                (a, b, c, d, e, f, missing).serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for ContainerLogLine {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(LineVisitor)
    }
}

impl JsonSchema for ContainerLogLine {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ContainerLogLine".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "array",
            "description": "[sequence, nanoseconds since 1970, task, stream, level, text], and behind that what is missing, if anything is.",
            "prefixItems": [
                { "type": "integer" }, { "type": "integer" }, { "type": "string" },
                { "type": "integer" }, { "type": "integer" }, { "type": "string" }, { "type": "object" }
            ],
            "minItems": 6
        })
    }
}

struct LineVisitor;

impl<'de> serde::de::Visitor<'de> for LineVisitor {
    type Value = ContainerLogLine;

    fn expecting(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        out.write_str("a line of a log as a list")
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<ContainerLogLine, A::Error> {
        fn next<'de, T: Deserialize<'de>, A: serde::de::SeqAccess<'de>>(
            list: &mut A,
            place: usize,
        ) -> Result<T, A::Error> {
            let missing = || serde::de::Error::invalid_length(place, &LineVisitor);
            list.next_element()?.ok_or_else(missing)
        }
        let line = ContainerLogLine {
            sequence: next(&mut list, 0)?,
            at: DateTime::from_timestamp_nanos(next(&mut list, 1)?),
            task: next(&mut list, 2)?,
            stream: LogStream::numbered(next(&mut list, 3)?),
            level: next::<u8, _>(&mut list, 4)?
                .checked_sub(1)
                .and_then(|level| LogLevel::ALL.get(usize::from(level)).copied()),
            text: next(&mut list, 5)?,
            missing: list.next_element::<Option<Missing>>()?.flatten(),
        };
        // What a newer agent may say beyond that is left alone.
        while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(line)
    }
}

/// What a reader of container logs, or of what is looked for in a deployment's log, receives. Lines come many at once, so that a fast
/// log does not cost one message each. On the wire: `{"lines": […]}`, `"ping"` or `"ended"`.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerLogEvent {
    Lines(Vec<ContainerLogLine>),
    /// Nothing happened for a while, or a search goes on; the link is alive. Something newer than the reader knows is no more to it.
    Ping,
    /// Of a deployment's log that is followed no more will come of what was asked for; nothing is sent behind it.
    Ended,
}

impl<'de> Deserialize<'de> for ContainerLogEvent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EventVisitor)
    }
}

/// Reads an event; a derived reader would refuse a newer kind of event that holds something.
struct EventVisitor;

impl<'de> serde::de::Visitor<'de> for EventVisitor {
    type Value = ContainerLogEvent;

    fn expecting(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        out.write_str("an event of a log")
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<ContainerLogEvent, E> {
        Ok(match word {
            "ended" => ContainerLogEvent::Ended,
            _ => ContainerLogEvent::Ping,
        })
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<ContainerLogEvent, A::Error> {
        let mut event = ContainerLogEvent::Ping;
        while let Some(kind) = map.next_key::<String>()? {
            match kind.as_str() {
                "lines" => event = ContainerLogEvent::Lines(map.next_value()?),
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

    fn line(missing: Option<Missing>) -> ContainerLogLine {
        ContainerLogLine {
            sequence: 7,
            at: DateTime::from_timestamp_nanos(1_767_323_045_000_000_007),
            task: "abcdefgh".to_owned(),
            stream: LogStream::Stderr,
            level: Some(LogLevel::Warn),
            text: "say \"hi\"".to_owned(),
            missing,
        }
    }

    /// FR-OBS-01: lines travel as short lists and arrive as they were, and what is missing with them.
    #[test]
    fn lines_travel_as_lists() {
        let event = ContainerLogEvent::Lines(vec![
            line(None),
            line(Some(Missing { lines: Some(3) })),
            line(Some(Missing { lines: None })),
        ]);
        let sent = serde_json::to_string(&event).unwrap();
        let first = r#"{"lines":[[7,1767323045000000007,"abcdefgh",1,4,"say \"hi\""],"#;
        assert!(sent.starts_with(first), "{sent}");
        assert_eq!(serde_json::from_str::<ContainerLogEvent>(&sent).unwrap(), event);
        let end = serde_json::to_string(&ContainerLogEvent::Ended).unwrap();
        assert_eq!(end, r#""ended""#);
    }

    /// FR-OBS-01: a line that is cut short is refused; one that says more than is known here is read.
    #[test]
    fn a_longer_list_is_read() {
        assert!(serde_json::from_str::<ContainerLogLine>(r#"[7,0,"t",1]"#).is_err());
        let longer = r#"[7,0,"t",0,0,"x",null,"more"]"#;
        assert_eq!(
            serde_json::from_str::<ContainerLogLine>(longer).unwrap().text,
            "x"
        );
    }
}
