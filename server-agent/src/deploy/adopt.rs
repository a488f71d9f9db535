//! Taking over what was changed of the serving release outside Slipway.
//!
//! The settings get it, and the history a deployment that says who took over what, and when. What the release was deployed as stays as it
//! was: the new deployment runs the same service, as it is by now. Nothing is started or stopped.

use std::collections::BTreeSet;

use chrono::Utc;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::event::Severity;
use slipway_protocol::plan::Change;
use slipway_protocol::{DeploymentId, TeamId};
use uuid::Uuid;

use super::freeze::freeze_source;
use super::request::Release;
use super::steps::KEPT_RELEASES;
use crate::app::App;
use crate::db::applications::{self, Application};
use crate::db::deployments::{self, NewDeployment};
use crate::db::{Tx, events};
use crate::domain::adoption::Adoptable;
use crate::domain::changes;
use crate::domain::plan::{Plan, adopted, priority};
use crate::http::ApiError;

/// In the caller's transaction, which holds the application's lock while none of its deployments is under way.
pub async fn adopt(
    app: &App,
    tx: &mut Tx,
    team: TeamId,
    by: &str,
    application: &Application,
    found: &[Adoptable],
) -> Result<(), ApiError> {
    let serving = Release::serving(app, tx, application).await?;
    let (mut own, mut settings) = (application.settings.clone(), serving.plan.settings.clone());
    for one in found {
        one.put(&mut own);
        one.put(&mut settings);
    }
    applications::note_in_force(tx, application.id, &own).await?;
    let changes = changes::of_settings(&serving.plan.settings, &settings);
    if !changes.is_empty() {
        let plan = adopted(serving.plan.clone(), serving.id, serving.image.clone(), settings);
        let id = record(app, tx, team, by, application, &serving, &plan).await?;
        tell(tx, application, Some(id), &said(&changes)).await?;
    }
    for one in found {
        take_over_state(tx, application, one).await?;
    }
    Ok(())
}

/// That it has no tasks, or has some again: what *stop* and *start* say. It is so already, and the number of the release stays.
async fn take_over_state(tx: &mut Tx, application: &Application, found: &Adoptable) -> Result<(), ApiError> {
    let stopped = match found {
        Adoptable::NoTasks => true,
        Adoptable::Tasks(_) => false,
        Adoptable::Command(_)
        | Adoptable::Arguments(_)
        | Adoptable::Memory(_)
        | Adoptable::ReservedMemory(_)
        | Adoptable::Processor(_)
        | Adoptable::ReservedProcessor(_)
        | Adoptable::Processes(_)
        | Adoptable::Restarts(_)
        | Adoptable::MostRestarts(_) => return Ok(()),
    };
    if application.stopped == stopped {
        return Ok(());
    }
    applications::set_stopped(tx, application.id, stopped).await?;
    let said = if stopped {
        deployments::end_warmth(tx, application.id).await?;
        "It has no tasks by a change from outside Slipway, which was taken over: it is stopped."
    } else {
        "It has tasks again by a change from outside Slipway, which was taken over: it is started."
    };
    tell(tx, application, None, said).await
}

/// The deployment that stands for it in the history, and serves.
async fn record(
    app: &App,
    tx: &mut Tx,
    team: TeamId,
    by: &str,
    application: &Application,
    serving: &Release,
    plan: &Plan,
) -> Result<DeploymentId, ApiError> {
    let (id, trigger) = (DeploymentId(Uuid::now_v7()), Trigger::Adopt);
    let new = NewDeployment {
        configured_as: Some(serving.id),
        id,
        team,
        trigger: &trigger,
        priority: priority(&trigger),
        plan,
        environment: serving.frozen.seal(&app.sealer, id)?,
        secrets: serving.frozen.secret_names(&app.sealer, app.docker.instance())?,
        requested_by: by,
        commit: serving.commit.as_ref(),
    };
    deployments::insert(tx, new).await?;
    deployments::note_done(tx, id).await?;
    freeze_source(app, tx, application, id, &trigger).await?;
    deployments::serve_on_as(tx, application.id, id).await?;
    deployments::keep_releases(tx, application.id, KEPT_RELEASES).await?;
    Ok(id)
}

async fn tell(
    tx: &mut Tx,
    application: &Application,
    deployment: Option<DeploymentId>,
    text: &str,
) -> Result<(), ApiError> {
    let (at, severity) = (Utc::now(), Severity::Info);
    Ok(events::record(tx, application.id, deployment, at, severity, text).await?)
}

fn said(changes: &[Change]) -> String {
    // The words of a command are settings of their own, by their number.
    let name = |change: &Change| {
        let number = |letter: char| letter.is_ascii_digit() || letter == '.';
        change.what.trim_end_matches(number).to_owned()
    };
    let names: BTreeSet<String> = changes.iter().map(name).collect();
    let names: Vec<String> = names.into_iter().collect();
    format!(
        "What was changed outside Slipway was taken over: {}.",
        names.join(", ")
    )
}
