//! Requests over the agent's socket as bytes, good ones and bad ones, and what is promised about every answer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use slipway_protocol::Problem;
use slipway_protocol::api::STREAM_TYPE;

const PATIENCE: Duration = Duration::from_secs(120);
const STREAM: Duration = Duration::from_millis(500);
/// Words of the inside that no caller is told.
const INTERNALS: [&str; 16] = [
    "sqlx",
    "src/",
    ".rs:",
    "panic",
    "backtrace",
    "postgres",
    "relation",
    "constraint",
    "slipway_tenant",
    "memberships",
    "insert into",
    "select ",
    "encoding \"utf8\"",
    "jsonb",
    "hyper",
    "bollard",
];

pub struct Caller {
    socket: PathBuf,
    token: String,
    sender: SendRequest<Full<Bytes>>,
}

pub struct Answer {
    pub status: u16,
    media: String,
    pub body: Vec<u8>,
}

impl Caller {
    pub async fn new(socket: &Path, token: &str) -> Self {
        Self {
            socket: socket.to_owned(),
            token: token.to_owned(),
            sender: connect(socket).await,
        }
    }

    /// The same person on a connection of its own.
    pub async fn again(&self) -> Self {
        Self::new(&self.socket, &self.token).await
    }

    /// One request; an answer that does not come is the test's failure.
    pub async fn ask(&mut self, method: &str, target: &str, body: Option<Vec<u8>>) -> Answer {
        let what = format!("{method} {}", target.chars().take(200).collect::<String>());
        let body = Bytes::from(body.unwrap_or_default());
        let answer = tokio::time::timeout(PATIENCE, async {
            let used = self.sender.ready().await.is_ok();
            if !used {
                self.sender = connect(&self.socket).await;
            }
            let answer = match self.send(method, target, body.clone()).await {
                // Who refuses a request without reading its body may close the connection behind it; on a fresh one this request
                // comes first.
                Err(_) if used => {
                    self.sender = connect(&self.socket).await;
                    self.send(method, target, body).await
                }
                sent => sent,
            };
            answer.unwrap_or_else(|error| panic!("{what}: the connection was dropped: {error}"))
        });
        answer.await.unwrap_or_else(|_| panic!("{what}: no answer"))
    }

    async fn send(&mut self, method: &str, target: &str, body: Bytes) -> Result<Answer, hyper::Error> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(target)
            .header("host", "localhost")
            .header("content-type", "application/json");
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        let request = request.body(Full::new(body)).expect("a request");
        let answer = self.sender.send_request(request).await?;
        let media = answer
            .headers()
            .get("content-type")
            .and_then(|media| media.to_str().ok());
        let (status, media) = (answer.status().as_u16(), media.unwrap_or_default().to_owned());
        let whole = answer.into_body().collect();
        // A stream may go on for ever.
        let patience = if media == STREAM_TYPE { STREAM } else { PATIENCE };
        let body = match tokio::time::timeout(patience, whole).await {
            Ok(body) => body?.to_bytes().to_vec(),
            Err(_) => Vec::new(),
        };
        Ok(Answer { status, media, body })
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// What is wrong with it: it is neither done nor refused with a sentence.
    pub fn fault(&self) -> Option<String> {
        let shown: String = String::from_utf8_lossy(&self.body).chars().take(300).collect();
        let bad = |what: &str| Some(format!("{what}: {} {shown}", self.status));
        if self.status == 200 {
            return None;
        }
        if !(400..500).contains(&self.status) {
            return bad("neither done nor refused");
        }
        let Ok(problem) = serde_json::from_slice::<Problem>(&self.body) else {
            return bad("no problem document");
        };
        if self.media != "application/problem+json" {
            return bad("another media type");
        }
        let detail = &problem.detail;
        if !detail.ends_with('.') || !detail.contains(' ') || detail.chars().count() > 700 {
            return bad("no sentence");
        }
        if detail
            .chars()
            .any(|c| c.is_control() || slipway_protocol::names::is_hidden(c))
        {
            return bad("letters that hide or split");
        }
        let told = detail.to_lowercase();
        let inside = INTERNALS.iter().find(|word| told.contains(*word))?;
        bad(&format!("“{inside}” is told"))
    }
}

async fn connect(socket: &Path) -> SendRequest<Full<Bytes>> {
    let stream = tokio::net::UnixStream::connect(socket)
        .await
        .expect("the agent's socket");
    let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(connection);
    sender
}
