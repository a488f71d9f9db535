//! Asking Traefik: what it serves now, and whether a new task answers through it.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::Value;
use slipway_protocol::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{KEY_HEADER, PROBE_HEADER};
use crate::domain::routes::{Target, halves};
use crate::one_get;

#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    #[error("Traefik does not answer on {address}; look at its service in Docker")]
    Unreachable { address: String },
    #[error("Traefik gave an answer that is not understood")]
    NotUnderstood,
    #[error("Traefik did not take up the new routes within {} s; look at its log", limit.as_secs())]
    NotTakenUp { limit: Duration },
}

/// A task's answer at its gate.
pub struct Probed {
    pub status: StatusCode,
    /// The first 64 KiB.
    pub body: String,
}

/// So much of a task's answer is read, in bytes.
pub const LARGEST_PROBE: usize = 64 * 1024;
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

    /// Nobody gets through to it: connections are refused, or closed before there is an answer. Being slow is no refusal.
    pub async fn refuses(&self) -> bool {
        let heard = async {
            let mut stream = tokio::net::TcpStream::connect(&self.address).await?;
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
            stream.read(&mut [0; 1]).await
        };
        matches!(tokio::time::timeout(PATIENCE, heard).await, Ok(Ok(0) | Err(_)))
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

    /// Waits until Traefik shares a service's requests out as the target says, to exactly its servers.
    pub async fn wait_until_served(
        &self,
        service: &str,
        target: &Target,
        limit: Duration,
    ) -> Result<(), EdgeError> {
        let wait = async {
            while !self.serves(service, target).await {
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        };
        tokio::time::timeout(limit, wait)
            .await
            .map_err(|_| EdgeError::NotTakenUp { limit })
    }

    async fn serves(&self, service: &str, target: &Target) -> bool {
        let exactly = async |name: &str, servers: &[String]| {
            let wanted: BTreeSet<String> = servers.iter().cloned().collect();
            matches!(self.servers(name).await, Ok(Some(now)) if now == wanted)
        };
        let Some((next, share)) = &target.canary else {
            return exactly(service, &target.servers).await;
        };
        let (now_name, next_name) = halves(service);
        self.weight(service, &next_name).await == Some(u64::from(*share))
            && exactly(&now_name, &target.servers).await
            && exactly(&next_name, next).await
    }

    /// The weight of one half of a service that shares its requests out.
    async fn weight(&self, service: &str, half: &str) -> Option<u64> {
        let value = self
            .api(&format!("/api/http/services/{service}@file"))
            .await
            .ok()??;
        let halves = value["weighted"]["services"].as_array()?;
        let found = halves.iter().find(|one| {
            let name = one["name"].as_str().unwrap_or_default();
            name.strip_suffix("@file").unwrap_or(name) == half
        })?;
        found["weight"].as_u64()
    }

    /// Traefik's counters, in Prometheus' text format.
    pub async fn metrics(&self) -> Result<String, EdgeError> {
        let read = |status: StatusCode, body: Bytes| {
            (status == StatusCode::OK).then(|| String::from_utf8_lossy(&body).into_owned())
        };
        let text = self
            .get("/metrics", KEY_HEADER, self.key.expose(), LARGEST_ANSWER, read)
            .await?;
        text.ok_or(EdgeError::NotUnderstood)
    }

    /// How a task at its gate answers `GET path`; `None` while Traefik does not know the probe.
    pub async fn probe(&self, token: &str, path: &str) -> Result<Option<Probed>, EdgeError> {
        let read = |status: StatusCode, body: Bytes| {
            let from_traefik = &body[..] == b"404 page not found\n";
            let body = String::from_utf8_lossy(&body).into_owned();
            (!(status == StatusCode::NOT_FOUND && from_traefik)).then_some(Probed { status, body })
        };
        self.get(path, PROBE_HEADER, token, LARGEST_PROBE, read).await
    }

    async fn api(&self, path: &str) -> Result<Option<Value>, EdgeError> {
        let read = |status: StatusCode, body: Bytes| match status {
            StatusCode::OK => serde_json::from_slice(&body)
                .map(Some)
                .map_err(|_| EdgeError::NotUnderstood),
            StatusCode::NOT_FOUND if body.starts_with(b"{") => Ok(None),
            _ => Err(EdgeError::NotUnderstood),
        };
        self.get(path, KEY_HEADER, self.key.expose(), LARGEST_ANSWER, read)
            .await?
    }

    async fn get<T>(
        &self,
        path: &str,
        header: &str,
        value: &str,
        largest: usize,
        read: impl FnOnce(StatusCode, Bytes) -> T,
    ) -> Result<T, EdgeError> {
        let unreachable = || EdgeError::Unreachable {
            address: self.address.clone(),
        };
        let exchange = async {
            let stream = tokio::net::TcpStream::connect(&self.address).await.ok()?;
            one_get::get(stream, path, Some((header, value)), largest).await
        };
        let (status, body) = tokio::time::timeout(PATIENCE, exchange)
            .await
            .ok()
            .flatten()
            .ok_or_else(unreachable)?;
        Ok(read(status, body))
    }
}
