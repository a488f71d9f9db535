//! One terminal: what it wrote, who reads it, what is typed into it, and how it ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use slipway_protocol::terminal::{TerminalEnd, TerminalEvent, TerminalSize, TerminalView};
use slipway_protocol::{Secret, TerminalId};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use uuid::Uuid;

use super::place::Place;
use super::scrollback::Scrollback;
use crate::owner::Owner;

/// A reader that is so many bytes behind makes the program in the terminal wait.
const BEHIND: u64 = 64 * 1024;
/// One message holds at most so many bytes.
const MESSAGE: usize = 32 * 1024;
/// A reader is told so often that the link is alive.
const PING: Duration = Duration::from_secs(5);
/// Input that waits for the program, in pieces.
const WAITING: usize = 16;
/// So long a piece of input may wait for its place.
const INPUT_PATIENCE: Duration = Duration::from_secs(20);
/// So many read at once.
const READERS: usize = 16;
/// So many writers are remembered, each with its number of bytes.
const WRITERS: usize = 8;
/// Nobody has come back for so long: it ends.
const ALONE: Duration = Duration::from_secs(15 * 60);
/// Nothing was typed and nothing written for so long: it ends.
const SILENT: Duration = Duration::from_secs(60 * 60);

/// What goes into a terminal.
pub enum Input {
    Bytes(Bytes),
    /// Nothing more follows.
    End,
}

/// Why input is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTyped {
    /// There is nothing any more that would read it.
    Ended,
    /// The program does not read now; the end of the input did not get its place.
    Busy,
}

pub struct Session {
    pub id: TerminalId,
    pub owner: Owner,
    pub place: Place,
    pub screen: bool,
    pub opened_at: DateTime<Utc>,
    /// The request that opened it.
    pub request_id: String,
    state: Mutex<State>,
    /// Something was written, or it began or ended.
    news: watch::Sender<()>,
    /// A reader came, went or read on.
    pub room: Notify,
    /// It should end, and how that is called.
    pub wish: watch::Sender<Option<TerminalEnd>>,
    pub size: watch::Sender<Option<TerminalSize>>,
    input: mpsc::Sender<Input>,
    /// What each writer has typed, in bytes; the one who typed last stands last.
    writers: tokio::sync::Mutex<Vec<(Uuid, u64)>>,
}

struct State {
    output: Scrollback,
    command: Option<String>,
    end: Option<(TerminalEnd, Instant)>,
    readers: HashMap<u64, u64>,
    /// As far as the last reader has come.
    seen: u64,
    next_reader: u64,
    alone_since: Instant,
    last_traffic: Instant,
}

/// What a session is made from.
pub struct New {
    pub id: TerminalId,
    pub owner: Owner,
    pub place: Place,
    pub size: Option<TerminalSize>,
    pub screen: bool,
    pub opened_at: DateTime<Utc>,
    pub request_id: String,
}

