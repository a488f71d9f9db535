//! Reading a log: from a place on, block by block, only what is wanted. One block is in memory at a time.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use slipway_protocol::count;
use slipway_protocol::log_line::{ContainerLogLine, LogStream, Missing};
use slipway_protocol::task::LETTERS_IN_LOG;
use tokio::sync::watch;

use super::LogError;
use super::app_log::AppLog;
use super::batch::{Batch, Line};
use super::block::{self, Head};
use super::filter::Filter;
use super::log_of::LogOf;
use super::shelf::{Index, Kind, Piece};

/// A step ends after so long, found or not, so that whoever waits is told, and whoever has gone is noticed.
const STEP: Duration = Duration::from_millis(100);

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Behind a line.
    After(u64),
    /// With the last lines that are wanted.
    Last(u32),
    Oldest,
}

/// What a step came to.
#[derive(Debug, Default, PartialEq)]
pub struct Step {
    pub lines: Vec<ContainerLogLine>,
    /// Everything that is there has been read.
    pub at_end: bool,
    /// What was asked for has been read.
    pub done: bool,
}

pub struct Reading {
    log: Arc<AppLog>,
    filter: Filter,
    /// The number of the next line to look at.
    next: u64,
    /// Lines from this number on are not wanted.
    before: u64,
    left: u64,
    /// The file that was read last, and where its next block begins.
    place: Option<(Kind, u64, u64)>,
    seeking: Option<Seek>,
}

/// Counting lines from the newest backwards, until it is known where to begin.
struct Seek {
    wanted: u64,
    /// Lines from this number on have been counted.
    counted_to: u64,
    /// The first of those that were found.
    begin: u64,
}

/// Why lines are missing.
#[derive(Clone, Copy)]
enum Why {
    LetGo,
    Damaged,
}

enum Found {
    Block(u64, Batch),
    /// Lines that are no longer there, from one number to another, and why.
    Gone(u64, u64, Why),
    End,
}

impl Reading {
    /// Reads what is wanted, at most `limit` lines, before number `before`.
    pub fn new(
        log: Arc<AppLog>,
        filter: Filter,
        from: From,
        before: Option<u64>,
        limit: Option<u32>,
    ) -> Self {
        let end = log.index().end;
        let before = before.unwrap_or(u64::MAX);
        let (next, seeking) = match from {
            From::After(number) => (number.saturating_add(1), None),
            From::Oldest => (log.index().first(), None),
            From::Last(count) => {
                let top = end.min(before);
                let seek = Seek {
                    wanted: u64::from(count),
                    counted_to: top,
                    begin: top,
                };
                (top, Some(seek))
            }
        };
        Self {
            log,
            filter,
            next,
            before,
            left: limit.map_or(u64::MAX, u64::from),
            place: None,
            seeking,
        }
    }

    /// Whose log it is.
    pub fn whose(&self) -> LogOf {
        self.log.id
    }

