//! What an application's containers wrote, and what a deployment said: read from the store, searched there, and followed.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::Stream;
use slipway_protocol::api::{FollowLogs, ReadDeploymentLog};
use slipway_protocol::deployment::DeploymentStatus;
use slipway_protocol::log_line::{ContainerLogEvent, ContainerLogLine};
use slipway_protocol::{DeploymentId, ErrorCode};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use uuid::Uuid;

use super::applications::row;
use super::broken_off::{BrokenOff, Events, sent_by};
use super::deployments::{one, status};
use super::following::{Followed, PING, follow};
use super::looks::Looks;
use super::{ApiError, Call};
use crate::app::App;
use crate::db::Tx;
use crate::deploy::old_logs::{self, NoLog};
use crate::logs::{AppLog, Filter, From, LogError, LogOf, Reading, Wanted};

/// Lines that are sent when nothing says how many.
const TAIL: u32 = 500;
/// A message holds at most so many lines, and so many bytes of text if it holds more than one.
const LINES: usize = 1000;
const TEXT: usize = 96 * 1024;
/// Messages that wait for a slow reader.
pub(super) const WAITING: usize = 4;

pub async fn follow_logs(
    call: Call,
    request: FollowLogs,
) -> Result<impl Stream<Item = Result<ContainerLogEvent, BrokenOff>> + use<>, ApiError> {
    let mut tx = call.begin().await?;
    row(&mut tx, request.application).await?;
    drop(tx);
    let filter = understood(Wanted {
        contains: request.contains,
        regex: request.regex,
        level: request.level,
        stream: request.stream,
        task: request.task,
        since: nanoseconds(request.since),
        until: nanoseconds(request.until),
    })?;
    let log = open(&call.app, request.application.into()).await?;
    let from = from(request.after, request.tail, request.since);
    let reading = Reading::new(log, filter, from, request.before, request.limit);
    // What lies behind a time that is over will not come any more.
    let follow = request.follow.unwrap_or(false) && request.until.is_none_or(|until| until > Utc::now());
    Ok(lines_of(Looks::of(&call)?, reading, follow, request.until))
}

pub async fn read_deployment_log(
    call: Call,
    request: ReadDeploymentLog,
) -> Result<impl Stream<Item = Result<ContainerLogEvent, BrokenOff>> + use<>, ApiError> {
    let mut tx = call.begin().await?;
    one(&mut tx, request.deployment).await?;
    drop(tx);
    let filter = understood(Wanted {
        contains: request.contains,
        regex: request.regex,
        level: request.level,
        stream: request.stream,
        task: request.step.map(|step| step.as_str().to_owned()),
        since: nanoseconds(request.since),
        until: nanoseconds(request.until),
    })?;
    let log = of_deployment(&call.app, request.deployment).await?;
    let from = from(request.after, request.tail, request.since);
    let reading = Reading::new(log, filter, from, request.before, request.limit);
    if !request.follow.unwrap_or(false) {
        return Ok(lines_of(Looks::of(&call)?, reading, false, request.until));
    }
    let search = Search {
        deployment: request.deployment,
        until: request.until,
    };
    follow(call, search, Some(reading))
}

/// The log of an application or of a command. The caller may read it.
pub(super) async fn open(app: &App, log: LogOf) -> Result<Arc<AppLog>, ApiError> {
    let logs = app.logs.clone();
    let opened = tokio::task::spawn_blocking(move || logs.of(log)).await;
    opened
        .map_err(|error| ApiError::internal(&error))?
        .map_err(|error| unreadable(&error, log))
}

/// A deployment's log. The caller may read it.
async fn of_deployment(app: &App, id: DeploymentId) -> Result<Arc<AppLog>, ApiError> {
    old_logs::open(app, id).await.map_err(|error| match error {
        NoLog::Disk(error) => unreadable(&error, id.into()),
        NoLog::Database(error) => error.into(),
        NoLog::NotTaken => ApiError::new(ErrorCode::Unavailable, no_room_for(id.into())),
    })
}

