//! An image from one engine to another, as a stream: nobody on the way holds it whole.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body_util::StreamBody;
use hyper::body::Frame;
use serde::Deserialize;

use super::build::lines;
use super::raw::{self, encode};
use super::{Docker, DockerError};

/// On which side it failed.
#[derive(Debug)]
pub enum TransferError {
    /// Where the image comes from.
    Giving(DockerError),
    /// Where it goes.
    Taking(DockerError),
}

/// A line of the answer of the engine that takes an image.
#[derive(Deserialize)]
struct Report {
    error: Option<String>,
}

impl Docker {
    /// Gives the image of this tag to another engine, which has it under the same tag afterwards. An engine makes nothing of an image that
    /// came in part, and an image that is there already stays. `moved` counts bytes. Dropping the future ends both connections.
    pub async fn give_image(
        &self,
        to: &Docker,
        tag: &str,
        moved: Arc<AtomicU64>,
    ) -> Result<(), TransferError> {
        let spoken = self.spoken().await.map_err(TransferError::Giving)?;
        let path = format!("/images/get?names={}", encode(tag));
        let pieces = raw::get_late_stream(&spoken, &path)
            .await
            .map_err(TransferError::Giving)?;
        let broken = Arc::new(Mutex::new(None));
        let noted = Arc::clone(&broken);
        let pieces = pieces.map(move |piece| match piece {
            Ok(piece) => {
                moved.fetch_add(piece.len() as u64, Ordering::Relaxed);
                Ok(piece)
            }
            Err(error) => {
                *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Err(std::io::Error::other("the image broke off"))
            }
        });
        let taken = to.take_image(Box::pin(pieces)).await;
        let broken = broken.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Whoever takes it complains then as well, and knows less.
        match broken {
            Some(error) => Err(TransferError::Giving(error)),
            None => taken.map_err(TransferError::Taking),
        }
    }

    async fn take_image(
        &self,
        pieces: impl Stream<Item = Result<Bytes, std::io::Error>> + Send + Unpin + 'static,
    ) -> Result<(), DockerError> {
        let spoken = self.spoken().await?;
        let body = StreamBody::new(pieces.map(|piece| piece.map(Frame::data)));
        let answer = raw::post_stream(&spoken, "/images/load?quiet=1", "application/x-tar", body).await?;
        let mut reports = std::pin::pin!(lines(answer));
        while let Some(report) = reports.next().await {
            said(&report?)?;
        }
        Ok(())
    }
}

/// An error among the engine's words; whatever else it says is for people.
fn said(line: &[u8]) -> Result<(), DockerError> {
    let report: Option<Report> = serde_json::from_slice(line).ok();
    match report.and_then(|report| report.error) {
        Some(error) => Err(DockerError::answered(500, &error)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-03: what an engine says while it takes an image is an error only where it says so.
    #[test]
    fn errors_are_told_from_words() {
        assert!(said(br#"{"stream":"Loaded image: slipway/web:1\n"}"#).is_ok());
        assert!(said(b"Loaded image").is_ok());
        let refused = said(br#"{"errorDetail":{"message":"unexpected EOF"},"error":"unexpected EOF"}"#);
        assert!(matches!(refused, Err(DockerError::Refused(text)) if text == "unexpected EOF"));
        let full = said(
            br#"{"error":"Error processing tar file(exit status 1): write /a: no space left on device"}"#,
        );
        assert!(matches!(full, Err(DockerError::DiskFull)));
    }
}
