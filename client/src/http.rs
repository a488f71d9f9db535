//! The one place that sends a request, checks the answer's status and decodes a problem.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, StreamExt};
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use serde_json::Value;
use slipway_protocol::api::TEAM_HEADER;
use slipway_protocol::{Problem, RawRequest, Secret, TeamId};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::dial::{Broken, Http2, OutBody};
use crate::error::{ClientError, ConnectError};
use crate::sent;

/// The longest wait for a single answer; what takes longer is a deployment, which is followed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const LARGEST_ANSWER: usize = 32 << 20;
const LONGEST_LINE: usize = 1 << 20;
const BYTES: &str = "application/octet-stream";

/// Sends a request and reads its whole answer. No content is `null`.
pub(crate) async fn call(
    http: &mut Http2,
    raw: &RawRequest,
    token: Option<&Secret<String>>,
    team: Option<TeamId>,
    host: &str,
) -> Result<Value, ClientError> {
    call_with(http, raw, &Extra::default(), token, team, host).await
}

/// What a call may have beside its request.
#[derive(Clone)]
pub(crate) struct Extra {
    /// A body of plain bytes, in the place of a JSON one.
    pub bytes: Option<Bytes>,
    /// How long the answer may take.
    pub patience: Duration,
}

impl Default for Extra {
    fn default() -> Self {
        Self {
            bytes: None,
            patience: PATIENCE,
        }
    }
}

/// The same with more than a request.
pub(crate) async fn call_with(
    http: &mut Http2,
    raw: &RawRequest,
    extra: &Extra,
    token: Option<&Secret<String>>,
    team: Option<TeamId>,
    host: &str,
) -> Result<Value, ClientError> {
    let whole = async {
        let response = begin(http, request(raw, extra.bytes.clone(), token, team)?, host).await?;
        let body = body(response, host).await?;
        if body.is_empty() {
            Ok(Value::Null)
        } else {
            serde_json::from_slice(&body).map_err(unreadable)
        }
    };
    match timeout(extra.patience, whole).await {
        Ok(result) => result,
        Err(_) => Err(ConnectError::NoAnswer {
            host: host.to_owned(),
            seconds: extra.patience.as_secs(),
        }
        .into()),
    }
}

/// The lines of a stream, each a JSON value. Whoever knows what they are reads them; a log has very many.
pub(crate) type Lines = BoxStream<'static, Result<BytesMut, ClientError>>;

/// Sends a request whose answer is a stream of JSON lines.
pub(crate) async fn call_stream(
    http: &mut Http2,
    raw: &RawRequest,
    token: Option<&Secret<String>>,
    team: Option<TeamId>,
    host: &str,
) -> Result<Lines, ClientError> {
    let request = request(raw, None, token, team)?;
    match timeout(PATIENCE, begin(http, request, host)).await {
        Ok(response) => Ok(lines(response?.into_body(), host.to_owned())),
        Err(_) => Err(ConnectError::NoAnswer {
            host: host.to_owned(),
            seconds: PATIENCE.as_secs(),
        }
        .into()),
    }
}

async fn begin(
    http: &mut Http2,
    request: Request<OutBody>,
    host: &str,
) -> Result<Response<Incoming>, ClientError> {
    let lost = |_| {
        ClientError::Link(ConnectError::Lost {
            host: host.to_owned(),
        })
    };
    let response = http.send_request(request).await.map_err(lost)?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let body = body(response, host).await?;
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => Err(ClientError::Problem(problem)),
        Err(_) => Err(ClientError::Answer {
            reason: format!("status {status} without an explanation"),
        }),
    }
}

fn request(
    raw: &RawRequest,
    bytes: Option<Bytes>,
    token: Option<&Secret<String>>,
    team: Option<TeamId>,
) -> Result<Request<OutBody>, ClientError> {
    let builder = head(raw, token, team)?;
    let (kind, body) = match (&raw.body, bytes) {
        (_, Some(bytes)) => (Some(BYTES), bytes),
        (Some(value), None) => {
            let text = sent::json(value).map_err(|error| unsendable(&error))?;
            (Some("application/json"), sent::wiped_when_gone(text))
        }
        (None, None) => (None, Bytes::new()),
    };
    let builder = match kind {
        Some(kind) => builder.header(header::CONTENT_TYPE, kind),
        None => builder,
    };
    builder
        .body(Full::new(body).map_err(|never| match never {}).boxed_unsync())
        .map_err(|error| unsendable(&error))
}

/// Everything of a request but its body.
fn head(
    raw: &RawRequest,
    token: Option<&Secret<String>>,
    team: Option<TeamId>,
) -> Result<http::request::Builder, ClientError> {
    let mut builder = Request::builder()
        .method(raw.method.as_str())
        .uri(format!("http://slipway-agent{}", raw.target))
        .header(header::USER_AGENT, concat!("slipway/", env!("CARGO_PKG_VERSION")));
    if let Some(token) = token {
        let text = Secret::new(format!("Bearer {}", token.expose()));
        let mut value = HeaderValue::try_from(text.expose())
            .map_err(|_| unsendable(&"the session's token is damaged"))?;
        value.set_sensitive(true);
        builder = builder.header(header::AUTHORIZATION, value);
    }
    if let Some(team) = team {
        builder = builder.header(TEAM_HEADER, team.to_string());
    }
    Ok(builder)
}

