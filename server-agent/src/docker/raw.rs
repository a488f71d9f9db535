//! The one call that the Docker library's model does not carry: JSON read as it is.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper_util::rt::TokioIo;

use super::{Docker, DockerError};

/// An answer is at most this large, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

impl Docker {
    /// `GET path` on the engine's socket. `path` is made by us, with encoded filters.
    pub(super) async fn get_json(&self, path: &str) -> Result<serde_json::Value, DockerError> {
        let exchange = async {
            let stream = tokio::net::UnixStream::connect(self.socket())
                .await
                .map_err(unreachable)?;
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
                .await
                .map_err(unreachable)?;
            let driver = tokio::spawn(connection);
            let request = Request::get(path)
                .header("host", "docker")
                .body(Empty::<Bytes>::new())
                .map_err(unreachable)?;
            let answer = sender.send_request(request).await.map_err(unreachable)?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), LARGEST)
                .collect()
                .await
                .map_err(DockerError::Unreachable)?
                .to_bytes();
            driver.abort();
            let value: serde_json::Value = serde_json::from_slice(&body).map_err(unreachable)?;
            if status < 300 {
                Ok(value)
            } else {
                Err(DockerError::answered(
                    status,
                    value["message"].as_str().unwrap_or("it gave no reason"),
                ))
            }
        };
        let limit = std::time::Duration::from_secs(super::CALL_LIMIT);
        tokio::time::timeout(limit, exchange).await.map_err(unreachable)?
    }
}

fn unreachable(error: impl std::error::Error + Send + Sync + 'static) -> DockerError {
    DockerError::Unreachable(Box::new(error))
}
