//! Puts what a deployment says into its log, and counts what has no place there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::Utc;
use slipway_protocol::DeploymentId;
use slipway_protocol::count;
use slipway_protocol::deployment::Step;
use slipway_protocol::log_line::{LogStream, Missing};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Said;
use super::bounds::Bounds;
use crate::app::App;
use crate::deploy::old_logs;
use crate::logs::{AppLog, Batch, Batches, Line, guess_level};

/// So many lines are written at once.
const BATCH: usize = 500;
/// So long lines wait for a disk that does not take them, and so long from one attempt to open the log to the next.
const OUTAGE: Duration = Duration::from_secs(15);
const AGAIN: Duration = Duration::from_millis(250);

pub(super) struct Writer {
    app: App,
    id: DeploymentId,
    /// Nothing as long as it could not be opened.
    log: Option<Arc<AppLog>>,
    bounds: Bounds,
    dropped: Arc<AtomicU64>,
    /// The disk did not take the last lines in time: it is not waited for once more.
    failing: bool,
}

impl Writer {
    pub(super) fn new(app: App, id: DeploymentId, dropped: Arc<AtomicU64>) -> Self {
        Self {
            app,
            id,
            log: None,
            bounds: Bounds::behind(0),
            dropped,
            failing: false,
        }
    }

    /// Writes until nobody says anything any more.
    pub(super) async fn run(mut self, mut receiver: mpsc::Receiver<Said>) {
        let mut lines = Vec::with_capacity(BATCH);
        let mut step = None;
        while receiver.recv_many(&mut lines, BATCH).await > 0 {
            step = lines.last().map(|line| line.step);
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            if let Some(dropped) = self.bounds.tells_of(dropped)
                && let Some(step) = step
            {
                let many = count::in_words(dropped as usize, "line was", "lines were");
                let text = format!("{many} dropped: the output came faster than it could be stored");
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
            let many = count::in_words(left_out as usize, "more line was", "more lines were");
            let text = format!("{many} not kept.");
            self.write(&mut vec![not_there(step, left_out, text)]).await;
        }
        if let Some(log) = &self.log {
            log.ended().await;
        }
    }

    /// Hands lines to the store. A disk that does not take them is waited for; what it does not take then is counted among the dropped.
    async fn write(&mut self, lines: &mut Vec<Said>) {
        let patience = if self.failing { Duration::ZERO } else { OUTAGE };
        let until = Instant::now() + patience;
        let Some(log) = self.opened(until).await else {
            self.drop_lines(lines.iter().map(Said::stands_for).sum());
            lines.clear();
            return;
        };
        lines.retain(|line| self.bounds.takes(line));
        for batch in packed(lines) {
            match old_logs::hand_over(&log, batch, until).await {
                Ok(()) => self.failing = false,
                Err(back) => self.drop_lines(lines_of(&back)),
            }
        }
        lines.clear();
    }

    fn drop_lines(&mut self, count: u64) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(deployment.id = %self.id, "lines of the log could not be stored");
        }
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
    let mut batches = Batches::default();
    for line in lines {
        batches.push(Line {
            at: line.at.timestamp_nanos_opt().unwrap_or(0),
            task: line.step.as_str(),
            stream: line.stream,
            level: guess_level(&line.text),
            text: &line.text,
            missing: line.missing.map(|lines| Missing { lines: Some(lines) }),
        });
    }
    batches.finish()
}

/// How many lines a batch stands for.
fn lines_of(batch: &Batch) -> u64 {
    let lines = batch.lines();
    let each = lines.map(|line| line.missing.and_then(|missing| missing.lines).unwrap_or(1));
    each.sum()
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
    use crate::deploy::log::LONGEST_LINE;
    use crate::deploy::log::tests::line;

    /// FR-OBS-01: no batch grows with what a build prints, and no line is lost between two of them.
    #[test]
    fn lines_fit_into_batches() {
        let lines: Vec<Said> = (0..100).map(|_| line(LogStream::Stdout, LONGEST_LINE)).collect();
        let batches = packed(&lines);
        assert!(
            batches
                .iter()
                .all(|batch| batch.size() < 200 * 1024 + LONGEST_LINE)
        );
        assert_eq!(
            batches.iter().map(|batch| batch.lines().count()).sum::<usize>(),
            100
        );
    }

    /// FR-OBS-01, NFR-R1: a line that stands for others is counted as those where the disk does not take it either.
    #[test]
    fn what_is_lost_twice_is_counted_whole() {
        let lost = [
            line(LogStream::Stdout, 1),
            not_there(Step::Build, 500, "500 lines were dropped".to_owned()),
        ];
        assert_eq!(lost.iter().map(Said::stands_for).sum::<u64>(), 501);
        assert_eq!(packed(&lost).iter().map(lines_of).sum::<u64>(), 501);
    }

    /// FR-OBS-01: each step's name stands whole where a task's would, which is shortened.
    #[test]
    fn a_step_is_told_whole() {
        let longest = slipway_protocol::task::LETTERS_IN_LOG;
        assert!(Step::ALL.iter().all(|step| step.as_str().len() <= longest));
    }
}