    /// Changes when there is more to read.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.log.news()
    }

    /// Reads on until something is found, or for a moment. Reads the disk.
    pub fn step(&mut self) -> Result<Step, LogError> {
        let end = Instant::now() + STEP;
        let mut step = Step::default();
        while step.lines.is_empty() && !step.at_end && !step.done && Instant::now() < end {
            if self.seeking.is_some() {
                self.seek()?;
                continue;
            }
            if self.next >= self.before || self.left == 0 {
                step.done = true;
                break;
            }
            match self.forward()? {
                Found::Block(first, batch) => self.take(first, &batch, &mut step.lines),
                Found::Gone(from, to, why) => {
                    self.next = to;
                    let to = to.min(self.before);
                    // Whoever reads on after a lost link counts it as a line too.
                    self.left = self.left.saturating_sub(1);
                    step.lines.push(gone(from, to, why));
                }
                Found::End => step.at_end = true,
            }
        }
        step.done |= self.next >= self.before || self.left == 0;
        Ok(step)
    }

    fn take(&mut self, first: u64, batch: &Batch, lines: &mut Vec<ContainerLogLine>) {
        let (from, before, mut left) = (self.next, self.before, self.left);
        self.filter.each(batch, |place, line| {
            let number = first + place;
            if number >= from && number < before && left > 0 {
                left -= 1;
                lines.push(view(number, &line));
            }
        });
        self.left = left;
        self.next = first + u64::from(batch.summary().count);
    }

    /// The next block that may hold something.
    fn forward(&mut self) -> Result<Found, LogError> {
        let index = self.log.index();
        if index.removed {
            return Err(LogError::Removed);
        }
        if self.next >= index.end {
            return Ok(Found::End);
        }
        if self.next < index.first() {
            // Only who has read before misses something.
            return Ok(Found::Gone(self.next, index.first(), Why::LetGo));
        }
        let at = index.pieces.partition_point(|piece| piece.end <= self.next);
        let Some(piece) = index.pieces.get(at) else {
            return Ok(Found::End);
        };
        if self.next < piece.first {
            return Ok(Found::Gone(self.next, piece.first, Why::Damaged));
        }
        match self.in_piece(piece) {
            // Between the look at the index and the one at the file it became part of another, or went.
            Err(LogError::Disk(error)) if error.kind() == io::ErrorKind::NotFound => {
                if self
                    .log
                    .index()
                    .pieces
                    .iter()
                    .any(|now| now.first == piece.first && now.kind == piece.kind)
                {
                    return Err(LogError::Disk(error));
                }
                self.place = None;
                Ok(Found::Block(self.next, Batch::default()))
            }
            other => other,
        }
    }

    fn in_piece(&mut self, piece: &Piece) -> Result<Found, LogError> {
        let file = File::open(piece.path(self.log.folder()))?;
        let mut offset = match self.place {
            Some((kind, first, offset)) if kind == piece.kind && first == piece.first => offset,
            _ => 0,
        };
        while let Some(head) = block::head_at(&file, offset)? {
            let behind = offset + head.length();
            if head.end() <= self.next {
                offset = behind;
                continue;
            }
            // Behind the piece's end stands what is being written just now.
            if head.first > self.next || head.first >= piece.end {
                break;
            }
            self.place = Some((piece.kind, piece.first, behind));
            if !self.filter.may_be_in(&head.summary) {
                self.next = head.end();
                if self.next >= self.before {
                    break;
                }
                offset = behind;
                continue;
            }
            return match block::batch_at(&file, offset, &head) {
                Ok(batch) => Ok(Found::Block(head.first, batch)),
                Err(LogError::Damaged(what)) => {
                    tracing::warn!(application = %self.log.id, what, "a block of a log is damaged; its lines are left out");
                    Ok(Found::Gone(self.next, head.end(), Why::Damaged))
                }
                Err(error) => Err(error),
            };
        }
        if self.next >= piece.end || self.next >= self.before {
            return Ok(Found::Block(self.next, Batch::default()));
        }
        Ok(Found::Gone(self.next, piece.end, Why::Damaged))
    }

    /// Counts on backwards through one file.
    fn seek(&mut self) -> Result<(), LogError> {
        let Some(mut seek) = self.seeking.take() else {
            return Ok(());
        };
        let index = self.log.index();
        if self.filter.is_empty() {
            let begin = seek.counted_to.saturating_sub(seek.wanted);
            self.next = begin.max(index.first());
            return Ok(());
        }
        if seek.wanted > 0
            && let Some(piece) = piece_before(&index, seek.counted_to)
        {
            let heads = match heads(&piece, self.log.folder()) {
                // It became part of another meanwhile, or went: the next look tells.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.seeking = Some(seek);
                    return Ok(());
                }
                other => other?,
            };
            let file = File::open(piece.path(self.log.folder()))?;
            for (offset, head) in heads.iter().rev() {
                if seek.wanted > 0 && head.first < seek.counted_to {
                    self.count(&file, *offset, head, &mut seek)?;
                }
            }
            seek.counted_to = seek.counted_to.min(piece.first);
            self.seeking = Some(seek);
            return Ok(());
        }
        self.next = if seek.wanted == 0 {
            seek.begin
        } else {
            seek.begin.min(seek.counted_to.max(index.first()))
        };
        Ok(())
    }

    fn count(&self, file: &File, offset: u64, head: &Head, seek: &mut Seek) -> Result<(), LogError> {
        if self.filter.may_be_in(&head.summary)
            && let Ok(batch) = block::batch_at(file, offset, head)
        {
            let mut numbers = Vec::new();
            self.filter
                .each(&batch, |place, _| numbers.push(head.first + place));
            let top = seek.counted_to;
            for number in numbers.into_iter().rev().filter(|number| *number < top) {
                if seek.wanted == 0 {
                    break;
                }
                seek.wanted -= 1;
                seek.begin = number;
            }
        }
        seek.counted_to = seek.counted_to.min(head.first);
        Ok(())
    }
}

/// The newest file that begins before a number.
fn piece_before(index: &Index, number: u64) -> Option<Piece> {
    let before = index.pieces.iter().rev();
    before
        .copied()
        .find(|piece| piece.first < number && piece.end > piece.first)
}

fn heads(piece: &Piece, folder: &std::path::Path) -> io::Result<Vec<(u64, Head)>> {
    let file = File::open(piece.path(folder))?;
    let (mut offset, mut heads) = (0, Vec::new());
    while let Some(head) = block::head_at(&file, offset)? {
        heads.push((offset, head));
        offset += head.length();
    }
    Ok(heads)
}

fn view(sequence: u64, line: &Line) -> ContainerLogLine {
    ContainerLogLine {
        sequence,
        at: DateTime::from_timestamp_nanos(line.at),
        task: line.task.chars().take(LETTERS_IN_LOG).collect(),
        stream: line.stream,
        level: line.level,
        text: line.text.to_owned(),
        missing: line.missing,
    }
}

/// What a reader is told in the place of lines that are not there. It carries the last one's number.
fn gone(from: u64, to: u64, why: Why) -> ContainerLogLine {
    let lines = to.saturating_sub(from);
    let counted = |one, many| count::in_words(lines as usize, one, many);
    let text = match why {
        // Whoever begins with the first line of all has read nothing before.
        Why::LetGo if from <= 1 => format!("{} no longer kept.", counted("older line is", "older lines are")),
        Why::LetGo => format!("{} let go meanwhile.", counted("line was", "lines were")),
        Why::Damaged => format!(
            "{} any more.",
            counted(
                "line is lost: the server's disk does not hold it",
                "lines are lost: the server's disk does not hold them"
            )
        ),
    };
    ContainerLogLine {
        sequence: to.saturating_sub(1),
        at: chrono::Utc::now(),
        task: String::new(),
        stream: LogStream::System,
        level: None,
        text,
        missing: Some(Missing { lines: Some(lines) }),
    }
}
