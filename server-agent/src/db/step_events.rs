//! The append-only step log of a deployment.

use chrono::{DateTime, Utc};
use serde_json::Value;
use slipway_protocol::DeploymentId;
use slipway_protocol::deployment::{Explanation, Step};
use sqlx::PgConnection;
use uuid::Uuid;

use super::text::{storable, storable_json};
use crate::domain::saga::StepEvent;

pub struct Recorded {
    pub step: Step,
    pub event: StepEvent,
    pub output: Option<Value>,
    pub failure: Option<String>,
    pub explanation: Option<Explanation>,
    pub at: DateTime<Utc>,
}

/// What a step put out when it succeeded the last time.
pub async fn output(
    tx: &mut PgConnection,
    deployment: DeploymentId,
    step: Step,
) -> Result<Option<Value>, sqlx::Error> {
    let query = "select output from step_events where deployment_id = $1 and step = $2 and kind = $3 order by sequence desc limit 1";
    let found: Option<Option<Value>> = sqlx::query_scalar(query)
        .bind(deployment.uuid())
        .bind(step.as_str())
        .bind(StepEvent::Succeeded.as_str())
        .fetch_optional(tx)
        .await?;
    Ok(found.flatten())
}

/// One deployment's log. [`sqlx::Error::Decode`] where an entry is not known: it is damaged, or of a newer agent.
pub async fn list(tx: &mut PgConnection, deployment: DeploymentId) -> Result<Vec<Recorded>, sqlx::Error> {
    let rows = rows(tx, &[deployment.uuid()], "output").await?;
    let unknown = || sqlx::Error::Decode("an unknown entry in the step log".into());
    rows.into_iter()
        .map(|row| recorded(row).map(|(_, recorded)| recorded).ok_or_else(unknown))
        .collect()
}

/// The logs of several deployments, each in its order, for people to read: an entry that is not known is left out, and so is what a build
/// put out, which is long and told by a call of its own.
pub async fn list_many(
    tx: &mut PgConnection,
    deployments: &[Uuid],
) -> Result<Vec<(Uuid, Recorded)>, sqlx::Error> {
    Ok(rows(tx, deployments, "case when step <> 'build' then output end")
        .await?
        .into_iter()
        .filter_map(recorded)
        .collect())
}

type Row = (
    Uuid,
    String,
    String,
    Option<Value>,
    Option<String>,
    Option<Value>,
    DateTime<Utc>,
);

async fn rows(
    tx: &mut PgConnection,
    deployments: &[Uuid],
    output: &'static str,
) -> Result<Vec<Row>, sqlx::Error> {
    let query = format!(
        "select deployment_id, step, kind, {output}, failure, explanation, at from step_events where deployment_id = any($1) order by deployment_id, sequence"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(deployments)
        .fetch_all(tx)
        .await
}

fn recorded((id, step, kind, output, failure, explanation, at): Row) -> Option<(Uuid, Recorded)> {
    let recorded = Recorded {
        step: Step::named(&step)?,
        event: StepEvent::named(&kind)?,
        output,
        failure,
        // Only read by people: an explanation of another agent's kind is none.
        explanation: explanation.and_then(|explanation| serde_json::from_value(explanation).ok()),
        at,
    };
    Some((id, recorded))
}

/// What an event adds to the log, besides that it happened.
#[derive(Clone, Copy, Default)]
pub struct Details<'a> {
    pub output: Option<&'a Value>,
    pub failure: Option<&'a str>,
    pub explanation: Option<&'a Explanation>,
}

/// Appends one event. Two writers cannot both append the same number: the second fails on the primary key.
pub async fn append(
    tx: &mut PgConnection,
    deployment: DeploymentId,
    step: Step,
    event: StepEvent,
    details: Details<'_>,
) -> Result<(), sqlx::Error> {
    let query = "insert into step_events (deployment_id, team_id, sequence, step, kind, output, failure, explanation)
                 select d.id, d.team_id, coalesce((select max(sequence) from step_events e where e.deployment_id = d.id), 0) + 1, $2, $3, $4, $5, $6
                   from deployments d where d.id = $1";
    let query = sqlx::query(query)
        .bind(deployment.uuid())
        .bind(step.as_str())
        .bind(event.as_str());
    query
        .bind(details.output.map(storable_json).transpose()?)
        .bind(details.failure.map(storable))
        .bind(details.explanation.map(storable_json).transpose()?)
        .execute(tx)
        .await?;
    Ok(())
}
