//! A deployment's log: numbered lines, written in batches, never more in memory or in the database than a bound.
//!
//! It stays in PostgreSQL, unlike what containers write: it is small by its bound, is read beside the deployment's state in
//! one transaction, belongs to the team's rows with their row-level security, and goes with the deployment's row.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use slipway_protocol::deployment::Step;
use slipway_protocol::log_line::{DeploymentLogLine, LogStream};
use slipway_protocol::{DeploymentId, TeamId};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::app::App;
use crate::db::deployments;
use crate::domain::explain::{LONGEST_LINE as LONGEST_RECENT, plain};

/// Lines that wait for the database; beyond that they are counted and dropped.
const WAITING: usize = 10_000;
const BATCH: usize = 500;
/// A deployment's log holds at most so many lines, and so many bytes of text.
const LONGEST_LOG: u64 = 100_000;
const LARGEST_LOG: usize = 16 << 20;
/// So many of Slipway's own words have their place behind that: how the deployment ended is always told.
const OWN_WORDS: u64 = 1000;
/// A line holds at most so many characters.
const LONGEST_LINE: usize = 8_000;
/// So many of the last lines are at hand, to explain a failure by them.
const RECENT: usize = 200;
/// So long lines wait for a database that is away, and so long from one attempt to the next.
const OUTAGE: Duration = Duration::from_secs(15);
const AGAIN: Duration = Duration::from_millis(250);

/// Where steps write. Cheap to clone, never blocks.
#[derive(Clone)]
pub struct DeploymentLog {
    sender: mpsc::Sender<DeploymentLogLine>,
    dropped: Arc<AtomicU64>,
    recent: Arc<Mutex<VecDeque<(Step, LogStream, String)>>>,
}

