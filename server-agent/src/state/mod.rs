//! The agent's own state as one file: written while the agent runs, and brought back on the same or a new server.
//!
//! **In it:** the master key; every row of the database, as it was at one moment; the files of `ssh/` in the data folder, which are the
//! key for private repositories, the known hosts of git servers, and the key of the build node's server that somebody has accepted. Deploy
//! keys, tokens, variables and files of applications are rows, sealed under the master key.
//!
//! **Not in it,** because it is made anew: checkouts (`work/`), Traefik's configuration (`traefik/`), the links to git's helpers.
//! Because somebody can send it again: uploads. Because nothing depends on it and it is large: logs of containers, commands and deployments,
//! images. Because it is not the agent's: volumes of applications, `/etc/slipway/agent.env`. Because it is about this server: the keys of
//! connections (`link/`).
//!
//! **The file** is an age file (age-encryption.org/v1) for one passphrase; within it a Zstandard stream (RFC 8878); within that a tar
//! archive (POSIX ustar) whose entries are named in [`entry`]: first what it is, last a manifest with a digest of each.
//! So `age -d FILE | zstd -d | tar t` reads it without Slipway.
//!
//! **A restore** looks at everything before it changes anything. It builds the new state beside the old one, in `restore/` of the data
//! folder, writes down what it is about to do, and then only renames ([`switch`]). Whoever comes next, a second restore or the
//! agent, carries out what is written down. The old state is set aside, never removed.

mod alone;
mod backup;
mod cipher;
mod database;
mod entry;
mod header;
mod output;
mod passphrase;
mod reader;
mod restore;
mod switch;
#[cfg(test)]
mod tests;
mod writer;

pub use backup::{Made, back_up};
pub use output::Output;
pub use passphrase::PassphraseFrom;
pub use restore::{Restored, Source, restore};
pub use switch::finish_interrupted;

use std::io;

use tokio::sync::oneshot;

/// Runs on a thread of its own, for which the end of the process does not wait: it may stand before a pipe that nobody fills.
fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> oneshot::Receiver<T> {
    let (done, told) = oneshot::channel();
    std::thread::spawn(move || done.send(work()));
    told
}

/// Why something of the file system did not go, for the middle of a sentence.
fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        other => other.to_string(),
    }
}
