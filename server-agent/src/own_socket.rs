//! Asking the agent that runs here, over its own socket, from another of its subcommands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use slipway_protocol::api::GetVersion;
use slipway_protocol::endpoint::Endpoint as _;
use tokio::net::UnixStream;
use tokio_util::task::AbortOnDropHandle;

/// Such answers are short, in bytes.
const LARGEST: usize = 64 * 1024;
/// An agent that serves says its version within this.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("the agent does not answer on {socket}; start it with `systemctl start slipway-agent`")]
    Away { socket: PathBuf, source: std::io::Error },
    #[error("the agent hung up")]
    HungUp(#[source] Box<dyn std::error::Error + Send + Sync>),
}

fn hung_up(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> AskError {
    AskError::HungUp(error.into())
}

/// Sends one request without a body; its status and what came with it.
pub async fn ask(socket: &Path, request: Request<Empty<Bytes>>) -> Result<(StatusCode, Bytes), AskError> {
    let stream = UnixStream::connect(socket).await;
    let stream = stream.map_err(|source| AskError::Away {
        socket: socket.to_owned(),
        source,
    })?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(hung_up)?;
    let _driver = AbortOnDropHandle::new(tokio::spawn(connection));
    let answer = sender.send_request(request).await.map_err(hung_up)?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), LARGEST);
    Ok((status, body.collect().await.map_err(hung_up)?.to_bytes()))
}

/// Whether the agent serves. A connection alone proves nothing: the kernel takes it from the moment the socket is there, and behind it
/// the agent may still be starting, or about to give up. Its version is told by the database, too.
pub async fn answers(socket: &Path) -> bool {
    let request = Request::get(GetVersion::PATH)
        .header("host", "agent")
        .body(Empty::new());
    let Ok(request) = request else { return false };
    let asked = tokio::time::timeout(PATIENCE, ask(socket, request)).await;
    matches!(asked, Ok(Ok((StatusCode::OK, _))))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::net::UnixListener;
    use tokio_util::sync::CancellationToken;

    use super::*;

    /// FR-HST-03, FR-HST-05: an agent that has its socket and does not serve yet, or whose database is away, does not answer.
    #[tokio::test]
    async fn a_socket_alone_is_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("agent.sock");
        assert!(!answers(&socket).await);
        let listener = UnixListener::bind(&socket).unwrap();
        assert!(UnixStream::connect(&socket).await.is_ok() && !answers(&socket).await);
        drop(listener);
        for (status, wanted) in [(StatusCode::OK, true), (StatusCode::SERVICE_UNAVAILABLE, false)] {
            std::fs::remove_file(&socket).unwrap();
            let listener = UnixListener::bind(&socket).unwrap();
            let router = Router::new().route(GetVersion::PATH, get(move || async move { status }));
            let stop = CancellationToken::new();
            let serving = tokio::spawn(crate::http::serve(listener, router, stop.clone()));
            let begun = std::time::Instant::now();
            let mut answered = answers(&socket).await;
            // On a machine that is held up an answer may come too late.
            while wanted && !answered && begun.elapsed().as_secs() < 60 {
                answered = answers(&socket).await;
            }
            assert_eq!(answered, wanted, "{status}");
            stop.cancel();
            serving.await.unwrap();
        }
    }
}
