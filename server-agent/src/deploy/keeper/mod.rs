//! Keeping true what should be true between deployments: a serving release has its tasks, a stopped application has none, a
//! release that is no longer warm ends. What somebody changed outside Slipway is the matter of [`drift`]. Takes no arguments and reads
//! everything anew, so that a crash leaves nothing to repair.

mod drift;
mod memory;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::Utc;
use slipway_protocol::ApplicationId;
use slipway_protocol::event::Severity;

pub use self::drift::{forget, heal};
pub use self::memory::Keeper;
use super::frozen::Delivery;
use super::routes::RoutesError;
use super::steps::StepError;
use super::steps::release::{self, service_request};
use crate::app::App;
use crate::db::applications;
use crate::db::deployments::{self, AllUpkeep, Upkeep};
use crate::docker::{DockerError, OwnedService, ServiceRequest};
use crate::happenings;

/// How often to look without a reason, and where changes of services are heard of.
const LOOK: Duration = Duration::from_secs(3);
const LOOK_WHILE_HEARING: Duration = Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    #[error(transparent)]
    Docker(#[from] DockerError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Routes(#[from] RoutesError),
    #[error("a release could not be made again: {0}")]
    Release(#[from] StepError),
    #[error("a changed release could not be put right: {0}")]
    Restart(String),
}

pub(super) async fn keep(app: App) {
    let mut failing = false;
    loop {
        let looked = look(&app).await;
        let pause = match looked {
            Ok(()) if app.hearing.is_whole() => LOOK_WHILE_HEARING,
            Ok(()) | Err(_) => LOOK,
        };
        match looked {
            Ok(()) => failing = false,
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, "what runs could not be compared with what should run");
                }
                failing = true;
            }
        }
        let _ = tokio::time::timeout(pause, app.keeper_wanted.notified()).await;
    }
}

/// One look at everything that no deployment is at work on.
pub async fn look(app: &App) -> Result<(), KeeperError> {
    // Docker is read before the database: a service that appears meanwhile belongs to a deployment that is known by then.
    let services = app.docker.owned_services().await?;
    // One moment: a deployment that ends between two queries would be neither at work nor serving.
    let mut moment = app.db.moment().await?;
    let upkeep = deployments::upkeep(&mut moment).await?;
    moment.commit().await?;
    let by_name: HashMap<&str, &OwnedService> = services
        .iter()
        .map(|service| (service.name.as_str(), service))
        .collect();
    app.keeper.retain(|service| by_name.contains_key(service));
    let mut trouble = Ok(());
    // A deployment that only tidies up has nothing left to do with the tasks of an application that was stopped meanwhile.
    let is_stopped = |id: &ApplicationId| {
        let mut serving = upkeep.serving.iter();
        upkeep.tidied.contains(id) && serving.any(|one| one.application == *id && one.stopped)
    };
    let busy = upkeep.busy.iter().filter(|id| !is_stopped(id));
    let busy: HashSet<String> = busy.map(ToString::to_string).collect();
    for one in &upkeep.serving {
        // Its deployment only tidies up: who starts or stops it does not wait for that.
        let tidied = upkeep.tidied.contains(&one.application);
        if upkeep.busy.contains(&one.application) && !tidied {
            continue;
        }
        let found = by_name.get(one.plan.service.as_str()).copied();
        let kept = async {
            // A release that is taken away, or should be, may still write to what the serving one would open.
            let has_ended = !one.stopped && found.is_none_or(|service| service.replicas == 0);
            if has_ended && another_runs(app, one, &services, &upkeep).await? {
                look_again_soon(app);
                return Ok(());
            }
            match found {
                Some(service) if tidied => carry_out(app, one, service).await,
                None if tidied => Ok(()),
                found => keep_serving(app, one, found).await,
            }
        };
        first(&mut trouble, kept.await);
    }
    let serving: HashSet<&str> = upkeep
        .serving
        .iter()
        .map(|one| one.plan.service.as_str())
        .chain(upkeep.left_alone.iter().map(String::as_str))
        .collect();
    let idle = services.iter().filter(|service| {
        service.replicas > 0
            && !service.hook
            && !serving.contains(service.name.as_str())
            && !busy.contains(&service.application)
            && !upkeep.warm.iter().any(|id| id.to_string() == service.deployment)
    });
    for service in idle {
        first(&mut trouble, end_idle(app, service).await);
    }
    trouble
}

/// Whether another release of the application has tasks or containers that have not ended: one that is neither kept warm beside the serving
/// one nor has a share of its requests.
async fn another_runs(
    app: &App,
    one: &Upkeep,
    services: &[OwnedService],
    upkeep: &AllUpkeep,
) -> Result<bool, KeeperError> {
    let application = one.application.to_string();
    let own = one.plan.tasks_of(one.deployment).to_string();
    let counts = |maker: &str| maker != own && !upkeep.warm.iter().any(|id| id.to_string() == maker);
    let mut releases = services
        .iter()
        .filter(|service| service.application == application && !service.hook);
    if releases
        .clone()
        .any(|service| upkeep.left_alone.contains(&service.name))
    {
        return Ok(false);
    }
    if releases.any(|service| service.replicas > 0 && counts(&service.deployment)) {
        return Ok(true);
    }
    let makers = app.docker.deployments_with_containers(one.application).await?;
    Ok(makers.iter().any(|maker| counts(maker)))
}

