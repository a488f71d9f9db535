//! Uploads of the transaction's team, and which of them a deployment builds.

use chrono::{DateTime, Utc};
use slipway_protocol::upload::NewUpload;
use slipway_protocol::{ApplicationId, DeploymentId, Sha256, TeamId, UploadId};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::damaged;

/// An unfinished upload is forgotten this long after it was begun.
const UNFINISHED_HOURS: i32 = 24;

pub struct Upload {
    pub id: UploadId,
    pub application: ApplicationId,
    /// In bytes.
    pub length: u64,
    pub sha256: Sha256,
    pub finished: bool,
    pub created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    application_id: Uuid,
    length: i64,
    sha256: String,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, application_id, length, sha256, created_at, finished_at";

fn upload(row: Row) -> Result<Upload, sqlx::Error> {
    Ok(Upload {
        id: UploadId(row.id),
        application: ApplicationId(row.application_id),
        length: u64::try_from(row.length).map_err(damaged)?,
        sha256: Sha256::parse(&row.sha256).map_err(damaged)?,
        finished: row.finished_at.is_some(),
        created_at: row.created_at,
    })
}

pub async fn find(tx: &mut PgConnection, id: UploadId) -> Result<Option<Upload>, sqlx::Error> {
    let query = format!("select {COLUMNS} from uploads where id = $1");
    let row = sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(id.uuid());
    row.fetch_optional(tx).await?.map(upload).transpose()
}

/// The same content of the same application, finished or not; the finished one first.
pub async fn find_same(
    tx: &mut PgConnection,
    application: ApplicationId,
    new: &NewUpload,
) -> Result<Option<Upload>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS} from uploads where application_id = $1 and sha256 = $2 and length = $3 order by finished_at desc nulls last limit 1"
    );
    let row = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(application.uuid())
        .bind(new.sha256.as_str())
        .bind(i64::try_from(new.length).unwrap_or(i64::MAX));
    row.fetch_optional(tx).await?.map(upload).transpose()
}

/// How many uploads of the application are not finished.
pub async fn unfinished(tx: &mut PgConnection, application: ApplicationId) -> Result<i64, sqlx::Error> {
    let query = "select count(*) from uploads where application_id = $1 and finished_at is null";
    sqlx::query_scalar(query)
        .bind(application.uuid())
        .fetch_one(tx)
        .await
}

pub async fn insert(
    tx: &mut PgConnection,
    team: TeamId,
    application: ApplicationId,
    new: &NewUpload,
) -> Result<UploadId, sqlx::Error> {
    let id = UploadId(Uuid::now_v7());
    let query =
        "insert into uploads (id, team_id, application_id, length, sha256) values ($1, $2, $3, $4, $5)";
    sqlx::query(query)
        .bind(id.uuid())
        .bind(team.uuid())
        .bind(application.uuid())
        .bind(i64::try_from(new.length).unwrap_or(i64::MAX))
        .bind(new.sha256.as_str())
        .execute(tx)
        .await?;
    Ok(id)
}

/// Makes it the application's newest.
pub async fn finish(tx: &mut PgConnection, id: UploadId) -> Result<(), sqlx::Error> {
    // Later than every other one, also where the clock was set back meanwhile.
    let query = "update uploads u set finished_at = greatest(clock_timestamp(),
                        (select max(o.finished_at) + interval '1 microsecond' from uploads o where o.application_id = u.application_id and o.id <> u.id))
                  where id = $1";
    sqlx::query(query).bind(id.uuid()).execute(tx).await?;
    Ok(())
}

pub async fn delete(tx: &mut PgConnection, id: UploadId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from uploads where id = $1")
        .bind(id.uuid())
        .execute(tx)
        .await?;
    Ok(())
}

/// What the application's next deployment builds.
pub async fn newest(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Option<UploadId>, sqlx::Error> {
    let query = "select id from uploads where application_id = $1 and finished_at is not null order by finished_at desc limit 1";
    let id: Option<Uuid> = sqlx::query_scalar(query)
        .bind(application.uuid())
        .fetch_optional(tx)
        .await?;
    Ok(id.map(UploadId))
}

/// The upload that a deployment was asked for with.
pub async fn of_deployment(
    tx: &mut PgConnection,
    deployment: DeploymentId,
) -> Result<Option<Upload>, sqlx::Error> {
    let query =
        format!("select {COLUMNS} from uploads where id = (select upload_id from deployments where id = $1)");
    let row = sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(deployment.uuid());
    row.fetch_optional(tx).await?.map(upload).transpose()
}

/// Says which upload a deployment builds.
pub async fn choose(
    tx: &mut PgConnection,
    deployment: DeploymentId,
    upload: UploadId,
) -> Result<(), sqlx::Error> {
    sqlx::query("update deployments set upload_id = $2 where id = $1")
        .bind(deployment.uuid())
        .bind(upload.uuid())
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets uploads that nobody wants: old unfinished ones, and finished ones that are neither their application's newest, nor
/// belong to a deployment that runs or whose release is kept.
pub async fn forget(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    let query = "delete from uploads u
                  where (u.finished_at is null and u.created_at < now() - make_interval(hours => $1))
                     or (u.finished_at is not null
                         and exists (select from uploads n where n.application_id = u.application_id and n.finished_at > u.finished_at)
                         and not exists (select from deployments d where d.upload_id = u.id
                                            and (d.release_kept or d.status in ('queued', 'running', 'unwinding'))))";
    sqlx::query(query).bind(UNFINISHED_HOURS).execute(tx).await?;
    Ok(())
}

/// The ids of all uploads.
pub async fn all(tx: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select id from uploads").fetch_all(tx).await
}