impl DeploymentLog {
    /// Opens the log behind its last line. The handle ends when every clone is gone and all is written.
    pub async fn open(
        app: &App,
        team: TeamId,
        id: DeploymentId,
    ) -> Result<(Self, JoinHandle<()>), sqlx::Error> {
        let mut connection = app.db.pool().acquire().await?;
        let last = deployments::last_log_sequence(&mut connection, id).await?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            app: app.clone(),
            team,
            id,
            bounds: Bounds::behind(last),
            dropped: Arc::clone(&dropped),
            uncertain: false,
        };
        let log = Self {
            sender,
            dropped,
            recent: Arc::default(),
        };
        Ok((log, tokio::spawn(writer.run(receiver))))
    }

    pub fn line(&self, step: Step, stream: LogStream, text: &str) {
        let text = clean(text);
        self.remember(step, stream, &text);
        // The number is given by the writer, which alone knows the order.
        if self
            .sender
            .try_send(DeploymentLogLine {
                sequence: 0,
                at: Utc::now(),
                step,
                stream,
                text,
            })
            .is_err()
        {
            self.dropped.fetch_add(1, Ordering::Relaxed);
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

/// One line without NUL (which PostgreSQL cannot hold), of a bounded length.
fn clean(text: &str) -> String {
    let mut text: String = text
        .chars()
        .filter(|c| *c != '\0')
        .take(LONGEST_LINE + 1)
        .collect();
    if text.chars().count() > LONGEST_LINE {
        text.push('…');
    }
    text
}

struct Writer {
    app: App,
    team: TeamId,
    id: DeploymentId,
    bounds: Bounds,
    dropped: Arc<AtomicU64>,
    /// The last attempt to store something did not end well: which numbers are taken has to be read.
    uncertain: bool,
}

/// How much of a log there is, and what no longer had a place.
struct Bounds {
    /// The number of the last line.
    last: u64,
    bytes: usize,
    own_words: u64,
    /// Lines that were left out because the log is full.
    left_out: u64,
}

impl Bounds {
    fn behind(last: u64) -> Self {
        Self {
            last,
            bytes: 0,
            own_words: 0,
            left_out: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.last >= LONGEST_LOG || self.bytes >= LARGEST_LOG
    }

    /// Numbers a line; false if it has no place.
    fn number(&mut self, line: &mut DeploymentLogLine) -> bool {
        if self.is_full() {
            if line.stream != LogStream::System || self.own_words == OWN_WORDS {
                self.left_out += 1;
                return false;
            }
            self.own_words += 1;
        }
        self.last += 1;
        self.bytes += line.text.len();
        line.sequence = self.last;
        true
    }
}

impl Writer {
    async fn run(mut self, mut receiver: mpsc::Receiver<DeploymentLogLine>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut step = None;
        while receiver.recv_many(&mut batch, BATCH).await > 0 {
            step = batch.last().map(|line| line.step);
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0
                && let Some(step) = step
            {
                let text =
                    format!("{dropped} lines were dropped: they came faster than they could be stored");
                batch.push(own_words(step, text));
            }
            self.write(&mut batch).await;
            // A little patience makes batches of a chatty build.
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        let left_out = self.bounds.left_out + self.dropped.swap(0, Ordering::Relaxed);
        if left_out > 0
            && let Some(step) = step
        {
            let text = format!("{left_out} lines more were not kept.");
            self.write(&mut vec![own_words(step, text)]).await;
        }
    }

    /// Stores a batch with the next numbers. While the database is away it is tried again for a while; lines that cannot be stored
    /// then are counted among the dropped.
    async fn write(&mut self, batch: &mut Vec<DeploymentLogLine>) {
        let before = self.bounds.last;
        batch.retain_mut(|line| self.bounds.number(line));
        if batch.is_empty() {
            return;
        }
        let begun = Instant::now();
        while let Err(error) = self.store(batch).await {
            if begun.elapsed() >= OUTAGE {
                tracing::warn!(deployment.id = %self.id, %error, "lines of the log could not be stored");
                self.bounds.last = before;
                self.dropped
                    .fetch_add(u64::try_from(batch.len()).unwrap_or(0), Ordering::Relaxed);
                break;
            }
            tokio::time::sleep(AGAIN).await;
        }
        batch.clear();
    }

    /// In one transaction. Where its end is not known it may have been stored: the next attempt finds out by the last number that
    /// there is, and gives the lines new ones if somebody else has used theirs.
    async fn store(&mut self, batch: &mut [DeploymentLogLine]) -> Result<(), sqlx::Error> {
        let mut tx = self.app.db.begin().await?;
        if self.uncertain {
            let last = deployments::last_log_sequence(&mut tx, self.id).await?;
            let mine = batch.last().map(|line| line.sequence);
            if mine == Some(last) {
                self.uncertain = false;
                return Ok(());
            }
            for (line, number) in batch.iter_mut().zip(last + 1..) {
                line.sequence = number;
                self.bounds.last = number;
            }
        }
        self.uncertain = true;
        deployments::append_log(&mut tx, self.team, self.id, batch).await?;
        deployments::notify(&mut tx, self.id).await?;
        tx.commit().await?;
        self.uncertain = false;
        Ok(())
    }
}

fn own_words(step: Step, text: String) -> DeploymentLogLine {
    DeploymentLogLine {
        sequence: 0,
        at: Utc::now(),
        step,
        stream: LogStream::System,
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(stream: LogStream, length: usize) -> DeploymentLogLine {
        DeploymentLogLine {
            stream,
            ..own_words(Step::Build, "x".repeat(length))
        }
    }

    /// FR-BLD-05, NFR-R3: a build that prints without end fills a bounded log; the rest is counted, and how it ended is still told.
    #[test]
    fn a_full_log_counts_what_it_leaves_out() {
        let mut bounds = Bounds::behind(0);
        let mut kept = 0;
        for _ in 0..3000 {
            kept += usize::from(bounds.number(&mut line(LogStream::Stdout, LONGEST_LINE)));
        }
        assert!(kept * LONGEST_LINE < LARGEST_LOG + LONGEST_LINE);
        assert_eq!(bounds.left_out, 3000 - kept as u64);
        let mut last_words = line(LogStream::System, 10);
        assert!(bounds.number(&mut last_words));
        assert_eq!(last_words.sequence, kept as u64 + 1);

        let mut bounds = Bounds::behind(LONGEST_LOG);
        assert!(!bounds.number(&mut line(LogStream::Stderr, 1)));
        let own = (0..2 * OWN_WORDS).filter(|_| bounds.number(&mut line(LogStream::System, 1)));
        assert_eq!(own.count() as u64, OWN_WORDS);
    }
}
