//! Following a deployment: its log, and itself at each change.

use std::time::Duration;

use chrono::Utc;
use futures_util::Stream;
use futures_util::future::BoxFuture;
use slipway_protocol::DeploymentId;
use slipway_protocol::api::FollowDeployment;
use slipway_protocol::deployment::{DeploymentView, Step};
use slipway_protocol::log_line::{ContainerLogLine, DeploymentEvent, DeploymentLogLine, LogStream};
use uuid::Uuid;

use super::broken_off::BrokenOff;
use super::deployments::{one, status};
use super::following::{Followed, follow};
use super::logs::{is_full, no_room_for};
use super::{ApiError, Call};
use crate::app::App;
use crate::db::Tx;
use crate::deploy::old_logs::{self, NoLog};
use crate::logs::{Filter, From, Reading};

/// How soon it is tried again to open a log.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Sends what follows line `after`, and the deployment at each change, until it has ended and all has been sent. Where the disk does not let
/// the log be opened, one line says so, and the changes come all the same; its lines follow once it can be opened.
pub async fn follow_deployment(
    call: Call,
    request: FollowDeployment,
) -> Result<impl Stream<Item = Result<DeploymentEvent, BrokenOff>> + use<>, ApiError> {
    let mut tx = call.begin().await?;
    one(&mut tx, request.deployment).await?;
    drop(tx);
    let (id, after) = (request.deployment, request.after.unwrap_or(0));
    let mut followed = Deployment {
        app: call.app.clone(),
        id,
        after,
        step: Step::Source,
        instead: None,
    };
    let reading = match opened(&call.app, id, after).await {
        Ok(reading) => Some(reading),
        Err(NoLog::Database(error)) => return Err(error.into()),
        Err(error @ (NoLog::Disk(_) | NoLog::NotTaken)) => {
            tracing::warn!(deployment.id = %id, %error, "a deployment is followed without its log");
            followed.instead = Some(unread(id, &error));
            None
        }
    };
    follow(call, followed, reading)
}

/// A deployment's log behind this line.
async fn opened(app: &App, id: DeploymentId, after: u64) -> Result<Reading, NoLog> {
    let log = old_logs::open(app, id).await?;
    let from = From::After(after);
    Ok(Reading::new(log, Filter::default(), from, None, None))
}

/// The line in the place of those that cannot be read. It takes no number of theirs: all of them are told when the log can be read.
fn unread(id: DeploymentId, error: &NoLog) -> DeploymentLogLine {
    let text = match error {
        NoLog::Disk(error) if !is_full(error) => {
            "The deployment's log cannot be opened on the server's disk (the agent's own log says why); the deployment itself is told on."
                .to_owned()
        }
        NoLog::Disk(_) | NoLog::NotTaken | NoLog::Database(_) => no_room_for(id.into()),
    };
    DeploymentLogLine {
        sequence: DeploymentLogLine::INSTEAD,
        at: Utc::now(),
        step: Step::Source.into(),
        stream: LogStream::System,
        text,
    }
}

struct Deployment {
    app: App,
    id: DeploymentId,
    /// Behind this line.
    after: u64,
    /// That of the line before.
    step: Step,
    /// Told in the place of its lines.
    instead: Option<DeploymentLogLine>,
}

impl Followed for Deployment {
    type State = DeploymentView;
    type Event = DeploymentEvent;

    const WAITING: usize = 64;
    const PING: DeploymentEvent = DeploymentEvent::Ping;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    async fn look(&self, tx: &mut Tx) -> Result<DeploymentView, ApiError> {
        one(tx, self.id).await
    }

    async fn is_over(&self, tx: &mut Tx) -> Result<bool, ApiError> {
        Ok(status(tx, self.id).await?.is_final())
    }

    fn has_ended(&self, view: &DeploymentView) -> bool {
        view.status.is_final()
    }

    fn lines(&mut self, lines: Vec<ContainerLogLine>) -> Vec<DeploymentEvent> {
        let told = lines.into_iter().map(|line| self.told(line));
        told.map(DeploymentEvent::Line).collect()
    }

    fn instead(&mut self) -> Option<DeploymentEvent> {
        self.instead.take().map(DeploymentEvent::Line)
    }

    fn opened(&self) -> Option<BoxFuture<'static, Reading>> {
        let (app, id, after) = (self.app.clone(), self.id, self.after);
        Some(Box::pin(async move {
            loop {
                tokio::time::sleep(TRY_AGAIN).await;
                if let Ok(reading) = opened(&app, id, after).await {
                    return reading;
                }
            }
        }))
    }

    fn changed(&self, view: &DeploymentView) -> Option<DeploymentEvent> {
        Some(DeploymentEvent::Changed(Box::new(view.clone())))
    }
}

impl Deployment {
    /// A line of the store as one of a deployment. Where lines are no longer kept, nobody knows of which step they were.
    fn told(&mut self, line: ContainerLogLine) -> DeploymentLogLine {
        self.step = Step::named(&line.task).unwrap_or(self.step);
        DeploymentLogLine {
            sequence: line.sequence,
            at: line.at,
            step: self.step.into(),
            stream: line.stream,
            text: line.text,
        }
    }
}
