//! Terminals that run now, so that the next agent knows what the last one left. Written by the agent itself, for no request.

use chrono::{DateTime, Utc};
use slipway_protocol::{ApplicationId, SessionId, TeamId, TerminalId, UserId};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

/// A terminal that runs, or that an earlier life of the agent has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    pub id: TerminalId,
    pub team: TeamId,
    pub user: UserId,
    pub session: SessionId,
    /// None for one on the node.
    pub application: Option<ApplicationId>,
    /// The application's name, or the node's.
    pub name: String,
    /// Empty for one on the node.
    pub task: String,
    /// Who opened it, and in which request.
    pub actor: String,
    pub request_id: String,
    /// Docker's id of what runs in it.
    pub exec: String,
    pub screen: bool,
    pub opened_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    team_id: Uuid,
    user_id: Uuid,
    session_id: Uuid,
    application_id: Option<Uuid>,
    name: String,
    task: String,
    actor: String,
    request_id: String,
    exec: String,
    screen: bool,
    opened_at: DateTime<Utc>,
}

pub async fn insert(tx: &mut PgConnection, terminal: &Running) -> Result<(), sqlx::Error> {
    let query = "insert into terminals (id, team_id, user_id, session_id, application_id, name, task, actor, request_id, exec, screen, opened_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    sqlx::query(query)
        .bind(terminal.id.uuid())
        .bind(terminal.team.uuid())
        .bind(terminal.user.uuid())
        .bind(terminal.session.uuid())
        .bind(terminal.application.map(ApplicationId::uuid))
        .bind(&terminal.name)
        .bind(&terminal.task)
        .bind(&terminal.actor)
        .bind(&terminal.request_id)
        .bind(&terminal.exec)
        .bind(terminal.screen)
        .bind(terminal.opened_at)
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets a terminal. False if that was done before.
pub async fn delete(tx: &mut PgConnection, id: TerminalId) -> Result<bool, sqlx::Error> {
    let query = sqlx::query("delete from terminals where id = $1").bind(id.uuid());
    Ok(query.execute(tx).await?.rows_affected() > 0)
}

/// Those of all teams.
pub async fn all(tx: &mut PgConnection) -> Result<Vec<Running>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as("select * from terminals order by opened_at")
        .fetch_all(tx)
        .await?;
    let running = |row: Row| Running {
        id: TerminalId(row.id),
        team: TeamId(row.team_id),
        user: UserId(row.user_id),
        session: SessionId(row.session_id),
        application: row.application_id.map(ApplicationId),
        name: row.name,
        task: row.task,
        actor: row.actor,
        request_id: row.request_id,
        exec: row.exec,
        screen: row.screen,
        opened_at: row.opened_at,
    };
    Ok(rows.into_iter().map(running).collect())
}
