//! Following what writes a log and ends, a deployment or a command: what it writes, itself at each change, until it has ended and all was
//! sent.

use std::time::Duration;

use futures_util::future::BoxFuture;
use slipway_protocol::log_line::ContainerLogLine;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::broken_off::{BrokenOff, Events, sent_by};
use super::looks::Looks;
use super::{ApiError, Call};
use crate::db::Tx;
use crate::logs::{LogError, Reading};

/// A follower looks at least this often, whatever was notified.
const LOOK: Duration = Duration::from_secs(1);
/// A log that could not be opened is waited for so long when what is followed has ended.
const LAST_TRY: Duration = Duration::from_secs(3);
/// After so long without news whoever listens is told that the link is alive.
pub(super) const PING: Duration = Duration::from_secs(5);

/// What is followed, and in which words it is told.
pub(super) trait Followed: Send + Sync + 'static {
    /// What is looked at to know whether it has changed, and whether it has ended.
    type State: PartialEq + Send + Sync;
    type Event: Send + 'static;

    /// Events that wait for a slow reader.
    const WAITING: usize;
    const PING: Self::Event;

    /// Its changes are notified under this id.
    fn id(&self) -> Uuid;

    fn look(&self, tx: &mut Tx) -> impl Future<Output = Result<Self::State, ApiError>> + Send;

    /// Whether it has ended by now: asked with each part of its log, and less than a look.
    fn is_over(&self, tx: &mut Tx) -> impl Future<Output = Result<bool, ApiError>> + Send;

    /// Whether no line will come behind those that are stored now.
    fn has_ended(&self, state: &Self::State) -> bool;

    fn lines(&mut self, lines: Vec<ContainerLogLine>) -> Vec<Self::Event>;

    /// What is told in the place of all lines, where the log cannot be read.
    fn instead(&mut self) -> Option<Self::Event> {
        None
    }

    /// The log as it was asked for, once it can be opened after all.
    fn opened(&self) -> Option<BoxFuture<'static, Reading>> {
        None
    }

    /// What is told of a change.
    fn changed(&self, state: &Self::State) -> Option<Self::Event>;

    /// What is told when nothing follows any more.
    fn end(&self) -> Option<Self::Event> {
        None
    }
}

/// Follows it in its log, from where the reading begins; without one only itself, until there is one.
pub(super) fn follow<F: Followed>(
    call: Call,
    followed: F,
    reading: Option<Reading>,
) -> Result<Events<F::Event>, ApiError> {
    let (sender, receiver) = mpsc::channel(F::WAITING);
    let id = followed.id();
    // Nobody writes what is not read.
    let silence = || watch::channel(0).1;
    let opening = match reading {
        Some(_) => None,
        None => followed.opened(),
    };
    let follower = Follower {
        news: reading.as_ref().map_or_else(silence, Reading::news),
        changes: call.app.changes.subscribe(),
        looks: Looks::of(&call)?,
        opening: opening.map(|opened| AbortOnDropHandle::new(tokio::spawn(opened))),
        call,
        followed,
        sender,
        told: Instant::now(),
        looked: Instant::now(),
    };
    let task = tokio::spawn(async move {
        // For a reader the stream breaks off, and it asks again.
        follower.run(reading).await.map_err(|error| {
            tracing::debug!(%id, error = %error.problem, "following broke off");
            BrokenOff
        })
    });
    Ok(sent_by(receiver, task))
}

/// Why somebody who follows goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Woken {
    /// Lines were written, and nothing else is known to be new.
    Lines,
    /// It has changed, or it is time to look.
    Look,
}

struct Follower<F: Followed> {
    call: Call,
    looks: Looks,
    followed: F,
    sender: mpsc::Sender<F::Event>,
    news: watch::Receiver<u64>,
    changes: broadcast::Receiver<Uuid>,
    /// Waits for a log that could not be opened. By itself: neither a disk that takes long nor a slow reader keeps the other waiting.
    opening: Option<AbortOnDropHandle<Reading>>,
    /// When something was told last.
    told: Instant,
    /// When all of it was looked at last.
    looked: Instant,
}