impl Session {
    /// A session that has not begun, and where what is typed into it comes out.
    pub fn new(new: New) -> (Self, mpsc::Receiver<Input>) {
        let (input, typed) = mpsc::channel(WAITING);
        let now = Instant::now();
        let state = State {
            output: Scrollback::default(),
            command: None,
            end: None,
            readers: HashMap::new(),
            seen: 0,
            next_reader: 0,
            alone_since: now,
            last_traffic: now,
        };
        let session = Self {
            id: new.id,
            owner: new.owner,
            place: new.place,
            screen: new.screen,
            opened_at: new.opened_at,
            request_id: new.request_id,
            state: Mutex::new(state),
            news: watch::Sender::new(()),
            room: Notify::new(),
            wish: watch::Sender::new(None),
            size: watch::Sender::new(new.size),
            input,
            writers: tokio::sync::Mutex::default(),
        };
        (session, typed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn view(&self) -> TerminalView {
        let state = self.state();
        TerminalView {
            id: self.id,
            place: self.place.view(),
            command: state.command.clone().unwrap_or_default(),
            screen: self.screen,
            opened_at: self.opened_at,
            written: state.output.written(),
            end: state.end.as_ref().map(|(end, _)| end.clone()),
        }
    }

    pub fn has_begun(&self) -> bool {
        self.state().command.is_some()
    }

    /// It runs.
    pub fn begin(&self, command: String) {
        self.state().command = Some(command);
        self.news.send_replace(());
    }

    pub fn write(&self, stream: slipway_protocol::log_line::LogStream, bytes: &[u8]) {
        let mut state = self.state();
        state.output.push(stream, bytes);
        state.last_traffic = Instant::now();
        drop(state);
        self.news.send_replace(());
    }

    /// Whether more may be written: a screen runs on when nobody looks, pipes wait.
    pub fn has_room(&self) -> bool {
        let state = self.state();
        let slowest = state.readers.values().min().copied();
        match slowest {
            Some(slowest) => state.output.written().saturating_sub(slowest) < BEHIND,
            None => self.screen || state.output.written().saturating_sub(state.seen) < BEHIND,
        }
    }

    /// It is over. The first end counts.
    pub fn end(&self, end: TerminalEnd) {
        self.state().end.get_or_insert((end, Instant::now()));
        self.news.send_replace(());
    }

    /// Since when it is over.
    pub fn ended_at(&self) -> Option<Instant> {
        self.state().end.as_ref().map(|(_, at)| *at)
    }

    /// Bytes of output that it keeps.
    pub fn held(&self) -> usize {
        self.state().output.held()
    }

    /// Nobody has use of it any more.
    pub fn is_idle(&self) -> bool {
        let state = self.state();
        let alone = state.readers.is_empty().then(|| state.alone_since.elapsed());
        outlived(alone, state.last_traffic.elapsed())
    }

    /// Wishes that it ends. The first wish counts.
    pub fn close(&self, end: TerminalEnd) {
        self.wish.send_if_modified(|wish| {
            let first = wish.is_none();
            if first {
                *wish = Some(end);
            }
            first
        });
    }

    /// Takes input of a writer as long as there is somebody to take it, of which `offset` bytes were before it, as far as it was not taken before. Gives how much
    /// of this writer was taken by now; less than was sent where the program does not read, and where bytes between are missing.
    pub async fn type_in(&self, writer: Uuid, offset: u64, bytes: Bytes, end: bool) -> Result<u64, NotTyped> {
        let mut writers = self.writers.lock().await;
        if self.input.is_closed() || self.ended_at().is_some() {
            return Err(NotTyped::Ended);
        }
        let known = writers.iter().position(|(known, _)| *known == writer);
        let known = known.map_or((writer, 0), |place| writers.remove(place));
        if writers.len() == WRITERS {
            writers.remove(0);
        }
        writers.push(known);
        let at = writers.len() - 1;
        let taken = writers[at].1;
        let Some(fresh) = fresh(taken, offset, &bytes) else {
            return Ok(taken);
        };
        if !fresh.is_empty() {
            let place = match tokio::time::timeout(INPUT_PATIENCE, self.input.reserve()).await {
                Ok(Ok(place)) => place,
                Ok(Err(_)) => return Err(NotTyped::Ended),
                Err(_) => return Ok(taken),
            };
            // From here on nothing waits: it is typed and counted, or neither.
            writers[at].1 = taken + fresh.len() as u64;
            place.send(Input::Bytes(fresh));
            self.state().last_traffic = Instant::now();
        }
        if end {
            // A program that is gone needs no end of its input; one that does not read gets it when it is sent again.
            let sent = tokio::time::timeout(INPUT_PATIENCE, self.input.send(Input::End)).await;
            sent.map_err(|_| NotTyped::Busy)?.ok();
        }
        Ok(writers[at].1)
    }

    /// A reader that has seen everything up to byte `after`; `None` where there are too many.
    pub fn read(self: &Arc<Self>, after: u64) -> Option<Reader> {
        let news = self.news.subscribe();
        let mut state = self.state();
        if state.readers.len() >= READERS {
            return None;
        }
        // Nobody has seen what is not written, and a program must not believe so.
        let after = after.min(state.output.written());
        let number = state.next_reader;
        state.next_reader += 1;
        state.readers.insert(number, after);
        drop(state);
        self.room.notify_one();
        Some(Reader {
            session: Arc::clone(self),
            number,
            at: after,
            told: false,
            news,
        })
    }
}

/// The part of an input that was not taken yet; `None` where bytes before it are missing.
fn fresh(taken: u64, offset: u64, bytes: &Bytes) -> Option<Bytes> {
    let known = usize::try_from(taken.checked_sub(offset)?).ok()?;
    Some(bytes.slice(known.min(bytes.len())..))
}

fn outlived(alone: Option<Duration>, silent: Duration) -> bool {
    alone.is_some_and(|alone| alone >= ALONE) || silent >= SILENT
}

/// Somebody who follows a session; while there is one, the program does not run away from it.
pub struct Reader {
    session: Arc<Session>,
    number: u64,
    at: u64,
    told: bool,
    news: watch::Receiver<()>,
}

impl Reader {
    /// Whether what it reads goes on.
    pub fn is_live(&self) -> bool {
        self.session.ended_at().is_none()
    }

    /// What comes next; after the end nothing does.
    pub async fn next(&mut self) -> TerminalEvent {
        loop {
            self.news.mark_unchanged();
            if let Some(event) = self.there() {
                return event;
            }
            match tokio::time::timeout(PING, self.news.changed()).await {
                Ok(_) => {}
                Err(_) => return TerminalEvent::Ping,
            }
        }
    }

    fn there(&mut self) -> Option<TerminalEvent> {
        let mut state = self.session.state();
        if let (false, Some(command)) = (self.told, &state.command) {
            self.told = true;
            return Some(TerminalEvent::Started {
                task: self.session.place.task().cloned(),
                command: command.clone(),
            });
        }
        if let Some((from, stream, bytes)) = state.output.next(self.at, MESSAGE) {
            self.at = from + bytes.len() as u64;
            state.readers.insert(self.number, self.at);
            drop(state);
            self.session.room.notify_one();
            return Some(TerminalEvent::Output {
                from,
                stream,
                bytes: Secret::new(bytes),
            });
        }
        state
            .end
            .as_ref()
            .map(|(end, _)| TerminalEvent::Ended { end: end.clone() })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.session.state();
        state.readers.remove(&self.number);
        state.seen = state.seen.max(self.at);
        state.alone_since = Instant::now();
        drop(state);
        self.session.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-02: input that is sent again is typed once; input with a hole before it is not typed.
    #[test]
    fn input_is_typed_once() {
        let bytes = Bytes::from_static(b"abcdef");
        assert_eq!(fresh(0, 0, &bytes).as_deref(), Some(b"abcdef".as_slice()));
        assert_eq!(fresh(4, 0, &bytes).as_deref(), Some(b"ef".as_slice()));
        assert_eq!(fresh(6, 0, &bytes).as_deref(), Some(b"".as_slice()));
        assert_eq!(fresh(60, 2, &bytes).as_deref(), Some(b"".as_slice()));
        assert_eq!(fresh(6, 6, &bytes).as_deref(), Some(b"abcdef".as_slice()));
        assert_eq!(fresh(5, 6, &bytes), None);
    }

    /// FR-OBS-02: a terminal ends when nobody comes back to it, or when nothing happens in it; not while somebody watches it work.
    #[test]
    fn idle_is_alone_or_silent() {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        assert!(!outlived(None, minutes(59)));
        assert!(outlived(None, minutes(60)));
        assert!(!outlived(Some(minutes(14)), minutes(14)));
        assert!(outlived(Some(minutes(15)), minutes(0)));
    }
}
