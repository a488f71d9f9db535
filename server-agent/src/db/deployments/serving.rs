//! Which releases serve.

use std::collections::HashMap;

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
    pub(super) fn read(deployment: Uuid, plan: &Value) -> Self {
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
