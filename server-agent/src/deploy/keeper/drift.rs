//! What somebody changed outside Slipway in the service of a serving release: it is found and told, and put back where the settings say so or
//! somebody asks for it.

use std::time::Duration;

use chrono::Utc;
use slipway_protocol::count;
use slipway_protocol::event::Severity;

use super::{KeeperError, has_begun, scale, wanted_service};
use crate::app::App;
use crate::db::deployments::Upkeep;
use crate::deploy::compared::compared;
use crate::deploy::request;
use crate::docker::{DockerError, OwnedService};
use crate::domain::drift::Drifted;
use crate::happenings;

/// Who asked for it waits, and nobody can deploy meanwhile.
const HEAL_LIMIT: Duration = Duration::from_secs(10);

pub(super) async fn look(app: &App, one: &Upkeep, service: &OwnedService) -> Result<(), KeeperError> {
    if app.keeper.was_compared(service) {
        if app.keeper.is_unhealed(&service.name) {
            heal_by_itself(app, one, service).await?;
        }
        return Ok(());
    }
    let differing = compare(app, one).await?;
    if !differing.is_empty() && has_begun(app, one).await? {
        return Ok(());
    }
    let names: Vec<String> = differing.iter().map(in_words).collect();
    // Docker counts up for its own reasons as well: what is known is not told again.
    let is_new = !differing.is_empty() && app.keeper.drifted(&service.name) != differing;
    // New tasks would start what somebody has stopped.
    let may_heal = !one.stopped || differing.iter().all(Drifted::is_tasks);
    let heal = one.plan.settings.rollout.heal && !differing.is_empty() && may_heal;
    app.keeper.note(&service.name, service.version, differing);
    if is_new {
        let changed = names.join(", ");
        tracing::warn!(service = service.name, changed, "changed outside Slipway");
        let text = format!("It was changed outside Slipway: {changed}.");
        happenings::of_application(app, one.application, Utc::now(), Severity::Warning, &text).await;
    }
    if heal {
        heal_by_itself(app, one, service).await?;
    }
    Ok(())
}

/// The part; of the number of tasks both sides, since nobody may be left to serve.
fn in_words(one: &Drifted) -> String {
    let difference = &one.difference;
    if one.is_tasks() {
        let wanted = match difference.wanted.parse::<usize>() {
            Ok(wanted) => count::in_words(wanted, "task", "tasks"),
            Err(_) => difference.wanted.clone(),
        };
        format!("{} instead of {wanted}", difference.found)
    } else {
        difference.what.clone()
    }
}

/// Puts right what was found to differ, because the settings ask for it.
async fn heal_by_itself(app: &App, one: &Upkeep, service: &OwnedService) -> Result<(), KeeperError> {
    if has_begun(app, one).await? || !app.keeper.may_repair(one.application) {
        return Ok(());
    }
    app.keeper.set_unhealed(&service.name, false);
    let only_tasks = app.keeper.drifted(&service.name).iter().all(Drifted::is_tasks);
    let healed = if only_tasks {
        scale(app, &service.name, one.wanted()).await
    } else {
        heal_by_restart(app, one).await
    };
    if healed.is_err() {
        app.keeper.set_unhealed(&service.name, true);
    }
    healed
}

/// A release is put right by new tasks beside the changed ones: nobody who is served notices.
async fn heal_by_restart(app: &App, one: &Upkeep) -> Result<(), KeeperError> {
    let asked = request::restart_by_itself(app, one.team, one.application).await;
    asked.map_err(|error| KeeperError::Restart(error.problem.to_string()))
}

async fn compare(app: &App, one: &Upkeep) -> Result<Vec<Drifted>, KeeperError> {
    let request = wanted_service(app, one).await?;
    let compared = compared(&app.docker, &request).await?;
    Ok(compared.map(|compared| compared.differing).unwrap_or_default())
}

/// Puts the number of tasks back, because somebody asked for it.
pub async fn heal(app: &App, service: &str, tasks: u16) -> Result<(), KeeperError> {
    let scaling = tokio::time::timeout(HEAL_LIMIT, scale(app, service, tasks)).await;
    scaling.map_err(|elapsed| DockerError::Unreachable(Box::new(elapsed)))?
}

/// The next look, which is now, compares the service anew.
pub fn forget(app: &App, service: &str) {
    app.keeper.forget(service);
    app.keeper_wanted.notify_one();
}
