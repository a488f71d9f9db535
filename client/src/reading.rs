//! Reading a stream of the agent across lost links, without a gap and without a repeat: it is asked for again behind what was seen.

use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt};
use slipway_protocol::ErrorCode;

use crate::backoff::Backoff;
use crate::connection::Connection;
use crate::error::ClientError;
use crate::link::LinkState;

pub(crate) type Events<T> = BoxStream<'static, Result<T, ClientError>>;

/// Something that can be read on where it was left.
pub(crate) trait Reading: Send + 'static {
    type Event: Send + 'static;

    /// Asks for what follows behind what was seen.
    fn ask(&self, connection: &Connection) -> Events<Self::Event>;

    /// What of an event was not seen yet; from now on it was.
    fn fresh(&mut self, event: Self::Event) -> Option<Self::Event>;

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
}

/// Its events. A lost link is waited for; an answer that is an error is the last item.
pub(crate) fn read<R: Reading>(connection: &Connection, reading: R) -> Events<R::Event> {
    let reader = Reader {
        connection: connection.clone(),
        reading,
        events: None,
        done: false,
        backoff: Backoff::default(),
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
            let events = self
                .events
                .get_or_insert_with(|| self.reading.ask(&self.connection));
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
                Some(Err(error)) if !self.reading.outlasts(&error) => {
                    self.done = true;
                    return Some(self.reading.refused(error));
                }
                None | Some(Err(_)) => {
                    self.events = None;
                    wait(&mut self.backoff, &self.connection).await;
                }
            }
        }
    }
}

/// A broken link passes, and what is away for a moment; everything else is an answer.
pub(crate) fn passes(error: &ClientError) -> bool {
    match error {
        ClientError::Problem(problem) => problem.code == ErrorCode::Unavailable,
        other => is_lost_link(other),
    }
}

/// A link that comes back without anybody's help.
pub(crate) fn is_lost_link(error: &ClientError) -> bool {
    matches!(error, ClientError::Link(error) if !error.needs_a_person())
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
