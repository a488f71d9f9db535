//! The lines of a log in memory: a bounded window of it, with counts of what is not there, and what a search has found in them.

use std::cell::Cell;
use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use slipway_protocol::log_line::{ContainerLogLine, LogLevel, LogStream};

use super::ansi;

/// More lines than that are not kept.
pub const MOST_LINES: usize = 100_000;

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Grows from line to line.
    pub id: u64,
    /// Shown before the line, if the log numbers its lines for people.
    pub numbered: bool,
    pub at: DateTime<Utc>,
    /// The step or the task.
    pub who: String,
    pub stream: LogStream,
    pub level: Option<LogLevel>,
    /// As it was written, with its terminal codes.
    pub text: String,
    /// So many characters of it are shown.
    pub width: u32,
    /// Wrapped between its words to so many columns it takes so many rows: what the layout has found out, so that it need not look again.
    pub wrapped: Cell<Option<(u32, u32)>>,
}

impl Line {
    pub fn new(id: u64, at: DateTime<Utc>, who: String, stream: LogStream, text: String) -> Self {
        Self {
            id,
            numbered: false,
            at,
            who,
            stream,
            level: None,
            width: ansi::width(&text),
            text,
            wrapped: Cell::new(None),
        }
    }
}

/// As a container wrote it; who is its task.
impl From<ContainerLogLine> for Line {
    fn from(line: ContainerLogLine) -> Self {
        let level = line.level;
        Self {
            level,
            ..Self::new(line.sequence, line.at, line.task, line.stream, line.text)
        }
    }
}

pub struct LogBuffer {
    lines: VecDeque<Line>,
    most: usize,
    /// Older lines that were here once.
    let_go: u64,
    /// Newer lines that are not here: they came while somebody reads, and there is no room.
    waiting: u64,
    /// What is read stays: new lines wait where there is no room.
    pub held: bool,
    /// Lines that have come as news, here or not.
    arrived: u64,
    /// The last one of them is told in the place of others, and has this id.
    told: Option<u64>,
    search: Search,
}

