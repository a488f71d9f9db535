//! A terminal on the cluster across lost links: its output without a gap and without a repeat, its input typed once.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::StreamExt;
use slipway_protocol::api::{FollowTerminal, SendTerminalInput};
use slipway_protocol::terminal::{LARGEST_INPUT, TerminalEnd, TerminalEvent};
use slipway_protocol::{ErrorCode, Secret, TerminalId};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::connection::Connection;
use crate::error::ClientError;
use crate::reading::{Events, Reading, passes, read, wait};

/// Pieces of input that wait for the link.
const WAITING: usize = 256;

struct Output {
    terminal: TerminalId,
    /// The bytes that were seen.
    seen: u64,
    told: bool,
    /// It was there once.
    found: bool,
    over: bool,
}

impl Connection {
    /// What a terminal wrote behind byte `seen`, and what it writes, until it has ended. A lost link is waited for. Where the `from` of an
    /// output is more than what was seen, the bytes between are no longer kept.
    pub fn follow_terminal(&self, terminal: TerminalId, seen: u64) -> Events<TerminalEvent> {
        let output = Output {
            terminal,
            seen,
            told: false,
            found: false,
            over: false,
        };
        read(self, output)
    }

    /// What is typed into a terminal from here.
    pub fn terminal_input(&self, terminal: TerminalId) -> TerminalInput {
        let (queue, typed) = mpsc::channel(WAITING);
        let writer = InputWriter {
            connection: self.clone(),
            terminal,
            writer: Uuid::new_v4(),
            offset: 0,
            backoff: Backoff::default(),
        };
        tokio::spawn(writer.run(typed));
        TerminalInput { queue }
    }
}

impl Reading for Output {
    type Event = TerminalEvent;

    fn ask(&self, connection: &Connection) -> Events<TerminalEvent> {
        let request = FollowTerminal {
            terminal: self.terminal,
            after: Some(self.seen),
        };
        connection.stream(request).boxed()
    }

    fn fresh(&mut self, event: TerminalEvent) -> Option<TerminalEvent> {
        self.found = true;
        match event {
            TerminalEvent::Output { from, stream, bytes } => {
                let known = usize::try_from(self.seen.saturating_sub(from)).unwrap_or(usize::MAX);
                let rest = bytes
                    .expose()
                    .get(known..)
                    .filter(|rest| !rest.is_empty())?
                    .to_vec();
                let from = from + known as u64;
                self.seen = from + rest.len() as u64;
                let bytes = Secret::new(rest);
                Some(TerminalEvent::Output { from, stream, bytes })
            }
            TerminalEvent::Started { .. } => {
                let first = !self.told;
                self.told = true;
                first.then_some(event)
            }
            TerminalEvent::Ended { .. } => {
                self.over = true;
                Some(event)
            }
            TerminalEvent::Ping => Some(event),
        }
    }

    fn seen(&self) -> Option<u64> {
        Some(self.seen)
    }

    fn is_over(&self) -> bool {
        self.over
    }

    /// One that was there and is no longer has ended, with the agent that had it.
    fn refused(&self, error: ClientError) -> Result<TerminalEvent, ClientError> {
        match error {
            ClientError::Problem(problem) if self.found && problem.code == ErrorCode::NotFound => {
                let reason = problem.detail;
                let end = TerminalEnd::Failed { reason };
                Ok(TerminalEvent::Ended { end })
            }
            other => Err(other),
        }
    }
}

/// Where input goes in; clones share it. What is typed while the link is down is typed when it is back, once.
#[derive(Clone)]
pub struct TerminalInput {
    queue: mpsc::Sender<Typed>,
}

enum Typed {
    Bytes(Bytes),
    End,
}

impl TerminalInput {
    /// Queues bytes. False when the terminal has ended.
    pub async fn send(&self, bytes: Bytes) -> bool {
        self.queue.send(Typed::Bytes(bytes)).await.is_ok()
    }

    /// Nobody takes what is typed here any more.
    pub fn has_ended(&self) -> bool {
        self.queue.is_closed()
    }

    /// Says that nothing more follows.
    pub async fn end(&self) -> bool {
        self.queue.send(Typed::End).await.is_ok()
    }
}

struct InputWriter {
    connection: Connection,
    terminal: TerminalId,
    writer: Uuid,
    /// What the agent has taken.
    offset: u64,
    backoff: Backoff,
}

impl InputWriter {
    /// Sends what was typed, as much at once as is there.
    async fn run(mut self, mut typed: mpsc::Receiver<Typed>) {
        let mut waiting = BytesMut::new();
        let mut end = false;
        loop {
            if waiting.is_empty() && !end {
                match typed.recv().await {
                    Some(more) => end = take(more, &mut waiting),
                    None => return,
                }
            }
            while waiting.len() < LARGEST_INPUT && !end {
                match typed.try_recv() {
                    Ok(more) => end = take(more, &mut waiting),
                    Err(_) => break,
                }
            }
            let piece = waiting.split_to(waiting.len().min(LARGEST_INPUT)).freeze();
            let last = end && waiting.is_empty();
            if !self.deliver(piece, last).await || last {
                return;
            }
        }
    }

    /// Until the agent has taken all of it. False when there is nobody to take it.
    async fn deliver(&mut self, piece: Bytes, end: bool) -> bool {
        let begin = self.offset;
        loop {
            let sent = usize::try_from(self.offset - begin).unwrap_or(usize::MAX);
            let rest = piece.slice(sent.min(piece.len())..);
            let request = SendTerminalInput {
                terminal: self.terminal,
                writer: self.writer,
                offset: self.offset,
                end: end.then_some(true),
            };
            match self.connection.send_bytes(request, rest).await {
                Ok(answer) => {
                    let before = self.offset;
                    self.offset = answer.taken.max(before);
                    if self.offset >= begin + piece.len() as u64 {
                        self.backoff.was_up(Duration::MAX);
                        return true;
                    }
                    // The program does not read now.
                    if self.offset == before {
                        wait(&mut self.backoff, &self.connection).await;
                    }
                }
                Err(error) if passes(&error) => wait(&mut self.backoff, &self.connection).await,
                Err(_) => return false,
            }
        }
    }
}

/// True at the end.
fn take(typed: Typed, waiting: &mut BytesMut) -> bool {
    match typed {
        Typed::Bytes(bytes) => {
            waiting.extend_from_slice(&bytes);
            false
        }
        Typed::End => true,
    }
}
