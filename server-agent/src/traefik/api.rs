//! Asking Traefik: what it serves now, and whether a new task answers through it.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use slipway_protocol::Secret;

use super::{KEY_HEADER, PROBE_HEADER};

#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    #[error("Traefik does not answer on {address}; look at its service in Docker")]
    Unreachable { address: String },
    #[error("Traefik gave an answer that is not understood")]
    NotUnderstood,
    #[error("Traefik did not take up the new routes within {} s; look at its log", limit.as_secs())]
    NotTakenUp { limit: Duration },
}

/// One request at the edge takes at most this long.
const PATIENCE: Duration = Duration::from_secs(5);
/// An answer of Traefik's API is at most this large, in bytes.
const LARGEST_ANSWER: usize = 32 * 1024 * 1024;

/// Traefik as the agent reaches it.
pub struct EdgeApi {
    /// `host:port` of the entry point `web`.
    address: String,
    key: Secret<String>,
}

impl EdgeApi {
    pub fn new(address: String, key: Secret<String>) -> Self {
        Self { address, key }
    }

    pub fn key(&self) -> &str {
        self.key.expose()
    }

    /// Traefik runs and knows its key.
    pub async fn alive(&self) -> Result<(), EdgeError> {
        self.api("/api/version").await.map(|_| ())
    }

    /// The servers that Traefik sends a service's requests to; `None` when it does not know the service.
    pub async fn servers(&self, service: &str) -> Result<Option<BTreeSet<String>>, EdgeError> {
        let Some(value) = self.api(&format!("/api/http/services/{service}@file")).await? else {
            return Ok(None);
        };
        let servers = value["loadBalancer"]["servers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        Ok(Some(
            servers
                .iter()
                .filter_map(|server| server["url"].as_str().map(str::to_owned))
                .collect(),
        ))
    }

    /// Waits until Traefik sends the service's requests to exactly these servers.
    pub async fn wait_until_served(
        &self,
        service: &str,
        servers: &[String],
        limit: Duration,
    ) -> Result<(), EdgeError> {
        let wanted: BTreeSet<String> = servers.iter().cloned().collect();
        let wait = async {
            loop {
                if matches!(self.servers(service).await, Ok(Some(now)) if now == wanted) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        };
        tokio::time::timeout(limit, wait)
            .await
            .map_err(|_| EdgeError::NotTakenUp { limit })
    }

    /// The status with which a task at its gate answers `GET path`; `None` while Traefik does not know the probe.
    pub async fn probe(&self, token: &str, path: &str) -> Result<Option<StatusCode>, EdgeError> {
        let (status, from_traefik) = self
            .get(path, PROBE_HEADER, token, |status, body| {
                (status, &body[..] == b"404 page not found\n")
            })
            .await?;
        Ok((!(status == StatusCode::NOT_FOUND && from_traefik)).then_some(status))
    }

    async fn api(&self, path: &str) -> Result<Option<Value>, EdgeError> {
        self.get(path, KEY_HEADER, self.key.expose(), |status, body| match status {
            StatusCode::OK => serde_json::from_slice(&body)
                .map(Some)
                .map_err(|_| EdgeError::NotUnderstood),
            StatusCode::NOT_FOUND if body.starts_with(b"{") => Ok(None),
            _ => Err(EdgeError::NotUnderstood),
        })
        .await?
    }

    async fn get<T>(
        &self,
        path: &str,
        header: &str,
        value: &str,
        read: impl FnOnce(StatusCode, Bytes) -> T,
    ) -> Result<T, EdgeError> {
        let unreachable = || EdgeError::Unreachable {
            address: self.address.clone(),
        };
        let exchange = async {
            let stream = tokio::net::TcpStream::connect(&self.address).await.ok()?;
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
                .await
                .ok()?;
            let driver = tokio::spawn(connection);
            let request = Request::get(path)
                .header("host", "slipway.internal")
                .header(header, value)
                .body(Empty::<Bytes>::new())
                .ok()?;
            let answer = sender.send_request(request).await.ok()?;
            let status = answer.status();
            // A probe's body is of no interest beyond a little; the API's is read whole.
            let body = Limited::new(answer.into_body(), LARGEST_ANSWER)
                .collect()
                .await
                .map(|body| body.to_bytes())
                .unwrap_or_default();
            driver.abort();
            Some((status, body))
        };
        let (status, body) = tokio::time::timeout(PATIENCE, exchange)
            .await
            .ok()
            .flatten()
            .ok_or_else(unreachable)?;
        Ok(read(status, body))
    }
}
