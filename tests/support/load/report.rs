//! The account of what was asked and answered.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, SystemTime};

use super::lasting::Kind;

/// So many failures are kept one by one.
const MOST_FAILURES: usize = 200;

#[derive(Clone, Debug, Default)]
pub struct Report {
    pub sent: u64,
    pub failed: u64,
    /// What went wrong, and how often.
    pub reasons: BTreeMap<String, u64>,
    /// The first that failed.
    pub failures: Vec<Failure>,
    /// How many answers each version gave.
    pub versions: BTreeMap<String, u64>,
    /// When each request had its answer.
    pub answered: Vec<SystemTime>,
    /// The streams that have ended.
    pub streams: Vec<Lasted>,
    latencies: Vec<Duration>,
}

/// A request, or the opening of a stream, that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    pub at: SystemTime,
    pub took: Duration,
    pub what: String,
    pub reason: String,
}

/// A stream from its first answer to its end.
#[derive(Clone, Debug)]
pub struct Lasted {
    pub kind: Kind,
    /// Of the release at its other end.
    pub version: String,
    pub opened: SystemTime,
    pub ended: SystemTime,
    pub end: LastedEnd,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastedEnd {
    /// With a close frame or a complete body.
    Properly,
    /// In any other way.
    Cut(String),
    /// The load itself was over.
    ByUs,
}

impl Report {
    /// The latency that this share of the requests (0 to 1) stayed under. What the application was asked to wait is left out.
    pub fn latency(&self, share: f64) -> Duration {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let index = (last as f64 * share) as usize;
        sorted.get(index).copied().unwrap_or_default()
    }

    pub(super) fn count(&mut self, outcome: Result<String, String>, took: Duration, what: &impl Display) {
        self.sent += 1;
        self.latencies.push(took);
        self.answered.push(SystemTime::now());
        match outcome {
            Ok(version) => *self.versions.entry(version).or_default() += 1,
            Err(reason) => self.fail(what.to_string(), took, reason),
        }
    }

    /// Something that failed, and is not a request that was counted.
    pub(super) fn fail(&mut self, what: String, took: Duration, reason: String) {
        self.failed += 1;
        *self.reasons.entry(reason.clone()).or_default() += 1;
        if self.failures.len() < MOST_FAILURES {
            self.failures.push(Failure {
                at: SystemTime::now(),
                took,
                what,
                reason,
            });
        }
    }
}
