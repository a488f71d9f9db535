//! Commands that are run once beside applications.

use chrono::{DateTime, Utc};
use slipway_protocol::command::{CommandStatus, CommandView};
use slipway_protocol::settings::{CommandLimit, CommandLine};
use slipway_protocol::{ApplicationId, CommandId, DeploymentId, TeamId};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::damaged;
use super::text::storable;
use crate::domain::plan::Plan;

/// Of each application so many commands that have ended are kept, with what they wrote.
const KEPT: i64 = 50;

/// What a new command's row holds.
pub struct NewRun<'a> {
    pub id: CommandId,
    pub team: TeamId,
    pub application: ApplicationId,
    pub deployment: DeploymentId,
    pub command: &'a CommandLine,
    pub deadline: CommandLimit,
    pub requested_by: &'a str,
}

/// A command that has not ended, as the engine needs it.
pub struct Unfinished {
    pub id: CommandId,
    pub application: ApplicationId,
    pub deployment: DeploymentId,
    pub command: CommandLine,
    pub deadline: CommandLimit,
    pub status: CommandStatus,
    /// Its only task has been seen.
    pub begun: bool,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
}

/// How a command has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub status: CommandStatus,
    pub exit_code: Option<i64>,
    pub failure: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    application_id: Uuid,
    deployment_id: Uuid,
    number: i32,
    command: Json<CommandLine>,
    status: String,
    cancelled: bool,
    exit_code: Option<i64>,
    failure: Option<String>,
    requested_by: String,
    deadline_seconds: i32,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

const VIEWED: &str = "select c.id, c.application_id, c.deployment_id, d.number, c.command, c.status, c.cancel_requested_at is not null as cancelled,
                             c.exit_code, c.failure, c.requested_by, c.deadline_seconds, c.created_at, c.started_at, c.ended_at
                        from command_runs c join deployments d on d.id = c.deployment_id";

/// Stores it; the caller holds the application's lock. The oldest of those that have ended go.
pub async fn insert(tx: &mut PgConnection, new: NewRun<'_>) -> Result<(), sqlx::Error> {
    let query = "insert into command_runs (id, team_id, application_id, deployment_id, command, status, requested_by, deadline_seconds)
                 values ($1, $2, $3, $4, $5, 'waiting', $6, $7)";
    sqlx::query(query)
        .bind(new.id.uuid())
        .bind(new.team.uuid())
        .bind(new.application.uuid())
        .bind(new.deployment.uuid())
        .bind(Json(new.command))
        .bind(new.requested_by)
        .bind(i32::try_from(new.deadline.get()).unwrap_or(i32::MAX))
        .execute(&mut *tx)
        .await?;
    // Those that are yet to come are older than the clock, which was set back since.
    let old = "delete from command_runs where id in (
                  select id from command_runs where application_id = $1 and status not in ('waiting', 'running')
                   order by created_at > now(), created_at desc, id desc offset $2)";
    sqlx::query(old)
        .bind(new.application.uuid())
        .bind(KEPT)
        .execute(&mut *tx)
        .await?;
    notify(tx, new.id).await
}

