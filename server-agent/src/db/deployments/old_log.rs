//! A deployment's log as agents kept it that had no place for it beside the database. It is only read, and moved from here.

use chrono::{DateTime, Utc};
use slipway_protocol::DeploymentId;
use slipway_protocol::log_line::LogStream;
use sqlx::PgConnection;
use uuid::Uuid;

/// A line as an earlier agent stored it. The numbers of a log begin with 1 and have no gap.
pub struct OldLine {
    pub sequence: u64,
    pub at: DateTime<Utc>,
    pub step: String,
    pub stream: LogStream,
    pub text: String,
}

/// A deployment of which there are lines, but for these.
pub async fn any_old_log(
    tx: &mut PgConnection,
    but: &[DeploymentId],
) -> Result<Option<DeploymentId>, sqlx::Error> {
    let but: Vec<Uuid> = but.iter().map(|id| id.uuid()).collect();
    let query = "select deployment_id from deployment_log where deployment_id <> all($1) limit 1";
    let id: Option<Uuid> = sqlx::query_scalar(query).bind(but).fetch_optional(tx).await?;
    Ok(id.map(DeploymentId))
}

pub async fn has_old_lines(tx: &mut PgConnection, id: DeploymentId) -> Result<bool, sqlx::Error> {
    let query = "select exists (select from deployment_log where deployment_id = $1)";
    sqlx::query_scalar(query).bind(id.uuid()).fetch_one(tx).await
}

/// At most `limit` lines after a number.
pub async fn old_lines(
    tx: &mut PgConnection,
    id: DeploymentId,
    after: u64,
    limit: i64,
) -> Result<Vec<OldLine>, sqlx::Error> {
    let query = "select sequence, at, step, stream, text from deployment_log where deployment_id = $1 and sequence > $2 order by sequence limit $3";
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let rows: Vec<(i64, DateTime<Utc>, String, String, String)> = sqlx::query_as(query)
        .bind(id.uuid())
        .bind(after)
        .bind(limit)
        .fetch_all(tx)
        .await?;
    let line = |(sequence, at, step, stream, text): (i64, DateTime<Utc>, String, String, String)| OldLine {
        sequence: u64::try_from(sequence).unwrap_or(0),
        at,
        step,
        stream: stream_named(&stream),
        text,
    };
    Ok(rows.into_iter().map(line).collect())
}

pub async fn remove_old_lines(tx: &mut PgConnection, id: DeploymentId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from deployment_log where deployment_id = $1")
        .bind(id.uuid())
        .execute(tx)
        .await?;
    Ok(())
}

fn stream_named(text: &str) -> LogStream {
    match text {
        "stdout" => LogStream::Stdout,
        "stderr" => LogStream::Stderr,
        _ => LogStream::System,
    }
}
