//! What is done to an application as it runs: stop and start, and what was changed outside Slipway.

use slipway_protocol::ApplicationId;
use slipway_protocol::api::{AdoptDrift, HealDrift, StartApplication, StopApplication};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::settings::Replicas;

use super::applications::{Running, one};
use super::{ApiError, Call};
use crate::db::applications::{self, Application};
use crate::db::{Tx, deployments};
use crate::deploy::keeper::{self, KeeperError};
use crate::deploy::request::{self, Asked};
use crate::domain::drift::TASKS;
use crate::domain::plan::Plan;

pub async fn stop_application(call: Call, request: StopApplication) -> Result<ApplicationView, ApiError> {
    set_stopped(call, request.application, true).await
}

pub async fn start_application(call: Call, request: StartApplication) -> Result<ApplicationView, ApiError> {
    set_stopped(call, request.application, false).await
}

/// Notes the wish; the keeper carries it out at once, and again after whatever comes between.
async fn set_stopped(call: Call, id: ApplicationId, stopped: bool) -> Result<ApplicationView, ApiError> {
    let (running, mut tx) = (Running::now(&call).await, call.begin().await?);
    let (application, _) = at_rest(&mut tx, id).await?;
    applications::set_stopped(&mut tx, id, stopped).await?;
    if stopped {
        // Nor do the tasks go on that an earlier release kept for going back to it.
        deployments::end_warmth(&mut tx, id).await?;
    }
    call.audit(&mut tx, application.name.as_str()).await?;
    let view = one(&call, &mut tx, id, &running).await?;
    tx.commit().await?;
    call.app.keeper_wanted.notify_one();
    Ok(view)
}

pub async fn heal_drift(call: Call, request: HealDrift) -> Result<ApplicationView, ApiError> {
    let mut tx = call.begin().await?;
    let (application, plan) = at_rest(&mut tx, request.application).await?;
    let drift = call.app.keeper.drift_of(&plan.service);
    if application.stopped && drift.iter().any(|one| one.what != TASKS) {
        return Err(ApiError::conflict(format!(
            "“{}” is stopped, and what was changed is put back by new tasks; start it first, or deploy it.",
            application.name
        )));
    }
    // New tasks beside the changed ones put everything right, their number too.
    let anew = drift.iter().any(|one| one.what != TASKS);
    if anew {
        let trigger = Trigger::Restart;
        let asked = Asked {
            team: call.team()?,
            by: call.caller()?.me.email.as_str(),
            application: &application,
            trigger: &trigger,
            planned: None,
        };
        request::request_deployment(&call.app, &mut tx, asked).await?;
    }
    call.audit(&mut tx, application.name.as_str()).await?;
    tx.commit().await?;
    if !anew && !drift.is_empty() {
        heal_tasks(&call, application.id).await?;
    }
    keeper::forget(&call.app, &plan.service);
    let (running, mut tx) = (Running::now(&call).await, call.begin().await?);
    one(&call, &mut tx, request.application, &running).await
}

/// Only what is written down is done; and no deployment begins meanwhile. One at a time: each has a connection while it waits for Docker.
async fn heal_tasks(call: &Call, id: ApplicationId) -> Result<(), ApiError> {
    let _one = call.app.keeper.healing().await;
    let mut tx = call.begin().await?;
    let (application, plan) = at_rest(&mut tx, id).await?;
    let tasks = if application.stopped {
        0
    } else {
        plan.settings.replicas.get()
    };
    let healed = keeper::heal(&call.app, &plan.service, tasks).await;
    healed.map_err(|error| match error {
        KeeperError::Docker(error) => error.into(),
        other => ApiError::internal(&other),
    })
}

pub async fn adopt_drift(call: Call, request: AdoptDrift) -> Result<ApplicationView, ApiError> {
    let (running, mut tx) = (Running::now(&call).await, call.begin().await?);
    let (application, mut plan) = at_rest(&mut tx, request.application).await?;
    let drift = call.app.keeper.drift_of(&plan.service);
    if let Some(other) = drift.iter().find(|one| one.what != TASKS) {
        return Err(ApiError::conflict(format!(
            "“{}” was changed too, and only the number of tasks can be taken over; change it in the settings, or put it back.",
            other.what
        )));
    }
    let found = drift
        .iter()
        .find(|one| one.what == TASKS)
        .and_then(|one| one.found.parse::<u64>().ok());
    let Some(replicas) = found.and_then(|count| Replicas::try_from(count).ok()) else {
        return Err(ApiError::conflict(
            "Nothing was changed that could be taken over.",
        ));
    };
    let mut settings = application.settings.clone();
    settings.replicas = replicas;
    plan.settings.replicas = replicas;
    applications::note_in_force(&mut tx, application.id, &settings).await?;
    deployments::set_serving_plan(&mut tx, application.id, &plan).await?;
    call.audit(&mut tx, application.name.as_str()).await?;
    let view = one(&call, &mut tx, request.application, &running).await?;
    tx.commit().await?;
    keeper::forget(&call.app, &plan.service);
    Ok(view)
}

/// The application and the plan of what serves, while no deployment of it is at work or waits: what is asked for here and what a deployment
/// does would undo each other, and two releases could write to one volume. Until the transaction ends, none is asked for.
async fn at_rest(tx: &mut Tx, id: ApplicationId) -> Result<(Application, Plan), ApiError> {
    applications::lock(tx, id).await?;
    let found = applications::find(tx, id).await?;
    let application = found.ok_or_else(|| ApiError::not_found("application"))?;
    let plan = serving(tx, &application).await?;
    if deployments::any_unfinished(tx, id).await? {
        return Err(ApiError::conflict(format!(
            "A deployment of “{}” is running or waits for its turn; cancel it or wait for its end.",
            application.name
        )));
    }
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
