//! Following a deployment, a command, an application's output or the feed of changes, and reading whole logs, across lost links.

use std::time::Duration;

use chrono::Utc;
use futures_util::stream::{self, StreamExt};
use slipway_protocol::api::{FollowCommand, FollowDeployment, FollowLogs, ReadDeploymentLog, WatchChanges};
use slipway_protocol::command::CommandEvent;
use slipway_protocol::feed::FeedEvent;
use slipway_protocol::log_line::{ContainerLogEvent, ContainerLogLine, DeploymentEvent};
use slipway_protocol::{ApplicationId, CommandId, DeploymentId};
use tokio::time::timeout;

use crate::connection::Connection;
use crate::error::{ClientError, ConnectError};
use crate::reading::{Events, Reading, is_cut, passes, read};

/// Who reads what there is, and does not follow, waits no longer than this for a link to come back. While there is one the agent says
/// something every few seconds.
const PATIENCE: Duration = Duration::from_secs(300);

impl Connection {
    /// A deployment's lines after `after` and its changes, until it has ended and all was said. A lost link is waited
    /// for; silence is never taken for the end.
    pub fn follow_deployment(&self, deployment: DeploymentId, after: Option<u64>) -> Events<DeploymentEvent> {
        let reading = Deployment {
            deployment,
            after,
            has_ended: false,
        };
        read(self, reading)
    }

    /// What a command wrote after line `after` and its changes, until it has ended and all was said; in the same way.
    pub fn follow_command(&self, command: CommandId, after: Option<u64>) -> Events<CommandEvent> {
        let reading = Command {
            command,
            after,
            has_ended: false,
        };
        read(self, reading)
    }

    /// The last `tail` lines of the application's log (or those after `after`), then what follows, for ever.
    pub fn follow_logs(
        &self,
        application: ApplicationId,
        tail: Option<u32>,
        after: Option<u64>,
    ) -> Events<ContainerLogEvent> {
        self.follow_some_logs(FollowLogs {
            after,
            tail: tail.filter(|_| after.is_none()),
            ..FollowLogs::of(application)
        })
    }

    /// The lines that a request asks for, then what follows: for ever, or until the time that the request names. After a lost link it
    /// goes on behind the last line that it saw.
    pub fn follow_some_logs(&self, request: FollowLogs) -> Events<ContainerLogEvent> {
        let request = FollowLogs {
            follow: Some(true),
            ..request
        };
        read(self, Log { request })
    }

    /// The lines of a deployment's log that a request asks for, then what follows, until the deployment has ended, or nothing more of what
    /// was asked for can come. After a lost link it goes on in the same way.
    pub fn follow_deployment_log(&self, request: ReadDeploymentLog) -> Events<ContainerLogEvent> {
        let request = ReadDeploymentLog {
            follow: Some(true),
            ..request
        };
        read(self, DeploymentLog::of(request))
    }

    /// The lines that there are now of what a request asks for. After a lost link it goes on behind the last line that it saw, so that what is
    /// read has neither a gap nor a repeat; a link that stays away is an error.
    pub fn read_logs(&self, request: FollowLogs) -> Events<ContainerLogEvent> {
        let request = FollowLogs {
            follow: None,
            ..request
        };
        within(
            PATIENCE,
            read(self, Log { request }),
            self.profile().host().to_owned(),
        )
    }

    /// The same of what a deployment said.
    pub fn read_deployment_log(&self, request: ReadDeploymentLog) -> Events<ContainerLogEvent> {
        let request = ReadDeploymentLog {
            follow: None,
            ..request
        };
        within(
            PATIENCE,
            read(self, DeploymentLog::of(request)),
            self.profile().host().to_owned(),
        )
    }

    /// That something has changed on the cluster, as it happens, for ever. After a lost link it begins with a change.
    pub fn watch_changes(&self) -> Events<FeedEvent> {
        read(self, Feed)
    }
}

struct Deployment {
    deployment: DeploymentId,
    after: Option<u64>,
    has_ended: bool,
}

impl Reading for Deployment {
    type Event = DeploymentEvent;

