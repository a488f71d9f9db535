//! The calls whose answers the Docker library does not carry whole: JSON read as it is, and the stream of a service's logs.

use std::path::Path;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http_body_util::{BodyExt, BodyStream, Empty, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::upgrade::Upgraded;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio_util::task::AbortOnDropHandle;

use super::{CALL_LIMIT, Docker, DockerError, Spoken};

/// An answer that is held whole is at most this large, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;
/// The head of an answer, and the text of a refusal, in bytes.
const LARGEST_HEAD: usize = 64 * 1024;

impl Docker {
    /// `GET path` on the engine's socket. `path` is made by us, with encoded parts.
    pub(super) async fn get_json(&self, path: &str) -> Result<serde_json::Value, DockerError> {
        let spoken = self.spoken().await?;
        get_whole(&spoken.socket, &spoken.target(path)).await
    }
}

/// `GET target`, whose answer is JSON. `target` names the level of the API, or none.
pub(super) async fn get_whole(socket: &Path, target: &str) -> Result<serde_json::Value, DockerError> {
    within(async {
        let (answer, _driver) = get(socket, target).await?;
        let body = Limited::new(answer.into_body(), LARGEST).collect().await;
        let body = body.map_err(DockerError::Unreachable)?.to_bytes();
        serde_json::from_slice(&body).map_err(unreachable)
    })
    .await
}

/// `GET path` whose answer is read as it comes, for as long as it comes.
pub(super) async fn get_stream(
    spoken: &Spoken,
    path: &str,
) -> Result<impl Stream<Item = Result<Bytes, DockerError>> + Send + use<>, DockerError> {
    let (answer, driver) = within(get(&spoken.socket, &spoken.target(path))).await?;
    Ok(pieces(answer, driver))
}

/// The same of an answer whose beginning may take any time. Whoever asks has a limit of their own.
pub(super) async fn get_late_stream(
    spoken: &Spoken,
    path: &str,
) -> Result<impl Stream<Item = Result<Bytes, DockerError>> + Send + use<>, DockerError> {
    let (answer, driver) = get(&spoken.socket, &spoken.target(path)).await?;
    Ok(pieces(answer, driver))
}

/// `POST path` with a body that is sent as it is made, and an answer that is read as it comes.
pub(super) async fn post_stream<B>(
    spoken: &Spoken,
    path: &str,
    content_type: &str,
    body: B,
) -> Result<impl Stream<Item = Result<Bytes, DockerError>> + Send + use<B>, DockerError>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let request = Request::post(spoken.target(path))
        .header("host", "docker")
        .header("content-type", content_type)
        .body(body)
        .map_err(unreachable)?;
    let (answer, driver) = send(&spoken.socket, request).await?;
    Ok(pieces(answer, driver))
}

/// An answer's body as it comes.
fn pieces(
    answer: Response<Incoming>,
    driver: AbortOnDropHandle<()>,
) -> impl Stream<Item = Result<Bytes, DockerError>> + Send {
    let frames = BodyStream::new(answer.into_body());
    frames.filter_map(move |frame| {
        // The connection lives as long as the stream that reads it.
        let _driver = &driver;
        let item = match frame {
            Ok(frame) => frame.into_data().ok().map(Ok),
            Err(error) => Some(Err(unreachable(error))),
        };
        std::future::ready(item)
    })
}

/// `GET path` whose answer comes as it is, until its end: the socket, and what of the answer was read already. For answers of
/// very many small pieces, which HTTP/1.1 would put into as many chunks.
pub(super) async fn get_unchunked(
    spoken: &Spoken,
    path: &str,
) -> Result<(UnixStream, BytesMut), DockerError> {
    within(async {
        let mut socket = UnixStream::connect(&spoken.socket).await.map_err(unreachable)?;
        let target = spoken.target(path);
        let request = format!("GET {target} HTTP/1.0\r\nHost: docker\r\n\r\n");
        socket.write_all(request.as_bytes()).await.map_err(unreachable)?;
        let mut answer = BytesMut::with_capacity(4096);
        let head = loop {
            if let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
                break answer.split_to(end + 4);
            }
            let ended = socket.read_buf(&mut answer).await.map_err(unreachable)? == 0;
            if ended || answer.len() > LARGEST_HEAD {
                let reason = std::io::Error::other("its answer has no end of its head");
                return Err(unreachable(reason));
            }
        };
        let head = String::from_utf8_lossy(&head);
        let status: u16 = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(500);
        if status < 300 {
            return Ok((socket, answer));
        }
        let mut rest = socket.take(LARGEST_HEAD as u64);
        while rest.read_buf(&mut answer).await.map_err(unreachable)? > 0 {}
        Err(said(status, &answer))
    })
    .await
}

/// Sends a request after which the connection belongs to both sides, byte for byte.
pub(super) async fn upgrade(socket: &Path, request: Request<Full<Bytes>>) -> Result<Upgraded, DockerError> {
    let stream = UnixStream::connect(socket).await.map_err(unreachable)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(unreachable)?;
    // It ends by itself when the connection has been handed over, or was refused.
    tokio::spawn(connection.with_upgrades());
    let answer = sender.send_request(request).await.map_err(unreachable)?;
    if answer.status().as_u16() != 101 {
        return Err(refusal(answer).await);
    }
    hyper::upgrade::on(answer).await.map_err(unreachable)
}

/// Whether `HEAD path` is answered with success; what is not there is no error.
pub(super) async fn is_there(spoken: &Spoken, path: &str) -> Result<bool, DockerError> {
    let request = Request::head(spoken.target(path))
        .header("host", "docker")
        .body(Empty::<Bytes>::new())
        .map_err(unreachable)?;
    match within(send(&spoken.socket, request)).await {
        Ok(_) => Ok(true),
        Err(DockerError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The answer's head; an answer that is a refusal becomes an error.
async fn get(
    socket: &Path,
    target: &str,
) -> Result<(Response<Incoming>, AbortOnDropHandle<()>), DockerError> {
    let request = Request::get(target)
        .header("host", "docker")
        .body(Empty::<Bytes>::new())
        .map_err(unreachable)?;
    send(socket, request).await
}

async fn send<B>(
    socket: &Path,
    request: Request<B>,
) -> Result<(Response<Incoming>, AbortOnDropHandle<()>), DockerError>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let stream = UnixStream::connect(socket).await.map_err(unreachable)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(unreachable)?;
    let driver = AbortOnDropHandle::new(tokio::spawn(async move {
        let _ = connection.await;
    }));
    let answer = sender.send_request(request).await.map_err(unreachable)?;
    if answer.status().as_u16() < 300 {
        return Ok((answer, driver));
    }
    Err(refusal(answer).await)
}

/// What an answer that is no success says.
pub(super) async fn refusal(answer: Response<Incoming>) -> DockerError {
    let status = answer.status().as_u16();
    let body = match Limited::new(answer.into_body(), LARGEST).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return DockerError::Unreachable(error),
    };
    said(status, &body)
}

fn said(status: u16, body: &[u8]) -> DockerError {
    let said: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    DockerError::answered(status, said["message"].as_str().unwrap_or("it gave no reason"))
}

pub(super) async fn within<T>(work: impl Future<Output = Result<T, DockerError>>) -> Result<T, DockerError> {
    let limit = Duration::from_secs(CALL_LIMIT);
    tokio::time::timeout(limit, work).await.map_err(unreachable)?
}

/// A text as a part of a path or of a query.
pub(super) fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

pub(super) fn unreachable(error: impl std::error::Error + Send + Sync + 'static) -> DockerError {
    DockerError::Unreachable(Box::new(error))
}