impl<F: Followed> Follower<F> {
    /// Whoever has gone is noticed at each step, also in a long search.
    async fn run(mut self, mut reading: Option<Reading>) -> Result<(), ApiError> {
        let mut shown = None::<F::State>;
        if reading.is_none()
            && let Some(event) = self.followed.instead()
            && !self.send(event).await
        {
            return Ok(());
        }
        let mut woken = Woken::Look;
        loop {
            self.news.mark_unchanged();
            // The state is read before the lines: when it says “ended”, no line can be missing.
            let changed = self.changed(woken, shown.as_ref()).await?;
            let state = changed.as_ref().or(shown.as_ref());
            let mut over = state.is_some_and(|state| self.followed.has_ended(state));
            if reading.is_none() {
                reading = self.opened(over).await;
            }
            while let Some(place) = reading.take() {
                let stepped = self.looks.step(place, &self.sender).await;
                let stepped = stepped.map_err(|error| broken(self.followed.id(), &error))?;
                let Some((place, step)) = stepped else {
                    return Ok(());
                };
                reading = Some(place);
                for event in self.followed.lines(step.lines) {
                    if !self.send(event).await {
                        return Ok(());
                    }
                }
                // What was asked for may come to its end before what is followed does.
                over |= step.done;
                if step.at_end || step.done {
                    break;
                }
                if !self.is_heard().await {
                    return Ok(());
                }
            }
            if let Some(state) = changed {
                let change = self.followed.changed(&state);
                if let Some(event) = change
                    && !self.send(event).await
                {
                    return Ok(());
                }
                shown = Some(state);
            }
            if over {
                if let Some(event) = self.followed.end() {
                    self.send(event).await;
                }
                return Ok(());
            }
            if !self.is_heard().await {
                return Ok(());
            }
            woken = self.wait().await;
        }
    }

    /// Its state, where that is another one than was shown. Where only lines were written, that it goes on is all that is asked for.
    async fn changed(
        &mut self,
        woken: Woken,
        shown: Option<&F::State>,
    ) -> Result<Option<F::State>, ApiError> {
        let mut tx = self.call.begin().await?;
        let only_lines = woken == Woken::Lines && shown.is_some() && self.looked.elapsed() < LOOK;
        if only_lines && !self.followed.is_over(&mut tx).await? {
            return Ok(None);
        }
        self.looked = Instant::now();
        let state = self.followed.look(&mut tx).await?;
        Ok(Some(state).filter(|state| shown != Some(state)))
    }

    /// The log that could not be opened, where it is by now.
    async fn opened(&mut self, over: bool) -> Option<Reading> {
        let opening = self.opening.as_mut()?;
        if !over && !opening.is_finished() {
            return None;
        }
        let opened = tokio::time::timeout(LAST_TRY, opening).await.ok()?;
        self.opening = None;
        let reading = opened.ok()?;
        self.news = reading.news();
        Some(reading)
    }

    async fn send(&mut self, event: F::Event) -> bool {
        self.told = Instant::now();
        self.sender.send(event).await.is_ok()
    }

    /// Whether anybody listens. Whoever was told nothing for a while is told that the link is alive.
    async fn is_heard(&mut self) -> bool {
        if self.told.elapsed() >= PING {
            return self.send(F::PING).await;
        }
        !self.sender.is_closed()
    }

    /// Until something was written or it has changed, or it is time to look anyway, or nobody listens any more.
    async fn wait(&mut self) -> Woken {
        let id = self.followed.id();
        let changed = async {
            // Having missed some counts as a change.
            while matches!(self.changes.recv().await, Ok(changed) if changed != id) {}
        };
        let written = async {
            // Where there is no log, nothing is written.
            if self.news.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = written => return Woken::Lines,
            () = changed => {}
            () = tokio::time::sleep(LOOK) => {}
            () = self.sender.closed() => {}
        }
        Woken::Look
    }
}

/// A log that cannot be read on; whoever asks again is told what it is.
fn broken(id: Uuid, error: &LogError) -> ApiError {
    tracing::warn!(%id, %error, "reading a log broke off");
    ApiError::internal(error)
}
