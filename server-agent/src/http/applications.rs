//! Applications: what was asked for, beside what is observed.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use slipway_protocol::api::{
    CreateApplication, GetApplication, ListApplications, ListUnwellApplications, SetTags, UpdateApplication,
};
use slipway_protocol::application::{ApplicationView, ObservedStatus, UnwellApplication};
use slipway_protocol::deployment::DeploymentView;
use slipway_protocol::domain::DomainView;
use slipway_protocol::{Action, ApplicationId, Resource};
use uuid::Uuid;

use super::{ApiError, Call, tags};
use crate::db::applications::{self, Application, Which};
use crate::db::{Tx, deployments, domains, violated_constraint};
use crate::domain::plan::Plan;
use crate::domain::rollout::TaskState;

/// Who looks at applications waits no longer for Docker.
const DOCKER_PATIENCE: Duration = Duration::from_secs(5);

pub async fn list_applications(
    call: Call,
    request: ListApplications,
) -> Result<Vec<ApplicationView>, ApiError> {
    let (running, mut tx) = (Running::now(&call).await, call.begin().await?);
    let which = request.environment.map_or(Which::All, Which::In);
    views(&call, &mut tx, which, &running).await
}

/// Who watches from the edge of a screen need not be sent all of each.
pub async fn list_unwell_applications(
    call: Call,
    _: ListUnwellApplications,
) -> Result<Vec<UnwellApplication>, ApiError> {
    let (running, mut tx) = (Running::now(&call).await, call.begin().await?);
    let all = views(&call, &mut tx, Which::All, &running).await?;
    let unwell = all.into_iter().filter_map(|one| {
        Some(UnwellApplication {
            trouble: one.trouble()?.into(),
            application: one.id,
            name: one.name,
        })
    });
    Ok(unwell.collect())
}

pub async fn get_application(call: Call, request: GetApplication) -> Result<ApplicationView, ApiError> {
    let (running, mut tx) = (Running::now(&call).await, call.begin().await?);
    one(&call, &mut tx, request.application, &running).await
}

pub async fn create_application(call: Call, request: CreateApplication) -> Result<ApplicationView, ApiError> {
    let (team, running) = (call.team()?, Running::now(&call).await);
    let mut tx = call.begin().await?;
    if !applications::environment_exists(&mut tx, request.environment).await? {
        return Err(ApiError::not_found("environment"));
    }
    let new = request.body;
    if !new.settings.reaches_nothing() {
        insist_on_reach(&call)?;
    }
    let inserted = applications::insert(&mut tx, team, request.environment, &new.name, &new.settings).await;
    let id = inserted.map_err(|error| match violated_constraint(&error) {
        Some("application_name_is_free") => ApiError::conflict(format!(
            "This environment already has an application “{}”; choose another name.",
            new.name
        )),
        _ => error.into(),
    })?;
    call.audit(&mut tx, new.name.as_str()).await?;
    let view = one(&call, &mut tx, id, &running).await?;
    tx.commit().await?;
    Ok(view)
}

/// What reaches the node is for those who may have it; what is there already may stay.
pub(super) fn insist_on_reach(call: &Call) -> Result<(), ApiError> {
    let what =
        "what reaches the node itself: its folders, networks, ports, clock, programs, or repositories on it";
    call.insist(Resource::Node, Action::Write, what)
}

pub async fn update_application(call: Call, request: UpdateApplication) -> Result<ApplicationView, ApiError> {
    let (running, mut tx) = (Running::now(&call).await, call.begin().await?);
    // What is compared is what is replaced: two who change it at once go one after the other.
    applications::lock(&mut tx, request.application).await?;
    let before = row(&mut tx, request.application).await?;
    if !request.body.reaches_as_far_as(&before.settings) {
        insist_on_reach(&call)?;
    }
    if !applications::update(&mut tx, request.application, &request.body).await? {
        return Err(ApiError::not_found("application"));
    }
    let view = one(&call, &mut tx, request.application, &running).await?;
    call.audit(&mut tx, view.name.as_str()).await?;
    tx.commit().await?;
    Ok(view)
}

pub async fn set_tags(call: Call, request: SetTags) -> Result<ApplicationView, ApiError> {
    let tags = tags::kept(request.body.tags, "An application")?;
    let (running, mut tx) = (Running::now(&call).await, call.begin().await?);
    if !applications::set_tags(&mut tx, request.application, &tags).await? {
        return Err(ApiError::not_found("application"));
    }
    let view = one(&call, &mut tx, request.application, &running).await?;
    call.audit(&mut tx, view.name.as_str()).await?;
    tx.commit().await?;
    Ok(view)
}

/// The row of an application of the team.
pub(super) async fn row(tx: &mut Tx, id: ApplicationId) -> Result<Application, ApiError> {
    let found = applications::find(tx, id).await?;
    found.ok_or_else(|| ApiError::not_found("application"))
}

