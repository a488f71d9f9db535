//! What a scope of variables is about, in the transaction's team.

use slipway_protocol::{ApplicationId, Scope, TeamId};
use sqlx::PgConnection;
use uuid::Uuid;

/// The columns of a row that belongs to a scope.
#[derive(Clone, Copy, Default)]
pub struct Columns {
    pub project: Option<Uuid>,
    pub environment: Option<Uuid>,
    pub application: Option<Uuid>,
}

impl Columns {
    pub fn of(scope: Scope) -> Self {
        let mut columns = Self::default();
        match scope {
            Scope::Team => {}
            Scope::Project(id) => columns.project = Some(id.uuid()),
            Scope::Environment(id) => columns.environment = Some(id.uuid()),
            Scope::Application(id) => columns.application = Some(id.uuid()),
        }
        columns
    }
}

/// The id that the scope's rows are found by.
pub fn owner(scope: Scope, team: TeamId) -> Uuid {
    match scope {
        Scope::Team => team.uuid(),
        Scope::Project(id) => id.uuid(),
        Scope::Environment(id) => id.uuid(),
        Scope::Application(id) => id.uuid(),
    }
}

/// What people call it; `None` when the team has no such thing.
pub async fn name(tx: &mut PgConnection, scope: Scope) -> Result<Option<String>, sqlx::Error> {
    let (query, id) = match scope {
        Scope::Team => return Ok(Some("team".to_owned())),
        Scope::Project(id) => ("select name from projects where id = $1", id.uuid()),
        Scope::Environment(id) => (
            "select p.name || '/' || e.name from environments e join projects p on p.id = e.project_id where e.id = $1",
            id.uuid(),
        ),
        Scope::Application(id) => ("select name from applications where id = $1", id.uuid()),
    };
    sqlx::query_scalar(query).bind(id).fetch_optional(tx).await
}

/// Marks that something waits for the next deployment of every application in the scope.
pub async fn touch(tx: &mut PgConnection, scope: Scope) -> Result<(), sqlx::Error> {
    let columns = Columns::of(scope);
    let query = "update applications a set changed_at = now() from environments e
                  where e.id = a.environment_id and ($1::uuid is null or e.project_id = $1)
                    and ($2::uuid is null or e.id = $2) and ($3::uuid is null or a.id = $3)";
    sqlx::query(query)
        .bind(columns.project)
        .bind(columns.environment)
        .bind(columns.application)
        .execute(tx)
        .await?;
    Ok(())
}

/// The owners of the rows that reach an application: team, project, environment, and itself.
pub async fn owners_above(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Option<[Uuid; 4]>, sqlx::Error> {
    let query = "select a.team_id, e.project_id, e.id, a.id from applications a join environments e on e.id = a.environment_id where a.id = $1";
    let row: Option<(Uuid, Uuid, Uuid, Uuid)> = sqlx::query_as(query)
        .bind(application.uuid())
        .fetch_optional(tx)
        .await?;
    Ok(row.map(|(team, project, environment, application)| [team, project, environment, application]))
}
