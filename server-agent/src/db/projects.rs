//! Projects and environments of the transaction's team.

use chrono::{DateTime, Utc};
use slipway_protocol::project::{EnvironmentView, ProjectDetails, ProjectView};
use slipway_protocol::{DisplayName, EnvironmentId, EnvironmentName, ProjectId, TeamId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{damaged, tags};

pub async fn insert(
    tx: &mut PgConnection,
    team: TeamId,
    details: &ProjectDetails,
) -> Result<ProjectId, sqlx::Error> {
    let id = ProjectId(Uuid::now_v7());
    let query = "insert into projects (id, team_id, name, description, tags) values ($1, $2, $3, $4, $5)";
    sqlx::query(query)
        .bind(id.uuid())
        .bind(team.uuid())
        .bind(details.name.as_str())
        .bind(&details.description)
        .bind(tags::texts(&details.tags))
        .execute(&mut *tx)
        .await?;
    Ok(id)
}

/// False when there is no such project.
pub async fn update(
    tx: &mut PgConnection,
    id: ProjectId,
    details: &ProjectDetails,
) -> Result<bool, sqlx::Error> {
    let query = "update projects set name = $2, description = $3, tags = $4 where id = $1";
    let changed = sqlx::query(query)
        .bind(id.uuid())
        .bind(details.name.as_str())
        .bind(&details.description)
        .bind(tags::texts(&details.tags))
        .execute(tx)
        .await?;
    Ok(changed.rows_affected() == 1)
}

pub async fn insert_environment(
    tx: &mut PgConnection,
    team: TeamId,
    project: ProjectId,
    name: &EnvironmentName,
) -> Result<EnvironmentView, sqlx::Error> {
    let id = EnvironmentId(Uuid::now_v7());
    let query = "insert into environments (id, team_id, project_id, name) values ($1, $2, $3, $4)";
    sqlx::query(query)
        .bind(id.uuid())
        .bind(team.uuid())
        .bind(project.uuid())
        .bind(name.as_str())
        .execute(&mut *tx)
        .await?;
    Ok(EnvironmentView {
        id,
        name: name.clone(),
        application_count: 0,
    })
}

pub async fn rename_environment(
    tx: &mut PgConnection,
    id: EnvironmentId,
    name: &EnvironmentName,
) -> Result<(), sqlx::Error> {
    sqlx::query("update environments set name = $2 where id = $1")
        .bind(id.uuid())
        .bind(name.as_str())
        .execute(tx)
        .await?;
    Ok(())
}

/// Id, name, description, tags, when it was made.
type Row = (Uuid, String, String, Vec<String>, DateTime<Utc>);

/// All projects with their environments, or just one.
pub async fn list(tx: &mut PgConnection, only: Option<ProjectId>) -> Result<Vec<ProjectView>, sqlx::Error> {
    let query = "select id, name, description, tags, created_at from projects where $1::uuid is null or id = $1 order by name";
    let rows: Vec<Row> = sqlx::query_as(query)
        .bind(only.map(ProjectId::uuid))
        .fetch_all(&mut *tx)
        .await?;
    let query = "select e.project_id, e.id, e.name, (select count(*) from applications a where a.environment_id = e.id)
                   from environments e order by e.created_at";
    let environments: Vec<(Uuid, Uuid, String, i64)> = sqlx::query_as(query).fetch_all(&mut *tx).await?;
    let mut projects = Vec::with_capacity(rows.len());
    for (id, name, description, tags, created_at) in rows {
        let own = environments.iter().filter(|(project, ..)| *project == id);
        let environments = own
            .map(|(_, id, name, count)| {
                let name = EnvironmentName::parse(name).map_err(damaged)?;
                Ok(EnvironmentView {
                    id: EnvironmentId(*id),
                    name,
                    application_count: u32::try_from(*count).unwrap_or(u32::MAX),
                })
            })
            .collect::<Result<_, sqlx::Error>>()?;
        projects.push(ProjectView {
            id: ProjectId(id),
            name: DisplayName::parse(&name).map_err(damaged)?,
            description,
            tags: tags::parsed(&tags)?,
            environments,
            created_at,
        });
    }
    Ok(projects)
}

pub async fn exists(tx: &mut PgConnection, project: ProjectId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from projects where id = $1)")
        .bind(project.uuid())
        .fetch_one(tx)
        .await
}

/// An environment's project and name.
pub struct Environment {
    pub project: ProjectId,
    pub name: EnvironmentName,
}

pub async fn environment(
    tx: &mut PgConnection,
    id: EnvironmentId,
) -> Result<Option<Environment>, sqlx::Error> {
    let row: Option<(Uuid, String)> =
        sqlx::query_as("select project_id, name from environments where id = $1")
            .bind(id.uuid())
            .fetch_optional(tx)
            .await?;
    row.map(|(project, name)| {
        Ok(Environment {
            project: ProjectId(project),
            name: EnvironmentName::parse(&name).map_err(damaged)?,
        })
    })
    .transpose()
}
