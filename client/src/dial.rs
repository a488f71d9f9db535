//! One attempt to reach the agent, stage by stage: from the name to an HTTP/2 connection whose version is checked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use slipway_protocol::api::GetVersion;
use slipway_protocol::server::{API_LEVEL, Fit, OLDEST_API_LEVEL, Version};
use slipway_protocol::{Endpoint, Secret};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::answers::Answers;
use crate::check::{StepName, Steps};
use crate::config::Home;
use crate::error::{ClientError, ConnectError};
use crate::http;
use crate::keychain::SecretKind;
use crate::profiles::{Address, Profile};
use crate::ssh::{Outcome, Stream, Tunnel};

/// The requests' end of an HTTP/2 connection; clones share it.
pub(crate) type Http2 = http2::SendRequest<OutBody>;
/// What a request carries: nothing, JSON, bytes, or what comes while the answer does.
pub(crate) type OutBody = UnsyncBoxBody<Bytes, Broken>;

/// What was carried broke off before its end.
#[derive(Debug, thiserror::Error)]
#[error("it broke off")]
pub(crate) struct Broken;

const PATIENCE: Duration = Duration::from_secs(10);
/// Any one stream may run ahead by this much …
const STREAM_WINDOW: u32 = 1 << 20;
/// … and all of them by this much, so that a reader that lags does not hold up the others.
const CONNECTION_WINDOW: u32 = 64 << 20;
/// After so long without a word the agent is asked for one: a feed that is followed says one sooner …
const QUIET: Duration = Duration::from_secs(6);
/// … and the link is dead when none has come by then: 13 s, inside the promised 15.
const WORD: Duration = Duration::from_secs(7);

/// No agent's version has more bytes; whoever shows it makes room for no more.
const LONGEST_VERSION: usize = 100;

/// Knows how to reach one cluster's agent; used again for each reconnect.
pub(crate) struct Dialer {
    pub home: Home,
    pub profile: Profile,
    pub answers: Answers,
    /// What the keychain has given: a link that is lost while it is locked comes back all the same.
    pub given: Mutex<HashMap<SecretKind, Secret<String>>>,
}

/// A working link.
pub(crate) struct Established {
    pub http: Http2,
    pub version: Version,
    pub round_trip: Duration,
    /// Ends when the link is lost.
    pub driver: Driver,
}

/// Drives the HTTP/2 connection; dropping it ends the link, SSH and all.
pub(crate) struct Driver {
    pub ended: JoinHandle<()>,
    _tunnel: Option<Tunnel>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.ended.abort();
    }
}

/// A byte stream to the agent, and what it hangs on.
pub(crate) struct Way {
    pub stream: Box<dyn Stream>,
    pub tunnel: Option<Tunnel>,
    pub outcome: Option<Outcome>,
}

impl Dialer {
    pub fn new(home: &Home, profile: &Profile, answers: Answers) -> Self {
        Self {
            home: home.clone(),
            profile: profile.clone(),
            answers,
            given: Mutex::default(),
        }
    }

    pub fn host(&self) -> String {
        self.profile.host().to_owned()
    }

    /// The whole way. Each stage is timed in `steps`.
    pub async fn establish(&self, steps: &mut Steps) -> Result<Established, ConnectError> {
        match &self.profile.address {
            Address::Ssh { .. } => self.by_ssh(steps).await,
            Address::Local { socket } => {
                steps.at(self.host());
                let stream = steps.run(StepName::AgentSocket, self.by_socket(socket)).await?;
                let way = Way {
                    stream,
                    tunnel: None,
                    outcome: None,
                };
                self.speak_http(way, steps).await
            }
        }
    }

    #[cfg(unix)]
    async fn by_socket(&self, socket: &std::path::Path) -> Result<Box<dyn Stream>, ConnectError> {
        match timeout(PATIENCE, tokio::net::UnixStream::connect(socket)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(self.absent(format!("{}: {error}", socket.display()))),
            Err(_) => Err(self.absent(format!("{} did not answer in 10 seconds", socket.display()))),
        }
    }

    #[cfg(not(unix))]
    async fn by_socket(&self, _: &std::path::Path) -> Result<Box<dyn Stream>, ConnectError> {
        Err(self.absent("a local agent exists on Linux only".to_owned()))
    }

