//! A deployment's log: numbered lines.

use chrono::{DateTime, Utc};
use slipway_protocol::deployment::Step;
use slipway_protocol::log_line::{DeploymentLogLine, LogStream};
use slipway_protocol::{DeploymentId, TeamId};
use sqlx::PgConnection;

pub async fn last_log_sequence(tx: &mut PgConnection, id: DeploymentId) -> Result<u64, sqlx::Error> {
    let query = "select coalesce(max(sequence), 0) from deployment_log where deployment_id = $1";
    let last: i64 = sqlx::query_scalar(query).bind(id.uuid()).fetch_one(tx).await?;
    Ok(u64::try_from(last).unwrap_or(0))
}

pub async fn append_log(
    tx: &mut PgConnection,
    team: TeamId,
    id: DeploymentId,
    lines: &[DeploymentLogLine],
) -> Result<(), sqlx::Error> {
    let sequences: Vec<i64> = lines
        .iter()
        .map(|line| i64::try_from(line.sequence).unwrap_or(i64::MAX))
        .collect();
    let times: Vec<DateTime<Utc>> = lines.iter().map(|line| line.at).collect();
    let steps: Vec<&str> = lines.iter().map(|line| line.step.as_str()).collect();
    let streams: Vec<&str> = lines.iter().map(|line| stream_name(line.stream)).collect();
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let query = "insert into deployment_log (deployment_id, team_id, sequence, at, step, stream, text)
                 select $1, $2, * from unnest($3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::text[])";
    let query = sqlx::query(query)
        .bind(id.uuid())
        .bind(team.uuid())
        .bind(sequences)
        .bind(times)
        .bind(steps)
        .bind(streams)
        .bind(texts);
    query.execute(tx).await?;
    Ok(())
}

/// At most `limit` lines after a number.
pub async fn read_log(
    tx: &mut PgConnection,
    id: DeploymentId,
    after: u64,
    limit: i64,
) -> Result<Vec<DeploymentLogLine>, sqlx::Error> {
    let query = "select sequence, at, step, stream, text from deployment_log where deployment_id = $1 and sequence > $2 order by sequence limit $3";
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let rows: Vec<(i64, DateTime<Utc>, String, String, String)> = sqlx::query_as(query)
        .bind(id.uuid())
        .bind(after)
        .bind(limit)
        .fetch_all(tx)
        .await?;
    rows.into_iter()
        .map(|(sequence, at, step, stream, text)| {
            let step =
                Step::named(&step).ok_or_else(|| sqlx::Error::Decode("unknown step in the log".into()))?;
            Ok(DeploymentLogLine {
                sequence: u64::try_from(sequence).unwrap_or(0),
                at,
                step,
                stream: stream_named(&stream),
                text,
            })
        })
        .collect()
}

fn stream_name(stream: LogStream) -> &'static str {
    match stream {
        LogStream::Stdout => "stdout",
        LogStream::Stderr => "stderr",
        LogStream::System => "system",
    }
}

fn stream_named(text: &str) -> LogStream {
    match text {
        "stdout" => LogStream::Stdout,
        "stderr" => LogStream::Stderr,
        _ => LogStream::System,
    }
}
