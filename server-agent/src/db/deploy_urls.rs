//! Applications' deploy URLs. Of the secret only its hash is kept.

use chrono::{DateTime, Utc};
use slipway_protocol::{ApplicationId, TeamId};
use sqlx::PgConnection;
use uuid::Uuid;

/// What is known of one.
pub struct DeployUrl {
    pub made_by: String,
    pub made_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

pub async fn find(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Option<DeployUrl>, sqlx::Error> {
    let query = "select made_by, made_at, last_used_at from deploy_urls where application_id = $1";
    let row: Option<(String, DateTime<Utc>, Option<DateTime<Utc>>)> = sqlx::query_as(query)
        .bind(application.uuid())
        .fetch_optional(tx)
        .await?;
    Ok(row.map(|(made_by, made_at, last_used_at)| DeployUrl {
        made_by,
        made_at,
        last_used_at,
    }))
}

/// Makes one, or gives it another secret.
pub async fn put(
    tx: &mut PgConnection,
    team: TeamId,
    application: ApplicationId,
    secret_hash: &[u8],
    made_by: &str,
) -> Result<(), sqlx::Error> {
    let query = "insert into deploy_urls (application_id, team_id, secret_hash, made_by) values ($1, $2, $3, $4)
                 on conflict (application_id) do update
                 set secret_hash = excluded.secret_hash, made_by = excluded.made_by, made_at = now(), last_used_at = null";
    sqlx::query(query)
        .bind(application.uuid())
        .bind(team.uuid())
        .bind(secret_hash)
        .bind(made_by)
        .execute(tx)
        .await?;
    Ok(())
}

/// False when there was none.
pub async fn delete(tx: &mut PgConnection, application: ApplicationId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from deploy_urls where application_id = $1")
        .bind(application.uuid())
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes every one away. What was replaced or deleted after a backup must not come back with it.
pub async fn delete_all(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("delete from deploy_urls").execute(tx).await?;
    Ok(())
}

/// The application's team, if this is its secret; notes the use. Asked by nobody's team.
pub async fn take(
    tx: &mut PgConnection,
    application: ApplicationId,
    secret_hash: &[u8],
) -> Result<Option<TeamId>, sqlx::Error> {
    let query = "update deploy_urls set last_used_at = now() where application_id = $1 and secret_hash = $2 returning team_id";
    let team: Option<Uuid> = sqlx::query_scalar(query)
        .bind(application.uuid())
        .bind(secret_hash)
        .fetch_optional(tx)
        .await?;
    Ok(team.map(TeamId))
}

/// The number of the application's waiting deployment, where this caller asked for it and nothing has changed since that it would run with.
pub async fn waiting(
    tx: &mut PgConnection,
    application: ApplicationId,
    requested_by: &str,
) -> Result<Option<u32>, sqlx::Error> {
    let query = "select d.number from deployments d join applications a on a.id = d.application_id
                  where d.application_id = $1 and d.status = 'queued' and d.requested_by = $2 and d.created_at > a.changed_at";
    let number: Option<i32> = sqlx::query_scalar(query)
        .bind(application.uuid())
        .bind(requested_by)
        .fetch_optional(tx)
        .await?;
    Ok(number.and_then(|number| u32::try_from(number).ok()))
}
