//! What an application's containers write, with the time as the place to go on from.

use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use slipway_protocol::log_line::{ContainerLogLine, LogStream};

use super::{Docker, DockerError};

pub struct LogRequest {
    pub service: String,
    /// Only what was written after this time, in nanoseconds since 1970.
    pub after: Option<u64>,
    /// Only the last lines.
    pub tail: Option<u32>,
    pub follow: bool,
}

impl Docker {
    /// The lines of all tasks of a service, merged by the engine.
    pub fn logs(
        &self,
        request: LogRequest,
    ) -> impl Stream<Item = Result<ContainerLogLine, DockerError>> + Send + use<> {
        let mut options = LogsOptionsBuilder::default()
            .stdout(true)
            .stderr(true)
            .timestamps(true)
            .follow(request.follow);
        if let Some(after) = request.after {
            // The engine's resolution here is the second; what was seen already is left out below.
            options = options.since(i32::try_from(after / 1_000_000_000).unwrap_or(i32::MAX));
        }
        let tail = request
            .tail
            .map_or_else(|| "all".to_owned(), |lines| lines.to_string());
        let options = options.tail(&tail).build();
        let after = request.after.unwrap_or(0);
        let api = self.api.clone();
        let stream = async_stream(api, request.service, options);
        stream.filter_map(move |line| async move {
            match line {
                Ok(output) => parse(output).filter(|line| line.sequence > after).map(Ok),
                Err(error) => Some(Err(error.into())),
            }
        })
    }
}

/// Owns the connection for as long as the lines are read.
fn async_stream(
    api: bollard::Docker,
    service: String,
    options: bollard::query_parameters::LogsOptions,
) -> impl Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send + use<> {
    let (sender, receiver) = tokio::sync::mpsc::channel(256);
    tokio::spawn(async move {
        let mut lines = Box::pin(api.service_logs(&service, Some(options)));
        while let Some(line) = tokio::select! { line = lines.next() => line, () = sender.closed() => None } {
            if sender.send(line).await.is_err() {
                break;
            }
        }
    });
    tokio_stream::wrappers::ReceiverStream::new(receiver)
}

/// A line as the engine sends it: time, then (for services) details, then the text.
fn parse(output: LogOutput) -> Option<ContainerLogLine> {
    let (stream, message) = match output {
        LogOutput::StdErr { message } => (LogStream::Stderr, message),
        LogOutput::StdOut { message } | LogOutput::Console { message } => (LogStream::Stdout, message),
        LogOutput::StdIn { .. } => return None,
    };
    let text = String::from_utf8_lossy(&message);
    let (time, text) = text.split_once(' ')?;
    let at: DateTime<Utc> = time.parse().ok()?;
    let sequence = u64::try_from(at.timestamp_nanos_opt()?).ok()?;
    Some(ContainerLogLine {
        sequence,
        at,
        task: String::new(),
        stream,
        text: text.trim_end_matches(['\n', '\r']).to_owned(),
    })
}
