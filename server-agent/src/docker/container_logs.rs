//! What an application's containers write, with the time as the place to go on from.
//!
//! Spoken without bollard, whose options leave out the details that name a line's task.

use std::path::Path;

use bytes::{Buf, Bytes, BytesMut};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use slipway_protocol::log_line::{ContainerLogLine, LogStream};

use super::raw::encode;
use super::{Docker, DockerError, raw};

pub struct LogRequest {
    pub service: String,
    /// Only what was written after this time, in nanoseconds since 1970.
    pub after: Option<u64>,
    /// Only the last lines.
    pub tail: Option<u32>,
    pub follow: bool,
}

impl LogRequest {
    fn target(&self) -> String {
        // The engine's resolution here is the second; what was seen already is left out later.
        let since = self.after.unwrap_or(0) / 1_000_000_000;
        let tail = self
            .tail
            .map_or_else(|| "all".to_owned(), |lines| lines.to_string());
        format!(
            "/services/{}/logs?stdout=1&stderr=1&timestamps=1&details=1&follow={}&since={since}&tail={tail}",
            encode(&self.service),
            u8::from(self.follow)
        )
    }
}

impl Docker {
    /// The lines of all tasks of a service, merged by the engine.
    pub fn logs(
        &self,
        request: LogRequest,
    ) -> impl Stream<Item = Result<ContainerLogLine, DockerError>> + Send + use<> {
        let (sender, receiver) = tokio::sync::mpsc::channel(256);
        let socket = self.socket().to_owned();
        tokio::spawn(async move {
            // Whoever reads may go at any time, also while nothing is written.
            tokio::select! {
                result = pass_on(&socket, &request, &sender) => {
                    if let Err(error) = result {
                        let _ = sender.send(Err(error)).await;
                    }
                }
                () = sender.closed() => {}
            }
        });
        tokio_stream::wrappers::ReceiverStream::new(receiver)
    }
}

async fn pass_on(
    socket: &Path,
    request: &LogRequest,
    to: &tokio::sync::mpsc::Sender<Result<ContainerLogLine, DockerError>>,
) -> Result<(), DockerError> {
    let mut bytes = Box::pin(raw::get_stream(socket, &request.target()).await?);
    let mut frames = Frames::default();
    let after = request.after.unwrap_or(0);
    while let Some(chunk) = bytes.next().await {
        frames.push(&chunk?);
        while let Some((stream, content)) = frames.next() {
            let Some(line) = parse(stream, &content).filter(|line| line.sequence > after) else {
                continue;
            };
            if to.send(Ok(line)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Docker's multiplexed stream: a byte for the stream, three of zero, four for the length (big-endian), the content
/// (Docker Engine API, “Stream format”).
#[derive(Default)]
struct Frames(BytesMut);

impl Frames {
    fn push(&mut self, chunk: &[u8]) {
        self.0.extend_from_slice(chunk);
    }

    fn next(&mut self) -> Option<(LogStream, Bytes)> {
        const HEADER: usize = 8;
        let header: [u8; HEADER] = self.0.get(..HEADER)?.try_into().ok()?;
        let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        let length = usize::try_from(length).ok()?;
        if self.0.len() < HEADER + length {
            return None;
        }
        self.0.advance(HEADER);
        let stream = if header[0] == 2 {
            LogStream::Stderr
        } else {
            LogStream::Stdout
        };
        Some((stream, self.0.split_to(length).freeze()))
    }
}

/// The detail that names the task which wrote a line.
const TASK_DETAIL: &str = "com.docker.swarm.task.id=";
/// So many characters of a task's id are shown: enough to tell replicas apart.
const TASK_LETTERS: usize = 8;

/// A line as the engine sends it with times and details: `TIME KEY=VALUE,KEY=VALUE TEXT`.
fn parse(stream: LogStream, content: &[u8]) -> Option<ContainerLogLine> {
    let line = String::from_utf8_lossy(content);
    let (time, rest) = line.split_once(' ')?;
    let (details, text) = rest.split_once(' ')?;
    let at: DateTime<Utc> = time.parse().ok()?;
    let sequence = u64::try_from(at.timestamp_nanos_opt()?).ok()?;
    let task = details
        .split(',')
        .find_map(|detail| detail.strip_prefix(TASK_DETAIL))
        .unwrap_or_default();
    Some(ContainerLogLine {
        sequence,
        at,
        task: task.chars().take(TASK_LETTERS).collect(),
        stream,
        text: text.trim_end_matches(['\n', '\r']).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-01: a line is told apart from its time and from the task that wrote it, whatever it holds.
    #[test]
    fn a_line_is_taken_apart() {
        let sent = "2026-01-02T03:04:05.000000007Z com.docker.swarm.node.id=n,com.docker.swarm.task.id=abcdefghijkl say a=b, c  d\n";
        let line = parse(LogStream::Stderr, sent.as_bytes()).unwrap();
        assert_eq!(
            (line.task.as_str(), line.text.as_str(), line.stream),
            ("abcdefgh", "say a=b, c  d", LogStream::Stderr)
        );
        assert_eq!(line.sequence % 1_000_000_000, 7);
        let empty = b"2026-01-02T03:04:05Z com.docker.swarm.task.id=x \n";
        assert_eq!(parse(LogStream::Stdout, empty).unwrap().text, "");
    }

    /// FR-OBS-01: lines arrive whole, however the network cut them.
    #[test]
    fn frames_are_put_together() {
        let sent = [
            &[1, 0, 0, 0, 0, 0, 0, 3][..],
            b"one",
            &[2, 0, 0, 0, 0, 0, 0, 2],
            b"no",
        ]
        .concat();
        for cut in 0..sent.len() {
            let mut frames = Frames::default();
            let mut got = Vec::new();
            for part in [&sent[..cut], &sent[cut..]] {
                frames.push(part);
                while let Some((stream, content)) = frames.next() {
                    got.push((stream, content.to_vec()));
                }
            }
            let wanted = [
                (LogStream::Stdout, b"one".to_vec()),
                (LogStream::Stderr, b"no".to_vec()),
            ];
            assert_eq!(got, wanted, "cut at {cut}");
        }
    }
}
