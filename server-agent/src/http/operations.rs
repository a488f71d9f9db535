//! What is done to an application as it runs: stop and start.

use slipway_protocol::ApplicationId;
use slipway_protocol::api::{StartApplication, StopApplication};
use slipway_protocol::application::ApplicationView;

use super::applications::{Running, one, row};
use super::{ApiError, Call};
use crate::db::applications::{self, Application};
use crate::db::{Tx, deployments};
use crate::deploy::{keeper, turn};
use crate::domain::plan::Plan;

pub async fn stop_application(call: Call, request: StopApplication) -> Result<ApplicationView, ApiError> {
    set_stopped(call, request.application, true).await
}

pub async fn start_application(call: Call, request: StartApplication) -> Result<ApplicationView, ApiError> {
    set_stopped(call, request.application, false).await
}

/// Notes the wish; the keeper carries it out at once, and again after whatever comes between. A deployment whose release serves already is
/// not waited for: two releases cannot come to write to one volume by it any more, and nothing is taken back.
async fn set_stopped(call: Call, id: ApplicationId, stopped: bool) -> Result<ApplicationView, ApiError> {
    let (running, mut tx) = (Running::now(&call).await, call.begin().await?);
    let (application, plan) = locked(&mut tx, id).await?;
    turn::insist(&mut tx, &application, turn::Asked::State).await?;
    applications::set_stopped(&mut tx, id, stopped).await?;
    deployments::unsettle(&mut tx, id).await?;
    if stopped {
        // Nor do the tasks go on that an earlier release kept for going back to it.
        deployments::end_warmth(&mut tx, id).await?;
    }
    call.audit(&mut tx, application.name.as_str()).await?;
    let view = one(&call, &mut tx, id, &running).await?;
    if application.stopped && !stopped {
        call.app.keeper.note_start(&plan.service);
    }
    tx.commit().await?;
    // That it had no tasks, or some, may be what was found to be changed outside Slipway.
    keeper::forget(&call.app, &plan.service);
    Ok(view)
}

/// The application and the plan of what serves. Until the transaction ends, no deployment is asked for.
pub(super) async fn locked(tx: &mut Tx, id: ApplicationId) -> Result<(Application, Plan), ApiError> {
    applications::lock(tx, id).await?;
    let application = row(tx, id).await?;
    let plan = serving(tx, &application).await?;
    Ok((application, plan))
}

async fn serving(tx: &mut Tx, application: &Application) -> Result<Plan, ApiError> {
    let nothing = || {
        ApiError::conflict(format!(
            "No release of “{}” serves yet; deploy it first.",
            application.name
        ))
    };
    let serving = deployments::serving(tx, application.id)
        .await?
        .ok_or_else(nothing)?;
    let found = deployments::find_plan(tx, serving).await?;
    found.map(|(plan, ..)| plan).ok_or_else(nothing)
}