/// The lines that hold a text, by their ids, so that they stay right when lines come and go.
#[derive(Default)]
struct Search {
    wanted: String,
    found: VecDeque<u64>,
    looked: Option<u64>,
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
            waiting: 0,
            held: false,
            arrived: 0,
            told: None,
            search: Search::default(),
        }
    }

    /// What is told in the place of lines that cannot be read. It stands behind those that are here until the next one comes, or is told
    /// itself once more.
    pub fn tell(&mut self, line: Line) {
        self.take_back_told();
        if self.waiting > 0 {
            return;
        }
        let id = self.lines.back().map_or(0, |last| last.id) + 1;
        self.told = Some(id);
        self.lines.push_back(Line { id, ..line });
    }

    /// Its place, and its number here, are those of the line to come.
    fn take_back_told(&mut self) {
        let Some(id) = self.told.take() else { return };
        if self.lines.back().is_none_or(|last| last.id != id) {
            return;
        }
        self.lines.pop_back();
        let search = &mut self.search;
        if search.found.back() == Some(&id) {
            search.found.pop_back();
        }
        search.looked = search.looked.map(|looked| looked.min(id - 1));
    }

    /// A new line. One that is not newer than the last is known already.
    pub fn push(&mut self, line: Line) {
        self.take_back_told();
        if self.lines.back().is_some_and(|last| last.id >= line.id) {
            return;
        }
        self.arrived += 1;
        let full = self.lines.len() >= self.most;
        if self.waiting > 0 || (full && self.held) {
            self.waiting += 1;
            return;
        }
        if full {
            self.lines.pop_front();
            self.let_go += 1;
        }
        self.lines.push_back(line);
    }

    /// Older lines, in their order, before those that are here. The newest go where there is no room.
    pub fn prepend(&mut self, older: Vec<Line>) {
        let first = self.first().unwrap_or(u64::MAX);
        for line in older.into_iter().rev().filter(|line| line.id < first) {
            self.lines.push_front(line);
        }
        self.let_go = 0;
        while self.lines.len() > self.most {
            self.lines.pop_back();
            self.waiting += 1;
        }
        let wanted = std::mem::take(&mut self.search).wanted;
        self.search(&wanted);
    }

    /// Begins anew with nothing.
    pub fn clear(&mut self) {
        *self = Self::holding(self.most);
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn let_go(&self) -> u64 {
        self.let_go
    }

    pub fn waiting(&self) -> u64 {
        self.waiting
    }

    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    pub fn first(&self) -> Option<u64> {
        self.lines.front().map(|line| line.id)
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
        let first = self.lines.front().map_or(0, |line| line.id);
        while search.found.front().is_some_and(|id| *id < first) {
            search.found.pop_front();
        }
        let from = match search.looked {
            Some(looked) => self.lines.partition_point(|line| line.id <= looked),
            None => 0,
        };
        for line in self.lines.range(from..) {
            if ansi::plain(&line.text).to_lowercase().contains(&search.wanted) {
                search.found.push_back(line.id);
            }
        }
        search.looked = self.lines.back().map(|line| line.id).or(search.looked);
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
        if self.searching() {
            self.by_id(*self.search.found.get(row)?)
        } else {
            self.lines.get(row)
        }
    }

    /// The first row whose line is not older than this.
    pub fn row_of(&self, id: u64) -> usize {
        if self.searching() {
            self.search.found.partition_point(|found| *found < id)
        } else {
            self.lines.partition_point(|line| line.id < id)
        }
    }

    pub fn by_id(&self, id: u64) -> Option<&Line> {
        let place = self.lines.partition_point(|line| line.id < id);
        self.lines.get(place).filter(|line| line.id == id)
    }

    /// The shown lines between two ids, as text.
    pub fn text(&self, from: u64, to: u64) -> String {
        let mut out = String::new();
        let rows = self.row_of(from)..self.shown();
        for line in rows
            .map_while(|row| self.row(row))
            .take_while(|line| line.id <= to)
        {
            out.push_str(&line.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
            out.push(' ');
            out.push_str(&line.who);
            out.push(' ');
            out.push_str(&ansi::plain(&line.text));
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: u64, text: &str) -> Line {
        let at = DateTime::UNIX_EPOCH;
        Line::new(id, at, "build".to_owned(), LogStream::Stdout, text.to_owned())
    }

    fn texts(buffer: &LogBuffer) -> Vec<&str> {
        let rows = (0..buffer.shown()).filter_map(|row| buffer.row(row));
        rows.map(|line| line.text.as_str()).collect()
    }

    /// FR-OBS-01: memory is bounded, and what was let go is counted.
    #[test]
    fn old_lines_are_let_go_and_counted() {
        let mut buffer = LogBuffer::holding(3);
        for number in 0..10 {
            buffer.push(line(number, &number.to_string()));
        }
        assert_eq!((buffer.len(), buffer.let_go(), buffer.arrived()), (3, 7, 10));
        assert_eq!(texts(&buffer), ["7", "8", "9"]);
    }

    /// FR-OBS-01: what is being read stays; new lines wait and are counted. A line that came already does not come twice.
    #[test]
    fn what_is_read_stays() {
        let mut buffer = LogBuffer::holding(3);
        (1..=3).for_each(|id| buffer.push(line(id, "x")));
        buffer.held = true;
        (3..=5).for_each(|id| buffer.push(line(id, "y")));
        assert_eq!((buffer.first(), buffer.len(), buffer.waiting()), (Some(1), 3, 2));
        assert_eq!(buffer.arrived(), 5);
    }

    /// FR-DEP-13, FR-OBS-01: what is told in the place of lines stands once, is found, and makes room for the line that comes.
    #[test]
    fn what_is_told_goes_when_a_line_comes() {
        let mut buffer = LogBuffer::default();
        buffer.search("disk");
        buffer.tell(line(0, "the disk is full"));
        assert_eq!(texts(&buffer), [""; 0], "it was not looked at yet");
        buffer.search("disk");
        assert_eq!(texts(&buffer), ["the disk is full"]);
        buffer.push(line(1, "a disk"));
        buffer.search("disk");
        assert_eq!((texts(&buffer), buffer.len()), (vec!["a disk"], 1));
        buffer.search("");
        for _ in 0..2 {
            buffer.tell(line(0, "the disk is full"));
        }
        assert_eq!(texts(&buffer), ["a disk", "the disk is full"]);
        buffer.push(line(2, "next"));
        assert_eq!(texts(&buffer), ["a disk", "next"]);
    }

    /// FR-OBS-01: older lines come before those that are there; the window stays bounded and has no hole.
    #[test]
    fn older_lines_come_before() {
        let mut buffer = LogBuffer::holding(4);
        (10..=12).for_each(|id| buffer.push(line(id, &id.to_string())));
        buffer.prepend(vec![line(7, "7"), line(8, "8"), line(9, "9"), line(10, "again")]);
        assert_eq!(texts(&buffer), ["7", "8", "9", "10"]);
        assert_eq!(buffer.waiting(), 2);
        // Behind a gap nothing is appended: it would look like the next line.
        buffer.push(line(13, "13"));
        assert_eq!((texts(&buffer).len(), buffer.waiting()), (4, 3));
    }

    /// FR-OBS-01: a search goes on over the lines that arrive.
    #[test]
    fn a_search_keeps_up_with_the_lines() {
        let mut buffer = LogBuffer::holding(4);
        for (id, text) in ["an \u{1b}[31mError", "fine", "error again"].iter().enumerate() {
            buffer.push(line(id as u64, text));
        }
        buffer.search("ERROR");
        assert_eq!(buffer.shown(), 2);
        buffer.push(line(3, "fine"));
        buffer.push(line(4, "last error"));
        buffer.search("ERROR");
        assert_eq!(texts(&buffer), ["error again", "last error"]);
        buffer.search("");
        assert_eq!(buffer.shown(), 4);
        assert!(buffer.text(2, 3).ends_with("build fine\n"));
    }

    /// NFR-P9: a long log passes through a bounded window. Prints the time; the machine decides what it is.
    #[test]
    fn a_long_log_passes() {
        let mut buffer = LogBuffer::default();
        let begin = std::time::Instant::now();
        for id in 0..300_000 {
            buffer.push(line(
                id,
                "GET /products 200 12ms and some more of an ordinary line",
            ));
        }
        println!("300,000 lines: {:?}", begin.elapsed());
        assert_eq!((buffer.len(), buffer.let_go()), (MOST_LINES, 200_000));
    }
}
