//! A body of plain bytes, read as it comes and never held whole.

use axum::body::BodyDataStream;
use bytes::Bytes;
use futures_util::StreamExt;
use slipway_protocol::ErrorCode;

use super::ApiError;

/// The body of a call that declares `bytes`.
pub struct Piece {
    frames: BodyDataStream,
    most: usize,
    read: usize,
}

impl Piece {
    /// At most `most` bytes are handed out; one more is an error.
    pub(super) fn new(frames: BodyDataStream, most: usize) -> Self {
        Self {
            frames,
            most,
            read: 0,
        }
    }

    /// What comes next; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, ApiError>> {
        let bytes = match self.frames.next().await? {
            Ok(bytes) => bytes,
            // Nobody is left to read the answer.
            Err(_) => {
                return Some(Err(ApiError::invalid(
                    "The request broke off in the middle; send it again.",
                )));
            }
        };
        self.read += bytes.len();
        if self.read > self.most {
            let detail = format!("The piece is larger than {} bytes; send less at once.", self.most);
            return Some(Err(ApiError::new(ErrorCode::TooLarge, detail)));
        }
        Some(Ok(bytes))
    }
}