/// That a container has ended is heard from no service. One waits for all applications and looks: each that waits makes a look, and would have
/// more of them wait.
fn look_again_soon(app: &App) {
    if !app.keeper.waits_to_look_again() {
        return;
    }
    let app = app.clone();
    tokio::spawn(async move {
        tokio::time::sleep(LOOK).await;
        app.keeper.looks_again();
        app.keeper_wanted.notify_one();
    });
}

/// Ends a release that serves nobody and is not kept warm. A roll back may have made it the serving one since the look.
async fn end_idle(app: &App, service: &OwnedService) -> Result<(), KeeperError> {
    if let Ok(application) = service.application.parse() {
        let mut connection = app.db.pool().acquire().await?;
        if !deployments::is_idle(&mut connection, application, &service.name).await? {
            return Ok(());
        }
    }
    tracing::info!(
        service = service.name,
        "a release that serves nobody and is not kept warm is stopped"
    );
    scale(app, &service.name, 0).await
}

/// The others are looked after all the same; the first trouble is told.
fn first(all: &mut Result<(), KeeperError>, one: Result<(), KeeperError>) {
    if all.is_ok() {
        *all = one;
    }
}

async fn keep_serving(app: &App, one: &Upkeep, found: Option<&OwnedService>) -> Result<(), KeeperError> {
    let Some(service) = found else {
        if !has_begun(app, one).await? && app.keeper.may_repair(one.application) {
            tracing::warn!(
                service = one.plan.service,
                "the serving release's service is gone; it is made again"
            );
            make_again(app, one).await?;
            let text = "The service of the serving release was removed outside Slipway, and was made again.";
            happenings::of_application(app, one.application, Utc::now(), Severity::Bad, text).await;
        }
        return Ok(());
    };
    let Some(unsettled_at) = one.unsettled_at else {
        return drift::look(app, one, service).await;
    };
    if !is_as_wished(app, one, service) {
        return carry_out(app, one, service).await;
    }
    app.keeper.settle(&service.name);
    let mut connection = app.db.pool().acquire().await?;
    deployments::settle(&mut connection, one.deployment, unsettled_at).await?;
    drop(connection);
    drift::look(app, one, service).await
}

/// It runs where it should run, and does not where it should not. With how many tasks is another matter, unless somebody has just started it.
fn is_as_wished(app: &App, one: &Upkeep, service: &OwnedService) -> bool {
    if one.stopped || app.keeper.was_started(&service.name) {
        return service.replicas == one.wanted();
    }
    service.replicas > 0
}

/// Stopping and starting is this: the wish stands in the database, and here it is carried out, until it was seen to be so once. From then
/// on it is a change from outside that the tasks are gone, or there again.
async fn carry_out(app: &App, one: &Upkeep, service: &OwnedService) -> Result<(), KeeperError> {
    if one.unsettled_at.is_none() || is_as_wished(app, one, service) || has_begun(app, one).await? {
        return Ok(());
    }
    scale(app, &service.name, one.wanted()).await
}

/// Whether a deployment of the application has begun since the look did, and may have ended, or somebody has stopped or started it: what
/// differs now is their doing, and the next look's matter.
async fn has_begun(app: &App, one: &Upkeep) -> Result<bool, KeeperError> {
    let mut moment = app.db.moment().await?;
    let active = deployments::any_taking_over(&mut moment, one.application).await?;
    let serving = deployments::serving(&mut moment, one.application).await?;
    let stopped = applications::is_stopped(&mut moment, one.application).await?;
    moment.commit().await?;
    Ok(active || serving != Some(one.deployment) || stopped != one.stopped)
}

/// The service as it has to be.
async fn wanted_service<'a>(app: &'a App, one: &'a Upkeep) -> Result<ServiceRequest<'a>, KeeperError> {
    let delivery = delivery(app, one).await?;
    Ok(service_request(
        &one.plan,
        one.deployment,
        &one.image,
        &app.config.network,
        &one.plan.service,
        one.wanted(),
        delivery,
    ))
}

async fn make_again(app: &App, one: &Upkeep) -> Result<(), KeeperError> {
    let request = wanted_service(app, one).await?;
    Ok(app.docker.ensure_release(&request).await?)
}

/// The variables and files of the serving deployment, as it was asked for.
async fn delivery(app: &App, one: &Upkeep) -> Result<Delivery, KeeperError> {
    Ok(release::delivery(app, one.deployment, &one.plan)
        .await?
        .into_exposed())
}

async fn scale(app: &App, service: &str, tasks: u16) -> Result<(), KeeperError> {
    match app.docker.scale(service, tasks).await {
        Ok(()) | Err(DockerError::NotFound) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
