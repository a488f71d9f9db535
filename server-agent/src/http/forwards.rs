//! Ways of the caller to ports of containers.

use std::sync::Arc;

use axum::body::BodyDataStream;
use bytes::Bytes;
use chrono::Utc;
use futures_util::Stream;
use slipway_protocol::api::{CloseForward, ConnectForward, OpenForward};
use slipway_protocol::forward::ForwardView;
use slipway_protocol::{Action, ErrorCode, ForwardId, Resource};
use uuid::Uuid;

use super::terminals::find;
use super::{ApiError, Call};
use crate::forwards::{self, Forward, ReachError};
use crate::tasks::{self, NoTask};

pub async fn open_forward(call: Call, request: OpenForward) -> Result<ForwardView, ApiError> {
    let owner = call.owner()?;
    let (application, _) = find(&call, request.application).await?;
    let wanted = request.body;
    let subject = forwards::subject(application.name.as_str(), &wanted);
    let view = ForwardView {
        id: ForwardId(Uuid::now_v7()),
        application: application.id,
        port: wanted.port,
        task: wanted.task,
        opened_at: Utc::now(),
    };
    let forwards = &call.app.forwards;
    forwards
        .open(owner, view.clone(), application.name.to_string())
        .map_err(|error| ApiError::conflict(error.to_string()))?;
    let written = async {
        let mut tx = call.begin().await?;
        call.audit(&mut tx, &subject).await?;
        tx.commit().await?;
        Ok::<_, ApiError>(())
    };
    // Nobody knows its number yet: without its row nothing was opened.
    if let Err(error) = written.await {
        forwards.close(view.id);
        return Err(error);
    }
    Ok(view)
}

pub async fn connect_forward(
    call: Call,
    request: ConnectForward,
    incoming: BodyDataStream,
) -> Result<impl Stream<Item = std::io::Result<Bytes>> + use<>, ApiError> {
    let forward = own(&call, request.forward)?;
    let place = call.app.forwards.place(&forward);
    let place = place.map_err(|error| ApiError::conflict(error.to_string()))?;
    let (_, plan) = find(&call, forward.view.application).await?;
    let target = tasks::choose(&call.app, plan.as_ref(), forward.view.task.as_ref())
        .await
        .map_err(|error| match error {
            NoTask::Docker(error) => error.into(),
            other => ApiError::conflict(other.to_string()),
        })?;
    let stream = forwards::connect(target.process, forward.view.port.get())
        .await
        .map_err(|error| match &error {
            ReachError::Failed(_) => ApiError::internal(&error),
            _ => ApiError::conflict(error.to_string()),
        })?;
    let lost = call
        .owner()?
        .has_lost_it(call.app.clone(), Resource::Forward, Action::Run);
    Ok(forward.carry(stream, place, incoming, lost))
}

pub async fn close_forward(call: Call, request: CloseForward) -> Result<(), ApiError> {
    let forward = own(&call, request.forward)?;
    let mut tx = call.begin().await?;
    call.audit(&mut tx, &forward.subject()).await?;
    tx.commit().await?;
    call.app.forwards.close(forward.view.id);
    Ok(())
}

fn own(call: &Call, id: ForwardId) -> Result<Arc<Forward>, ApiError> {
    let owner = call.owner()?;
    let found = call.app.forwards.find(owner.team, owner.user, id);
    found.ok_or_else(|| {
        ApiError::new(
            ErrorCode::NotFound,
            "You have no such forwarded port here; it was closed, or the agent restarted.",
        )
    })
}
