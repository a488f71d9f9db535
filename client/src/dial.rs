//! One attempt to reach the agent, stage by stage: from the name to an HTTP/2 connection whose version is checked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use slipway_protocol::Endpoint;
use slipway_protocol::api::GetVersion;
use slipway_protocol::server::{API_LEVEL, Version};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::check::{StepName, Steps};
use crate::config::{Answers, Home};
use crate::error::{ClientError, ConnectError};
use crate::http;
use crate::keychain::{SecretKind, SecretName};
use crate::profiles::{Address, AuthMethod, Profile};
use crate::ssh::{self, Outcome, SignInSecrets, SshTarget, Stream, Tunnel};

/// The requests' end of an HTTP/2 connection; clones share it.
pub(crate) type Http2 = http2::SendRequest<Full<Bytes>>;

const PATIENCE: Duration = Duration::from_secs(10);
/// Any one stream may run ahead by this much …
const STREAM_WINDOW: u32 = 1 << 20;
/// … and all of them by this much, so that a reader that lags does not hold up the others.
const CONNECTION_WINDOW: u32 = 16 << 20;

/// Knows how to reach one cluster's agent; used again for each reconnect.
pub(crate) struct Dialer {
    pub home: Home,
    pub profile: Profile,
    pub answers: Answers,
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

struct Way {
    stream: Box<dyn Stream>,
    tunnel: Option<Tunnel>,
    outcome: Option<Outcome>,
}

impl Dialer {
    pub fn host(&self) -> String {
        self.profile.host().to_owned()
    }

    /// The whole way. Each stage is timed in `steps`.
    pub async fn establish(&self, steps: &mut Steps) -> Result<Established, ConnectError> {
        let way = match &self.profile.address {
            Address::Ssh {
                host,
                port,
                user,
                agent_socket,
                auth,
            } => {
                let target = SshTarget {
                    host: host.clone(),
                    port: *port,
                    user: user.clone(),
                    agent_socket: agent_socket.clone(),
                };
                self.by_ssh(&target, auth, steps).await?
            }
            Address::Local { socket } => {
                let stream = steps.run(StepName::AgentSocket, self.by_socket(socket)).await?;
                Way {
                    stream,
                    tunnel: None,
                    outcome: None,
                }
            }
        };
        self.speak_http(way, steps).await
    }

    async fn by_ssh(
        &self,
        target: &SshTarget,
        auth: &AuthMethod,
        steps: &mut Steps,
    ) -> Result<Way, ConnectError> {
        let addresses = steps
            .run(StepName::Resolve, ssh::resolve(&target.host, target.port))
            .await?;
        let tcp = steps
            .run(StepName::Tcp, ssh::connect_tcp(&target.host, &addresses))
            .await?;
        let accepted = self.answers.accepted_host_key.clone();
        let checked = ssh::handshake(target, &self.home.known_hosts, accepted, tcp);
        let mut tunnel = steps.run(StepName::HostKey, checked).await?;
        let signed_in = async {
            let secrets = self.secrets(auth).await?;
            ssh::sign_in(&mut tunnel, target, auth, secrets).await
        };
        steps.run(StepName::SignIn, signed_in).await?;
        let (stream, outcome) = steps
            .run(StepName::AgentSocket, ssh::open_channel(&tunnel, target))
            .await?;
        Ok(Way {
            stream,
            tunnel: Some(tunnel),
            outcome,
        })
    }

    /// What was typed, else what the keychain has. An unreadable keychain is an error, unless nothing is needed from it.
    async fn secrets(&self, auth: &AuthMethod) -> Result<SignInSecrets, ConnectError> {
        let mut secrets = SignInSecrets {
            password: self.answers.password.clone(),
            passphrase: self.answers.passphrase.clone(),
        };
        let stored = |kind| {
            self.home.keychain.get(SecretName {
                profile: self.profile.id,
                kind,
            })
        };
        match auth {
            AuthMethod::Password if secrets.password.is_none() => {
                secrets.password = stored(SecretKind::SshPassword).await?;
            }
            AuthMethod::KeyFile { path } if secrets.passphrase.is_none() && ssh::is_encrypted(path).await => {
                secrets.passphrase = stored(SecretKind::KeyPassphrase).await?;
            }
            _ => {}
        }
        Ok(secrets)
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

    async fn speak_http(&self, way: Way, steps: &mut Steps) -> Result<Established, ConnectError> {
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
            .keep_alive_interval(Duration::from_secs(5))
            .keep_alive_timeout(Duration::from_secs(9))
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
        if version.api_level == API_LEVEL {
            return Ok(());
        }
        Err(ConnectError::AgentVersion {
            host: self.host(),
            agent: version.agent.clone(),
            theirs: version.api_level,
            ours: API_LEVEL,
        })
    }
}

/// Asks the agent for its version: the proof that somebody is there, and the measure of the way.
pub(crate) async fn ask_version(http: &mut Http2, host: &str) -> Result<Version, ConnectError> {
    let lost = || ConnectError::Lost {
        host: host.to_owned(),
    };
    let raw = GetVersion {}.into_raw().map_err(|_| lost())?;
    match http::call(http, &raw, None, None, host).await {
        Ok(value) => serde_json::from_value(value).map_err(|_| ConnectError::AgentAbsent {
            host: host.to_owned(),
            reason: "what answers there is not Slipway's agent".to_owned(),
        }),
        Err(ClientError::Link(error)) => Err(error),
        Err(error) => Err(ConnectError::AgentAbsent {
            host: host.to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// Shared by the link and its owner.
pub(crate) type SharedDialer = Arc<Dialer>;
