//! Handing a task's lines to its application's log. When the log cannot take them they wait; when waiting would make the
//! engine throw lines away uncounted, they are counted and dropped here, and the count stands in the log in their place.

use std::sync::Arc;

use slipway_protocol::count;

use super::joiner::missing;
use crate::logs::app_log::AppLog;
use crate::logs::batch::Batch;

pub struct Delivery {
    log: Arc<AppLog>,
    task: String,
    /// Lines that were dropped since the last that was taken, and when the last of them was written.
    dropped: u64,
    dropped_at: i64,
}

impl Delivery {
    pub fn new(log: Arc<AppLog>, task: &str) -> Self {
        Self {
            log,
            task: task.to_owned(),
            dropped: 0,
            dropped_at: 0,
        }
    }

    /// Hands lines over. `too_late` says whether there is no more time to wait.
    pub async fn hand_over(&mut self, batch: Batch, mut too_late: impl FnMut() -> bool) {
        if batch.is_empty() && self.dropped == 0 {
            return;
        }
        let mut batch = if self.dropped > 0 {
            self.after_gap(&batch)
        } else {
            batch
        };
        loop {
            match self.log.offer(batch) {
                Ok(()) => {
                    self.dropped = 0;
                    return;
                }
                Err(back) => batch = back,
            }
            if too_late() {
                self.drop_lines(&batch);
                // Whoever could make room is let do so.
                self.log.wait_for_room().await;
                return;
            }
            self.log.wait_for_room().await;
        }
    }

    fn after_gap(&self, batch: &Batch) -> Batch {
        let text = format!(
            "{} dropped here: the output came faster than it could be stored.",
            count::in_words(self.dropped as usize, "line was", "lines were")
        );
        let mut whole = Batch::default();
        whole.push(missing(&self.task, self.dropped_at, Some(self.dropped), &text));
        for line in batch.lines() {
            whole.push(line);
        }
        whole
    }

    fn drop_lines(&mut self, batch: &Batch) {
        // Lines that tell of others count for those; among them is what was dropped here before.
        self.dropped = batch
            .lines()
            .map(|line| line.missing.map_or(1, |missing| missing.lines.unwrap_or(0)))
            .sum();
        self.dropped_at = batch
            .lines()
            .map(|line| line.at)
            .last()
            .unwrap_or(self.dropped_at);
    }
}