    fn ask(&self, connection: &Connection) -> Events<DeploymentEvent> {
        let request = FollowDeployment {
            deployment: self.deployment,
            after: self.after,
        };
        connection.stream(request).boxed()
    }

    fn fresh(&mut self, event: DeploymentEvent) -> Option<DeploymentEvent> {
        match &event {
            // It is told each time, and the lines in whose place it is follow from where they were left.
            DeploymentEvent::Line(line) if line.is_instead() => {}
            DeploymentEvent::Line(line) if self.after.is_some_and(|after| line.sequence <= after) => {
                return None;
            }
            DeploymentEvent::Line(line) => self.after = Some(line.sequence),
            DeploymentEvent::Changed(view) => self.has_ended = view.status.is_final(),
            DeploymentEvent::Ping => {}
        }
        Some(event)
    }

    fn seen(&self) -> Option<u64> {
        self.after
    }

    fn may_end(&self) -> bool {
        self.has_ended
    }
}

struct Command {
    command: CommandId,
    after: Option<u64>,
    has_ended: bool,
}

impl Reading for Command {
    type Event = CommandEvent;

    fn ask(&self, connection: &Connection) -> Events<CommandEvent> {
        let request = FollowCommand {
            command: self.command,
            after: self.after,
        };
        connection.stream(request).boxed()
    }

    fn fresh(&mut self, event: CommandEvent) -> Option<CommandEvent> {
        match event {
            CommandEvent::Lines(lines) => unseen(lines, &mut self.after).map(CommandEvent::Lines),
            CommandEvent::Changed(view) => {
                self.has_ended = view.status.is_final();
                Some(CommandEvent::Changed(view))
            }
            CommandEvent::Ping => Some(CommandEvent::Ping),
        }
    }

    fn seen(&self) -> Option<u64> {
        self.after
    }

    fn may_end(&self) -> bool {
        self.has_ended
    }
}

struct Log {
    /// What was asked for; what has been seen is behind its beginning.
    request: FollowLogs,
}

impl Reading for Log {
    type Event = ContainerLogEvent;

    fn ask(&self, connection: &Connection) -> Events<ContainerLogEvent> {
        connection.stream(self.request.clone()).boxed()
    }

    fn fresh(&mut self, event: ContainerLogEvent) -> Option<ContainerLogEvent> {
        let FollowLogs {
            after, tail, limit, ..
        } = &mut self.request;
        unseen_of(event, after, tail, limit)
    }

    fn seen(&self) -> Option<u64> {
        self.request.after
    }

    /// What is not followed ends; and of what lies behind a time that is over, no more comes.
    fn may_end(&self) -> bool {
        self.request.follow != Some(true) || self.request.until.is_some_and(|until| until <= Utc::now())
    }

    /// Who only wants what there is, is told at once that it cannot be read.
    fn outlasts(&self, error: &ClientError) -> bool {
        match self.request.follow {
            Some(true) => passes(error),
            Some(false) | None => is_cut(error),
        }
    }

    fn is_over(&self) -> bool {
        self.request.limit == Some(0)
    }
}

struct DeploymentLog {
    /// What was asked for; what has been seen is behind its beginning.
    request: ReadDeploymentLog,
    has_ended: bool,
}

impl DeploymentLog {
    fn of(request: ReadDeploymentLog) -> Self {
        Self {
            request,
            has_ended: false,
        }
    }

    fn is_followed(&self) -> bool {
        self.request.follow == Some(true)
    }
}

impl Reading for DeploymentLog {
    type Event = ContainerLogEvent;

    fn ask(&self, connection: &Connection) -> Events<ContainerLogEvent> {
        connection.stream(self.request.clone()).boxed()
    }

    fn fresh(&mut self, event: ContainerLogEvent) -> Option<ContainerLogEvent> {
        self.has_ended |= matches!(event, ContainerLogEvent::Ended);
        let ReadDeploymentLog {
            after, tail, limit, ..
        } = &mut self.request;
        unseen_of(event, after, tail, limit)
    }

    fn seen(&self) -> Option<u64> {
        self.request.after
    }

    /// Where it is followed, the agent says that it ends.
    fn may_end(&self) -> bool {
        !self.is_followed()
    }

