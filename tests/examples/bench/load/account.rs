//! The account of the run: how streams ended, and whether Slipway's receipts say what the traffic itself has counted.

use std::time::{Duration, SystemTime};

use acceptance::load::{Lasted, LastedEnd, Report};
use slipway_protocol::deployment::{DeploymentView, Receipt, Step, StepView};

use super::script::Temper;

/// The clocks of a stream's end and of a step's record are the same; their readings are a moment apart.
const MOMENT: Duration = Duration::from_millis(100);

/// What a version served, from the beginning of the cut-over to it up to the end of the next.
pub struct Served {
    pub version: String,
    pub from: SystemTime,
    pub until: Option<SystemTime>,
}

/// Which release served when, in order.
#[derive(Default)]
pub struct History {
    served: Vec<Served>,
}

impl History {
    /// A deployment has succeeded: this version serves.
    pub fn add(&mut self, version: &str, view: &DeploymentView) {
        let cut_over = step(view, Step::CutOver);
        let at = |time: Option<_>| time.map_or(SystemTime::UNIX_EPOCH, SystemTime::from);
        if let Some(last) = self.served.last_mut() {
            last.until = Some(at(cut_over.and_then(|step| step.ended_at)));
        }
        self.served.push(Served {
            version: version.to_owned(),
            from: at(cut_over.and_then(|step| step.started_at)),
            until: None,
        });
    }

    /// What serves, and what served before that.
    pub fn newest(&self, back: usize) -> Option<&str> {
        let served = self.served.iter().rev().nth(back)?;
        Some(&served.version)
    }

    /// Judges the end of a stream, where releases may keep theirs for `drain` after the switch.
    pub fn judge(&self, stream: &Lasted, drain: Duration) -> Verdict {
        if stream.end == LastedEnd::ByUs {
            return Verdict::Open;
        }
        let begun =
            |served: &&Served| served.version == stream.version && served.from <= stream.opened + MOMENT;
        let Some(served) = self.served.iter().rev().find(begun) else {
            return Verdict::Failed(format!("release {} never served", stream.version));
        };
        let early = match served.until {
            None => true,
            Some(until) => stream.ended + MOMENT < until + drain,
        };
        match &stream.end {
            _ if early => Verdict::Failed(format!("{:?} before its time was over", stream.end)),
            LastedEnd::Cut(_) if Temper::breaks_off(&stream.version) => Verdict::BrokenOff,
            LastedEnd::Cut(reason) => Verdict::Failed(reason.clone()),
            LastedEnd::Properly | LastedEnd::ByUs => Verdict::Proper,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Open until the end of the run.
    Open,
    /// Ended by the application, properly and only when its time was over.
    Proper,
    /// Broken off by an application that does so, when its time was over.
    BrokenOff,
    Failed(String),
}

/// A receipt beside what the traffic itself has counted in its time.
pub struct Compared {
    pub receipt: Receipt,
    /// Requests that were answered.
    pub answered: u64,
    /// Streams that ended.
    pub ended: u64,
}

impl Compared {
    /// What the traffic has counted, less what the receipt says.
    pub fn difference(&self) -> i64 {
        let own = i64::try_from(self.answered + self.ended).unwrap_or(i64::MAX);
        own - i64::try_from(self.receipt.requests()).unwrap_or(i64::MAX)
    }
}

/// From the release's start, when the edge's counters were read first, to the end of the old release.
pub fn compare(view: &DeploymentView, report: &Report) -> Option<Compared> {
    let receipt = view.receipt?;
    let from = SystemTime::from(step(view, Step::Release)?.ended_at?);
    let until = SystemTime::from(step(view, Step::Retire)?.ended_at?);
    let within = |at: &&SystemTime| **at >= from && **at < until;
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let ended = report.streams.iter().map(|stream| &stream.ended);
    Some(Compared {
        receipt,
        answered: count(report.answered.iter().filter(within).count()),
        ended: count(ended.filter(within).count()),
    })
}

fn step(view: &DeploymentView, step: Step) -> Option<&StepView> {
    view.steps.iter().find(|one| one.step == step)
}
