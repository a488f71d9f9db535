//! Deployments: their rows, the lease on them, their log, and who serves.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use slipway_protocol::deployment::{
    Commit, DeploymentStatus, DeploymentView, Passed, Receipt, Step, StepStatus, StepView, Trigger,
};
use slipway_protocol::log_line::{DeploymentLogLine, LogStream};
use slipway_protocol::{ApplicationId, DeploymentId, TeamId};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::step_events::{self, Recorded};
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
    trigger: Json<Trigger>,
    plan: Json<Plan>,
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

/// The newest deployments of an application, newest first.
pub async fn list(
    tx: &mut PgConnection,
    application: ApplicationId,
    limit: i64,
) -> Result<Vec<DeploymentView>, sqlx::Error> {
    let query =
        format!("select {COLUMNS} from deployments where application_id = $1 order by number desc limit $2");
    let rows = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(application.uuid())
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
    let steps = row
        .plan
        .steps
        .iter()
        .map(|step| step_view(*step, events))
        .collect();
    Ok(DeploymentView {
        id: DeploymentId(row.id),
        application: ApplicationId(row.application_id),
        number: u32::try_from(row.number).unwrap_or(0),
        status,
        trigger: row.trigger.0,
        requested_by: row.requested_by,
        commit: row.commit.map(|commit| commit.0),
        pinned: row.pinned,
        image: row.image,
        steps,
        way: row.plan.way,
        way_because: row.plan.because.clone(),
        release_of: row.plan.tasks_of,
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
        step,
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

/// What a new deployment's row holds.
pub struct NewDeployment<'a> {
    pub id: DeploymentId,
    pub team: TeamId,
    pub trigger: &'a Trigger,
    pub priority: i16,
    pub plan: &'a Plan,
    /// Sealed.
    pub environment: Vec<u8>,
    /// The names of the Swarm secrets that its containers read.
    pub secrets: Vec<String>,
    pub requested_by: &'a str,
    pub commit: Option<&'a Commit>,
}

/// Stores it behind those that there are; the caller holds the application's lock. Those that wait are superseded.
pub async fn insert(tx: &mut PgConnection, new: NewDeployment<'_>) -> Result<(), sqlx::Error> {
    let application = new.plan.application.uuid();
    sqlx::query("update deployments set status = 'superseded', ended_at = now() where application_id = $1 and status = 'queued'")
        .bind(application)
        .execute(&mut *tx)
        .await?;
    let query = "insert into deployments (id, team_id, application_id, number, status, trigger, plan, environment, requested_by, commit, image, priority, secrets)
                 select $1, $2, $3, coalesce(max(number), 0) + 1, 'queued', $4, $5, $6, $7, $8, $9, $10, $11 from deployments where application_id = $3";
    let query = sqlx::query(query)
        .bind(new.id.uuid())
        .bind(new.team.uuid())
        .bind(application)
        .bind(Json(new.trigger))
        .bind(Json(new.plan));
    query
        .bind(new.environment)
        .bind(new.requested_by)
        .bind(new.commit.map(Json))
        .bind(new.plan.image.as_deref())
        .bind(new.priority)
        .bind(new.secrets)
        .execute(&mut *tx)
        .await?;
    notify(tx, new.id).await
}

/// Tells workers and followers; delivered with the transaction's commit.
pub async fn notify(tx: &mut PgConnection, id: DeploymentId) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_notify('slipway_deployments', $1)")
        .bind(id.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

/// The frozen plan, with the image that it ended up with and the commit.
pub async fn find_plan(
    tx: &mut PgConnection,
    id: DeploymentId,
) -> Result<Option<(Plan, Option<String>, Option<Commit>)>, sqlx::Error> {
    let query = "select plan, image, commit from deployments where id = $1";
    type Row = (Json<Plan>, Option<String>, Option<Json<Commit>>);
    let row: Option<Row> = sqlx::query_as(query).bind(id.uuid()).fetch_optional(tx).await?;
    Ok(row.map(|(plan, image, commit)| (plan.0, image, commit.map(|commit| commit.0))))
}

/// What was pinned where the source is no repository.
pub async fn set_pinned(tx: &mut PgConnection, id: DeploymentId, pinned: &str) -> Result<(), sqlx::Error> {
    sqlx::query("update deployments set pinned = $2 where id = $1")
        .bind(id.uuid())
        .bind(pinned)
        .execute(tx)
        .await?;
    Ok(())
}

/// What was pinned already: by an earlier run of the step, or by the deployment that this one does once more.
pub async fn pinned(tx: &mut PgConnection, id: DeploymentId) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("select pinned from deployments where id = $1")
        .bind(id.uuid())
        .fetch_one(tx)
        .await
}

/// What an earlier deployment pinned, and the upload that it built, are those of one that takes its image again.
pub async fn take_over_pinned(
    tx: &mut PgConnection,
    id: DeploymentId,
    earlier: DeploymentId,
) -> Result<(), sqlx::Error> {
    let query = "update deployments d set pinned = e.pinned, upload_id = e.upload_id from deployments e where d.id = $1 and e.id = $2";
    sqlx::query(query)
        .bind(id.uuid())
        .bind(earlier.uuid())
        .execute(tx)
        .await?;
    Ok(())
}

/// When a deployment began to be worked on.
pub async fn started_at(
    tx: &mut PgConnection,
    id: DeploymentId,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let query = "select started_at from deployments where id = $1";
    let found: Option<Option<DateTime<Utc>>> = sqlx::query_scalar(query)
        .bind(id.uuid())
        .fetch_optional(tx)
        .await?;
    Ok(found.flatten())
}

/// The sealed variables that a deployment was asked for with.
pub async fn environment(tx: &mut PgConnection, id: DeploymentId) -> Result<Vec<u8>, sqlx::Error> {
    sqlx::query_scalar("select environment from deployments where id = $1")
        .bind(id.uuid())
        .fetch_one(tx)
        .await
}

/// Wishes a deployment to stop. One that still waits ends at once. False when it has ended already.
pub async fn request_cancel(tx: &mut PgConnection, id: DeploymentId) -> Result<bool, sqlx::Error> {
    let query = "update deployments set cancel_requested_at = coalesce(cancel_requested_at, now()),
                        ended_at = case when status = 'queued' then now() end,
                        status = case when status = 'queued' then 'cancelled' else status end
                  where id = $1 and status in ('queued', 'running', 'unwinding')";
    let found = sqlx::query(query)
        .bind(id.uuid())
        .execute(&mut *tx)
        .await?
        .rows_affected()
        == 1;
    notify(tx, id).await?;
    Ok(found)
}

/// Takes a deployment out of being stuck: to try its undo again, or to be left as failed. False when it is not stuck.
pub async fn leave_stuck(
    tx: &mut PgConnection,
    id: DeploymentId,
    to: DeploymentStatus,
) -> Result<bool, sqlx::Error> {
    let query = "update deployments set status = $2, ended_at = case when $3 then now() end, cancel_requested_at = null
                  where id = $1 and status = 'stuck'";
    let changed = sqlx::query(query)
        .bind(id.uuid())
        .bind(to.as_str())
        .bind(to.is_final())
        .execute(&mut *tx)
        .await?;
    if changed.rows_affected() == 0 {
        return Ok(false);
    }
    if !to.is_final() {
        // The step whose undo failed is being undone again.
        let query = "insert into step_events (deployment_id, team_id, sequence, step, kind)
                     select e.deployment_id, e.team_id, (select max(sequence) + 1 from step_events where deployment_id = $1), e.step, 'undo_started'
                       from step_events e where e.deployment_id = $1 and e.kind = 'undo_failed' order by e.sequence desc limit 1";
        sqlx::query(query).bind(id.uuid()).execute(&mut *tx).await?;
    }
    notify(tx, id).await?;
    Ok(true)
}

/// A deployment that a worker holds.
pub struct Claimed {
    pub id: DeploymentId,
    pub team: TeamId,
    pub number: u32,
    pub plan: Plan,
}

/// Takes the lease on the deployment that has waited longest and may run now.
pub async fn claim(tx: &mut PgConnection, worker: Uuid) -> Result<Option<Claimed>, sqlx::Error> {
    let query = "update deployments d
                    set leased_by = $1, leased_until = now() + interval '30 seconds', started_at = coalesce(started_at, now()),
                        status = case when status = 'queued' then 'running' else status end
                  where id = (select q.id from deployments q
                               where q.status in ('queued', 'running', 'unwinding')
                                 and (q.leased_until is null or q.leased_until < now())
                                 and (q.status <> 'queued' or not exists (
                                      select from deployments a where a.application_id = q.application_id and a.status in ('running', 'unwinding')))
                               order by q.status = 'queued', q.priority desc, q.created_at for update skip locked limit 1)
              returning id, team_id, number, plan";
    let row: Option<(Uuid, Uuid, i32, Json<Plan>)> =
        sqlx::query_as(query).bind(worker).fetch_optional(tx).await?;
    Ok(row.map(|(id, team, number, plan)| Claimed {
        id: DeploymentId(id),
        team: TeamId(team),
        number: u32::try_from(number).unwrap_or(0),
        plan: plan.0,
    }))
}

/// Keeps the lease. `None` when it is lost; otherwise whether somebody wishes the deployment to stop.
pub async fn extend(
    tx: &mut PgConnection,
    id: DeploymentId,
    worker: Uuid,
) -> Result<Option<bool>, sqlx::Error> {
    let query =
        "update deployments set leased_until = now() + interval '30 seconds' where id = $1 and leased_by = $2
                 returning cancel_requested_at is not null";
    sqlx::query_scalar(query)
        .bind(id.uuid())
        .bind(worker)
        .fetch_optional(tx)
        .await
}

pub async fn release_lease(tx: &mut PgConnection, id: DeploymentId, worker: Uuid) -> Result<(), sqlx::Error> {
    let query =
        "update deployments set leased_by = null, leased_until = null where id = $1 and leased_by = $2";
    sqlx::query(query)
        .bind(id.uuid())
        .bind(worker)
        .execute(tx)
        .await?;
    Ok(())
}

/// At the agent's start: nobody of its earlier lives works on anything any more.
pub async fn release_all_leases(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("update deployments set leased_by = null, leased_until = null where leased_by is not null")
        .execute(tx)
        .await?;
    Ok(())
}

/// Locks a deployment's row as its worker; false when the lease is lost.
pub async fn hold(tx: &mut PgConnection, id: DeploymentId, worker: Uuid) -> Result<bool, sqlx::Error> {
    let query = "select leased_by = $2 from deployments where id = $1 for update";
    let held: Option<Option<bool>> = sqlx::query_scalar(query)
        .bind(id.uuid())
        .bind(worker)
        .fetch_optional(tx)
        .await?;
    Ok(held.flatten().unwrap_or(false))
}

pub async fn set_status(
    tx: &mut PgConnection,
    id: DeploymentId,
    status: DeploymentStatus,
    failure: Option<&str>,
) -> Result<(), sqlx::Error> {
    let query = "update deployments set status = $2, failure = coalesce($3, failure), ended_at = case when $4 then now() end where id = $1";
    sqlx::query(query)
        .bind(id.uuid())
        .bind(status.as_str())
        .bind(failure)
        .bind(status.is_final())
        .execute(tx)
        .await?;
    Ok(())
}

pub async fn set_commit(tx: &mut PgConnection, id: DeploymentId, commit: &Commit) -> Result<(), sqlx::Error> {
    sqlx::query("update deployments set commit = $2 where id = $1")
        .bind(id.uuid())
        .bind(Json(commit))
        .execute(tx)
        .await?;
    Ok(())
}

pub async fn set_image(tx: &mut PgConnection, id: DeploymentId, image: &str) -> Result<(), sqlx::Error> {
    sqlx::query("update deployments set image = $2 where id = $1")
        .bind(id.uuid())
        .bind(image)
        .execute(tx)
        .await?;
    Ok(())
}

/// The deployment whose release serves an application.
pub async fn serving(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Option<DeploymentId>, sqlx::Error> {
    let query = "select deployment_id from serving where application_id = $1";
    let row: Option<Uuid> = sqlx::query_scalar(query)
        .bind(application.uuid())
        .fetch_optional(tx)
        .await?;
    Ok(row.map(DeploymentId))
}

pub async fn set_serving(
    tx: &mut PgConnection,
    application: ApplicationId,
    deployment: Option<DeploymentId>,
) -> Result<(), sqlx::Error> {
    let Some(deployment) = deployment else {
        sqlx::query("delete from serving where application_id = $1")
            .bind(application.uuid())
            .execute(tx)
            .await?;
        return Ok(());
    };
    let query = "insert into serving (application_id, team_id, deployment_id) select application_id, team_id, id from deployments where id = $1
                 on conflict (application_id) do update set deployment_id = excluded.deployment_id, since = now()";
    sqlx::query(query).bind(deployment.uuid()).execute(tx).await?;
    Ok(())
}

/// The plans of the releases that serve these applications.
pub async fn serving_plans(
    tx: &mut PgConnection,
    applications: &[Uuid],
) -> Result<HashMap<Uuid, Plan>, sqlx::Error> {
    let query = "select s.application_id, d.plan from serving s join deployments d on d.id = s.deployment_id where s.application_id = any($1)";
    let rows: Vec<(Uuid, Json<Plan>)> = sqlx::query_as(query).bind(applications).fetch_all(tx).await?;
    Ok(rows
        .into_iter()
        .map(|(application, plan)| (application, plan.0))
        .collect())
}

/// What the serving release should be, where it is no longer what it was deployed as.
pub async fn set_serving_plan(
    tx: &mut PgConnection,
    application: ApplicationId,
    plan: &Plan,
) -> Result<(), sqlx::Error> {
    let query = "update deployments set plan = $2 where id = (select deployment_id from serving where application_id = $1)";
    sqlx::query(query)
        .bind(application.uuid())
        .bind(Json(plan))
        .execute(tx)
        .await?;
    Ok(())
}

/// Everything that serves: application, deployment, port, wanted replicas.
pub async fn all_serving(
    tx: &mut PgConnection,
) -> Result<Vec<(ApplicationId, DeploymentId, Plan)>, sqlx::Error> {
    let query = "select s.application_id, s.deployment_id, d.plan from serving s join deployments d on d.id = s.deployment_id order by 1";
    let rows: Vec<(Uuid, Uuid, Json<Plan>)> = sqlx::query_as(query).fetch_all(tx).await?;
    Ok(rows
        .into_iter()
        .map(|(application, deployment, plan)| (ApplicationId(application), DeploymentId(deployment), plan.0))
        .collect())
}

/// A serving release, and how it should be.
pub struct Upkeep {
    pub application: ApplicationId,
    pub team: TeamId,
    pub deployment: DeploymentId,
    pub plan: Plan,
    pub image: String,
    pub stopped: bool,
}

/// What should run between deployments.
pub struct AllUpkeep {
    pub serving: Vec<Upkeep>,
    /// Deployments whose tasks keep running for a while, though they serve nobody.
    pub warm: Vec<DeploymentId>,
    /// Applications on which a deployment is at work right now.
    pub busy: Vec<ApplicationId>,
}

pub async fn upkeep(tx: &mut PgConnection) -> Result<AllUpkeep, sqlx::Error> {
    let query = "select s.application_id, s.team_id, s.deployment_id, d.plan, coalesce(d.image, ''), a.stopped_at is not null
                   from serving s join deployments d on d.id = s.deployment_id join applications a on a.id = s.application_id";
    type Row = (Uuid, Uuid, Uuid, Json<Plan>, String, bool);
    let serving: Vec<Row> = sqlx::query_as(query).fetch_all(&mut *tx).await?;
    let warm: Vec<Uuid> = sqlx::query_scalar(
        "select coalesce((plan ->> 'tasks_of')::uuid, id) from deployments where warm_until > now()",
    )
    .fetch_all(&mut *tx)
    .await?;
    let busy: Vec<Uuid> =
        sqlx::query_scalar("select application_id from deployments where status in ('running', 'unwinding')")
            .fetch_all(&mut *tx)
            .await?;
    let one = |(application, team, deployment, plan, image, stopped): Row| Upkeep {
        application: ApplicationId(application),
        team: TeamId(team),
        deployment: DeploymentId(deployment),
        plan: plan.0,
        image,
        stopped,
    };
    Ok(AllUpkeep {
        serving: serving.into_iter().map(one).collect(),
        warm: warm.into_iter().map(DeploymentId).collect(),
        busy: busy.into_iter().map(ApplicationId).collect(),
    })
}

/// A release that is on its way to take over, and its share of the requests; without a number each task counts the same.
pub struct Share {
    pub deployment: DeploymentId,
    pub plan: Plan,
    pub percent: Option<u8>,
}

pub async fn all_shares(tx: &mut PgConnection) -> Result<HashMap<ApplicationId, Share>, sqlx::Error> {
    let query = "select s.application_id, s.deployment_id, d.plan, s.percent from shares s join deployments d on d.id = s.deployment_id";
    let rows: Vec<(Uuid, Uuid, Json<Plan>, Option<i16>)> = sqlx::query_as(query).fetch_all(tx).await?;
    let share = |(application, deployment, plan, percent): (Uuid, Uuid, Json<Plan>, Option<i16>)| {
        let share = Share {
            deployment: DeploymentId(deployment),
            plan: plan.0,
            percent: percent.and_then(|percent| u8::try_from(percent).ok()),
        };
        (ApplicationId(application), share)
    };
    Ok(rows.into_iter().map(share).collect())
}

/// The share that a deployment has by now.
pub async fn share(tx: &mut PgConnection, id: DeploymentId) -> Result<Option<u8>, sqlx::Error> {
    let query = "select percent from shares where deployment_id = $1";
    let found: Option<Option<i16>> = sqlx::query_scalar(query)
        .bind(id.uuid())
        .fetch_optional(tx)
        .await?;
    Ok(found.flatten().and_then(|percent| u8::try_from(percent).ok()))
}

pub async fn set_share(
    tx: &mut PgConnection,
    id: DeploymentId,
    percent: Option<u8>,
) -> Result<(), sqlx::Error> {
    let query = "insert into shares (application_id, team_id, deployment_id, percent) select application_id, team_id, id, $2 from deployments where id = $1
                 on conflict (application_id) do update set deployment_id = excluded.deployment_id, percent = excluded.percent";
    sqlx::query(query)
        .bind(id.uuid())
        .bind(percent.map(i16::from))
        .execute(tx)
        .await?;
    Ok(())
}

pub async fn end_share(tx: &mut PgConnection, application: ApplicationId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from shares where application_id = $1")
        .bind(application.uuid())
        .execute(tx)
        .await?;
    Ok(())
}

/// Until then the tasks of a release that no longer serves keep running.
pub async fn keep_warm(tx: &mut PgConnection, id: DeploymentId, seconds: u64) -> Result<(), sqlx::Error> {
    let query = "update deployments set warm_until = now() + make_interval(secs => $2) where id = $1";
    #[allow(clippy::cast_precision_loss, reason = "at most an hour")]
    let seconds = seconds as f64;
    sqlx::query(query)
        .bind(id.uuid())
        .bind(seconds)
        .execute(tx)
        .await?;
    Ok(())
}

/// Marks which releases are kept as targets of a roll back: the serving one and the newest `count` before it.
pub async fn keep_releases(
    tx: &mut PgConnection,
    application: ApplicationId,
    count: i64,
) -> Result<(), sqlx::Error> {
    let query = "update deployments d set release_kept = d.id in (
                    select id from deployments where application_id = $1 and (status = 'succeeded' or id in (select deployment_id from serving))
                     order by number desc limit $2)
                  where application_id = $1 and status <> 'queued'";
    sqlx::query(query)
        .bind(application.uuid())
        .bind(count)
        .execute(tx)
        .await?;
    Ok(())
}

/// Whose services and images must stay: kept releases, what serves, and what is still at work. With the id of the image each runs.
pub async fn wanted_releases(tx: &mut PgConnection) -> Result<HashMap<String, Plan>, sqlx::Error> {
    let query =
        "select id, plan from deployments where release_kept or status in ('queued', 'running', 'unwinding')
                  or id in (select deployment_id from serving)";
    let rows: Vec<(Uuid, Json<Plan>)> = sqlx::query_as(query).fetch_all(tx).await?;
    Ok(rows
        .into_iter()
        .map(|(id, plan)| (id.to_string(), plan.0))
        .collect())
}

/// The names of the Swarm secrets that those releases read.
pub async fn wanted_secrets(tx: &mut PgConnection) -> Result<HashSet<String>, sqlx::Error> {
    let query = "select distinct unnest(secrets) from deployments where release_kept or status in ('queued', 'running', 'unwinding')
                  or id in (select deployment_id from serving)";
    let names: Vec<String> = sqlx::query_scalar(query).fetch_all(tx).await?;
    Ok(names.into_iter().collect())
}

/// Whether something is still at work for the application.
pub async fn any_active(tx: &mut PgConnection, application: ApplicationId) -> Result<bool, sqlx::Error> {
    let query = "select exists (select from deployments where application_id = $1 and status in ('running', 'unwinding'))";
    sqlx::query_scalar(query)
        .bind(application.uuid())
        .fetch_one(tx)
        .await
}

pub async fn count_active(tx: &mut PgConnection) -> Result<u32, sqlx::Error> {
    let count: i64 =
        sqlx::query_scalar("select count(*) from deployments where status in ('running', 'unwinding')")
            .fetch_one(tx)
            .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

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
