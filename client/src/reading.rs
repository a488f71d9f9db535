//! Reading a stream of the agent across lost links, without a gap and without a repeat: it is asked for again behind what was seen.

use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt};
use slipway_protocol::ErrorCode;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::connection::Connection;
use crate::error::ClientError;
use crate::link::LinkState;

/// So often in a row the agent may break off at one place before that is told: something is wrong there that does not pass.
const MOST_BREAKS: u32 = 4;
/// What went on for so long did not break off in the same row.
const LONG: Duration = Duration::from_secs(600);

pub(crate) type Events<T> = BoxStream<'static, Result<T, ClientError>>;

/// Something that can be read on where it was left.
pub(crate) trait Reading: Send + 'static {
    type Event: Send + 'static;

    /// Asks for what follows behind what was seen.
    fn ask(&self, connection: &Connection) -> Events<Self::Event>;

    /// What of an event was not seen yet; from now on it was.
    fn fresh(&mut self, event: Self::Event) -> Option<Self::Event>;

    /// How far it was seen, where its events have numbers.
    fn seen(&self) -> Option<u64> {
        None
    }

    /// Whether the end of the stream is the end. Otherwise silence is never taken for it.
    fn may_end(&self) -> bool {
        false
    }

    /// Whether nothing can follow.
    fn is_over(&self) -> bool {
        false
    }

    /// Whether an error passes by itself, so that it is asked again.
    fn outlasts(&self, error: &ClientError) -> bool {
        passes(error)
    }

    /// What it comes to that the agent answers with an error.
    fn refused(&self, error: ClientError) -> Result<Self::Event, ClientError> {
        Err(error)
    }
}

struct Reader<R: Reading> {
    connection: Connection,
    reading: R,
    events: Option<Events<R::Event>>,
    done: bool,
    backoff: Backoff,
    asked: Instant,
    breaks: Breaks,
}

/// How often in a row the agent broke off, and where.
#[derive(Default)]
struct Breaks {
    count: u32,
    at: Option<u64>,
}

impl Breaks {
    /// One more at this place, of a stream that lived so long. Whether that is too often.
    fn add(&mut self, at: Option<u64>, lived: Duration) -> bool {
        if self.at != at || lived >= LONG {
            *self = Self { count: 0, at };
        }
        self.count += 1;
        self.count >= MOST_BREAKS
    }
}

/// Its events. A lost link is waited for; an answer that is an error is the last item.
pub(crate) fn read<R: Reading>(connection: &Connection, reading: R) -> Events<R::Event> {
    let reader = Reader {
        connection: connection.clone(),
        reading,
        events: None,
        done: false,
        backoff: Backoff::default(),
        asked: Instant::now(),
        breaks: Breaks::default(),
    };
    stream::unfold(reader, |mut reader| async move {
        let item = reader.next().await?;
        Some((item, reader))
    })
    .boxed()
}

impl<R: Reading> Reader<R> {
    async fn next(&mut self) -> Option<Result<R::Event, ClientError>> {
        loop {
            if self.done {
                return None;
            }
            let events = self.events.get_or_insert_with(|| {
                self.asked = Instant::now();
                self.reading.ask(&self.connection)
            });
            match events.next().await {
                Some(Ok(event)) => {
                    self.backoff.was_up(Duration::MAX);
                    let fresh = self.reading.fresh(event);
                    self.done = self.reading.is_over();
                    if let Some(event) = fresh {
                        return Some(Ok(event));
                    }
                }
                None if self.reading.may_end() => return None,
                Some(Err(error)) => {
                    if self.is_stuck(&error) || !self.reading.outlasts(&error) {
                        self.done = true;
                        return Some(self.reading.refused(error));
                    }
                    self.wait().await;
                }
                None => self.wait().await,
            }
        }
    }

    /// The agent breaks off at one place again and again.
    fn is_stuck(&mut self, error: &ClientError) -> bool {
        matches!(error, ClientError::BrokenOff { .. })
            && self.breaks.add(self.reading.seen(), self.asked.elapsed())
    }

    /// Until it is time to ask again.
    async fn wait(&mut self) {
        self.events = None;
        wait(&mut self.backoff, &self.connection).await;
    }
}

/// A broken link passes, a stream that broke off, and what is away for a moment; everything else is an answer.
pub(crate) fn passes(error: &ClientError) -> bool {
    match error {
        ClientError::Problem(problem) => problem.code == ErrorCode::Unavailable,
        other => is_cut(other),
    }
}

/// What came was not all: a link that comes back without anybody's help, or one stream of it, ended in the middle.
pub(crate) fn is_cut(error: &ClientError) -> bool {
    match error {
        ClientError::Link(error) => !error.needs_a_person(),
        ClientError::BrokenOff { .. } => true,
        ClientError::Problem(_)
        | ClientError::NotSignedIn { .. }
        | ClientError::Keychain(_)
        | ClientError::Answer { .. }
        | ClientError::NotForwarded => false,
    }
}

/// Waits before the next attempt; while the link is away, no longer than that.
pub(crate) async fn wait(backoff: &mut Backoff, connection: &Connection) {
    let mut state = connection.state();
    let is_up = |state: &LinkState| matches!(state, LinkState::Up { .. });
    let is_away = !is_up(&state.borrow_and_update());
    let back = async {
        // The sender lives as long as the connection.
        if state.wait_for(is_up).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = tokio::time::sleep(backoff.next(rand::random::<f64>())) => {}
        () = back, if is_away => backoff.was_up(Duration::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-08, FR-OBS-01: only what breaks off at one place again and again is stuck; what came on meanwhile, or went on for long, is not.
    #[test]
    fn only_what_does_not_come_on_is_stuck() {
        let short = Duration::from_secs(1);
        let mut breaks = Breaks::default();
        let stuck: Vec<bool> = [None, None, None, None]
            .into_iter()
            .map(|at| breaks.add(at, short))
            .collect();
        assert_eq!(stuck, [false, false, false, true]);
        let mut breaks = Breaks::default();
        assert!((0..100).all(|at| !breaks.add(Some(at), short)));
        assert!((0..100).all(|_| !breaks.add(Some(7), LONG)));
    }
}