    pub(crate) async fn speak_http(&self, way: Way, steps: &mut Steps) -> Result<Established, ConnectError> {
        let asked = async {
            let (mut http, driver) = self.start_http(way.stream, way.tunnel).await?;
            let started = Instant::now();
            let version = timeout(PATIENCE, ask_version(&mut http, &self.host()))
                .await
                .map_err(|_| self.absent("it did not answer in 10 seconds".to_owned()))?;
            Ok((http, driver, version, started.elapsed()))
        };
        let explained = async {
            let (http, driver, version, round_trip) = match asked.await {
                Ok((http, driver, Ok(version), time)) => (http, driver, version, time),
                Ok((_, _, Err(error), _)) | Err(error) => return Err(self.explain(error, way.outcome).await),
            };
            self.check_level(&version)?;
            Ok(Established {
                http,
                version,
                round_trip,
                driver,
            })
        };
        steps.run(StepName::AgentVersion, explained).await
    }

    async fn start_http(
        &self,
        stream: Box<dyn Stream>,
        tunnel: Option<Tunnel>,
    ) -> Result<(Http2, Driver), ConnectError> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .keep_alive_interval(QUIET)
            .keep_alive_timeout(WORD)
            .keep_alive_while_idle(true);
        let started = timeout(PATIENCE, builder.handshake(TokioIo::new(stream))).await;
        match started {
            Ok(Ok((http, connection))) => {
                let ended = tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "the HTTP/2 connection ended");
                    }
                });
                Ok((
                    http,
                    Driver {
                        ended,
                        _tunnel: tunnel,
                    },
                ))
            }
            _ => Err(self.absent("it closed the connection".to_owned())),
        }
    }

    /// A channel that opens and closes at once has a reason, which the command on the server may have told.
    async fn explain(&self, error: ConnectError, outcome: Option<Outcome>) -> ConnectError {
        let told = match outcome {
            Some(outcome) => outcome.reason().await,
            None => None,
        };
        match (told, error) {
            (Some(reason), _) => self.absent(reason),
            (None, ConnectError::Lost { .. }) => self.absent("it closed the connection".to_owned()),
            (None, error) => error,
        }
    }

    fn absent(&self, reason: String) -> ConnectError {
        ConnectError::AgentAbsent {
            host: self.host(),
            reason,
        }
    }

    fn check_level(&self, version: &Version) -> Result<(), ConnectError> {
        let (host, agent, theirs) = (self.host(), version.agent.clone(), version.api_level);
        match Fit::of(theirs) {
            Fit::Same | Fit::Older => Ok(()),
            Fit::TooOld => Err(ConnectError::AgentTooOld {
                host,
                agent,
                theirs,
                oldest: OLDEST_API_LEVEL,
            }),
            Fit::TooNew => Err(ConnectError::AgentTooNew {
                host,
                agent,
                theirs,
                ours: API_LEVEL,
            }),
        }
    }
}

/// Asks the agent for its version: the proof that somebody is there, and the measure of the way.
pub(crate) async fn ask_version(http: &mut Http2, host: &str) -> Result<Version, ConnectError> {
    let lost = || ConnectError::Lost {
        host: host.to_owned(),
    };
    let raw = GetVersion {}.into_raw().map_err(|_| lost())?;
    match http::call(http, &raw, None, None, host).await {
        Ok(value) => serde_json::from_value(value)
            .ok()
            .filter(|version: &Version| version.agent.len() <= LONGEST_VERSION)
            .ok_or_else(|| ConnectError::AgentAbsent {
                host: host.to_owned(),
                reason: "what answers there is not Slipway's agent".to_owned(),
            }),
        Err(ClientError::Link(error)) => Err(error),
        Err(ClientError::Answer { reason }) => Err(ConnectError::AgentAbsent {
            host: host.to_owned(),
            reason: format!("what answers there is not Slipway's agent ({reason})"),
        }),
        Err(error) => Err(ConnectError::AgentAbsent {
            host: host.to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// Shared by the link and its owner.
pub(crate) type SharedDialer = Arc<Dialer>;