/// Tells the engine and whoever follows; delivered with the transaction's commit.
pub async fn notify(tx: &mut PgConnection, id: CommandId) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_notify('slipway_commands', $1)")
        .bind(id.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

pub async fn find(tx: &mut PgConnection, id: CommandId) -> Result<Option<CommandView>, sqlx::Error> {
    let query = format!("{VIEWED} where c.id = $1");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(id.uuid())
        .fetch_optional(tx)
        .await?;
    row.map(view).transpose()
}

/// What it runs.
pub async fn line(tx: &mut PgConnection, id: CommandId) -> Result<CommandLine, sqlx::Error> {
    let row: Json<CommandLine> = sqlx::query_scalar("select command from command_runs where id = $1")
        .bind(id.uuid())
        .fetch_one(tx)
        .await?;
    Ok(row.0)
}

/// All that are kept of an application, newest first.
pub async fn list(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Vec<CommandView>, sqlx::Error> {
    let query = format!("{VIEWED} where c.application_id = $1 order by c.created_at desc, c.id desc");
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(application.uuid())
        .fetch_all(tx)
        .await?;
    rows.into_iter().map(view).collect()
}

fn view(row: Row) -> Result<CommandView, sqlx::Error> {
    Ok(CommandView {
        id: CommandId(row.id),
        application: ApplicationId(row.application_id),
        deployment: DeploymentId(row.deployment_id),
        deployment_number: u32::try_from(row.number).unwrap_or(0),
        command: row.command.0.to_string(),
        status: stored_status(&row.status)?,
        ending: row.cancelled && row.ended_at.is_none(),
        exit_code: row.exit_code,
        failure: row.failure,
        requested_by: row.requested_by,
        deadline_seconds: stored_limit(row.deadline_seconds)?,
        created_at: row.created_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
    })
}

fn stored_status(text: &str) -> Result<CommandStatus, sqlx::Error> {
    CommandStatus::named(text)
        .ok_or_else(|| sqlx::Error::Decode(format!("unknown status {text} of a command").into()))
}

fn stored_limit(seconds: i32) -> Result<CommandLimit, sqlx::Error> {
    let limit = u64::try_from(seconds).map_err(damaged)?;
    CommandLimit::try_from(limit).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// So many commands of the application wait or run.
pub async fn count_unfinished(tx: &mut PgConnection, application: ApplicationId) -> Result<u32, sqlx::Error> {
    let query =
        "select count(*) from command_runs where application_id = $1 and status in ('waiting', 'running')";
    let count: i64 = sqlx::query_scalar(query)
        .bind(application.uuid())
        .fetch_one(tx)
        .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Wishes a command to end. One that still waits ends at once. False when it has ended already.
pub async fn request_cancel(tx: &mut PgConnection, id: CommandId) -> Result<bool, sqlx::Error> {
    let query = "update command_runs set cancel_requested_at = coalesce(cancel_requested_at, now()),
                        ended_at = case when status = 'waiting' then now() end,
                        status = case when status = 'waiting' then 'cancelled' else status end
                  where id = $1 and status in ('waiting', 'running')";
    let found = sqlx::query(query).bind(id.uuid()).execute(&mut *tx).await?;
    notify(tx, id).await?;
    Ok(found.rows_affected() == 1)
}

/// What has not ended, of all teams, oldest first.
pub async fn unfinished(tx: &mut PgConnection) -> Result<Vec<Unfinished>, sqlx::Error> {
    type Row = (
        Uuid,
        Uuid,
        Uuid,
        Json<CommandLine>,
        String,
        i32,
        bool,
        DateTime<Utc>,
        Option<DateTime<Utc>>,
    );
    let query = "select id, application_id, deployment_id, command, status, deadline_seconds, task is not null, created_at, started_at
                   from command_runs where status in ('waiting', 'running') order by created_at";
    let rows: Vec<Row> = sqlx::query_as(query).fetch_all(tx).await?;
    let read =
        |(id, application, deployment, command, status, deadline, begun, created_at, started_at): Row| {
            Ok(Unfinished {
                id: CommandId(id),
                application: ApplicationId(application),
                deployment: DeploymentId(deployment),
                command: command.0,
                deadline: stored_limit(deadline)?,
                status: stored_status(&status)?,
                begun,
                created_at,
                started_at,
            })
        };
    rows.into_iter().map(read).collect()
}

/// The ids of those that have not ended.
pub async fn unfinished_ids(tx: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let query = "select id::text from command_runs where status in ('waiting', 'running')";
    sqlx::query_scalar(query).fetch_all(tx).await
}

/// The ids of all that are kept.
pub async fn all_ids(tx: &mut PgConnection) -> Result<Vec<CommandId>, sqlx::Error> {
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from command_runs")
        .fetch_all(tx)
        .await?;
    Ok(ids.into_iter().map(CommandId).collect())
}

/// The ids of all that are kept of these applications.
pub async fn ids_of(
    tx: &mut PgConnection,
    applications: &[ApplicationId],
) -> Result<Vec<CommandId>, sqlx::Error> {
    let applications: Vec<Uuid> = applications.iter().map(|id| id.uuid()).collect();
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from command_runs where application_id = any($1)")
        .bind(applications)
        .fetch_all(tx)
        .await?;
    Ok(ids.into_iter().map(CommandId).collect())
}

/// A waiting command begins; when it did so. None where somebody has ended it.
pub async fn begin(tx: &mut PgConnection, id: CommandId) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let query = "update command_runs set status = 'running', started_at = now() where id = $1 and status = 'waiting' returning started_at";
    let started = sqlx::query_scalar(query)
        .bind(id.uuid())
        .fetch_optional(&mut *tx)
        .await?;
    notify(tx, id).await?;
    Ok(started)
}

/// A command waits again that has begun, and of which nothing was made yet.
pub async fn wait_again(tx: &mut PgConnection, id: CommandId) -> Result<(), sqlx::Error> {
    let query = "update command_runs set status = 'waiting', started_at = null where id = $1 and status = 'running' and task is null";
    sqlx::query(query).bind(id.uuid()).execute(&mut *tx).await?;
    notify(tx, id).await
}

/// Its task was seen: it is not started a second time.
pub async fn note_task(tx: &mut PgConnection, id: CommandId, task: &str) -> Result<(), sqlx::Error> {
    sqlx::query("update command_runs set task = coalesce(task, $2) where id = $1")
        .bind(id.uuid())
        .bind(task)
        .execute(tx)
        .await?;
    Ok(())
}

/// Whether somebody wishes it to end; none where it is gone, with its application.
pub async fn is_cancelled(tx: &mut PgConnection, id: CommandId) -> Result<Option<bool>, sqlx::Error> {
    sqlx::query_scalar("select cancel_requested_at is not null from command_runs where id = $1")
        .bind(id.uuid())
        .fetch_optional(tx)
        .await
}

/// Its end. One that has ended already stays as it is.
pub async fn finish(tx: &mut PgConnection, id: CommandId, outcome: &Outcome) -> Result<(), sqlx::Error> {
    let query = "update command_runs set status = $2, exit_code = $3, failure = $4, ended_at = now()
                  where id = $1 and status in ('waiting', 'running')";
    sqlx::query(query)
        .bind(id.uuid())
        .bind(outcome.status.as_str())
        .bind(outcome.exit_code)
        .bind(outcome.failure.as_deref().map(storable))
        .execute(&mut *tx)
        .await?;
    notify(tx, id).await
}

/// The commands of an application that run, each with the plan of its release.
pub async fn running_with_plans(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Vec<(CommandLine, Plan)>, sqlx::Error> {
    let query = "select c.command, d.plan from command_runs c join deployments d on d.id = c.deployment_id
                  where c.application_id = $1 and c.status = 'running'";
    let rows: Vec<(Json<CommandLine>, Json<Plan>)> = sqlx::query_as(query)
        .bind(application.uuid())
        .fetch_all(tx)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(command, plan)| (command.0, plan.0))
        .collect())
}
