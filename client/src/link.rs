//! Keeps one link to an agent alive: connects, watches, measures, and reconnects with back-off.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use slipway_protocol::server::Version;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::backoff::Backoff;
use crate::check::Steps;
use crate::dial::{Established, Http2, SharedDialer, ask_version};
use crate::error::ConnectError;
use crate::knock;
use crate::network;
use crate::profiles::Entry;

/// How often the way to the agent is measured. That it is there at all is seen sooner, by the link itself.
const MEASURE: Duration = Duration::from_secs(30);
/// So soon the agent has to answer where this machine's way to it has changed; otherwise another connection is made.
const AFTER_A_CHANGE: Duration = Duration::from_secs(2);
/// How long a call waits for a link that is being restored.
const PATIENCE: Duration = Duration::from_secs(15);

/// The state of a link, for showing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LinkState {
    /// Not connected, and not trying: a person has to do what the error says.
    Down {
        error: Option<ConnectError>,
        sentence: Option<String>,
    },
    Connecting,
    Up {
        version: Version,
        round_trip_ms: f64,
    },
    /// Lost or unreachable; the next attempt comes by itself.
    BackingOff {
        attempt: u32,
        wait_ms: u64,
        error: ConnectError,
        sentence: String,
    },
}

#[derive(Clone)]
struct Now {
    state: LinkState,
    http: Option<Http2>,
}

/// A link with its keeper. The keeper ends when the last handle is dropped.
pub(crate) struct Link {
    now: watch::Receiver<Now>,
    state: watch::Receiver<LinkState>,
    retry: Arc<Notify>,
    stop: Arc<Notify>,
    look: Arc<Notify>,
    keeper: AbortHandle,
    host: String,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

struct Keeper {
    dialer: SharedDialer,
    now: watch::Sender<Now>,
    state: watch::Sender<LinkState>,
    retry: Arc<Notify>,
    stop: Arc<Notify>,
    look: Arc<Notify>,
}

impl Link {
    /// Starts the keeper, with a link that stands already or from nothing.
    pub fn start(dialer: SharedDialer, first: Option<Established>) -> Self {
        let state = first.as_ref().map_or(LinkState::Connecting, up);
        let http = first.as_ref().map(|established| established.http.clone());
        let (now_sender, now) = watch::channel(Now {
            state: state.clone(),
            http,
        });
        let (state_sender, state) = watch::channel(state);
        let (retry, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let look = Arc::new(Notify::new());
        let host = dialer.host();
        let keeper = Keeper {
            dialer,
            now: now_sender,
            state: state_sender,
            retry: retry.clone(),
            stop: stop.clone(),
            look: look.clone(),
        };
        let keeper = tokio::spawn(keeper.run(first)).abort_handle();
        Self {
            now,
            state,
            retry,
            stop,
            look,
            keeper,
            host,
        }
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.state.clone()
    }

    /// Tries again now instead of later.
    pub fn retry(&self) {
        // Whoever waits, and nobody later: an old wish must not undo a stop.
        self.retry.notify_waiters();
    }

    /// Stops trying until [`Self::retry`]. A link that stands is left alone.
    pub fn stop(&self) {
        self.stop.notify_waiters();
    }

    /// Asks the agent now how it is, instead of later: it is known to be other than before.
    pub fn look(&self) {
        self.look.notify_one();
    }

    /// The HTTP/2 connection, as soon as there is one; or why there is none.
    pub async fn http(&self) -> Result<Http2, ConnectError> {
        let mut now = self.now.clone();
        let usable = async {
            loop {
                let Now { state, http } = now.borrow_and_update().clone();
                match (state, http) {
                    (LinkState::Up { .. }, Some(http)) if !http.is_closed() => return Ok(http),
                    (
                        LinkState::Down {
                            error: Some(error), ..
                        },
                        _,
                    ) => return Err(error),
                    _ => {}
                }
                if now.changed().await.is_err() {
                    return Err(ConnectError::Closed {
                        host: self.host.clone(),
                    });
                }
            }
        };
        match timeout(PATIENCE, usable).await {
            Ok(result) => result,
            Err(_) => Err(match &*self.state.borrow() {
                LinkState::BackingOff { error, .. } => error.clone(),
                _ => ConnectError::Lost {
                    host: self.host.clone(),
                },
            }),
        }
    }
}

/// Where to look for a way to a host.
fn addresses(entry: &Entry) -> Vec<SocketAddr> {
    match entry.host.parse() {
        Ok(address) => vec![SocketAddr::new(address, entry.port)],
        // Without a name server there is no address to ask about: any public one shows whether a network is there.
        Err(_) => vec![
            SocketAddr::from(([192, 0, 2, 1], entry.port)),
            SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], entry.port)),
        ],
    }
}

/// No two measurements are the same: only one that is told apart at a glance is worth telling.
fn is_other(before: Duration, now: Duration) -> bool {
    let differs = before.abs_diff(now);
    differs > Duration::from_millis(1) && differs > before / 5
}

fn up(established: &Established) -> LinkState {
    LinkState::Up {
        version: established.version.clone(),
        round_trip_ms: established.round_trip.as_secs_f64() * 1000.0,
    }
}

