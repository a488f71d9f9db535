//! Deployments: asking for one, looking at it, following it.

use std::time::Duration;

use futures_util::Stream;
use serde::Deserialize;
use slipway_protocol::DeploymentId;
use slipway_protocol::api::{
    CancelDeployment, CompareDeployments, FollowDeployment, GetBuild, GetDeployment, LeaveAsIs,
    ListDeployments, PlanDeployment, RequestDeployment, RetryUndo,
};
use slipway_protocol::build::BuildView;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Step, Trigger};
use slipway_protocol::log_line::DeploymentEvent;
use slipway_protocol::plan::{Change, PlanView};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::applications::insist_on_reach;
use super::{ApiError, Call};
use crate::db::{applications, deployments, step_events, violated_constraint};
use crate::deploy::heads;
use crate::deploy::preview::{self, Planned};
use crate::deploy::request::{self, Asked};
use crate::domain::plan::names_a_head;

/// So many are listed at once.
const LISTED: i64 = 100;
/// So many lines are read at once.
const LINES: i64 = 500;
/// A follower looks at least this often, whatever was notified.
const LOOK: Duration = Duration::from_secs(1);
/// After so many looks without news the follower is told that the link is alive.
const PING_AFTER: u32 = 5;

pub async fn list_deployments(call: Call, request: ListDeployments) -> Result<Vec<DeploymentView>, ApiError> {
    let mut tx = call.begin().await?;
    applications::find(&mut tx, request.application)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    Ok(deployments::list(&mut tx, request.application, LISTED).await?)
}

pub async fn request_deployment(call: Call, request: RequestDeployment) -> Result<DeploymentView, ApiError> {
    let planned = planned(&call, &request).await?;
    let mut tx = call.begin().await?;
    let application = applications::find(&mut tx, request.application)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    if let Trigger::Rollback { to } = request.body
        && let Some((plan, ..)) = deployments::find_plan(&mut tx, to).await?
        && !plan
            .settings
            .container
            .reaches_no_further_than(&application.settings.container)
    {
        // What somebody has taken away from the application since does not come back by the way.
        insist_on_reach(&call)?;
    }
    let asked = Asked {
        team: call.team()?,
        by: call.caller()?.me.email.as_str(),
        application: &application,
        trigger: &request.body,
        planned,
    };
    let id = request::request_deployment(&call.app, &mut tx, asked).await?;
    call.audit(&mut tx, application.name.as_str()).await?;
    let view = one(&mut tx, id).await?;
    tx.commit().await?;
    Ok(view)
}

/// The plan that the caller has looked at. Where it names a commit or an image, its source is asked again.
async fn planned<'a>(call: &Call, request: &'a RequestDeployment) -> Result<Option<Planned<'a>>, ApiError> {
    let Some(revision) = &request.revision else {
        return Ok(None);
    };
    let looked = if names_a_head(revision) {
        Some(heads::look(&call.app, call.team()?, request.application, &request.body).await?)
    } else {
        None
    };
    Ok(Some(Planned { revision, looked }))
}

/// What a deployment would do. Nothing is kept of it.
pub async fn plan_deployment(call: Call, request: PlanDeployment) -> Result<PlanView, ApiError> {
    let looked = heads::look(&call.app, call.team()?, request.application, &request.body).await?;
    let mut tx = call.begin().await?;
    let application = applications::find(&mut tx, request.application)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    preview::preview(&call.app, &mut tx, &application, &request.body, &looked).await
}

pub async fn compare_deployments(call: Call, request: CompareDeployments) -> Result<Vec<Change>, ApiError> {
    let mut tx = call.begin().await?;
    let (one, other) = (
        one(&mut tx, request.deployment).await?,
        one(&mut tx, request.with).await?,
    );
    if one.application != other.application {
        return Err(ApiError::invalid(
            "Two deployments of the same application can be compared.",
        ));
    }
    preview::compare(&call.app, &mut tx, request.deployment, request.with).await
}

pub async fn get_build(call: Call, request: GetBuild) -> Result<Option<BuildView>, ApiError> {
    let mut tx = call.begin().await?;
    one(&mut tx, request.deployment).await?;
    let output = step_events::output(&mut tx, request.deployment, Step::Build).await?;
    // What an agent of another version has written down is none that can be told.
    let build = output.as_ref().and_then(|output| output.get("build"));
    Ok(build.and_then(|build| BuildView::deserialize(build).ok()))
}

/// The first way out of a stuck deployment.
pub async fn retry_undo(call: Call, request: RetryUndo) -> Result<DeploymentView, ApiError> {
    out_of_stuck(call, request.deployment, DeploymentStatus::Unwinding).await
}

