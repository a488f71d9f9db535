//! Which deployments are kept, by their ids.

use slipway_protocol::{ApplicationId, DeploymentId};
use sqlx::PgConnection;
use uuid::Uuid;

/// The ids of all that are kept.
pub async fn all_ids(tx: &mut PgConnection) -> Result<Vec<DeploymentId>, sqlx::Error> {
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from deployments")
        .fetch_all(tx)
        .await?;
    Ok(ids.into_iter().map(DeploymentId).collect())
}

/// The ids of all that are kept of these applications.
pub async fn ids_of(
    tx: &mut PgConnection,
    applications: &[ApplicationId],
) -> Result<Vec<DeploymentId>, sqlx::Error> {
    let applications: Vec<Uuid> = applications.iter().map(|id| id.uuid()).collect();
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from deployments where application_id = any($1)")
        .bind(applications)
        .fetch_all(tx)
        .await?;
    Ok(ids.into_iter().map(DeploymentId).collect())
}