pub(super) async fn one(
    call: &Call,
    tx: &mut Tx,
    id: ApplicationId,
    running: &Running,
) -> Result<ApplicationView, ApiError> {
    views(call, tx, Which::One(id), running)
        .await?
        .pop()
        .ok_or_else(|| ApiError::not_found("application"))
}

async fn views(
    call: &Call,
    tx: &mut Tx,
    which: Which,
    running: &Running,
) -> Result<Vec<ApplicationView>, ApiError> {
    let applications = applications::list(tx, which).await?;
    let ids: Vec<Uuid> = applications
        .iter()
        .map(|application| application.id.uuid())
        .collect();
    let (mut newest, mut serving) = deployments::newest_and_serving(tx, &ids).await?;
    let mut own_domains: HashMap<ApplicationId, Vec<DomainView>> = HashMap::new();
    for domain in domains::list(tx, None).await? {
        let url = call
            .app
            .config
            .public_url(domain.host.as_str(), domain.path.as_str());
        own_domains
            .entry(domain.application)
            .or_default()
            .push(DomainView {
                id: domain.id,
                host: domain.host,
                path: domain.path,
                url,
            });
    }
    let mut plans = deployments::serving_plans(tx, &ids).await?;
    let mut configured = deployments::configured(tx, &ids).await?;
    let views = applications.into_iter().map(|application| {
        let id = application.id.uuid();
        let known = Known {
            domains: own_domains.remove(&application.id).unwrap_or_default(),
            last_deployment: newest.remove(&id),
            serving: serving.remove(&id),
            plan: plans.remove(&id),
            configured_at: configured.remove(&id),
        };
        view(call, application, known, running)
    });
    Ok(views.collect())
}

/// What is known of an application besides its settings.
struct Known {
    domains: Vec<DomainView>,
    last_deployment: Option<DeploymentView>,
    serving: Option<DeploymentView>,
    /// The serving release's.
    plan: Option<Plan>,
    /// When the settings and variables of what serves were taken.
    configured_at: Option<DateTime<Utc>>,
}

/// How many tasks run, by deployment; nothing when Docker cannot be asked. Asked before a transaction begins: Docker may take its time, and
/// connections to the database are few.
pub(super) struct Running(Option<HashMap<String, u16>>);

impl Running {
    pub async fn now(call: &Call) -> Self {
        let asked = call.app.docker.deployment_tasks(&call.app.config.network);
        let Ok(Ok(tasks)) = tokio::time::timeout(DOCKER_PATIENCE, asked).await else {
            return Self(None);
        };
        let mut running: HashMap<String, u16> = HashMap::new();
        for (deployment, _) in tasks
            .into_iter()
            .filter(|(_, task)| task.wanted && task.state == TaskState::Running)
        {
            *running.entry(deployment).or_default() += 1;
        }
        Self(Some(running))
    }
}

fn view(call: &Call, application: Application, known: Known, running: &Running) -> ApplicationView {
    let wanted = match &known.plan {
        Some(plan) if !application.stopped => plan.settings.replicas.get(),
        Some(_) | None => 0,
    };
    let (observed, observed_tasks) = match (&known.serving, &running.0) {
        (None, _) => (ObservedStatus::Absent, 0),
        (Some(_), None) => (ObservedStatus::Unknown, 0),
        (Some(serving), Some(running)) => {
            let tasks_of = serving.release_of.unwrap_or(serving.id).to_string();
            let count = running.get(&tasks_of).copied().unwrap_or(0);
            let status = match count {
                _ if application.stopped => ObservedStatus::Stopped,
                0 => ObservedStatus::Down,
                some if some < wanted => ObservedStatus::Degraded,
                _ => ObservedStatus::Running,
            };
            (status, count)
        }
    };
    let tasks_of = known
        .serving
        .as_ref()
        .map(|serving| serving.release_of.unwrap_or(serving.id).to_string());
    let unhealthy = tasks_of
        .filter(|_| !application.stopped)
        .and_then(|tasks_of| call.app.vitals.unhealthy_of(&tasks_of));
    let drift = known
        .plan
        .as_ref()
        .map(|plan| call.app.keeper.drift_of(&plan.service));
    let pending_changes = known
        .configured_at
        .is_some_and(|configured| application.changed_at > configured);
    ApplicationView {
        id: application.id,
        environment: application.environment,
        project: application.project,
        name: application.name,
        tags: application.tags,
        settings: application.settings,
        domains: known.domains,
        observed,
        observed_tasks,
        wanted_tasks: wanted,
        unhealthy,
        stopped: application.stopped,
        drift: drift.unwrap_or_default(),
        last_deployment: known.last_deployment,
        serving: known.serving,
        pending_changes,
        created_at: application.created_at,
    }
}
