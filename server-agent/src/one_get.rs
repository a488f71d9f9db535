//! One `GET` over a stream that there is, and the beginning of its answer.

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Whom the agent asks for: tasks at the gate, and later, hear the same name.
const HOST: &str = "slipway.internal";

/// Asks for `path`, and reads at most `largest` bytes of the body. Nothing where the other side does not speak HTTP to the end of its
/// answer's head. Has no end in time of its own.
pub async fn get(
    stream: TcpStream,
    path: &str,
    header: Option<(&str, &str)>,
    largest: usize,
) -> Option<(StatusCode, Bytes)> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .ok()?;
    let driver = tokio::spawn(connection);
    let mut request = Request::get(path).header("host", HOST);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let request = request.body(Empty::<Bytes>::new()).ok()?;
    let answered = sender.send_request(request).await;
    let read = match answered {
        Ok(answer) => {
            let status = answer.status();
            Some((status, beginning(answer.into_body(), largest).await))
        }
        Err(_) => None,
    };
    driver.abort();
    read
}

/// The first `largest` bytes of a body, however long it is.
async fn beginning(mut body: Incoming, largest: usize) -> Bytes {
    let mut read = BytesMut::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            read.extend_from_slice(&data[..data.len().min(largest - read.len())]);
        }
        if read.len() >= largest {
            break;
        }
    }
    read.freeze()
}
