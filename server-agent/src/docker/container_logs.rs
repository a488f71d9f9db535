//! What containers write, as the engine gives it: which containers there are, where their output lies, and the output itself.
//!
//! Output is a stream of very many small pieces. It is asked for with HTTP/1.0, whose answers are not cut into chunks, and
//! read in large pieces straight from the socket: a library's frame for each line would cost more than the line.

use std::path::PathBuf;

use bytes::{Buf, BytesMut};
use futures_util::{Stream, StreamExt};
use serde_json::Value;
use slipway_protocol::log_line::LogStream;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;

use super::raw::{self, encode};
use super::{Docker, DockerError, TASK, label};

const HEADER: usize = 8;
/// Docker cuts lines into pieces of 16 KiB; nothing it sends is much larger.
const LARGEST_PIECE: usize = 1 << 20;
/// So much is read from the socket at once, in bytes.
const READ: usize = 128 * 1024;

/// Something of a release that writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    pub source: OutputOf,
    pub application: String,
    pub task: String,
    pub ended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OutputOf {
    /// A container of this node, by its id.
    Container(String),
    /// A task of another node, by its id.
    Task(String),
}

pub struct LogRequest {
    pub service: String,
    /// Only the last lines.
    pub tail: Option<u32>,
    pub follow: bool,
}

/// What some task of a service wrote.
pub struct ServiceLine {
    pub stream: LogStream,
    pub text: String,
}

/// What happened to a container of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Started(Writer),
    /// It has ended, and all that it wrote is there.
    Ended(OutputOf),
}

impl Docker {
    /// The containers of releases on this node, ended ones too.
    pub async fn writers(&self) -> Result<Vec<Writer>, DockerError> {
        let filters = serde_json::json!({ "label": [self.own_label()] });
        let path = format!("/containers/json?all=1&filters={}", encode(&filters.to_string()));
        let list = self.get_json(&path).await?;
        let writers = list.as_array().into_iter().flatten().filter_map(|container| {
            let ended = matches!(container["State"].as_str(), Some("exited" | "dead" | "removing"));
            writer(container["Id"].as_str()?, &container["Labels"], ended)
        });
        Ok(writers.collect())
    }

    /// Starts and ends of releases' containers, from now on.
    pub async fn writer_changes(
        &self,
    ) -> Result<impl Stream<Item = Result<Change, DockerError>> + Send + use<>, DockerError> {
        let filters = serde_json::json!({
            "type": ["container"], "event": ["start", "die", "destroy"], "label": [self.own_label()]
        });
        let events = self.events(&filters, None).await?;
        Ok(events.filter_map(|event| async move { event.map(|event| change(&event)).transpose() }))
    }

    /// The tasks of releases that run on other nodes of the Swarm; none where there are no others.
    pub async fn writers_elsewhere(&self) -> Result<Vec<Writer>, DockerError> {
        let info = self.get_json("/info").await?;
        let swarm = &info["Swarm"];
        if swarm["Nodes"].as_u64().unwrap_or(1) < 2 {
            return Ok(Vec::new());
        }
        let own = swarm["NodeID"].as_str().unwrap_or_default();
        let filters = serde_json::json!({ "label": [self.own_label()], "desired-state": ["running"] });
        let path = format!("/tasks?filters={}", encode(&filters.to_string()));
        let tasks = self.get_json(&path).await?;
        let elsewhere = tasks.as_array().into_iter().flatten().filter(|task| {
            task["Status"]["State"].as_str() == Some("running") && task["NodeID"].as_str() != Some(own)
        });
        let writers = elsewhere.filter_map(|task| {
            let id = task["ID"].as_str()?.to_owned();
            let labels = &task["Spec"]["ContainerSpec"]["Labels"];
            if has_own_log(labels) {
                return None;
            }
            Some(Writer {
                application: labels[label::APPLICATION].as_str()?.to_owned(),
                source: OutputOf::Task(id.clone()),
                task: id,
                ended: false,
            })
        });
        Ok(writers.collect())
    }

    /// The file in which the engine keeps a container's output, if it is one that can be read line by line.
    pub async fn output_file(&self, container: &str) -> Result<Option<PathBuf>, DockerError> {
        let facts = self
            .get_json(&format!("/containers/{}/json", encode(container)))
            .await?;
        let is_json = facts["HostConfig"]["LogConfig"]["Type"].as_str() == Some("json-file");
        let path = facts["LogPath"].as_str().filter(|path| !path.is_empty());
        Ok(path.filter(|_| is_json).map(PathBuf::from))
    }

    /// The output since a time (nanoseconds since 1970), and what follows.
    pub async fn output(&self, of: &OutputOf, since: i64) -> Result<Output, DockerError> {
        let whose = match of {
            OutputOf::Container(id) => format!("containers/{}", encode(id)),
            OutputOf::Task(id) => format!("tasks/{}", encode(id)),
        };
        let (seconds, rest) = (since.max(0) / 1_000_000_000, since.max(0) % 1_000_000_000);
        let path = format!("/{whose}/logs?stdout=1&stderr=1&timestamps=1&follow=1&since={seconds}.{rest:09}");
        self.open_output(&path).await
    }

