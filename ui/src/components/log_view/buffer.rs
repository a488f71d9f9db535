//! The lines of a log in memory: bounded, with a count of those let go, and what a search has found in them.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use slipway_protocol::log_line::LogStream;

/// More lines than that are not kept.
pub const MOST_LINES: usize = 200_000;

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Shown before the line, if the log numbers its lines for people.
    pub number: Option<u64>,
    pub at: DateTime<Utc>,
    /// The step or the task.
    pub who: String,
    pub stream: LogStream,
    pub text: String,
}

pub struct LogBuffer {
    lines: VecDeque<Line>,
    most: usize,
    let_go: u64,
    search: Search,
}

/// The lines that hold a text, by their places since the beginning, so that they stay right when lines are let go.
#[derive(Default)]
struct Search {
    wanted: String,
    found: VecDeque<u64>,
    looked: u64,
}

impl Default for LogBuffer {
    fn default() -> Self {
        Self::holding(MOST_LINES)
    }
}

impl LogBuffer {
    fn holding(most: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            most,
            let_go: 0,
            search: Search::default(),
        }
    }

    pub fn push(&mut self, line: Line) {
        if self.lines.len() == self.most {
            self.lines.pop_front();
            self.let_go += 1;
        }
        self.lines.push_back(line);
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn let_go(&self) -> u64 {
        self.let_go
    }

    pub fn searching(&self) -> bool {
        !self.search.wanted.is_empty()
    }

    /// Looks for a text, without regard to case. Only lines that have come since the last time are looked at.
    pub fn search(&mut self, wanted: &str) {
        let wanted = wanted.to_lowercase();
        let search = &mut self.search;
        if search.wanted != wanted {
            *search = Search {
                wanted,
                ..Search::default()
            };
        }
        if search.wanted.is_empty() {
            return;
        }
        while search.found.front().is_some_and(|place| *place < self.let_go) {
            search.found.pop_front();
        }
        let from = search.looked.max(self.let_go);
        let new = self.lines.iter().enumerate().skip((from - self.let_go) as usize);
        for (index, line) in new {
            if line.text.to_lowercase().contains(&search.wanted) {
                search.found.push_back(self.let_go + index as u64);
            }
        }
        search.looked = self.let_go + self.lines.len() as u64;
    }

    /// How many lines are shown: all, or those found.
    pub fn shown(&self) -> usize {
        if self.searching() {
            self.search.found.len()
        } else {
            self.lines.len()
        }
    }

    /// The shown line at that row.
    pub fn row(&self, row: usize) -> Option<&Line> {
        let index = if self.searching() {
            (self.search.found.get(row)?.checked_sub(self.let_go)?) as usize
        } else {
            row
        };
        self.lines.get(index)
    }

    /// Everything that is in memory, as text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for line in &self.lines {
            out.push_str(&line.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
            out.push(' ');
            out.push_str(&line.who);
            out.push(' ');
            out.push_str(&line.text);
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line {
            number: None,
            at: DateTime::UNIX_EPOCH,
            who: "build".to_owned(),
            stream: LogStream::Stdout,
            text: text.to_owned(),
        }
    }

    /// FR-OBS-01: memory is bounded, and what was let go is counted.
    #[test]
    fn old_lines_are_let_go_and_counted() {
        let mut buffer = LogBuffer::holding(3);
        for number in 0..10 {
            buffer.push(line(&number.to_string()));
        }
        assert_eq!((buffer.len(), buffer.let_go()), (3, 7));
        assert_eq!(buffer.row(0).map(|line| line.text.as_str()), Some("7"));
    }

    /// FR-OBS-01: a search goes on over the lines that arrive.
    #[test]
    fn a_search_keeps_up_with_the_lines() {
        let mut buffer = LogBuffer::holding(4);
        for text in ["an Error", "fine", "error again"] {
            buffer.push(line(text));
        }
        buffer.search("ERROR");
        assert_eq!(buffer.shown(), 2);
        buffer.push(line("fine"));
        buffer.push(line("last error"));
        buffer.search("ERROR");
        let found: Vec<_> = (0..buffer.shown())
            .filter_map(|row| buffer.row(row))
            .map(|line| line.text.as_str())
            .collect();
        assert_eq!(found, ["error again", "last error"]);
        buffer.search("");
        assert_eq!(buffer.shown(), 4);
    }
}
