//! A deployment's log: lines with a step, handed in batches to the store of logs ([`crate::logs`]), never more in memory or on the
//! disk than a bound. The store numbers them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use slipway_protocol::DeploymentId;
use slipway_protocol::deployment::Step;
use slipway_protocol::log_line::{LogStream, Missing};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::old_logs;
use crate::app::App;
use crate::domain::explain::{LONGEST_LINE as LONGEST_RECENT, plain};
use crate::logs::{AppLog, Batch, LONGEST_LINE as MOST_BYTES, Line, guess_level};

/// Lines that wait for the writer; beyond that they are counted and dropped.
const WAITING: usize = 10_000;
const BATCH: usize = 500;
/// A deployment's log holds at most so many lines, and so many bytes of text.
const LONGEST_LOG: u64 = 100_000;
const LARGEST_LOG: usize = 16 << 20;
/// So many of Slipway's own words have their place behind that: how the deployment ended is always told.
const OWN_WORDS: u64 = 1000;
/// A line holds at most so many characters.
const LONGEST_LINE: usize = 8_000;
/// A batch is handed on when it has grown to so many bytes.
const FULL: usize = 192 * 1024;
/// So many of the last lines are at hand, to explain a failure by them.
const RECENT: usize = 200;
/// So long lines wait for a disk that does not take them, and so long from one attempt to open the log to the next.
const OUTAGE: Duration = Duration::from_secs(15);
const AGAIN: Duration = Duration::from_millis(250);
/// So long the last lines may wait for the disk.
const WRITTEN: Duration = Duration::from_secs(5);

/// A line on its way.
struct Said {
    at: DateTime<Utc>,
    step: Step,
    stream: LogStream,
    text: String,
    /// It stands for so many lines that are not there.
    missing: Option<u64>,
}

/// Where steps write. Cheap to clone, never blocks.
#[derive(Clone)]
pub struct DeploymentLog {
    sender: mpsc::Sender<Said>,
    dropped: Arc<AtomicU64>,
    recent: Arc<Mutex<VecDeque<(Step, LogStream, String)>>>,
}

impl DeploymentLog {
    /// Goes on behind the log's last line. The handle ends when every clone is gone and all is written. A disk that does not take the
    /// log is no reason not to deploy: lines wait for it for a while, and are counted.
    pub fn open(app: &App, id: DeploymentId) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            app: app.clone(),
            id,
            log: None,
            bounds: Bounds::behind(0),
            dropped: Arc::clone(&dropped),
            failing: false,
        };
        let log = Self {
            sender,
            dropped,
            recent: Arc::default(),
        };
        (log, tokio::spawn(writer.run(receiver)))
    }

    /// What holds line ends becomes as many lines.
    pub fn line(&self, step: Step, stream: LogStream, text: &str) {
        for text in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            let text = clean(text);
            self.remember(step, stream, &text);
            let said = Said {
                at: Utc::now(),
                step,
                stream,
                text,
                missing: None,
            };
            if self.sender.try_send(said).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn remember(&self, step: Step, stream: LogStream, text: &str) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == RECENT {
            recent.pop_front();
        }
        recent.push_back((step, stream, plain(text, LONGEST_RECENT)));
    }

    /// The last lines of a step that were written since the log was opened.
    pub fn recent(&self, step: Step) -> Vec<(LogStream, String)> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let own = recent.iter().filter(|(of, ..)| *of == step);
        own.map(|(_, stream, text)| (*stream, text.clone())).collect()
    }

    /// Slipway's own words.
    pub fn say(&self, step: Step, text: &str) {
        self.line(step, LogStream::System, text);
    }
}

/// One line without NUL, of a bounded length.
fn clean(text: &str) -> String {
    let mut clean = String::new();
    let letters = text.chars().filter(|c| *c != '\0');
    for (count, letter) in letters.enumerate() {
        if count == LONGEST_LINE || clean.len() + letter.len_utf8() > MOST_BYTES {
            clean.push('…');
            break;
        }
        clean.push(letter);
    }
    clean
}

struct Writer {
    app: App,
    id: DeploymentId,
    /// Nothing as long as it could not be opened.
    log: Option<Arc<AppLog>>,
    bounds: Bounds,
    dropped: Arc<AtomicU64>,
    /// The disk did not take the last lines in time: it is not waited for once more.
    failing: bool,
}

/// How much of a log there is, and what no longer had a place.
struct Bounds {
    lines: u64,
    bytes: usize,
    own_words: u64,
    /// Lines that were left out because the log is full.
    left_out: u64,
}

