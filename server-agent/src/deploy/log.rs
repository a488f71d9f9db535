//! A deployment's log: numbered lines, written in batches, never more in memory than a bound.

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

use crate::app::App;
use crate::db::deployments;
use crate::domain::explain::{LONGEST_LINE as LONGEST_RECENT, plain};

/// Lines that wait for the database; beyond that they are counted and dropped.
const WAITING: usize = 10_000;
const BATCH: usize = 500;
/// A deployment's log holds at most so many lines.
const LONGEST_LOG: u64 = 100_000;
/// A line holds at most so many characters.
const LONGEST_LINE: usize = 8_000;
/// So many of the last lines are at hand, to explain a failure by them.
const RECENT: usize = 200;

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
            last,
            dropped: Arc::clone(&dropped),
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
    last: u64,
    dropped: Arc<AtomicU64>,
}

impl Writer {
    async fn run(mut self, mut receiver: mpsc::Receiver<DeploymentLogLine>) {
        let mut batch = Vec::with_capacity(BATCH);
        while receiver.recv_many(&mut batch, BATCH).await > 0 {
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0
                && let Some(last) = batch.last()
            {
                let text =
                    format!("{dropped} lines were dropped: they came faster than they could be stored");
                batch.push(DeploymentLogLine {
                    sequence: 0,
                    at: Utc::now(),
                    step: last.step,
                    stream: LogStream::System,
                    text,
                });
            }
            self.write(&mut batch).await;
            // A little patience makes batches of a chatty build.
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    async fn write(&mut self, batch: &mut Vec<DeploymentLogLine>) {
        batch.retain_mut(|line| {
            if self.last >= LONGEST_LOG {
                return false;
            }
            self.last += 1;
            line.sequence = self.last;
            if self.last == LONGEST_LOG {
                line.text = format!("The log is cut here: it holds at most {LONGEST_LOG} lines.");
                line.stream = LogStream::System;
            }
            true
        });
        if !batch.is_empty() {
            let stored = async {
                let mut tx = self.app.db.begin().await?;
                deployments::append_log(&mut tx, self.team, self.id, batch).await?;
                deployments::notify(&mut tx, self.id).await?;
                tx.commit().await
            };
            if let Err(error) = stored.await {
                tracing::warn!(deployment.id = %self.id, %error, "lines of the log could not be stored");
                self.last -= u64::try_from(batch.len()).unwrap_or(0);
            }
        }
        batch.clear();
    }
}
