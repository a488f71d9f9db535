//! What an application's containers write.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use slipway_protocol::api::FollowLogs;
use slipway_protocol::log_line::ContainerLogEvent;
use slipway_protocol::{ApplicationId, DeploymentId};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;

use super::{ApiError, Call};
use crate::app::App;
use crate::db::{applications, deployments};
use crate::docker::LogRequest;

/// Lines that are sent when nothing says how many.
const TAIL: u32 = 500;
const PING: Duration = Duration::from_secs(5);
/// How often to see whether another release serves by now.
const LOOK: Duration = Duration::from_secs(2);

pub async fn follow_logs(
    call: Call,
    request: FollowLogs,
) -> Result<impl Stream<Item = ContainerLogEvent> + use<>, ApiError> {
    let mut tx = call.begin().await?;
    applications::find(&mut tx, request.application)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    let Some(serving) = deployments::serving(&mut tx, request.application).await? else {
        return Err(ApiError::conflict(
            "This application has never been deployed, so there are no logs; deploy it first.",
        ));
    };
    drop(tx);
    let tail = if request.after.is_some() {
        None
    } else {
        Some(request.tail.unwrap_or(TAIL))
    };
    let (sender, receiver) = mpsc::channel(256);
    let reader = Reader {
        app: call.app.clone(),
        application: request.application,
        sender,
        follow: request.follow.unwrap_or(false),
    };
    tokio::spawn(async move {
        // A reader who has gone is no failure; for any other the stream ends, and the client asks again.
        if let Err(error) = reader.run(serving, request.after, tail).await {
            tracing::debug!(%error, "container logs ended");
        }
    });
    Ok(ReceiverStream::new(receiver))
}

/// Reads the release that serves, and goes over to the next one when that has taken its place.
struct Reader {
    app: App,
    application: ApplicationId,
    sender: mpsc::Sender<ContainerLogEvent>,
    follow: bool,
}

impl Reader {
    async fn run(
        self,
        mut serving: DeploymentId,
        mut after: Option<u64>,
        mut tail: Option<u32>,
    ) -> Result<(), sqlx::Error> {
        while let Some(service) = self.service(serving).await? {
            let request = LogRequest {
                service,
                after,
                tail,
                follow: self.follow,
            };
            match self.read(request, serving).await? {
                Some((next, since)) => (serving, after, tail) = (next, Some(since), None),
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Passes on a release's lines. Answers the next release and the time from which to read it; nothing at the end.
    async fn read(
        &self,
        request: LogRequest,
        serving: DeploymentId,
    ) -> Result<Option<(DeploymentId, u64)>, sqlx::Error> {
        let mut lines = Box::pin(self.app.docker.logs(request));
        let mut look = tokio::time::interval(LOOK);
        let mut silent_since = Instant::now();
        loop {
            let event = tokio::select! {
                line = lines.next() => match line {
                    Some(Ok(line)) => ContainerLogEvent::Line(line),
                    Some(Err(_)) | None => return Ok(None),
                },
                _ = look.tick() => match self.successor(serving).await? {
                    Some(next) => return Ok(Some(next)),
                    None if silent_since.elapsed() >= PING => ContainerLogEvent::Ping,
                    None => continue,
                },
            };
            silent_since = Instant::now();
            if self.sender.send(event).await.is_err() {
                return Ok(None);
            }
        }
    }

    /// The release that has taken over, and when its deployment began.
    async fn successor(&self, serving: DeploymentId) -> Result<Option<(DeploymentId, u64)>, sqlx::Error> {
        let mut connection = self.app.db.pool().acquire().await?;
        let now = deployments::serving(&mut connection, self.application).await?;
        let Some(next) = now.filter(|next| *next != serving) else {
            return Ok(None);
        };
        let begun = deployments::started_at(&mut connection, next).await?;
        let nanoseconds = begun.and_then(|time| u64::try_from(time.timestamp_nanos_opt()?).ok());
        Ok(Some((next, nanoseconds.unwrap_or(0))))
    }

    async fn service(&self, deployment: DeploymentId) -> Result<Option<String>, sqlx::Error> {
        let mut connection = self.app.db.pool().acquire().await?;
        let plan = deployments::find_plan(&mut connection, deployment).await?;
        Ok(plan.map(|(plan, ..)| plan.service))
    }
}
