//! Deployments: asking for one, looking at it, cancelling it, and the ways out of one that is stuck.

use serde::Deserialize;
use slipway_protocol::DeploymentId;
use slipway_protocol::api::{
    CancelDeployment, CompareDeployments, GetBuild, GetDeployment, LeaveAsIs, ListDeployments,
    PlanDeployment, RequestDeployment, RetryUndo,
};
use slipway_protocol::build::BuildView;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Step, Trigger};
use slipway_protocol::history::LISTED;
use slipway_protocol::plan::{Change, PlanView};

use super::applications::{insist_on_reach, row};
use super::{ApiError, Call};
use crate::db::{Tx, deployments, step_events, violated_constraint};
use crate::deploy::heads;
use crate::deploy::preview::{self, Planned};
use crate::deploy::request::{self, Asked};
use crate::domain::plan::names_a_head;

/// At most so many are listed at once, beside those that are kept.
const MOST_LISTED: u32 = 200;

pub async fn list_deployments(call: Call, request: ListDeployments) -> Result<Vec<DeploymentView>, ApiError> {
    let mut tx = call.begin().await?;
    row(&mut tx, request.application).await?;
    let limit = i64::from(request.limit.unwrap_or(LISTED).clamp(1, MOST_LISTED));
    let listed = match request.before {
        Some(number) => deployments::list_before(&mut tx, request.application, number, limit).await?,
        None => deployments::list(&mut tx, request.application, limit).await?,
    };
    Ok(listed)
}

pub async fn request_deployment(call: Call, request: RequestDeployment) -> Result<DeploymentView, ApiError> {
    let planned = planned(&call, &request).await?;
    let mut tx = call.begin().await?;
    let application = row(&mut tx, request.application).await?;
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
    let application = row(&mut tx, request.application).await?;
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
            "Deployments of different applications cannot be compared; choose two of the same one.",
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
            "Deployment {} is not stuck ({}), so there is nothing to decide; look at it again.",
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
            "Deployment {} has already ended ({}), so there is nothing to cancel.",
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

pub(super) async fn one(tx: &mut Tx, id: DeploymentId) -> Result<DeploymentView, ApiError> {
    deployments::find(tx, id)
        .await?
        .ok_or_else(|| ApiError::not_found("deployment"))
}

/// Its status alone, which is less than the whole of it.
pub(super) async fn status(tx: &mut Tx, id: DeploymentId) -> Result<DeploymentStatus, ApiError> {
    deployments::status(tx, id)
        .await?
        .ok_or_else(|| ApiError::not_found("deployment"))
}