    /// Who only wants what there is, is told at once that it cannot be read.
    fn outlasts(&self, error: &ClientError) -> bool {
        match self.is_followed() {
            true => passes(error),
            false => is_cut(error),
        }
    }

    fn is_over(&self) -> bool {
        self.has_ended || self.request.limit == Some(0)
    }
}

/// The lines of a log that were not seen yet; from now on what is asked for lies behind them, and is as much less.
fn unseen_of(
    event: ContainerLogEvent,
    after: &mut Option<u64>,
    tail: &mut Option<u32>,
    limit: &mut Option<u32>,
) -> Option<ContainerLogEvent> {
    let ContainerLogEvent::Lines(lines) = event else {
        return Some(event);
    };
    let lines = unseen(lines, after)?;
    *tail = None;
    if let Some(limit) = limit {
        *limit = limit.saturating_sub(u32::try_from(lines.len()).unwrap_or(u32::MAX));
    }
    Some(ContainerLogEvent::Lines(lines))
}

/// The lines behind the last one that was seen, if there are any. From now on they were.
fn unseen(mut lines: Vec<ContainerLogLine>, after: &mut Option<u64>) -> Option<Vec<ContainerLogLine>> {
    let seen = *after;
    lines.retain(|line| seen.is_none_or(|seen| line.sequence > seen));
    *after = Some(lines.last()?.sequence);
    Some(lines)
}

/// The same events; an error is the last one where none comes for so long.
fn within<T: Send + 'static>(patience: Duration, events: Events<T>, host: String) -> Events<T> {
    let step = move |events: Option<Events<T>>| {
        let host = host.clone();
        async move {
            let mut events = events?;
            match timeout(patience, events.next()).await {
                Ok(item) => Some((item?, Some(events))),
                Err(_) => {
                    let seconds = patience.as_secs();
                    Some((Err(ConnectError::NoAnswer { host, seconds }.into()), None))
                }
            }
        }
    };
    stream::unfold(Some(events), step).boxed()
}

struct Feed;

impl Reading for Feed {
    type Event = FeedEvent;

    fn ask(&self, connection: &Connection) -> Events<FeedEvent> {
        connection.stream(WatchChanges {}).boxed()
    }

    fn fresh(&mut self, event: FeedEvent) -> Option<FeedEvent> {
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::deployment::Step;
    use slipway_protocol::log_line::{DeploymentLogLine, LogStream};

    use super::*;

    /// FR-CON-08, FR-DEP-13: what is told in the place of a log that cannot be read reaches the reader, whatever was seen before, and no line
    /// of the log is lost by it when the stream is asked for again.
    #[test]
    fn what_is_told_instead_of_lines_hides_none_of_them() {
        let line = |sequence| {
            DeploymentEvent::Line(DeploymentLogLine {
                sequence,
                at: Utc::now(),
                step: Step::Build.into(),
                stream: LogStream::System,
                text: String::new(),
            })
        };
        for seen in [None, Some(7)] {
            let mut reading = Deployment {
                deployment: "018f0000-0000-7000-8000-000000000001".parse().unwrap(),
                after: seen,
                has_ended: false,
            };
            for _ in 0..2 {
                assert!(reading.fresh(line(DeploymentLogLine::INSTEAD)).is_some());
                assert_eq!(reading.seen(), seen);
            }
            let next = seen.unwrap_or(0) + 1;
            assert!(reading.fresh(line(next)).is_some());
            assert!(reading.fresh(line(next)).is_none(), "it was seen");
        }
    }

    /// FR-CON-08: a log that is read, and not followed, does not wait for ever for a link that stays away.
    #[tokio::test(start_paused = true)]
    async fn a_link_that_stays_away_is_an_error() {
        let silence: Events<ContainerLogEvent> = stream::pending().boxed();
        let pings = stream::iter([Ok(ContainerLogEvent::Ping)]).chain(silence);
        let mut events = within(PATIENCE, pings.boxed(), "example.org".to_owned());
        assert!(matches!(events.next().await, Some(Ok(ContainerLogEvent::Ping))));
        let error = events.next().await.and_then(Result::err);
        let error = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("300 seconds"), "{error}");
        assert!(events.next().await.is_none());
    }
}
