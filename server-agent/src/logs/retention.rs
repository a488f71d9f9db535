//! How much is kept: by age, by size of one application's log and of all, and never more than a share of the disk.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::app_log::AppLog;
use super::block::Packer;
use super::log_of::LogOf;
use super::shelf::{Kind, Shelf};
use crate::disk::Disk;

/// All logs together take at most this part of the disk.
const SHARE_OF_DISK: u64 = 10;
/// Of one command and of one deployment so many bytes are kept, compressed: an application may have many.
const OF_SMALL: u64 = 16 << 20;
/// A segment is never larger than that, in bytes.
const LARGEST_SEGMENT: u64 = 4 << 20;

#[derive(Clone, Debug)]
pub struct Limits {
    pub days: u32,
    /// Bytes on disk of one application's log.
    pub of_one: u64,
    /// Bytes on disk of all logs.
    pub of_all: u64,
}

impl Limits {
    /// Bytes on disk of this log.
    fn of_one(&self, log: LogOf) -> u64 {
        match log {
            LogOf::Application(_) => self.of_one,
            LogOf::Command(_) | LogOf::Deployment(_) => self.of_one.min(OF_SMALL),
        }
    }

    /// A segment is what goes at once, so it is a small part of what is kept.
    pub fn segment_bytes(&self) -> u64 {
        (self.of_one.min(self.of_all) / 8).clamp(64 * 1024, LARGEST_SEGMENT)
    }
}

/// Lets go what is too old at `now`, or too much. A log that cannot be shortened is told of; the others are kept all the same.
pub fn keep(folder: &Path, logs: &[Arc<AppLog>], limits: &Limits, now: DateTime<Utc>, packer: &mut Packer) {
    let oldest = now - chrono::Duration::days(i64::from(limits.days));
    let oldest = oldest.timestamp_nanos_opt().unwrap_or(0);
    for log in logs {
        let shortened = log.with_shelf(|shelf| {
            shelf.drop_before(oldest, packer)?;
            while shelf.index().bytes() > limits.of_one(log.id) && shelf.drop_oldest()? > 0 {}
            Ok::<_, std::io::Error>(())
        });
        if let Some(Err(error)) = shortened {
            tracing::warn!(log = %log.id, %error, "old lines of a log could not be let go");
        }
    }
    keep_total(logs, total(folder, limits));
}

fn total(folder: &Path, limits: &Limits) -> u64 {
    let disk = Disk::of(folder).map_or(u64::MAX, |disk| disk.size);
    limits.of_all.min(disk / SHARE_OF_DISK)
}

/// The oldest lines of all go first, whosever they are.
fn keep_total(logs: &[Arc<AppLog>], limit: u64) {
    let mut bytes: u64 = logs.iter().map(|log| log.index().bytes()).sum();
    let mut left: Vec<&Arc<AppLog>> = logs.iter().collect();
    while bytes > limit {
        let oldest = left
            .iter()
            .filter_map(|log| {
                let index = log.index();
                let oldest = index.pieces.first()?;
                // A tail is small, and is not let go before it is part of a segment.
                (oldest.kind == Kind::Segment && oldest.bytes > 0).then_some((oldest.max_at, *log))
            })
            .min_by_key(|(oldest, _)| *oldest);
        let Some((_, log)) = oldest else { return };
        match log.with_shelf(Shelf::drop_oldest) {
            Some(Ok(freed)) if freed > 0 => bytes = bytes.saturating_sub(freed),
            // What is left of it is too little to be let go, or the disk does not let it go: that of the others goes all the same.
            _ => left.retain(|other| !Arc::ptr_eq(other, log)),
        }
    }
}
