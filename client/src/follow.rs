//! Following a deployment or an application's output across lost links, without a gap and without a repeat.

use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt};
use slipway_protocol::api::{FollowDeployment, FollowLogs};
use slipway_protocol::log_line::{ContainerLogEvent, DeploymentEvent};
use slipway_protocol::{ApplicationId, DeploymentId};

use crate::backoff::Backoff;
use crate::connection::Connection;
use crate::error::ClientError;

type Events<T> = BoxStream<'static, Result<T, ClientError>>;

struct DeploymentReader {
    connection: Connection,
    deployment: DeploymentId,
    after: Option<u64>,
    events: Option<Events<DeploymentEvent>>,
    has_ended: bool,
    done: bool,
    backoff: Backoff,
}

struct LogReader {
    connection: Connection,
    /// What was asked for; what has been seen is behind its beginning.
    request: FollowLogs,
    events: Option<Events<ContainerLogEvent>>,
    done: bool,
    backoff: Backoff,
}

impl Connection {
    /// A deployment's lines after `after` and its changes, until it has ended and all was said. A lost link is waited
    /// for; silence is never taken for the end.
    pub fn follow_deployment(&self, deployment: DeploymentId, after: Option<u64>) -> Events<DeploymentEvent> {
        let reader = DeploymentReader {
            connection: self.clone(),
            deployment,
            after,
            events: None,
            has_ended: false,
            done: false,
            backoff: Backoff::default(),
        };
        stream::unfold(reader, |mut reader| async move {
            let item = reader.next().await?;
            Some((item, reader))
        })
        .boxed()
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

    /// The lines that a request asks for, then what follows, for ever. After a lost link it goes on behind the last line
    /// that it saw.
    pub fn follow_some_logs(&self, request: FollowLogs) -> Events<ContainerLogEvent> {
        let reader = LogReader {
            connection: self.clone(),
            request: FollowLogs {
                follow: Some(true),
                ..request
            },
            events: None,
            done: false,
            backoff: Backoff::default(),
        };
        stream::unfold(reader, |mut reader| async move {
            let item = reader.next().await?;
            Some((item, reader))
        })
        .boxed()
    }
}

/// A broken link passes; everything else is an answer.
fn passes(error: &ClientError) -> bool {
    match error {
        ClientError::Link(error) => !error.needs_a_person(),
        ClientError::Problem(problem) => problem.code == slipway_protocol::ErrorCode::Unavailable,
        _ => false,
    }
}

async fn wait(backoff: &mut Backoff) {
    tokio::time::sleep(backoff.next(rand::random::<f64>())).await;
}

impl DeploymentReader {
    async fn next(&mut self) -> Option<Result<DeploymentEvent, ClientError>> {
        loop {
            if self.done {
                return None;
            }
            let events = self.events.get_or_insert_with(|| {
                let request = FollowDeployment {
                    deployment: self.deployment,
                    after: self.after,
                };
                self.connection.stream(request).boxed()
            });
            match events.next().await {
                Some(Ok(event)) if self.is_new(&event) => {
                    self.backoff.was_up(Duration::MAX);
                    return Some(Ok(event));
                }
                Some(Ok(_)) => {}
                None if self.has_ended => return None,
                Some(Err(error)) if !passes(&error) => {
                    self.done = true;
                    return Some(Err(error));
                }
                None | Some(Err(_)) => {
                    self.events = None;
                    wait(&mut self.backoff).await;
                }
            }
        }
    }

    fn is_new(&mut self, event: &DeploymentEvent) -> bool {
        match event {
            DeploymentEvent::Line(line) => {
                let new = self.after.is_none_or(|after| line.sequence > after);
                if new {
                    self.after = Some(line.sequence);
                }
                new
            }
            DeploymentEvent::Changed(view) => {
                self.has_ended = view.status.is_final();
                true
            }
            DeploymentEvent::Ping => true,
        }
    }
}

impl LogReader {
    async fn next(&mut self) -> Option<Result<ContainerLogEvent, ClientError>> {
        loop {
            if self.done {
                return None;
            }
            let events = self
                .events
                .get_or_insert_with(|| self.connection.stream(self.request.clone()).boxed());
            match events.next().await {
                Some(Ok(ContainerLogEvent::Lines(mut lines))) => {
                    self.backoff.was_up(Duration::MAX);
                    lines.retain(|line| self.request.after.is_none_or(|after| line.sequence > after));
                    if let Some(last) = lines.last() {
                        self.request.after = Some(last.sequence);
                        self.request.tail = None;
                        return Some(Ok(ContainerLogEvent::Lines(lines)));
                    }
                }
                Some(Ok(ContainerLogEvent::Ping)) => return Some(Ok(ContainerLogEvent::Ping)),
                Some(Err(error)) if !passes(&error) => {
                    self.done = true;
                    return Some(Err(error));
                }
                None | Some(Err(_)) => {
                    self.events = None;
                    wait(&mut self.backoff).await;
                }
            }
        }
    }
}
