//! The history of a configuration: one row for each change of a scope's variables or files, in the change's own transaction.

use chrono::{DateTime, Utc};
use slipway_protocol::configuration::{Changes, ConfigurationChange, Configured};
use sqlx::PgConnection;

use super::scopes::{Columns, owner};
use super::variables::Of;

/// So many are listed.
const LISTED: i64 = 200;

/// Notes who changed which names. Nothing changed is nothing to note.
pub async fn record(
    tx: &mut PgConnection,
    of: Of,
    actor: &str,
    what: Configured,
    changes: &Changes,
) -> Result<(), sqlx::Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(of.scope);
    let query = "insert into configuration_changes (team_id, project_id, environment_id, application_id, actor, what, added, changed, removed)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let query = sqlx::query(query)
        .bind(of.team.uuid())
        .bind(columns.project)
        .bind(columns.environment)
        .bind(columns.application)
        .bind(actor)
        .bind(what.as_str());
    query
        .bind(&changes.added)
        .bind(&changes.changed)
        .bind(&changes.removed)
        .execute(tx)
        .await?;
    Ok(())
}

/// The newest changes of a scope, newest first.
pub async fn list(tx: &mut PgConnection, of: Of) -> Result<Vec<ConfigurationChange>, sqlx::Error> {
    let query = "select at, actor, what, added, changed, removed from configuration_changes
                  where coalesce(application_id, environment_id, project_id, team_id) = $1 order by id desc limit $2";
    type Row = (
        DateTime<Utc>,
        String,
        String,
        Vec<String>,
        Vec<String>,
        Vec<String>,
    );
    let rows: Vec<Row> = sqlx::query_as(query)
        .bind(owner(of.scope, of.team))
        .bind(LISTED)
        .fetch_all(tx)
        .await?;
    let changes = rows
        .into_iter()
        .map(|(at, actor, what, added, changed, removed)| {
            let unknown = || sqlx::Error::Decode("unknown kind of change in the history".into());
            Ok(ConfigurationChange {
                at,
                actor,
                what: Configured::named(&what).ok_or_else(unknown)?.into(),
                changes: Changes {
                    added,
                    changed,
                    removed,
                },
            })
        });
    changes.collect()
}
