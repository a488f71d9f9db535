//! Which releases get a share of the requests before they serve.

use std::collections::HashMap;

use serde_json::Value;
use slipway_protocol::{ApplicationId, DeploymentId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::serving::Routed;

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
