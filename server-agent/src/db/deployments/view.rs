//! Reading deployments as people see them: the row, its steps, and what the edge had counted.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use slipway_protocol::deployment::{
    Commit, DeploymentStatus, DeploymentView, Passed, Receipt, Step, StepStatus, StepView, Trigger,
};
use slipway_protocol::{ApplicationId, DeploymentId, Told};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::db::step_events::{self, Recorded};
use crate::domain::plan::Plan;
use crate::domain::saga::StepEvent;
use crate::domain::step_output::{Released, Retired, Switched};
use crate::domain::traffic::Traffic;

#[derive(FromRow)]
struct Row {
    id: Uuid,
    application_id: Uuid,
    number: i32,
    status: String,
    trigger: Value,
    plan: Value,
    requested_by: String,
    commit: Option<Json<Commit>>,
    pinned: Option<String>,
    image: Option<String>,
    failure: Option<String>,
    release_kept: bool,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, application_id, number, status, trigger, plan, requested_by, commit, pinned, image, failure, release_kept, created_at, started_at, ended_at";

pub async fn find(tx: &mut PgConnection, id: DeploymentId) -> Result<Option<DeploymentView>, sqlx::Error> {
    let query = format!("select {COLUMNS} from deployments where id = $1");
    let rows = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(id.uuid())
        .fetch_all(&mut *tx)
        .await?;
    Ok(views(tx, rows).await?.pop())
}

/// Its status, and nothing else of it.
pub async fn status(
    tx: &mut PgConnection,
    id: DeploymentId,
) -> Result<Option<DeploymentStatus>, sqlx::Error> {
    let status: Option<String> = sqlx::query_scalar("select status from deployments where id = $1")
        .bind(id.uuid())
        .fetch_optional(tx)
        .await?;
    status.as_deref().map(stored_status).transpose()
}

/// The newest deployments of an application, and what serves or can be gone back to however old it is; newest first.
pub async fn list(
    tx: &mut PgConnection,
    application: ApplicationId,
    limit: i64,
) -> Result<Vec<DeploymentView>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS} from deployments
          where application_id = $1
            and (number > (select max(number) from deployments where application_id = $1) - $2
                 or release_kept or id in (select deployment_id from serving))
          order by number desc"
    );
    let rows = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(application.uuid())
        .bind(limit)
        .fetch_all(&mut *tx)
        .await?;
    views(tx, rows).await
}

/// The deployments of an application with a lower number, newest first.
pub async fn list_before(
    tx: &mut PgConnection,
    application: ApplicationId,
    number: u32,
    limit: i64,
) -> Result<Vec<DeploymentView>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS} from deployments where application_id = $1 and number < $2 order by number desc limit $3"
    );
    let rows = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(application.uuid())
        .bind(i64::from(number))
        .bind(limit)
        .fetch_all(&mut *tx)
        .await?;
    views(tx, rows).await
}

/// For each application: its newest deployment, and the one whose release serves.
pub async fn newest_and_serving(
    tx: &mut PgConnection,
    applications: &[Uuid],
) -> Result<(HashMap<Uuid, DeploymentView>, HashMap<Uuid, DeploymentView>), sqlx::Error> {
    let newest = format!(
        "select distinct on (application_id) {COLUMNS} from deployments where application_id = any($1) order by application_id, number desc"
    );
    let newest = sqlx::query_as(sqlx::AssertSqlSafe(newest))
        .bind(applications)
        .fetch_all(&mut *tx)
        .await?;
    let serving = format!(
        "select {COLUMNS} from deployments where id in (select deployment_id from serving where application_id = any($1))"
    );
    let serving = sqlx::query_as(sqlx::AssertSqlSafe(serving))
        .bind(applications)
        .fetch_all(&mut *tx)
        .await?;
    let by_application = |views: Vec<DeploymentView>| {
        views
            .into_iter()
            .map(|view| (view.application.uuid(), view))
            .collect()
    };
    Ok((
        by_application(views(tx, newest).await?),
        by_application(views(tx, serving).await?),
    ))
}

async fn views(tx: &mut PgConnection, rows: Vec<Row>) -> Result<Vec<DeploymentView>, sqlx::Error> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut events: HashMap<Uuid, Vec<Recorded>> = HashMap::new();
    for (id, recorded) in step_events::list_many(tx, &ids).await? {
        events.entry(id).or_default().push(recorded);
    }
    rows.into_iter()
        .map(|row| view(&events.remove(&row.id).unwrap_or_default(), row))
        .collect()
}

