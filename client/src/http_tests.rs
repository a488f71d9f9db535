use std::convert::Infallible;
use std::sync::Mutex;

use hyper::client::conn::http2 as client;
use hyper::server::conn::http2 as server;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use slipway_protocol::Endpoint;
use slipway_protocol::api::WatchChanges;
use tokio::sync::oneshot;

use super::*;

type Piece = Result<Frame<Bytes>, Broken>;

/// An agent that answers one question with what it is told to, and ends with a word; what comes of that, and the connection that it comes over.
async fn agent() -> (mpsc::Sender<Piece>, oneshot::Sender<()>, Lines, Http2) {
    let (pieces, coming) = mpsc::channel::<Piece>(1);
    let (stop, stopped) = oneshot::channel::<()>();
    let (here, there) = tokio::io::duplex(64 * 1024);
    let coming = Mutex::new(Some(coming));
    let service = service_fn(move |_: Request<Incoming>| {
        let coming = coming.lock().unwrap().take();
        let body = stream::unfold(coming, |coming| async move {
            let mut coming = coming?;
            let piece = coming.recv().await?;
            Some((piece, Some(coming)))
        });
        std::future::ready(Ok::<_, Infallible>(Response::new(StreamBody::new(body.boxed()))))
    });
    tokio::spawn(async move {
        let serving = server::Builder::new(TokioExecutor::new());
        let connection = serving.serve_connection(TokioIo::new(there), service);
        tokio::pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => {}
            _ = stopped => {
                connection.as_mut().graceful_shutdown();
                let _ = timeout(Duration::from_millis(200), connection).await;
            }
        }
    });
    let connected = client::handshake(TokioExecutor::new(), TokioIo::new(here)).await;
    let (mut http, driver) = connected.unwrap();
    tokio::spawn(driver);
    let question = WatchChanges {}.into_raw().unwrap();
    let lines = call_stream(&mut http, &question, None, None, "here").await;
    (pieces, stop, lines.unwrap(), http)
}

async fn next(lines: &mut Lines) -> Option<Result<BytesMut, ClientError>> {
    let next = timeout(Duration::from_secs(60), lines.next()).await;
    next.expect("it comes in time")
}

/// Sends a line, and sees it come.
async fn say(pieces: &mpsc::Sender<Piece>, lines: &mut Lines) {
    let line = Bytes::from_static(b"\"changed\"\n");
    pieces.send(Ok(Frame::data(line.clone()))).await.unwrap();
    let came = next(lines).await.expect("a line").unwrap();
    assert_eq!(&came[..], &line[..]);
}

/// FR-CON-08, FR-OBS-01: a stream that has ended, one that the agent breaks off, and one that goes with an agent that starts anew are told
/// apart: what is not whole never looks like it.
#[tokio::test]
async fn the_ends_of_a_stream_are_told_apart() {
    let (pieces, _stop, mut lines, _http) = agent().await;
    say(&pieces, &mut lines).await;
    drop(pieces);
    assert!(next(&mut lines).await.is_none(), "it has ended");

    let (pieces, _stop, mut lines, _http) = agent().await;
    say(&pieces, &mut lines).await;
    pieces.send(Err(Broken)).await.unwrap();
    let broken = next(&mut lines).await.expect("an error").unwrap_err();
    assert!(matches!(broken, ClientError::BrokenOff { .. }), "{broken}");
    assert!(next(&mut lines).await.is_none(), "it is told once");

    let (pieces, stop, mut lines, _http) = agent().await;
    say(&pieces, &mut lines).await;
    stop.send(()).unwrap();
    let lost = next(&mut lines).await.expect("an error").unwrap_err();
    assert!(
        matches!(lost, ClientError::Link(ConnectError::Lost { .. })),
        "{lost}"
    );
    drop(pieces);
}