impl Keeper {
    async fn run(self, first: Option<Established>) {
        let mut backoff = Backoff::default();
        let mut link = first;
        loop {
            let attempt = match link.take() {
                Some(established) => Ok(established),
                None => {
                    // Whoever sees the state may wish at once.
                    let stopped = self.stop.notified();
                    self.set(LinkState::Connecting, None);
                    let mut steps = Steps::default();
                    tokio::select! {
                        attempt = self.dialer.establish(&mut steps) => attempt,
                        () = stopped => {
                            self.rest().await;
                            continue;
                        }
                    }
                }
            };
            let error = match attempt {
                Ok(established) => {
                    let since = Instant::now();
                    let error = self.watch_over(established).await;
                    backoff.was_up(since.elapsed());
                    error
                }
                Err(error) => error,
            };
            self.pause(error, &mut backoff).await;
        }
    }

    /// Shows the link as up, measures it, and returns when it is lost.
    async fn watch_over(&self, mut established: Established) -> ConnectError {
        let host = self.dialer.host();
        self.set(up(&established), Some(established.http.clone()));
        loop {
            let mut patience = PATIENCE;
            tokio::select! {
                _ = &mut established.driver.ended => return ConnectError::Lost { host },
                () = tokio::time::sleep(MEASURE) => {}
                () = self.look.notified() => {}
                // What went by the old way, or before the machine slept, may be answered by nobody.
                () = self.network_change() => patience = AFTER_A_CHANGE,
            }
            let started = Instant::now();
            let mut http = established.http.clone();
            tokio::select! {
                _ = &mut established.driver.ended => return ConnectError::Lost { host },
                asked = timeout(patience, ask_version(&mut http, &host)) => match asked {
                    Ok(Ok(version)) => {
                        let round_trip = started.elapsed();
                        if version != established.version || is_other(established.round_trip, round_trip) {
                            established.version = version;
                            established.round_trip = round_trip;
                            self.set(up(&established), Some(established.http.clone()));
                        }
                    }
                    // An agent that is there but unwell answers with a problem; the link itself is judged by its end.
                    Ok(Err(error)) => tracing::debug!(%error, "the agent did not tell its version"),
                    Err(_) => return ConnectError::NoAnswer { host, seconds: patience.as_secs() },
                },
            }
        }
    }

    /// Whether the question is about another host than the first one, which was not reached for the moment: that one comes back by itself, and
    /// whoever opens the cluster anew meanwhile is asked.
    fn is_about_a_spare(&self, error: &ConnectError) -> bool {
        let entries = self.dialer.profile.address.entries();
        let first = entries.first();
        matches!(error, ConnectError::UnknownHostKey { host, port, .. }
            if first.is_some_and(|first| (&first.host, first.port) != (host, *port)))
    }

    /// Waits until the next attempt makes sense.
    async fn pause(&self, error: ConnectError, backoff: &mut Backoff) {
        // From before the state is seen: a wish that follows it at once is heard.
        let (retried, stopped) = (self.retry.notified(), self.stop.notified());
        let sentence = error.to_string();
        if error.needs_a_person() && !self.is_about_a_spare(&error) {
            self.set(
                LinkState::Down {
                    error: Some(error),
                    sentence: Some(sentence),
                },
                None,
            );
            retried.await;
            return;
        }
        let wait = backoff.next(rand::random::<f64>());
        let contacts = self.dialer.profile.address.first_contacts();
        let knocked = error.clone();
        let pace = knock::pace(backoff.attempts());
        let state = LinkState::BackingOff {
            attempt: backoff.attempts(),
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            error,
            sentence,
        };
        self.set(state, None);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = retried => {}
            () = self.network_change() => {}
            () = knock::answered(&knocked, &contacts, pace) => {}
            () = stopped => self.rest().await,
        }
    }

    /// Somebody has stopped the attempts: nothing is tried until they are wanted again.
    async fn rest(&self) {
        let retried = self.retry.notified();
        let host = self.dialer.host();
        let sentence = format!("Connecting to {host} was stopped; connect when you want to go on.");
        let state = LinkState::Down {
            error: Some(ConnectError::Closed { host }),
            sentence: Some(sentence),
        };
        self.set(state, None);
        retried.await;
    }

    async fn network_change(&self) {
        let contacts = self.dialer.profile.address.first_contacts();
        if contacts.is_empty() {
            return std::future::pending().await;
        }
        let towards: Vec<SocketAddr> = contacts.iter().flat_map(addresses).collect();
        network::changed(&towards).await;
    }

    fn set(&self, state: LinkState, http: Option<Http2>) {
        self.now.send_replace(Now {
            state: state.clone(),
            http,
        });
        self.state.send_if_modified(|shown| {
            let differs = *shown != state;
            *shown = state;
            differs
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-P9: a measurement that looks like the last one is not told.
    #[test]
    fn the_same_way_is_no_news() {
        let ms = Duration::from_millis;
        assert!(!is_other(ms(40), ms(47)));
        assert!(!is_other(ms(1), ms(2)), "a millisecond is nothing");
        assert!(is_other(ms(40), ms(50)));
        assert!(is_other(ms(50), ms(20)));
    }
}