    /// The lines of all tasks of a service, merged by the engine. It ends with the service, or at once if it is not followed.
    pub fn logs(
        &self,
        request: LogRequest,
    ) -> impl Stream<Item = Result<ServiceLine, DockerError>> + Send + use<> {
        let docker = self.clone();
        futures_util::stream::once(async move {
            let tail = request
                .tail
                .map_or_else(|| "all".to_owned(), |lines| lines.to_string());
            let path = format!(
                "/services/{}/logs?stdout=1&stderr=1&follow={}&tail={tail}",
                encode(&request.service),
                u8::from(request.follow)
            );
            docker.open_output(&path).await
        })
        .flat_map(|opened| match opened {
            Ok(output) => service_lines(output).boxed(),
            Err(error) => futures_util::stream::iter([Err(error)]).boxed(),
        })
    }

    async fn open_output(&self, path: &str) -> Result<Output, DockerError> {
        let (socket, buffer) = raw::get_unchunked(&self.spoken().await?, path).await?;
        Ok(Output { socket, buffer })
    }
}

fn service_lines(output: Output) -> impl Stream<Item = Result<ServiceLine, DockerError>> + Send {
    futures_util::stream::try_unfold(output, |mut output| async move {
        loop {
            if let Some((stream, content)) = output.piece()? {
                let text = String::from_utf8_lossy(&content);
                let text = text.trim_end_matches(['\n', '\r']).to_owned();
                return Ok(Some((ServiceLine { stream, text }, output)));
            }
            if !output.read().await? {
                return Ok(None);
            }
        }
    })
}

/// What somebody's command writes is read by whoever may run commands, and does not stand in the application's log.
fn has_own_log(labels: &Value) -> bool {
    labels[label::COMMAND].is_string()
}

fn writer(id: &str, labels: &Value, ended: bool) -> Option<Writer> {
    if has_own_log(labels) {
        return None;
    }
    Some(Writer {
        application: labels[label::APPLICATION].as_str()?.to_owned(),
        task: labels[TASK].as_str().unwrap_or(id).to_owned(),
        source: OutputOf::Container(id.to_owned()),
        ended,
    })
}

fn change(event: &Value) -> Option<Change> {
    let actor = &event["Actor"];
    let id = actor["ID"].as_str()?;
    match event["Action"].as_str()? {
        "start" => writer(id, &actor["Attributes"], false).map(Change::Started),
        "die" | "destroy" => Some(Change::Ended(OutputOf::Container(id.to_owned()))),
        _ => None,
    }
}

/// Docker's multiplexed stream: a byte for the stream, three of zero, four for the length (big-endian), the content
/// (Docker Engine API, “Stream format”).
pub struct Output {
    socket: UnixStream,
    buffer: BytesMut,
}

impl Output {
    /// Waits for more; false at the end.
    pub async fn read(&mut self) -> Result<bool, DockerError> {
        self.buffer.reserve(READ);
        let count = self.socket.read_buf(&mut self.buffer).await;
        Ok(count.map_err(raw::unreachable)? > 0)
    }

    /// The next piece that is there whole.
    pub fn piece(&mut self) -> Result<Option<(LogStream, BytesMut)>, DockerError> {
        next_frame(&mut self.buffer)
    }

    /// Nothing waits: the memory is given back.
    pub fn rest(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }
}

fn next_frame(buffer: &mut BytesMut) -> Result<Option<(LogStream, BytesMut)>, DockerError> {
    let Some(header) = buffer.get(..HEADER) else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
    let stream = if header[0] == 2 {
        LogStream::Stderr
    } else {
        LogStream::Stdout
    };
    if length > LARGEST_PIECE {
        return Err(DockerError::Refused("its output is not in order".to_owned()));
    }
    if buffer.len() < HEADER + length {
        return Ok(None);
    }
    buffer.advance(HEADER);
    Ok(Some((stream, buffer.split_to(length))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-01: output arrives whole, however the network cut it.
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
            let mut buffer = BytesMut::new();
            let mut got = Vec::new();
            for part in [&sent[..cut], &sent[cut..]] {
                buffer.extend_from_slice(part);
                while let Some((stream, content)) = next_frame(&mut buffer).unwrap() {
                    got.push((stream, content.to_vec()));
                }
            }
            let wanted = [
                (LogStream::Stdout, b"one".to_vec()),
                (LogStream::Stderr, b"no".to_vec()),
            ];
            assert_eq!(got, wanted, "cut at {cut}");
        }
        assert!(next_frame(&mut BytesMut::from(&[1, 0, 0, 0, 255, 0, 0, 3][..])).is_err());
    }

    /// FR-OBS-01: starts and ends are told by the engine's events.
    #[test]
    fn events_are_read() {
        let start = r#"{"Type":"container","Action":"start","Actor":{"ID":"c1","Attributes":{"slipway.application":"a","com.docker.swarm.task.id":"t"}}}"#;
        let edge = r#"{"Type":"container","Action":"start","Actor":{"ID":"c2","Attributes":{"slipway.role":"edge"}}}"#;
        let command = r#"{"Type":"container","Action":"start","Actor":{"ID":"c3","Attributes":{"slipway.application":"a","slipway.command":"r"}}}"#;
        let die = r#"{"Type":"container","Action":"die","Actor":{"ID":"c1","Attributes":{"exitCode":"0"}}}"#;
        let source = OutputOf::Container("c1".to_owned());
        let started = Writer {
            source: source.clone(),
            application: "a".to_owned(),
            task: "t".to_owned(),
            ended: false,
        };
        let read = |line: &str| change(&serde_json::from_str(line).unwrap());
        assert_eq!(read(start), Some(Change::Started(started)));
        assert_eq!(read(edge), None);
        assert_eq!(read(command), None);
        assert_eq!(read(die), Some(Change::Ended(source)));
    }
}
