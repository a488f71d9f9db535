//! What was changed of a serving release outside Slipway: put back, or taken over.

use slipway_protocol::ApplicationId;
use slipway_protocol::api::{AdoptDrift, HealDrift};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::drift::Difference;

use super::applications::{Running, one};
use super::operations::locked;
use super::{ApiError, Call};
use crate::db::Tx;
use crate::db::applications::Application;
use crate::deploy::keeper::{self, KeeperError};
use crate::deploy::request::{self, Asked};
use crate::deploy::{adopt, turn};
use crate::domain::drift::TASKS;
use crate::domain::plan::Plan;

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

/// Takes over what has a setting that says exactly what was found. The rest stays different, and is told again.
pub async fn adopt_drift(call: Call, request: AdoptDrift) -> Result<ApplicationView, ApiError> {
    let (running, mut tx) = (Running::now(&call).await, call.begin().await?);
    let (application, plan) = at_rest(&mut tx, request.application).await?;
    let found = call.app.keeper.adoptable_of(&plan.service);
    if found.is_empty() {
        let drift = call.app.keeper.drift_of(&plan.service);
        return Err(ApiError::conflict(nothing_to_adopt(&drift)));
    }
    let (team, by) = (call.team()?, call.caller()?.me.email.as_str());
    adopt::adopt(&call.app, &mut tx, team, by, &application, &found).await?;
    call.audit(&mut tx, application.name.as_str()).await?;
    let view = one(&call, &mut tx, request.application, &running).await?;
    tx.commit().await?;
    keeper::forget(&call.app, &plan.service);
    Ok(view)
}

fn nothing_to_adopt(drift: &[Difference]) -> String {
    if drift.is_empty() {
        return "Nothing that was changed outside Slipway is left to be taken over; look at the application again.".to_owned();
    }
    let parts: Vec<&str> = drift.iter().map(|one| one.what.as_str()).collect();
    format!(
        "No setting says exactly what was changed ({}); put it back, or change the settings and deploy.",
        parts.join(", ")
    )
}

/// The application and the plan of what serves, while no deployment of it is at work or waits: what is known of its tasks is from before
/// then. Until the transaction ends, none is asked for.
async fn at_rest(tx: &mut Tx, id: ApplicationId) -> Result<(Application, Plan), ApiError> {
    let (application, plan) = locked(tx, id).await?;
    turn::insist_on_rest(tx, id, application.name.as_str()).await?;
    Ok((application, plan))
}