fn view(events: &[Recorded], row: Row) -> Result<DeploymentView, sqlx::Error> {
    let status = stored_status(&row.status)?;
    // One that cannot be read is parked by the engine, and has to be seen all the same.
    let plan = serde_json::from_value::<Plan>(row.plan).ok();
    let steps = plan.iter().flat_map(|plan| &plan.steps);
    let steps = steps.map(|step| step_view(*step, events)).collect();
    Ok(DeploymentView {
        id: DeploymentId(row.id),
        application: ApplicationId(row.application_id),
        number: u32::try_from(row.number).unwrap_or(0),
        status,
        // A newer agent, which an upgrade went back from, may know others: one such row keeps nobody from seeing the rest.
        trigger: serde_json::from_value::<Told<Trigger>>(row.trigger).unwrap_or(Told::Newer),
        requested_by: row.requested_by,
        commit: row.commit.map(|commit| commit.0),
        pinned: row.pinned,
        image: row.image,
        steps,
        way: plan.as_ref().map(|plan| plan.way).unwrap_or_default().into(),
        release_of: plan.as_ref().and_then(|plan| plan.tasks_of),
        way_because: plan.map(|plan| plan.because).unwrap_or_default(),
        receipt: receipt(events),
        failure: row.failure,
        created_at: row.created_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
        can_roll_back_to: status == DeploymentStatus::Succeeded && row.release_kept,
    })
}

/// The differences of what the edge had counted at the moments that the steps noted.
fn receipt(events: &[Recorded]) -> Option<Receipt> {
    let started: Released = output(events, Step::Release)?;
    let switched: Switched = output(events, Step::CutOver)?;
    let retired: Option<Retired> = output(events, Step::Retire);
    let passed = |from: Option<Traffic>, to: Option<Traffic>| {
        let traffic = to?.since(from?);
        Some(Passed {
            requests: traffic.requests,
            failed: traffic.failed,
            mean_ms: traffic.mean_ms(),
        })
    };
    Some(Receipt {
        before: passed(started.traffic, switched.told)?,
        during: passed(switched.told, switched.switched)?,
        after: passed(switched.switched, retired.and_then(|retired| retired.traffic)).unwrap_or_default(),
    })
}

/// What a step put out.
fn output<T: serde::de::DeserializeOwned>(events: &[Recorded], step: Step) -> Option<T> {
    let mut all = events.iter().rev();
    let found = all.find(|event| event.step == step && event.event == StepEvent::Succeeded)?;
    serde_json::from_value(found.output.clone()?).ok()
}

fn step_view(step: Step, events: &[Recorded]) -> StepView {
    let mut view = StepView {
        step: step.into(),
        status: StepStatus::Pending,
        started_at: None,
        ended_at: None,
        failure: None,
        explanation: None,
    };
    for event in events.iter().filter(|event| event.step == step) {
        let (status, ends) = match event.event {
            StepEvent::Started => (StepStatus::Running, false),
            StepEvent::Succeeded => (StepStatus::Done, true),
            StepEvent::Failed => (StepStatus::Failed, true),
            StepEvent::UndoStarted => (StepStatus::Undoing, false),
            StepEvent::UndoFinished => (StepStatus::Undone, false),
            StepEvent::UndoFailed => (StepStatus::UndoFailed, false),
        };
        // A failed step that was taken back is still the failed one to whoever reads.
        let keeps_failure = view.failure.is_some() && status == StepStatus::Undone;
        view.status = if keeps_failure { StepStatus::Failed } else { status };
        if event.event == StepEvent::Started {
            view.started_at.get_or_insert(event.at);
        }
        if ends {
            view.ended_at = Some(event.at);
        }
        if let Some(failure) = &event.failure {
            view.failure = Some(failure.clone());
        }
        if let Some(explanation) = &event.explanation {
            view.explanation = Some(explanation.clone());
        }
    }
    view
}

fn stored_status(text: &str) -> Result<DeploymentStatus, sqlx::Error> {
    DeploymentStatus::named(text).ok_or_else(|| sqlx::Error::Decode(format!("unknown status {text}").into()))
}
