//! A deployment's log: lines with a step, handed in batches to the store of logs ([`crate::logs`]), never more in memory or on the
//! disk than a bound. The store numbers them.

mod bounds;
mod writer;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use slipway_protocol::DeploymentId;
use slipway_protocol::deployment::Step;
use slipway_protocol::log_line::LogStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::writer::Writer;
use crate::app::App;
use crate::domain::explain::{LONGEST_LINE as LONGEST_RECENT, plain};
use crate::logs::LONGEST_LINE as MOST_BYTES;

/// Lines that wait for the writer; beyond that they are counted and dropped.
const WAITING: usize = 10_000;
/// A line holds at most so many characters.
const LONGEST_LINE: usize = 8_000;
/// So many of the last lines are at hand, to explain a failure by them.
const RECENT: usize = 200;

/// A line on its way.
struct Said {
    at: DateTime<Utc>,
    step: Step,
    stream: LogStream,
    text: String,
    /// It stands for so many lines that are not there.
    missing: Option<u64>,
}

impl Said {
    /// So many lines are missing where it is.
    fn stands_for(&self) -> u64 {
        self.missing.unwrap_or(1)
    }
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
        let writer = Writer::new(app.clone(), id, Arc::clone(&dropped));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of a build.
    pub fn line(stream: LogStream, length: usize) -> Said {
        Said {
            at: Utc::now(),
            step: Step::Build,
            stream,
            text: "x".repeat(length),
            missing: None,
        }
    }

    /// FR-OBS-01: a line is whole, or cut with a sign, and holds no NUL.
    #[test]
    fn a_long_line_is_cut() {
        assert_eq!(clean("a\0b"), "ab");
        let wide = clean(&"語".repeat(LONGEST_LINE));
        assert!(wide.ends_with('…') && wide.len() <= MOST_BYTES + '…'.len_utf8());
        assert_eq!(
            clean(&"x".repeat(2 * LONGEST_LINE)).chars().count(),
            LONGEST_LINE + 1
        );
    }
}