/// The second way out of a stuck deployment.
pub async fn leave_as_is(call: Call, request: LeaveAsIs) -> Result<DeploymentView, ApiError> {
    let app = call.app.clone();
    let view = out_of_stuck(call, request.deployment, DeploymentStatus::Failed).await?;
    app.sweep_wanted.notify_one();
    Ok(view)
}

async fn out_of_stuck(
    call: Call,
    id: DeploymentId,
    to: DeploymentStatus,
) -> Result<DeploymentView, ApiError> {
    let mut tx = call.begin().await?;
    let before = one(&mut tx, id).await?;
    let moved = deployments::leave_stuck(&mut tx, id, to).await;
    let moved = moved.map_err(|error| match violated_constraint(&error) {
        Some("one_active_deployment_per_application") => ApiError::conflict(
            "Another deployment of this application is running; wait for it, then try again.",
        ),
        _ => error.into(),
    })?;
    if !moved {
        return Err(ApiError::conflict(format!(
            "Deployment {} is not stuck ({}).",
            before.number,
            before.status.as_str()
        )));
    }
    call.audit(&mut tx, &format!("deployment {}", before.number))
        .await?;
    let view = one(&mut tx, id).await?;
    tx.commit().await?;
    Ok(view)
}

pub async fn get_deployment(call: Call, request: GetDeployment) -> Result<DeploymentView, ApiError> {
    let mut tx = call.begin().await?;
    one(&mut tx, request.deployment).await
}

pub async fn cancel_deployment(call: Call, request: CancelDeployment) -> Result<DeploymentView, ApiError> {
    let mut tx = call.begin().await?;
    let before = one(&mut tx, request.deployment).await?;
    if !deployments::request_cancel(&mut tx, request.deployment).await? {
        return Err(ApiError::conflict(format!(
            "Deployment {} has already ended ({}).",
            before.number,
            before.status.as_str()
        )));
    }
    call.audit(&mut tx, &format!("deployment {}", before.number))
        .await?;
    let view = one(&mut tx, request.deployment).await?;
    tx.commit().await?;
    Ok(view)
}

/// Sends what follows line `after`, and the deployment at each change, until it has ended and all has been sent.
pub async fn follow_deployment(
    call: Call,
    request: FollowDeployment,
) -> Result<impl Stream<Item = DeploymentEvent> + use<>, ApiError> {
    let mut tx = call.begin().await?;
    one(&mut tx, request.deployment).await?;
    drop(tx);
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        if let Err(error) = follow(&call, request, &sender).await {
            tracing::debug!(error = %error.problem, "following a deployment ended");
        }
    });
    Ok(ReceiverStream::new(receiver))
}

async fn follow(
    call: &Call,
    request: FollowDeployment,
    to: &mpsc::Sender<DeploymentEvent>,
) -> Result<(), ApiError> {
    let mut changes = call.app.changes.subscribe();
    let (mut after, mut shown, mut quiet) = (request.after.unwrap_or(0), None, 0);
    loop {
        let mut tx = call.begin().await?;
        // The state is read before the lines: when it says "ended", no line can be missing.
        let view = one(&mut tx, request.deployment).await?;
        let lines = deployments::read_log(&mut tx, request.deployment, after, LINES).await?;
        drop(tx);
        let more = i64::try_from(lines.len()).is_ok_and(|count| count == LINES);
        quiet = if lines.is_empty() && shown.as_ref() == Some(&view) {
            quiet + 1
        } else {
            0
        };
        for line in lines {
            after = line.sequence;
            if to.send(DeploymentEvent::Line(line)).await.is_err() {
                return Ok(());
            }
        }
        if more {
            continue;
        }
        if shown.as_ref() != Some(&view)
            && to
                .send(DeploymentEvent::Changed(Box::new(view.clone())))
                .await
                .is_err()
        {
            return Ok(());
        }
        if view.status.is_final() {
            return Ok(());
        }
        shown = Some(view);
        if quiet >= PING_AFTER {
            quiet = 0;
            if to.send(DeploymentEvent::Ping).await.is_err() {
                return Ok(());
            }
        }
        wait_for_change(&mut changes, request.deployment, to).await;
    }
}

/// Until this deployment has changed, or it is time to look anyway, or nobody listens any more.
async fn wait_for_change(
    changes: &mut tokio::sync::broadcast::Receiver<uuid::Uuid>,
    deployment: DeploymentId,
    to: &mpsc::Sender<DeploymentEvent>,
) {
    let changed = async {
        // Having missed some counts as a change.
        while matches!(changes.recv().await, Ok(id) if id != deployment.uuid()) {}
    };
    tokio::select! {
        () = changed => {}
        () = tokio::time::sleep(LOOK) => {}
        () = to.closed() => {}
    }
}

async fn one(tx: &mut crate::db::Tx, id: DeploymentId) -> Result<DeploymentView, ApiError> {
    deployments::find(tx, id)
        .await?
        .ok_or_else(|| ApiError::not_found("deployment"))
}