fn unsendable(reason: &dyn std::fmt::Display) -> ClientError {
    ClientError::Answer {
        reason: reason.to_string(),
    }
}

/// Bytes both ways over one stream of the link.
pub(crate) struct Tunnel {
    /// What goes there; `None` says that nothing more follows. Dropped before that, it breaks off, and the other side learns that.
    pub outgoing: mpsc::Sender<Option<Bytes>>,
    /// What comes from there. Dropping it breaks the tunnel off.
    pub incoming: Incoming,
}

/// Pieces that wait for the link.
const WAITING: usize = 4;

/// Sends a request whose body and answer are bytes that come as they come.
pub(crate) async fn call_tunnel(
    http: &mut Http2,
    raw: &RawRequest,
    token: Option<&Secret<String>>,
    team: Option<TeamId>,
    host: &str,
) -> Result<Tunnel, ClientError> {
    let (outgoing, waiting) = mpsc::channel(WAITING);
    let pieces = stream::unfold(Some(waiting), |waiting: Option<mpsc::Receiver<_>>| async move {
        let mut waiting = waiting?;
        match waiting.recv().await {
            Some(Some(bytes)) => Some((Ok(Frame::data(bytes)), Some(waiting))),
            Some(None) => None,
            None => Some((Err(Broken), None)),
        }
    });
    let request = head(raw, token, team)?
        .header(header::CONTENT_TYPE, BYTES)
        .body(StreamBody::new(pieces).boxed_unsync())
        .map_err(|error| unsendable(&error))?;
    match timeout(PATIENCE, begin(http, request, host)).await {
        Ok(response) => Ok(Tunnel {
            outgoing,
            incoming: response?.into_body(),
        }),
        Err(_) => Err(ConnectError::NoAnswer {
            host: host.to_owned(),
            seconds: PATIENCE.as_secs(),
        }
        .into()),
    }
}

async fn body(response: Response<Incoming>, host: &str) -> Result<Bytes, ClientError> {
    match Limited::new(response.into_body(), LARGEST_ANSWER).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(ClientError::Answer {
            reason: "it is larger than 32 MiB".to_owned(),
        }),
        Err(_) => Err(ConnectError::Lost {
            host: host.to_owned(),
        }
        .into()),
    }
}

struct Reader {
    body: Incoming,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line end.
    searched: usize,
    host: String,
    finished: bool,
}

/// The lines of a body. It ends with the body; an interrupted one ends with an error.
fn lines(body: Incoming, host: String) -> Lines {
    let reader = Reader {
        body,
        buffer: BytesMut::new(),
        searched: 0,
        host,
        finished: false,
    };
    stream::unfold(reader, |mut reader| async move {
        let item = reader.next_line().await?;
        reader.finished |= item.is_err();
        Some((item, reader))
    })
    .boxed()
}

impl Reader {
    async fn next_line(&mut self) -> Option<Result<BytesMut, ClientError>> {
        loop {
            if self.finished {
                return None;
            }
            if let Some(line) = self.take_line() {
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return Some(Ok(line));
            }
            if self.buffer.len() > LONGEST_LINE {
                return Some(Err(ClientError::Answer {
                    reason: "a line is longer than 1 MiB".to_owned(),
                }));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => self.buffer.extend(frame.into_data().ok()),
                Some(Err(error)) if is_broken_off(&error) => {
                    return Some(Err(ClientError::BrokenOff {
                        host: self.host.clone(),
                    }));
                }
                Some(Err(_)) => {
                    return Some(Err(ConnectError::Lost {
                        host: self.host.clone(),
                    }
                    .into()));
                }
                None if self.buffer.is_empty() => return None,
                None => {
                    return Some(Err(ConnectError::Lost {
                        host: self.host.clone(),
                    }
                    .into()));
                }
            }
        }
    }

    fn take_line(&mut self) -> Option<BytesMut> {
        let end = self
            .buffer
            .get(self.searched..)?
            .iter()
            .position(|byte| *byte == b'\n');
        match end {
            Some(at) => {
                let line = self.buffer.split_to(self.searched + at + 1);
                self.searched = 0;
                Some(line)
            }
            None => {
                self.searched = self.buffer.len();
                None
            }
        }
    }
}

/// Whether the agent itself ended this one stream, and the link stands.
fn is_broken_off(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<h2::Error>());
    cause.is_some_and(|cause| cause.is_reset() && cause.is_remote())
}

pub(crate) fn unreadable(error: serde_json::Error) -> ClientError {
    // The position only: the message of serde can quote the content.
    ClientError::Answer {
        reason: format!(
            "unexpected content at line {}, column {}",
            error.line(),
            error.column()
        ),
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
