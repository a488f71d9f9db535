//! What applications' containers write, kept: collected from the engine, stored compressed, read and searched from there. And what
//! deployments say, builds before all.
//!
//! `<data>/logs/<application>/` holds one numbered sequence of lines over all tasks and releases, `<data>/logs/command-<command>/` that of a
//! command that somebody runs, `<data>/logs/deployment-<deployment>/` that of a deployment, whose lines name a step instead of a task:
//!
//! - `<number>.log`, segments: compressed blocks of lines, only ever appended to. The name is the number of the first line.
//!   The oldest segments go first, by age and by size.
//! - `<number>.tail`: the newest lines as small blocks that are not compressed yet, until they are enough for a good block.
//! - `places`: how far each task's output has been stored, now and then; what follows is learnt from the lines themselves.
//!
//! `<data>/logs/lived-until` keeps the time by which lines grow old: the clock's, but for jumps ahead.
//!
//! Collectors hand lines to an application's intake, which is bounded; one thread takes them from all intakes, gives them
//! their numbers and writes. Readers read files only, so that a slow one holds up nobody.
//!
//! **What a crash costs.** Lines are written within milliseconds: when the agent dies, nothing that was written is lost,
//! and collecting goes on behind the last stored line of each task. A second thread flushes the disk's cache every two
//! seconds: a power cut costs at most those, and a torn end is cut off at the next start. What was lost so is collected
//! again if the engine still has it.

mod app_log;
mod batch;
mod batches;
mod block;
pub mod collect;
mod filter;
mod intake;
mod level;
mod lived;
mod log_of;
mod places;
mod reading;
mod retention;
mod shelf;
mod store;
#[cfg(test)]
mod tests;
mod total;
mod writer;

pub use app_log::AppLog;
pub use batch::{Batch, LONGEST_LINE, Line};
pub use batches::Batches;
pub use filter::{Filter, Wanted};
pub use level::guess as guess_level;
pub use log_of::LogOf;
pub use places::Place;
pub use reading::{From, Reading, Step};
pub use retention::Limits;
pub use store::Logs;

/// What can go wrong with a log on disk.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("the log could not be read or written on the server's disk")]
    Disk(#[from] std::io::Error),
    #[error("the log was removed while it was read")]
    Removed,
    #[error("a block of the log is damaged: {0} is wrong")]
    Damaged(&'static str),
}
