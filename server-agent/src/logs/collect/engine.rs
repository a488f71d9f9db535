//! A task's output from the engine's API: for tasks of other nodes, and where the engine's files cannot be read.
//!
//! The engine hands output over more slowly than a container can write it, and leaves out what was rotated away meanwhile.
//! It does not say so while it streams; it is noticed, and told in the log, only where reading begins again.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::delivery::Delivery;
use super::follower::{FollowError, Stopped};
use super::joiner::Joiner;
use super::time::nanoseconds;
use crate::docker::{Docker, OutputOf};

/// Streams may overtake each other by so much, in nanoseconds.
const OVERLAP: i64 = 1_000_000_000;
/// So long lines may wait until they are dropped.
const PATIENCE: Duration = Duration::from_secs(2);
/// An ended container's output ends by itself; if it does not, after so long without anything.
const LAST_WORDS: Duration = Duration::from_secs(5);

pub async fn follow(
    docker: &Docker,
    source: &OutputOf,
    joiner: &mut Joiner,
    delivery: &mut Delivery,
    ended: &CancellationToken,
) -> Result<Stopped, FollowError> {
    let mut output = docker.output(source, joiner.place().latest() - OVERLAP).await?;
    loop {
        while let Some((stream, content)) = output.piece()? {
            if let Some((at, text, ends)) = piece(&content) {
                joiner.piece(at, stream, &text, ends);
            }
            if joiner.is_full() {
                hand_over(joiner, delivery).await;
            }
        }
        hand_over(joiner, delivery).await;
        output.rest();
        let more = tokio::select! {
            more = output.read() => more?,
            () = after_end(ended) => return Ok(Stopped::Finished),
        };
        if !more {
            return Ok(if ended.is_cancelled() {
                Stopped::Finished
            } else {
                Stopped::Broken
            });
        }
    }
}

async fn after_end(ended: &CancellationToken) {
    ended.cancelled().await;
    tokio::time::sleep(LAST_WORDS).await;
}

async fn hand_over(joiner: &mut Joiner, delivery: &mut Delivery) {
    let begun = Instant::now();
    delivery
        .hand_over(joiner.take(), || begun.elapsed() > PATIENCE)
        .await;
}

/// `TIME TEXT`, with a line end if the line ends there.
fn piece(content: &[u8]) -> Option<(i64, std::borrow::Cow<'_, str>, bool)> {
    let space = memchr::memchr(b' ', content)?;
    let at = nanoseconds(&content[..space])?;
    let text = &content[space + 1..];
    let (text, ends) = match text.strip_suffix(b"\n") {
        Some(text) => (text, true),
        None => (text, false),
    };
    Some((at, String::from_utf8_lossy(text), ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-01: a piece is told apart from its time, whatever it holds.
    #[test]
    fn a_piece_is_taken_apart() {
        let (at, text, ends) = piece(b"2026-01-02T03:04:05.000000007Z say a=b  c\n").unwrap();
        assert_eq!((at % 1_000_000_000, text.as_ref(), ends), (7, "say a=b  c", true));
        let (_, text, ends) = piece(b"2026-01-02T03:04:05Z \xff").unwrap();
        assert_eq!((text.as_ref(), ends), ("\u{fffd}", false));
        assert!(piece(b"no time").is_none());
    }
}