fn understood(wanted: Wanted) -> Result<Filter, ApiError> {
    Filter::new(wanted).map_err(ApiError::invalid)
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

/// What is looked for in the log of a deployment that may go on.
struct Search {
    deployment: DeploymentId,
    until: Option<DateTime<Utc>>,
}

impl Followed for Search {
    type State = DeploymentStatus;
    type Event = ContainerLogEvent;

    const WAITING: usize = WAITING;
    const PING: ContainerLogEvent = ContainerLogEvent::Ping;

    fn id(&self) -> Uuid {
        self.deployment.uuid()
    }

    async fn look(&self, tx: &mut Tx) -> Result<DeploymentStatus, ApiError> {
        status(tx, self.deployment).await
    }

    async fn is_over(&self, tx: &mut Tx) -> Result<bool, ApiError> {
        Ok(self.has_ended(&self.look(tx).await?))
    }

    fn has_ended(&self, status: &DeploymentStatus) -> bool {
        status.is_final() || self.until.is_some_and(|until| until <= Utc::now())
    }

    fn lines(&mut self, lines: Vec<ContainerLogLine>) -> Vec<ContainerLogEvent> {
        let messages = messages(lines).into_iter();
        messages.map(ContainerLogEvent::Lines).collect()
    }

    /// Whoever looks for something hears of the deployment elsewhere.
    fn changed(&self, _: &DeploymentStatus) -> Option<ContainerLogEvent> {
        None
    }

    fn end(&self) -> Option<ContainerLogEvent> {
        Some(ContainerLogEvent::Ended)
    }
}

/// What a log holds; where it is followed, then what is written after that, until a time if there is one.
fn lines_of(
    looks: Looks,
    reading: Reading,
    follow: bool,
    until: Option<DateTime<Utc>>,
) -> Events<ContainerLogEvent> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let reader = Reader {
        looks,
        sender,
        news: reading.news(),
        follow,
        until,
        told: Instant::now(),
    };
    let log = reading.whose();
    let task = tokio::spawn(async move {
        // For a reader the stream breaks off, and it asks again.
        reader.run(reading).await.map_err(|error| {
            tracing::warn!(%log, %error, "reading a log broke off");
            BrokenOff
        })
    });
    sent_by(receiver, task)
}

fn unreadable(error: &std::io::Error, log: LogOf) -> ApiError {
    if is_full(error) {
        return ApiError::new(ErrorCode::Unavailable, no_room_for(log));
    }
    ApiError::internal(error)
}

pub(super) fn is_full(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
    )
}

pub(super) fn no_room_for(log: LogOf) -> String {
    let whose = match log {
        LogOf::Application(_) => "application",
        LogOf::Command(_) => "command",
        LogOf::Deployment(_) => "deployment",
    };
    format!(
        "The disk of the server is full, so the {whose}'s log cannot be opened; free some space and try again."
    )
}

struct Reader {
    looks: Looks,
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
            let Some((place, step)) = self.looks.step(reading, &self.sender).await? else {
                return Ok(());
            };
            reading = place;
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

#[cfg(test)]
mod tests {
    use slipway_protocol::{ApplicationId, CommandId};

    use super::*;

    /// FR-OBS-01, NFR-U2: whose log has no room is told for each kind of log.
    #[test]
    fn a_full_disk_names_whose_log_it_is() {
        let id = "018f0000-0000-7000-8000-000000000001";
        let (application, command): (ApplicationId, CommandId) = (id.parse().unwrap(), id.parse().unwrap());
        let deployment: DeploymentId = id.parse().unwrap();
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let logs: [(LogOf, &str); 3] = [
            (application.into(), "the application's log"),
            (command.into(), "the command's log"),
            (deployment.into(), "the deployment's log"),
        ];
        for (log, whose) in logs {
            let told = unreadable(&full, log).problem;
            assert!(told.detail.contains(whose), "{}", told.detail);
            assert_eq!(told.code, ErrorCode::Unavailable);
        }
    }
}
