//! What the rules look at, made plain and bounded once.

use slipway_protocol::deployment::Step;
use slipway_protocol::log_line::LogStream;

use super::seen::{Answer, Seen};
use super::text::plain;

/// A line of the log is looked at up to this length, in characters.
pub const LONGEST_LINE: usize = 1_000;
/// The failure's sentence, which may hold a whole command, is looked at up to this length, in characters.
const LONGEST_FAILURE: usize = 4_000;
/// So many of the last lines are looked at.
const LINES: usize = 200;

/// What is known of a failed step.
pub struct Given<'a> {
    pub step: Step,
    /// The failure's sentence.
    pub failure: &'a str,
    /// The last lines of the step in the deployment's log, in their order.
    pub lines: Vec<(LogStream, String)>,
    pub seen: Seen,
    /// The application's port; a worker has none.
    pub port: Option<u16>,
    /// What the gate asks for, if it wants a good answer and not just any.
    pub path: Option<&'a str>,
}

/// The same, ready to be searched.
pub struct Evidence {
    pub(super) step: Step,
    pub(super) seen: Seen,
    pub(super) port: Option<u16>,
    pub(super) path: String,
    /// What Slipway and Docker say: the failure, then Docker's words about the task.
    reports: Vec<Line>,
    /// What was written, newest first.
    written: Vec<Line>,
}

struct Line {
    stream: LogStream,
    text: String,
    lower: String,
}

impl Line {
    fn new(stream: LogStream, text: &str, longest: usize) -> Self {
        let text = plain(text, longest);
        // Positions in both are the same: only ASCII changes.
        let lower = text.to_ascii_lowercase();
        Self { stream, text, lower }
    }

    fn says(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.lower.contains(phrase))
    }
}

impl Evidence {
    pub fn new(given: Given<'_>) -> Self {
        let report = |text: &str| Line::new(LogStream::System, text, LONGEST_FAILURE);
        let newest = given.lines.iter().rev().take(LINES);
        Self {
            step: given.step,
            port: given.port,
            path: plain(given.path.unwrap_or("/"), 200),
            reports: vec![report(given.failure), report(&given.seen.docker_says)],
            written: newest
                .map(|(stream, text)| Line::new(*stream, text, LONGEST_LINE))
                .collect(),
            seen: given.seen,
        }
    }

    /// The report or the newest line that holds one of the phrases. Phrases are in lower case.
    pub(super) fn says(&self, phrases: &[&str]) -> Option<&str> {
        let found = self.reported(phrases);
        found.or_else(|| self.wrote(phrases))
    }

    /// The same of what Slipway and Docker say, which an application cannot write.
    pub(super) fn reported(&self, phrases: &[&str]) -> Option<&str> {
        pick(&self.reports, |line| line.says(phrases))
    }

    /// The same of what git, the build or the application wrote.
    pub(super) fn wrote(&self, phrases: &[&str]) -> Option<&str> {
        let foreign = |line: &Line| line.stream != LogStream::System;
        pick(&self.written, |line| foreign(line) && line.says(phrases))
    }

    /// The same of what Slipway wrote into the log.
    pub(super) fn told(&self, phrases: &[&str]) -> Option<&str> {
        pick(&self.written, |line| {
            line.stream == LogStream::System && line.says(phrases)
        })
    }

    /// Everything that was said, reports first, then newest lines first.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        let foreign = self
            .written
            .iter()
            .filter(|line| line.stream != LogStream::System);
        self.reports.iter().chain(foreign).map(|line| line.text.as_str())
    }

    /// The last thing that was written and reads like a reason: an error, else the last line at all.
    pub(super) fn last_words(&self) -> Option<&str> {
        let telling = |line: &Line| line.stream != LogStream::System && is_telling(&line.lower);
        let errors = [
            "error",
            "fatal",
            "panic",
            "exception",
            "failed",
            "cannot",
            "missing",
        ];
        let wrong = |line: &Line| telling(line) && line.stream == LogStream::Stderr && line.says(&errors);
        let stderr = |line: &Line| telling(line) && line.stream == LogStream::Stderr;
        let found = pick(&self.written, wrong).or_else(|| pick(&self.written, stderr));
        found.or_else(|| pick(&self.written, telling))
    }

    /// How the running release answered last.
    pub(super) fn status(&self) -> Option<u16> {
        match self.seen.answer? {
            Answer::Status(status) => Some(status),
            Answer::NoWay | Answer::Refused | Answer::Late => None,
        }
    }
}

fn pick(lines: &[Line], wanted: impl Fn(&Line) -> bool) -> Option<&str> {
    lines
        .iter()
        .find(|line| wanted(line))
        .map(|line| line.text.as_str())
}

/// Not a frame of a stack trace or a runtime's farewell, which say nothing by themselves.
fn is_telling(lower: &str) -> bool {
    let beginnings = [
        "at ",
        "file \"",
        "node.js v",
        "note: run with",
        "goroutine ",
        "[signal",
        "}",
        "{",
        "^",
    ];
    lower.chars().any(char::is_alphabetic) && !beginnings.iter().any(|beginning| lower.starts_with(beginning))
}
