//! Answers without an end: numbered events, and bytes that are each their own place modulo 251. What is missing or wrong shows.

use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::client::{Client, version, words, wrong_status};
use super::lasting::{Kind, SILENCE};
use super::report::LastedEnd;

pub struct Stream {
    pub version: String,
    body: Incoming,
    check: Check,
}

enum Check {
    /// The number of the last event, and what came of the next line.
    Events { last: u64, line: Vec<u8> },
    /// How many bytes have come.
    Bytes { place: u64 },
}

pub async fn open(client: &Client, kind: Kind) -> Result<Stream, String> {
    let (path, check) = match kind {
        Kind::Bytes => ("/stream", Check::Bytes { place: 0 }),
        Kind::Events | Kind::Socket => {
            let line = Vec::new();
            ("/events", Check::Events { last: 0, line })
        }
    };
    let answer = client.open(path, &[("accept", "*/*")]).await?;
    let (head, body) = answer.into_parts();
    match version(&head.headers) {
        Some(version) if head.status == http::StatusCode::OK => Ok(Stream { version, body, check }),
        _ => Err(wrong_status(head.status, &head.headers)),
    }
}

impl Stream {
    /// Reads until it ends, or the load does.
    pub async fn follow(&mut self, stopped: impl Fn() -> bool) -> LastedEnd {
        loop {
            if stopped() {
                return LastedEnd::ByUs;
            }
            let frame = match tokio::time::timeout(SILENCE, self.body.frame()).await {
                Err(_) => return LastedEnd::Cut(format!("silent for {} s", SILENCE.as_secs())),
                // hyper says so only when the last, empty chunk has come.
                Ok(None) => return LastedEnd::Properly,
                Ok(Some(Err(error))) => return LastedEnd::Cut(words("broke off", &error)),
                Ok(Some(Ok(frame))) => frame,
            };
            let data = frame.into_data().unwrap_or_default();
            if let Err(reason) = self.check.take(&data) {
                return LastedEnd::Cut(reason);
            }
        }
    }
}

impl Check {
    fn take(&mut self, data: &[u8]) -> Result<(), String> {
        match self {
            Self::Bytes { place } => {
                let right = data
                    .iter()
                    .zip(*place..)
                    .all(|(byte, at)| u64::from(*byte) == at % 251);
                *place += data.len() as u64;
                right.then_some(()).ok_or("wrong bytes".to_owned())
            }
            Self::Events { last, line } => {
                for byte in data {
                    if *byte != b'\n' {
                        line.push(*byte);
                        continue;
                    }
                    let whole = String::from_utf8_lossy(line).into_owned();
                    line.clear();
                    let Some(number) = whole.strip_prefix("data: ") else {
                        continue;
                    };
                    *last += 1;
                    if number.parse() != Ok(*last) {
                        return Err(format!("event {number} came where {last} was next"));
                    }
                }
                Ok(())
            }
        }
    }
}