impl Bounds {
    /// Of a log that holds so many lines already.
    fn behind(lines: u64) -> Self {
        Self {
            lines,
            bytes: 0,
            own_words: 0,
            left_out: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.lines >= LONGEST_LOG || self.bytes >= LARGEST_LOG
    }

    /// Counts a line; false if it has no place.
    fn takes(&mut self, line: &Said) -> bool {
        if self.is_full() {
            if line.stream != LogStream::System || self.own_words == OWN_WORDS {
                self.left_out += 1;
                return false;
            }
            self.own_words += 1;
        }
        self.lines += 1;
        self.bytes += line.text.len();
        true
    }
}

impl Writer {
    async fn run(mut self, mut receiver: mpsc::Receiver<Said>) {
        let mut lines = Vec::with_capacity(BATCH);
        let mut step = None;
        while receiver.recv_many(&mut lines, BATCH).await > 0 {
            step = lines.last().map(|line| line.step);
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0
                && let Some(step) = step
            {
                let text =
                    format!("{dropped} lines were dropped: they came faster than they could be stored");
                lines.push(not_there(step, dropped, text));
            }
            self.write(&mut lines).await;
            // A little patience makes batches of a chatty build.
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        let left_out = self.bounds.left_out + self.dropped.swap(0, Ordering::Relaxed);
        if left_out > 0
            && let Some(step) = step
        {
            let text = format!("{left_out} lines more were not kept.");
            self.write(&mut vec![not_there(step, left_out, text)]).await;
        }
        if let Some(log) = &self.log {
            log.written(WRITTEN).await;
            log.rest();
        }
    }

    /// Hands lines to the store. A disk that does not take them is waited for; what it does not take then is counted among the dropped.
    async fn write(&mut self, lines: &mut Vec<Said>) {
        let patience = if self.failing { Duration::ZERO } else { OUTAGE };
        let until = Instant::now() + patience;
        let Some(log) = self.opened(until).await else {
            self.drop_lines(lines.len());
            lines.clear();
            return;
        };
        lines.retain(|line| self.bounds.takes(line));
        for batch in packed(lines) {
            match old_logs::hand_over(&log, batch, until).await {
                Ok(()) => self.failing = false,
                Err(back) => self.drop_lines(back.lines().count()),
            }
        }
        lines.clear();
    }

    fn drop_lines(&mut self, count: usize) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(deployment.id = %self.id, "lines of the log could not be stored");
        }
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// The log, as soon as it can be opened.
    async fn opened(&mut self, until: Instant) -> Option<Arc<AppLog>> {
        loop {
            if let Some(log) = &self.log {
                return Some(Arc::clone(log));
            }
            match old_logs::open(&self.app, self.id).await {
                Ok(log) => {
                    self.bounds.lines = log.index().end.saturating_sub(1);
                    self.log = Some(log);
                }
                Err(error) if Instant::now() >= until => {
                    tracing::debug!(deployment.id = %self.id, %error, "the log cannot be opened");
                    return None;
                }
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }
}

fn packed(lines: &[Said]) -> Vec<Batch> {
    let (mut batches, mut open) = (Vec::new(), Batch::default());
    for line in lines {
        open.push(Line {
            at: line.at.timestamp_nanos_opt().unwrap_or(0),
            task: line.step.as_str(),
            stream: line.stream,
            level: guess_level(&line.text),
            text: &line.text,
            missing: line.missing.map(|lines| Missing { lines: Some(lines) }),
        });
        if open.size() >= FULL {
            batches.push(std::mem::take(&mut open));
        }
    }
    if !open.is_empty() {
        batches.push(open);
    }
    batches
}

/// In the place of lines that are not there.
fn not_there(step: Step, count: u64, text: String) -> Said {
    Said {
        at: Utc::now(),
        step,
        stream: LogStream::System,
        text,
        missing: Some(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(stream: LogStream, length: usize) -> Said {
        Said {
            at: Utc::now(),
            step: Step::Build,
            stream,
            text: "x".repeat(length),
            missing: None,
        }
    }

    /// FR-BLD-05, NFR-R3: a build that prints without end fills a bounded log; the rest is counted, and how it ended is still told.
    #[test]
    fn a_full_log_counts_what_it_leaves_out() {
        let mut bounds = Bounds::behind(0);
        let mut kept = 0;
        for _ in 0..3000 {
            kept += usize::from(bounds.takes(&line(LogStream::Stdout, LONGEST_LINE)));
        }
        assert!(kept * LONGEST_LINE < LARGEST_LOG + LONGEST_LINE);
        assert_eq!(bounds.left_out, 3000 - kept as u64);
        assert!(bounds.takes(&line(LogStream::System, 10)));
        assert_eq!(bounds.lines, kept as u64 + 1);

        let mut bounds = Bounds::behind(LONGEST_LOG);
        assert!(!bounds.takes(&line(LogStream::Stderr, 1)));
        let own = (0..2 * OWN_WORDS).filter(|_| bounds.takes(&line(LogStream::System, 1)));
        assert_eq!(own.count() as u64, OWN_WORDS);
    }

    /// FR-OBS-01: a line is whole in a batch, or cut with a sign; no batch grows with what a build prints.
    #[test]
    fn lines_fit_into_batches() {
        assert_eq!(clean("a\0b"), "ab");
        let wide = clean(&"語".repeat(LONGEST_LINE));
        assert!(wide.ends_with('…') && wide.len() <= MOST_BYTES + '…'.len_utf8());
        assert_eq!(
            clean(&"x".repeat(2 * LONGEST_LINE)).chars().count(),
            LONGEST_LINE + 1
        );
        let lines: Vec<Said> = (0..100).map(|_| line(LogStream::Stdout, LONGEST_LINE)).collect();
        let batches = packed(&lines);
        assert!(batches.iter().all(|batch| batch.size() < FULL + 2 * LONGEST_LINE));
        assert_eq!(
            batches.iter().map(|batch| batch.lines().count()).sum::<usize>(),
            100
        );
    }

    /// FR-OBS-01: each step's name stands whole where a task's would, which is shortened.
    #[test]
    fn a_step_is_told_whole() {
        let longest = slipway_protocol::task::LETTERS_IN_LOG;
        assert!(Step::ALL.iter().all(|step| step.as_str().len() <= longest));
    }
}
