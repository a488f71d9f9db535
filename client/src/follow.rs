//! Following a deployment, a command, an application's output or the feed of changes across lost links.

use chrono::Utc;
use futures_util::stream::StreamExt;
use slipway_protocol::api::{FollowCommand, FollowDeployment, FollowLogs, ReadDeploymentLog, WatchChanges};
use slipway_protocol::command::CommandEvent;
use slipway_protocol::feed::FeedEvent;
use slipway_protocol::log_line::{ContainerLogEvent, ContainerLogLine, DeploymentEvent};
use slipway_protocol::{ApplicationId, CommandId, DeploymentId};

use crate::connection::Connection;
use crate::reading::{Events, Reading, read};

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
        let has_ended = false;
        read(self, DeploymentLog { request, has_ended })
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
            DeploymentEvent::Line(line) if self.after.is_some_and(|after| line.sequence <= after) => {
                return None;
            }
            DeploymentEvent::Line(line) => self.after = Some(line.sequence),
            DeploymentEvent::Changed(view) => self.has_ended = view.status.is_final(),
            DeploymentEvent::Ping => {}
        }
        Some(event)
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
        let ContainerLogEvent::Lines(lines) = event else {
            return Some(event);
        };
        let lines = unseen(lines, &mut self.request.after)?;
        self.request.tail = None;
        Some(ContainerLogEvent::Lines(lines))
    }

    /// Of what lies behind a time that is over, no more comes.
    fn may_end(&self) -> bool {
        self.request.until.is_some_and(|until| until <= Utc::now())
    }
}

struct DeploymentLog {
    /// What was asked for; what has been seen is behind its beginning.
    request: ReadDeploymentLog,
    has_ended: bool,
}

impl Reading for DeploymentLog {
    type Event = ContainerLogEvent;

    fn ask(&self, connection: &Connection) -> Events<ContainerLogEvent> {
        connection.stream(self.request.clone()).boxed()
    }

    fn fresh(&mut self, event: ContainerLogEvent) -> Option<ContainerLogEvent> {
        match event {
            ContainerLogEvent::Lines(lines) => {
                let lines = unseen(lines, &mut self.request.after)?;
                self.request.tail = None;
                Some(ContainerLogEvent::Lines(lines))
            }
            ContainerLogEvent::Ping => Some(ContainerLogEvent::Ping),
            ContainerLogEvent::Ended => {
                self.has_ended = true;
                Some(ContainerLogEvent::Ended)
            }
        }
    }

    fn is_over(&self) -> bool {
        self.has_ended
    }
}

/// The lines behind the last one that was seen, if there are any. From now on they were.
fn unseen(mut lines: Vec<ContainerLogLine>, after: &mut Option<u64>) -> Option<Vec<ContainerLogLine>> {
    let seen = *after;
    lines.retain(|line| seen.is_none_or(|seen| line.sequence > seen));
    *after = Some(lines.last()?.sequence);
    Some(lines)
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
