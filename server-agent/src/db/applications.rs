//! Applications of the transaction's team.

use chrono::{DateTime, Utc};
use slipway_protocol::settings::ApplicationSettings;
use slipway_protocol::{ApplicationId, ApplicationName, EnvironmentId, ProjectId, Tag, TeamId};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{damaged, tags};

pub struct Application {
    pub id: ApplicationId,
    pub environment: EnvironmentId,
    pub project: ProjectId,
    pub name: ApplicationName,
    pub tags: Vec<Tag>,
    pub settings: ApplicationSettings,
    /// When settings or variables last changed.
    pub changed_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    /// Somebody stopped it, and nobody started it again.
    pub stopped: bool,
}

/// Which applications are wanted.
#[derive(Clone, Copy)]
pub enum Which {
    All,
    In(EnvironmentId),
    One(ApplicationId),
}

pub async fn list(tx: &mut PgConnection, which: Which) -> Result<Vec<Application>, sqlx::Error> {
    let (environment, id) = match which {
        Which::All => (None, None),
        Which::In(environment) => (Some(environment.uuid()), None),
        Which::One(id) => (None, Some(id.uuid())),
    };
    let query = "select a.id, a.environment_id, e.project_id, a.name, a.tags, a.settings, a.changed_at, a.created_at, a.stopped_at is not null
                   from applications a join environments e on e.id = a.environment_id
                  where ($1::uuid is null or a.environment_id = $1) and ($2::uuid is null or a.id = $2) order by a.name";
    type Row = (
        Uuid,
        Uuid,
        Uuid,
        String,
        Vec<String>,
        Json<ApplicationSettings>,
        DateTime<Utc>,
        DateTime<Utc>,
        bool,
    );
    let rows: Vec<Row> = sqlx::query_as(query)
        .bind(environment)
        .bind(id)
        .fetch_all(tx)
        .await?;
    rows.into_iter()
        .map(
            |(id, environment, project, name, tags, settings, changed_at, created_at, stopped)| {
                Ok(Application {
                    id: ApplicationId(id),
                    environment: EnvironmentId(environment),
                    project: ProjectId(project),
                    name: ApplicationName::parse(&name).map_err(damaged)?,
                    tags: tags::parsed(&tags)?,
                    settings: settings.0,
                    changed_at,
                    created_at,
                    stopped,
                })
            },
        )
        .collect()
}

pub async fn find(tx: &mut PgConnection, id: ApplicationId) -> Result<Option<Application>, sqlx::Error> {
    Ok(list(tx, Which::One(id)).await?.pop())
}

pub async fn insert(
    tx: &mut PgConnection,
    team: TeamId,
    environment: EnvironmentId,
    name: &ApplicationName,
    settings: &ApplicationSettings,
) -> Result<ApplicationId, sqlx::Error> {
    let id = ApplicationId(Uuid::now_v7());
    let query =
        "insert into applications (id, team_id, environment_id, name, settings) values ($1, $2, $3, $4, $5)";
    let query = sqlx::query(query)
        .bind(id.uuid())
        .bind(team.uuid())
        .bind(environment.uuid());
    query.bind(name.as_str()).bind(Json(settings)).execute(tx).await?;
    Ok(id)
}

/// Whether the transaction's team has this environment.
pub async fn environment_exists(
    tx: &mut PgConnection,
    environment: EnvironmentId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from environments where id = $1)")
        .bind(environment.uuid())
        .fetch_one(tx)
        .await
}

/// False when there is no such application. Another number of tasks is a wish of this moment; who changes something else wishes for none.
pub async fn update(
    tx: &mut PgConnection,
    id: ApplicationId,
    settings: &ApplicationSettings,
) -> Result<bool, sqlx::Error> {
    let query = "update applications set settings = $2, changed_at = now(),
                        replicas_wished_at = case when settings -> 'replicas' is distinct from $2::jsonb -> 'replicas' then now() else replicas_wished_at end
                  where id = $1";
    Ok(sqlx::query(query)
        .bind(id.uuid())
        .bind(Json(settings))
        .execute(tx)
        .await?
        .rows_affected()
        == 1)
}

/// Writes down settings that are in force already: nothing waits for a deployment because of them.
pub async fn note_in_force(
    tx: &mut PgConnection,
    id: ApplicationId,
    settings: &ApplicationSettings,
) -> Result<(), sqlx::Error> {
    let query = "update applications set settings = $2,
                        replicas_wished_at = case when settings -> 'replicas' is distinct from $2::jsonb -> 'replicas' then now() else replicas_wished_at end
                  where id = $1";
    sqlx::query(query)
        .bind(id.uuid())
        .bind(Json(settings))
        .execute(tx)
        .await?;
    Ok(())
}

/// False when there is no such application.
pub async fn set_tags(tx: &mut PgConnection, id: ApplicationId, tags: &[Tag]) -> Result<bool, sqlx::Error> {
    let changed = sqlx::query("update applications set tags = $2 where id = $1")
        .bind(id.uuid())
        .bind(tags::texts(tags))
        .execute(tx)
        .await?;
    Ok(changed.rows_affected() == 1)
}

/// Whether its tasks should run at all. False when there is no such application.
pub async fn set_stopped(
    tx: &mut PgConnection,
    id: ApplicationId,
    stopped: bool,
) -> Result<bool, sqlx::Error> {
    let query = "update applications set stopped_at = case when $2 then coalesce(stopped_at, now()) end where id = $1";
    let changed = sqlx::query(query)
        .bind(id.uuid())
        .bind(stopped)
        .execute(tx)
        .await?;
    Ok(changed.rows_affected() == 1)
}

/// Whether its tasks should not run at all.
pub async fn is_stopped(tx: &mut PgConnection, id: ApplicationId) -> Result<bool, sqlx::Error> {
    let query = "select stopped_at is not null from applications where id = $1";
    let found: Option<bool> = sqlx::query_scalar(query)
        .bind(id.uuid())
        .fetch_optional(tx)
        .await?;
    Ok(found.unwrap_or(false))
}

/// Marks that something waits for the next deployment.
pub async fn touch(tx: &mut PgConnection, id: ApplicationId) -> Result<(), sqlx::Error> {
    sqlx::query("update applications set changed_at = now() where id = $1")
        .bind(id.uuid())
        .execute(tx)
        .await?;
    Ok(())
}

/// Locks the application against another deployment request at the same moment. False when there is none.
pub async fn lock(tx: &mut PgConnection, id: ApplicationId) -> Result<bool, sqlx::Error> {
    let found: Option<Uuid> = sqlx::query_scalar("select id from applications where id = $1 for update")
        .bind(id.uuid())
        .fetch_optional(tx)
        .await?;
    Ok(found.is_some())
}

/// Puts an application into another environment, whose variables then wait for the next deployment.
pub async fn relocate(
    tx: &mut PgConnection,
    id: ApplicationId,
    environment: EnvironmentId,
) -> Result<(), sqlx::Error> {
    sqlx::query("update applications set environment_id = $2, changed_at = now() where id = $1")
        .bind(id.uuid())
        .bind(environment.uuid())
        .execute(tx)
        .await?;
    Ok(())
}

/// Every application's id, of all teams.
pub async fn all_ids(tx: &mut PgConnection) -> Result<Vec<ApplicationId>, sqlx::Error> {
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from applications")
        .fetch_all(tx)
        .await?;
    Ok(ids.into_iter().map(ApplicationId).collect())
}
