//! Connections to the edge: kept-alive ones that are used again, and new ones.

use std::convert::Infallible;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;

/// The longest wait for one answer: some are asked for that the application gives after twenty seconds, and a busy machine takes its time as well.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub type Body = BoxBody<Bytes, Infallible>;

pub struct Client {
    port: u16,
    pub host: String,
    idle: Mutex<Vec<SendRequest<Body>>>,
}

impl Client {
    pub fn of(port: u16, host: &str) -> Self {
        Self {
            port,
            host: host.to_owned(),
            idle: Mutex::default(),
        }
    }

    /// A connection that is kept alive: one that is idle, or a new one.
    pub async fn kept(&self) -> Result<SendRequest<Body>, String> {
        match self.take_idle() {
            Some(sender) => Ok(sender),
            None => self.fresh().await,
        }
    }

    fn take_idle(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.lock().expect("not poisoned");
        while let Some(sender) = idle.pop() {
            if sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    /// The connection is idle again.
    pub fn keep(&self, sender: SendRequest<Body>) {
        self.idle.lock().expect("not poisoned").push(sender);
    }

    /// A new connection. It may be upgraded.
    pub async fn fresh(&self) -> Result<SendRequest<Body>, String> {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", self.port))
            .await
            .map_err(|error| words("no connection", &error))?;
        let _ = stream.set_nodelay(true);
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| words("no connection", &error))?;
        tokio::spawn(connection.with_upgrades());
        Ok(sender)
    }

    /// A GET over a new connection, up to the answer's head.
    pub async fn open(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<http::Response<Incoming>, String> {
        self.ask(http::Method::GET, path, headers, Bytes::new()).await
    }

    /// A request over a new connection, up to the answer's head.
    async fn ask(
        &self,
        method: http::Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<http::Response<Incoming>, String> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body).boxed()).expect("a request");
        let asked = async {
            let sent = self.fresh().await?.send_request(request).await;
            sent.map_err(|error| words("no answer", &error))
        };
        within(asked).await
    }
}

/// What is awaited, within the patience.
pub async fn within<T>(what: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let late = || Err(format!("no answer in {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, what)
        .await
        .unwrap_or_else(|_| late())
}

/// The version that says it has answered; only the application itself says one.
pub fn version(headers: &http::HeaderMap) -> Option<String> {
    let version = headers.get("x-version")?.to_str().ok()?;
    Some(version.to_owned())
}

/// An answer that should be another, in words.
pub fn wrong_status(status: http::StatusCode, headers: &http::HeaderMap) -> String {
    match version(headers) {
        Some(version) => format!("release {version} answered {status}"),
        None => format!("the edge answered {status}"),
    }
}

pub fn words(what: &str, error: &dyn std::error::Error) -> String {
    let mut line = format!("{what}: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        line.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    line
}

/// One GET through the edge: status and body.
pub async fn get(port: u16, host: &str, path: &str) -> Result<(u16, Vec<u8>), String> {
    let (status, _, body) = get_whole(port, host, path).await?;
    Ok((status, body))
}

/// One POST without a body through the edge: status and body.
pub async fn post(
    port: u16,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<(u16, Vec<u8>), String> {
    post_body(port, host, path, headers, Vec::new()).await
}

/// A POST with something to send.
pub async fn post_body(
    port: u16,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Result<(u16, Vec<u8>), String> {
    let client = Client::of(port, host);
    let answer = client
        .ask(http::Method::POST, path, headers, Bytes::from(body))
        .await?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await;
    let body = body.map_err(|error| words("the answer broke off", &error))?;
    Ok((status, body.to_bytes().to_vec()))
}

/// A GET, with the answer's headers.
pub async fn get_whole(port: u16, host: &str, path: &str) -> Result<(u16, http::HeaderMap, Vec<u8>), String> {
    let answer = Client::of(port, host)
        .open(path, &[("connection", "close")])
        .await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.into_body().collect().await;
    let body = body.map_err(|error| words("the answer broke off", &error))?;
    Ok((status, headers, body.to_bytes().to_vec()))
}
