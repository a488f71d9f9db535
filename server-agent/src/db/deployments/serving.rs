//! Which releases serve, how they should be, and which are kept to go back to.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use slipway_protocol::{ApplicationId, DeploymentId};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::plan::Plan;

/// The deployment whose release serves an application.
pub async fn serving(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Option<DeploymentId>, sqlx::Error> {
    let query = "select deployment_id from serving where application_id = $1";
    let row: Option<Uuid> = sqlx::query_scalar(query)
        .bind(application.uuid())
        .fetch_optional(tx)
        .await?;
    Ok(row.map(DeploymentId))
}

/// The plan of the release that serves an application.
pub async fn serving_plan(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Option<Plan>, sqlx::Error> {
    let query = "select d.plan from serving s join deployments d on d.id = s.deployment_id where s.application_id = $1";
    let row: Option<Json<Plan>> = sqlx::query_scalar(query)
        .bind(application.uuid())
        .fetch_optional(tx)
        .await?;
    Ok(row.map(|plan| plan.0))
}

/// The port on which each of the application's releases listens, by its service.
pub async fn ports(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<HashMap<String, Option<u16>>, sqlx::Error> {
    let query = "select distinct on (plan ->> 'service') plan ->> 'service', (plan -> 'settings' ->> 'port')::int from deployments
                  where application_id = $1 order by plan ->> 'service', number desc";
    let rows: Vec<(String, Option<i32>)> = sqlx::query_as(query)
        .bind(application.uuid())
        .fetch_all(tx)
        .await?;
    let port = |port: Option<i32>| port.and_then(|port| u16::try_from(port).ok());
    Ok(rows
        .into_iter()
        .map(|(service, own)| (service, port(own)))
        .collect())
}

/// The plan of the deployment that is at work for an application, if this agent can read it.
pub async fn active_plan(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Option<Plan>, sqlx::Error> {
    let query =
        "select id, plan from deployments where application_id = $1 and status in ('running', 'unwinding')";
    let row: Option<(Uuid, Value)> = sqlx::query_as(query)
        .bind(application.uuid())
        .fetch_optional(tx)
        .await?;
    Ok(row.and_then(|(id, plan)| readable(DeploymentId(id), &plan)))
}

pub async fn set_serving(
    tx: &mut PgConnection,
    application: ApplicationId,
    deployment: Option<DeploymentId>,
) -> Result<(), sqlx::Error> {
    let Some(deployment) = deployment else {
        sqlx::query("delete from serving where application_id = $1")
            .bind(application.uuid())
            .execute(tx)
            .await?;
        return Ok(());
    };
    let query = "insert into serving (application_id, team_id, deployment_id) select application_id, team_id, id from deployments where id = $1
                 on conflict (application_id) do update
                    set deployment_id = excluded.deployment_id, since = now(), unsettled_at = now()";
    sqlx::query(query).bind(deployment.uuid()).execute(tx).await?;
    Ok(())
}

/// The plans of the releases that serve these applications, as far as they can be read.
pub async fn serving_plans(
    tx: &mut PgConnection,
    applications: &[Uuid],
) -> Result<HashMap<Uuid, Plan>, sqlx::Error> {
    let query = "select s.application_id, d.id, d.plan from serving s join deployments d on d.id = s.deployment_id where s.application_id = any($1)";
    let rows: Vec<(Uuid, Uuid, Value)> = sqlx::query_as(query).bind(applications).fetch_all(tx).await?;
    let read = |(application, deployment, plan): (Uuid, Uuid, Value)| {
        Some((application, readable(DeploymentId(deployment), &plan)?))
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// When the settings and variables with which applications are served were taken.
pub async fn configured(
    tx: &mut PgConnection,
    applications: &[Uuid],
) -> Result<HashMap<Uuid, DateTime<Utc>>, sqlx::Error> {
    let query = "select s.application_id, coalesce(d.configured_at, d.created_at) from serving s join deployments d on d.id = s.deployment_id
                  where s.application_id = any($1)";
    let rows: Vec<(Uuid, DateTime<Utc>)> = sqlx::query_as(query).bind(applications).fetch_all(tx).await?;
    Ok(rows.into_iter().collect())
}

/// The same service serves on, as this deployment says; in a team's transaction.
pub async fn serve_on_as(
    tx: &mut PgConnection,
    application: ApplicationId,
    deployment: DeploymentId,
) -> Result<(), sqlx::Error> {
    sqlx::query("update serving set deployment_id = $2, since = now() where application_id = $1")
        .bind(application.uuid())
        .bind(deployment.uuid())
        .execute(tx)
        .await?;
    Ok(())
}

/// What a release that somebody wants is made of. The rest of its plan may be any.
pub struct Wanted {
    pub service: String,
    pub image_tag: String,
}

/// A release that requests are led to.
pub struct Routed {
    pub deployment: DeploymentId,
    /// The deployment whose id its tasks carry.
    pub tasks_of: DeploymentId,
    pub port: Option<u16>,
    /// `None` where this agent cannot read it: requests are led there all the same.
    pub plan: Option<Plan>,
}

impl Routed {
    /// What routing needs is read by itself. Whatever else is in a plan that a newer agent has made, its release goes on serving.
    fn read(deployment: Uuid, plan: &Value) -> Self {
        let deployment = DeploymentId(deployment);
        let tasks_of = plan["tasks_of"].as_str().and_then(|id| id.parse().ok());
        Self {
            deployment,
            tasks_of: tasks_of.unwrap_or(deployment),
            port: plan["settings"]["port"]
                .as_u64()
                .and_then(|port| u16::try_from(port).ok()),
            plan: readable(deployment, plan),
        }
    }
}

/// One plan that cannot be read is nobody else's trouble.
pub(super) fn readable(deployment: DeploymentId, plan: &Value) -> Option<Plan> {
    let read = Plan::deserialize(plan);
    if let Err(error) = &read {
        tracing::warn!(deployment.id = %deployment, %error, "a plan cannot be read; it is damaged, or was made by a newer agent");
    }
    read.ok()
}

/// Everything that serves.
pub async fn all_serving(tx: &mut PgConnection) -> Result<Vec<(ApplicationId, Routed)>, sqlx::Error> {
    let query = "select s.application_id, s.deployment_id, d.plan from serving s join deployments d on d.id = s.deployment_id order by 1";
    let rows: Vec<(Uuid, Uuid, Value)> = sqlx::query_as(query).fetch_all(tx).await?;
    Ok(rows
        .into_iter()
        .map(|(application, deployment, plan)| (ApplicationId(application), Routed::read(deployment, &plan)))
        .collect())
}

/// Whether any application has a release that serves.
pub async fn anyone_serves(tx: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from serving)")
        .fetch_one(tx)
        .await
}

/// A release that is on its way to take over, and its share of the requests; without a number each task counts the same.
pub struct Share {
    pub release: Routed,
    pub percent: Option<u8>,
}

pub async fn all_shares(tx: &mut PgConnection) -> Result<HashMap<ApplicationId, Share>, sqlx::Error> {
    let query = "select s.application_id, s.deployment_id, d.plan, s.percent from shares s join deployments d on d.id = s.deployment_id";
    let rows: Vec<(Uuid, Uuid, Value, Option<i16>)> = sqlx::query_as(query).fetch_all(tx).await?;
    let share = |(application, deployment, plan, percent): (Uuid, Uuid, Value, Option<i16>)| {
        let share = Share {
            release: Routed::read(deployment, &plan),
            percent: percent.and_then(|percent| u8::try_from(percent).ok()),
        };
        (ApplicationId(application), share)
    };
    Ok(rows.into_iter().map(share).collect())
}

/// The share that a deployment has by now.
pub async fn share(tx: &mut PgConnection, id: DeploymentId) -> Result<Option<u8>, sqlx::Error> {
    let query = "select percent from shares where deployment_id = $1";
    let found: Option<Option<i16>> = sqlx::query_scalar(query)
        .bind(id.uuid())
        .fetch_optional(tx)
        .await?;
    Ok(found.flatten().and_then(|percent| u8::try_from(percent).ok()))
}

pub async fn set_share(
    tx: &mut PgConnection,
    id: DeploymentId,
    percent: Option<u8>,
) -> Result<(), sqlx::Error> {
    let query = "insert into shares (application_id, team_id, deployment_id, percent) select application_id, team_id, id, $2 from deployments where id = $1
                 on conflict (application_id) do update set deployment_id = excluded.deployment_id, percent = excluded.percent";
    sqlx::query(query)
        .bind(id.uuid())
        .bind(percent.map(i16::from))
        .execute(tx)
        .await?;
    Ok(())
}

pub async fn end_share(tx: &mut PgConnection, application: ApplicationId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from shares where application_id = $1")
        .bind(application.uuid())
        .execute(tx)
        .await?;
    Ok(())
}

/// Where a deployment has scaled its application: the next one keeps the number. Nothing waits for a deployment because of it.
pub async fn keep_scale(tx: &mut PgConnection, id: DeploymentId) -> Result<(), sqlx::Error> {
    let query = "update applications a set settings = jsonb_set(a.settings, '{replicas}', d.plan #> '{settings,replicas}')
                   from deployments d where d.id = $1 and a.id = d.application_id and d.trigger ->> 'kind' = 'scale'";
    sqlx::query(query).bind(id.uuid()).execute(tx).await?;
    Ok(())
}

/// Until then the tasks of a release that no longer serves keep running.
pub async fn keep_warm(tx: &mut PgConnection, id: DeploymentId, seconds: u64) -> Result<(), sqlx::Error> {
    let query = "update deployments set warm_until = now() + make_interval(secs => $2) where id = $1";
    #[allow(clippy::cast_precision_loss, reason = "at most an hour")]
    let seconds = seconds as f64;
    sqlx::query(query)
        .bind(id.uuid())
        .bind(seconds)
        .execute(tx)
        .await?;
    Ok(())
}

/// No release of the application keeps running any more beside the one that serves.
pub async fn end_warmth(tx: &mut PgConnection, application: ApplicationId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update deployments set warm_until = null where application_id = $1 and warm_until is not null",
    )
    .bind(application.uuid())
    .execute(tx)
    .await?;
    Ok(())
}

/// The services whose tasks keep running for a while, though they serve nobody.
pub async fn warm_services(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Vec<String>, sqlx::Error> {
    let query = "select plan ->> 'service' from deployments where application_id = $1 and warm_until > now()";
    sqlx::query_scalar(query)
        .bind(application.uuid())
        .fetch_all(tx)
        .await
}

/// Marks which releases are kept as targets of a roll back: the serving one and those before it, `count` in all. A release that was
/// gone back to counts once, and each deployment that put it in front leads to it.
pub async fn keep_releases(
    tx: &mut PgConnection,
    application: ApplicationId,
    count: i64,
) -> Result<(), sqlx::Error> {
    let query = "update deployments d set release_kept = d.id in (
                    select id from deployments where application_id = $1 and (status = 'succeeded' or id in (select deployment_id from serving))
                       and plan->>'service' in (
                        select plan->>'service' from deployments
                         where application_id = $1 and (status = 'succeeded' or id in (select deployment_id from serving))
                         group by plan->>'service' order by max(number) desc limit $2))
                  where application_id = $1 and status <> 'queued'";
    sqlx::query(query)
        .bind(application.uuid())
        .bind(count)
        .execute(tx)
        .await?;
    Ok(())
}

/// Whose services and images must stay: kept releases, what serves or has a share of the requests, what is still at work, and what a command
/// runs in.
pub async fn wanted_releases(tx: &mut PgConnection) -> Result<HashMap<String, Wanted>, sqlx::Error> {
    let query = "select id, coalesce(plan ->> 'service', ''), coalesce(plan ->> 'image_tag', '')
                   from deployments where release_kept or status in ('queued', 'running', 'unwinding')
                     or id in (select deployment_id from serving union select deployment_id from shares
                               union select deployment_id from command_runs where status in ('waiting', 'running'))";
    let rows: Vec<(Uuid, String, String)> = sqlx::query_as(query).fetch_all(tx).await?;
    Ok(rows
        .into_iter()
        .map(|(id, service, image_tag)| (id.to_string(), Wanted { service, image_tag }))
        .collect())
}

/// The names of the Swarm secrets that those releases read.
pub async fn wanted_secrets(tx: &mut PgConnection) -> Result<HashSet<String>, sqlx::Error> {
    let query = "select distinct unnest(secrets) from deployments where release_kept or status in ('queued', 'running', 'unwinding')
                  or id in (select deployment_id from serving union select deployment_id from shares
                               union select deployment_id from command_runs where status in ('waiting', 'running'))";
    let names: Vec<String> = sqlx::query_scalar(query).fetch_all(tx).await?;
    Ok(names.into_iter().collect())
}
