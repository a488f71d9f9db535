//! The audit log: one row for every change, in the change's own transaction.

use slipway_protocol::TeamId;
use slipway_protocol::identity::AuditEntry;
use sqlx::PgConnection;

/// Who did it, and in which request.
pub struct Act<'a> {
    pub team: Option<TeamId>,
    pub actor: &'a str,
    pub action: &'a str,
    pub subject: &'a str,
    pub request_id: &'a str,
}

pub async fn record(tx: &mut PgConnection, act: Act<'_>) -> Result<(), sqlx::Error> {
    let query = "insert into audit (team_id, actor, action, subject, request_id) values ($1, $2, $3, $4, $5)";
    sqlx::query(query)
        .bind(act.team.map(TeamId::uuid))
        .bind(act.actor)
        .bind(act.action)
        .bind(act.subject)
        .bind(act.request_id)
        .execute(tx)
        .await?;
    Ok(())
}

/// The newest entries of the transaction's team.
pub async fn list(tx: &mut PgConnection) -> Result<Vec<AuditEntry>, sqlx::Error> {
    let query = "select at, actor, action, subject, request_id from audit order by id desc limit 200";
    let rows: Vec<(chrono::DateTime<chrono::Utc>, String, String, String, String)> =
        sqlx::query_as(query).fetch_all(tx).await?;
    let entries = rows
        .into_iter()
        .map(|(at, actor, action, subject, request_id)| AuditEntry {
            at,
            actor,
            action,
            subject,
            request_id,
        });
    Ok(entries.collect())
}
