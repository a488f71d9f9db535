//! What an application's containers wrote: read from the store, searched there, and followed.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::Stream;
use slipway_protocol::ErrorCode;
use slipway_protocol::api::FollowLogs;
use slipway_protocol::log_line::{ContainerLogEvent, ContainerLogLine};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;

use super::{ApiError, Call};
use crate::db::applications;
use crate::logs::{Filter, From, LogError, Reading, Step, Wanted};

/// Lines that are sent when nothing says how many.
const TAIL: u32 = 500;
const PING: Duration = Duration::from_secs(5);
/// A message holds at most so many lines, and so many bytes of text if it holds more than one.
const LINES: usize = 1000;
const TEXT: usize = 96 * 1024;
/// Messages that wait for a slow reader.
const WAITING: usize = 4;

pub async fn follow_logs(
    call: Call,
    request: FollowLogs,
) -> Result<impl Stream<Item = ContainerLogEvent> + use<>, ApiError> {
    let mut tx = call.begin().await?;
    applications::find(&mut tx, request.application)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    drop(tx);
    let filter = Filter::new(wanted(&request)).map_err(ApiError::invalid)?;
    let logs = call.app.logs.clone();
    let application = request.application;
    let log = tokio::task::spawn_blocking(move || logs.of(application)).await;
    let log = log
        .map_err(|error| ApiError::internal(&error))?
        .map_err(|error| unreadable(&error))?;
    let from = match (request.after, request.tail, request.since) {
        (Some(number), _, _) => From::After(number),
        (None, Some(count), _) => From::Last(count),
        (None, None, Some(_)) => From::Oldest,
        (None, None, None) => From::Last(TAIL),
    };
    let news = log.news();
    let reading = Reading::new(log, filter, from, request.before, request.limit);
    let (sender, receiver) = mpsc::channel(WAITING);
    // What lies behind a time that is over will not come any more.
    let follow = request.follow.unwrap_or(false) && request.until.is_none_or(|until| until > Utc::now());
    let reader = Reader {
        sender,
        news,
        follow,
        until: request.until,
        told: Instant::now(),
    };
    tokio::spawn(async move {
        // For a reader the stream ends, and it asks again.
        if let Err(error) = reader.run(reading).await {
            tracing::warn!(application = %application, %error, "reading a log broke off");
        }
    });
    Ok(ReceiverStream::new(receiver))
}

fn wanted(request: &FollowLogs) -> Wanted {
    let nanoseconds = |time: &DateTime<Utc>| time.timestamp_nanos_opt();
    Wanted {
        contains: request.contains.clone(),
        regex: request.regex.clone(),
        level: request.level,
        stream: request.stream,
        task: request.task.clone(),
        since: request.since.as_ref().and_then(nanoseconds),
        until: request.until.as_ref().and_then(nanoseconds),
    }
}

pub(super) fn unreadable(error: &std::io::Error) -> ApiError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        let detail = "The disk of the server is full, so the application's log cannot be opened; free some space and try again.";
        return ApiError::new(ErrorCode::Unavailable, detail);
    }
    ApiError::internal(error)
}

struct Reader {
    sender: mpsc::Sender<ContainerLogEvent>,
    news: watch::Receiver<u64>,
    follow: bool,
    until: Option<DateTime<Utc>>,
    /// When the reader was last told something.
    told: Instant,
}

impl Reader {
    /// Reads block by block. Whoever has gone is noticed at each step, also in a long search.
    async fn run(mut self, mut reading: Reading) -> Result<(), LogError> {
        loop {
            self.news.mark_unchanged();
            let step;
            (reading, step) = read(reading).await?;
            for lines in messages(step.lines) {
                if !self.send(ContainerLogEvent::Lines(lines)).await {
                    return Ok(());
                }
            }
            if step.done || step.at_end && !self.follow {
                return Ok(());
            }
            if step.at_end && !self.wait().await {
                return Ok(());
            }
            if self.told.elapsed() >= PING && !self.send(ContainerLogEvent::Ping).await {
                return Ok(());
            }
            if self.sender.is_closed() {
                return Ok(());
            }
        }
    }

    async fn send(&mut self, event: ContainerLogEvent) -> bool {
        self.told = Instant::now();
        self.sender.send(event).await.is_ok()
    }

    /// Until lines were written, or somebody should be told that the link is alive. False at the end.
    async fn wait(&mut self) -> bool {
        if self.until.is_some_and(|until| until <= Utc::now()) {
            return false;
        }
        tokio::select! {
            changed = self.news.changed() => changed.is_ok(),
            () = tokio::time::sleep_until(self.told + PING) => true,
            () = self.sender.closed() => false,
        }
    }
}

/// One step, on a thread that may wait for the disk.
pub(super) async fn read(mut reading: Reading) -> Result<(Reading, Step), LogError> {
    let stepped = tokio::task::spawn_blocking(move || {
        let step = reading.step();
        (reading, step)
    });
    match stepped.await {
        Ok((reading, step)) => Ok((reading, step?)),
        Err(error) => Err(LogError::Disk(std::io::Error::other(error))),
    }
}

/// Lines in messages of a bounded size.
pub(super) fn messages(lines: Vec<ContainerLogLine>) -> Vec<Vec<ContainerLogLine>> {
    let mut messages = Vec::new();
    let (mut message, mut size) = (Vec::new(), 0);
    for line in lines {
        if message.len() == LINES || size + line.text.len() > TEXT && !message.is_empty() {
            messages.push(std::mem::take(&mut message));
            size = 0;
        }
        size += line.text.len();
        message.push(line);
    }
    if !message.is_empty() {
        messages.push(message);
    }
    messages
}
