//! A deployment's row: asked for, frozen, cancelled, how far it is.

use chrono::{DateTime, Utc};
use slipway_protocol::deployment::{Commit, DeploymentStatus, Trigger};
use slipway_protocol::{ApplicationId, DeploymentId, TeamId};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::db::text::{storable, storable_json};
use crate::domain::plan::Plan;

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
    /// The deployment whose settings and variables it runs with; without one it takes those that there are now.
    pub configured_as: Option<DeploymentId>,
}

/// Stores it behind those that there are; the caller holds the application's lock. Those that wait are superseded.
pub async fn insert(tx: &mut PgConnection, new: NewDeployment<'_>) -> Result<(), sqlx::Error> {
    let application = new.plan.application.uuid();
    sqlx::query("update deployments set status = 'superseded', ended_at = now() where application_id = $1 and status = 'queued'")
        .bind(application)
        .execute(&mut *tx)
        .await?;
    let query = "insert into deployments (id, team_id, application_id, number, status, trigger, plan, environment, requested_by, commit, image, priority, secrets, configured_at)
                 select $1, $2, $3, coalesce(max(number), 0) + 1, 'queued', $4, $5, $6, $7, $8, $9, $10, $11,
                        (select coalesce(configured_at, created_at) from deployments where id = $12) from deployments where application_id = $3";
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
        .bind(new.configured_as.map(DeploymentId::uuid))
        .execute(&mut *tx)
        .await?;
    notify_workers(tx, new.id).await
}

/// A deployment that has nothing to do: what it says is so already.
pub async fn note_done(tx: &mut PgConnection, id: DeploymentId) -> Result<(), sqlx::Error> {
    let query = "update deployments set status = 'succeeded', started_at = created_at, ended_at = created_at where id = $1";
    sqlx::query(query).bind(id.uuid()).execute(tx).await?;
    Ok(())
}

/// Tells workers, for whom there may be something to do, and followers; delivered with the transaction's commit.
pub async fn notify_workers(tx: &mut PgConnection, id: DeploymentId) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_notify('slipway_work', '')")
        .execute(&mut *tx)
        .await?;
    notify(tx, id).await
}

/// Tells followers; delivered with the transaction's commit.
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
    notify_workers(tx, id).await?;
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
    notify_workers(tx, id).await?;
    Ok(true)
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
        .bind(failure.map(storable))
        .bind(status.is_final())
        .execute(tx)
        .await?;
    Ok(())
}

pub async fn set_commit(tx: &mut PgConnection, id: DeploymentId, commit: &Commit) -> Result<(), sqlx::Error> {
    sqlx::query("update deployments set commit = $2 where id = $1")
        .bind(id.uuid())
        .bind(storable_json(commit)?)
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

/// Whether a deployment waits or is at work whose release is this service.
pub async fn any_unfinished_of(tx: &mut PgConnection, service: &str) -> Result<bool, sqlx::Error> {
    let query = "select exists (select from deployments where status in ('queued', 'running', 'unwinding') and plan ->> 'service' = $1)";
    sqlx::query_scalar(query).bind(service).fetch_one(tx).await
}

/// Whether one waits behind the deployment that is at work.
pub async fn any_waiting(tx: &mut PgConnection, application: ApplicationId) -> Result<bool, sqlx::Error> {
    let query = "select exists (select from deployments where application_id = $1 and status = 'queued')";
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
