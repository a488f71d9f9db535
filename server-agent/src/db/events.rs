//! What happened by itself; written by the agent, read by teams.

use chrono::{DateTime, Utc};
use slipway_protocol::api::ListEvents;
use slipway_protocol::event::{ClusterEvent, Severity};
use slipway_protocol::{ApplicationId, DeploymentId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::text::storable;

/// So many are kept, for so long.
const KEPT: i64 = 20_000;
const DAYS: i32 = 30;
/// So many are listed where nobody says how many, and at most.
const LISTED: u32 = 200;
const MOST: u32 = 1_000;

/// Notes what happened to an application, or what a deployment of it came to. One that is gone has no events.
pub async fn record(
    tx: &mut PgConnection,
    application: ApplicationId,
    deployment: Option<DeploymentId>,
    at: DateTime<Utc>,
    severity: Severity,
    text: &str,
) -> Result<(), sqlx::Error> {
    let query = "insert into events (team_id, application_id, at, severity, subject, text, deployment_id)
                 select team_id, id, $2, $3, name, $4, $5 from applications where id = $1";
    sqlx::query(query)
        .bind(application.uuid())
        .bind(at)
        .bind(severity.as_str())
        .bind(storable(text))
        .bind(deployment.map(DeploymentId::uuid))
        .execute(tx)
        .await?;
    Ok(())
}

/// Notes what happened to the cluster itself, for every team.
pub async fn record_of_cluster(
    tx: &mut PgConnection,
    at: DateTime<Utc>,
    severity: Severity,
    subject: &str,
    text: &str,
) -> Result<(), sqlx::Error> {
    let query =
        "insert into events (team_id, at, severity, subject, text) select id, $1, $2, $3, $4 from teams";
    sqlx::query(query)
        .bind(at)
        .bind(severity.as_str())
        .bind(storable(subject))
        .bind(storable(text))
        .execute(tx)
        .await?;
    Ok(())
}

/// Those that fit, newest first. In a team's transaction.
pub async fn list(tx: &mut PgConnection, wish: &ListEvents) -> Result<Vec<ClusterEvent>, sqlx::Error> {
    let severities: Vec<&str> = Severity::ALL
        .into_iter()
        .filter(|one| wish.severity.is_none_or(|least| *one >= least))
        .map(Severity::as_str)
        .collect();
    let query = "select id, at, severity, application_id, deployment_id, subject, text from events
                  where ($1::bigint is null or id < $1) and ($2::uuid is null or application_id = $2) and severity = any($3)
                    and ($4::text is null or position(lower($4) in lower(subject || ' ' || text)) > 0)
                  order by id desc limit $5";
    type Row = (
        i64,
        DateTime<Utc>,
        String,
        Option<Uuid>,
        Option<Uuid>,
        String,
        String,
    );
    let query = sqlx::query_as(query)
        .bind(wish.before)
        .bind(wish.application.map(ApplicationId::uuid))
        .bind(severities)
        .bind(wish.contains.as_deref().map(storable));
    let rows: Vec<Row> = query
        .bind(i64::from(wish.limit.unwrap_or(LISTED).min(MOST)))
        .fetch_all(tx)
        .await?;
    let event = |(number, at, severity, application, deployment, subject, text): Row| ClusterEvent {
        number,
        at,
        // One of a newer agent is not left out because its name is not known.
        severity: Severity::named(&severity).unwrap_or(Severity::Info),
        application: application.map(ApplicationId),
        deployment: deployment.map(DeploymentId),
        subject,
        text,
    };
    Ok(rows.into_iter().map(event).collect())
}

/// Takes away what is too old or too much.
pub async fn prune(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    let query = "delete from events where at < now() - make_interval(days => $1)
                     or id <= (select max(id) from events) - $2";
    sqlx::query(query).bind(DAYS).bind(KEPT).execute(tx).await?;
    Ok(())
}
