//! The append-only step log of a deployment.

use chrono::{DateTime, Utc};
use serde_json::Value;
use slipway_protocol::DeploymentId;
use slipway_protocol::deployment::{Explanation, Step};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::saga::StepEvent;

pub struct Recorded {
    pub step: Step,
    pub event: StepEvent,
    pub output: Option<Value>,
    pub failure: Option<String>,
    pub explanation: Option<Explanation>,
    pub at: DateTime<Utc>,
}

pub async fn list(tx: &mut PgConnection, deployment: DeploymentId) -> Result<Vec<Recorded>, sqlx::Error> {
    Ok(list_many(tx, &[deployment.uuid()])
        .await?
        .into_iter()
        .map(|(_, recorded)| recorded)
        .collect())
}

/// The logs of several deployments, each in its order.
pub async fn list_many(
    tx: &mut PgConnection,
    deployments: &[Uuid],
) -> Result<Vec<(Uuid, Recorded)>, sqlx::Error> {
    let query = "select deployment_id, step, kind, output, failure, explanation, at from step_events where deployment_id = any($1) order by deployment_id, sequence";
    type Row = (
        Uuid,
        String,
        String,
        Option<Value>,
        Option<String>,
        Option<Json<Explanation>>,
        DateTime<Utc>,
    );
    let rows: Vec<Row> = sqlx::query_as(query).bind(deployments).fetch_all(tx).await?;
    rows.into_iter()
        .map(|(id, step, kind, output, failure, explanation, at)| {
            let unknown = |what: &str| sqlx::Error::Decode(format!("unknown {what} in the step log").into());
            let step = Step::named(&step).ok_or_else(|| unknown("step"))?;
            let event = StepEvent::named(&kind).ok_or_else(|| unknown("event"))?;
            Ok((
                id,
                Recorded {
                    step,
                    event,
                    output,
                    failure,
                    explanation: explanation.map(|explanation| explanation.0),
                    at,
                },
            ))
        })
        .collect()
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
        .bind(details.output)
        .bind(details.failure)
        .bind(details.explanation.map(Json))
        .execute(tx)
        .await?;
    Ok(())
}
