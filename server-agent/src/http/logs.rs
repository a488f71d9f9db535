//! What an application's containers wrote, and what a deployment said: read from the store, searched there, and followed.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::Stream;
use slipway_protocol::api::{FollowLogs, ReadDeploymentLog};
use slipway_protocol::log_line::{ContainerLogEvent, ContainerLogLine};
use slipway_protocol::{DeploymentId, ErrorCode};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;

use super::{ApiError, Call};
use crate::app::App;
use crate::db::{applications, deployments};
use crate::deploy::old_logs::{self, NoLog};
use crate::logs::{AppLog, Filter, From, LogError, Reading, Step, Wanted};

/// Lines that are sent when nothing says how many.
const TAIL: u32 = 500;
const PING: Duration = Duration::from_secs(5);
/// A message holds at most so many lines, and so many bytes of text if it holds more than one.
const LINES: usize = 1000;
const TEXT: usize = 96 * 1024;
/// Messages that wait for a slow reader.
const WAITING: usize = 4;

/// Which lines are asked for, of whatever log.
struct Asked {
    wanted: Wanted,
    from: From,
    before: Option<u64>,
    limit: Option<u32>,
    /// Goes on with what is written after that, until this time if there is one.
    follow: bool,
    until: Option<DateTime<Utc>>,
}

pub async fn follow_logs(
    call: Call,
    request: FollowLogs,
) -> Result<impl Stream<Item = ContainerLogEvent> + use<>, ApiError> {
    let mut tx = call.begin().await?;
    applications::find(&mut tx, request.application)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    drop(tx);
    let logs = call.app.logs.clone();
    let application = request.application;
    let log = tokio::task::spawn_blocking(move || logs.of(application)).await;
    let log = log
        .map_err(|error| ApiError::internal(&error))?
        .map_err(|error| unreadable(&error))?;
    // What lies behind a time that is over will not come any more.
    let follow = request.follow.unwrap_or(false) && request.until.is_none_or(|until| until > Utc::now());
    let asked = Asked {
        from: from(request.after, request.tail, request.since),
        before: request.before,
        limit: request.limit,
        follow,
        until: request.until,
        wanted: Wanted {
            contains: request.contains,
            regex: request.regex,
            level: request.level,
            stream: request.stream,
            task: request.task,
            since: nanoseconds(request.since),
            until: nanoseconds(request.until),
        },
    };
    lines_of(log, asked)
}

pub async fn read_deployment_log(
    call: Call,
    request: ReadDeploymentLog,
) -> Result<impl Stream<Item = ContainerLogEvent> + use<>, ApiError> {
    let mut tx = call.begin().await?;
    deployments::find(&mut tx, request.deployment)
        .await?
        .ok_or_else(|| ApiError::not_found("deployment"))?;
    drop(tx);
    let log = of_deployment(&call.app, request.deployment).await?;
    let asked = Asked {
        from: from(request.after, request.tail, request.since),
        before: request.before,
        limit: request.limit,
        follow: false,
        until: request.until,
        wanted: Wanted {
            contains: request.contains,
            regex: request.regex,
            level: request.level,
            stream: request.stream,
            task: request.step.map(|step| step.as_str().to_owned()),
            since: nanoseconds(request.since),
            until: nanoseconds(request.until),
        },
    };
    lines_of(log, asked)
}

/// A deployment's log. The caller may read it.
pub(super) async fn of_deployment(app: &App, id: DeploymentId) -> Result<Arc<AppLog>, ApiError> {
    old_logs::open(app, id).await.map_err(|error| match error {
        NoLog::Disk(error) => unreadable(&error),
        NoLog::Database(error) => error.into(),
        NoLog::NotTaken => full(),
    })
}

fn from(after: Option<u64>, tail: Option<u32>, since: Option<DateTime<Utc>>) -> From {
    match (after, tail, since) {
        (Some(number), _, _) => From::After(number),
        (None, Some(count), _) => From::Last(count),
        (None, None, Some(_)) => From::Oldest,
        (None, None, None) => From::Last(TAIL),
    }
}

fn nanoseconds(time: Option<DateTime<Utc>>) -> Option<i64> {
    time.and_then(|time| time.timestamp_nanos_opt())
}

fn lines_of(log: Arc<AppLog>, asked: Asked) -> Result<ReceiverStream<ContainerLogEvent>, ApiError> {
    let filter = Filter::new(asked.wanted).map_err(ApiError::invalid)?;
    let (news, id) = (log.news(), log.id);
    let reading = Reading::new(log, filter, asked.from, asked.before, asked.limit);
    let (sender, receiver) = mpsc::channel(WAITING);
    let reader = Reader {
        sender,
        news,
        follow: asked.follow,
        until: asked.until,
        told: Instant::now(),
    };
    tokio::spawn(async move {
        // For a reader the stream ends, and it asks again.
        if let Err(error) = reader.run(reading).await {
            tracing::warn!(log = %id, %error, "reading a log broke off");
        }
    });
    Ok(ReceiverStream::new(receiver))
}

pub(super) fn unreadable(error: &std::io::Error) -> ApiError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return full();
    }
    ApiError::internal(error)
}

fn full() -> ApiError {
    let detail = "The disk of the server is full, so the application's log cannot be opened; free some space and try again.";
    ApiError::new(ErrorCode::Unavailable, detail)
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
