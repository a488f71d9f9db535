//! What an application's containers write.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use slipway_protocol::api::FollowLogs;
use slipway_protocol::log_line::ContainerLogEvent;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{ApiError, Call};
use crate::db::{applications, deployments};
use crate::docker::LogRequest;

/// Lines that are sent when nothing says how many.
const TAIL: u32 = 500;
const PING: Duration = Duration::from_secs(5);

pub async fn follow_logs(
    call: Call,
    request: FollowLogs,
) -> Result<impl Stream<Item = ContainerLogEvent> + use<>, ApiError> {
    let mut tx = call.begin().await?;
    applications::find(&mut tx, request.application)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    let serving = deployments::serving(&mut tx, request.application).await?;
    let plan = match serving {
        Some(deployment) => deployments::find_plan(&mut tx, deployment).await?,
        None => None,
    };
    drop(tx);
    let Some((plan, ..)) = plan else {
        return Err(ApiError::conflict(
            "This application has never been deployed, so there are no logs; deploy it first.",
        ));
    };
    let tail = if request.after.is_some() {
        None
    } else {
        Some(request.tail.unwrap_or(TAIL))
    };
    let wanted = LogRequest {
        service: plan.service,
        after: request.after,
        tail,
        follow: request.follow.unwrap_or(false),
    };
    let mut lines = Box::pin(call.app.docker.logs(wanted));
    let (sender, receiver) = mpsc::channel(256);
    tokio::spawn(async move {
        loop {
            let event = match tokio::time::timeout(PING, lines.next()).await {
                Ok(Some(Ok(line))) => ContainerLogEvent::Line(line),
                Ok(Some(Err(_)) | None) => break,
                Err(_) => ContainerLogEvent::Ping,
            };
            if sender.send(event).await.is_err() {
                break;
            }
        }
    });
    Ok(ReceiverStream::new(receiver))
}
