//! Who works on a deployment: one worker at a time, for as long as its heart beats.

use serde_json::Value;
use slipway_protocol::{ApplicationId, DeploymentId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::db::applications;
use crate::domain::plan::Plan;

/// A deployment that a worker holds.
pub struct Claimed {
    pub id: DeploymentId,
    pub number: u32,
    pub plan: Plan,
    /// Somebody wished it to stop before this worker took it.
    pub cancelled: bool,
}

/// What is known of a deployment that a worker holds, whatever its plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    pub id: DeploymentId,
    pub number: u32,
    pub application: ApplicationId,
}

impl Claimed {
    pub fn holding(&self) -> Holding {
        Holding {
            id: self.id,
            number: self.number,
            application: self.plan.application,
        }
    }
}

/// What there was to take.
pub enum Claim {
    Nothing,
    Taken(Box<Claimed>),
    /// Its plan cannot be read, so that nobody can go on with it: whoever holds it now parks it.
    Unreadable(Holding),
}

/// Which deployments a worker takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Every,
    /// Those that build nothing. A build takes long and waits for others; a roll back must not wait for builds.
    Quick,
}

/// Takes the lease on the deployment that has waited longest and may run now. None of those that somebody in this agent is at work on: what the
/// clock says of their leases does not count, as it may have jumped.
///
/// Whoever asks holds nothing: a lease of its own is one of which it was not told, or that it could not give back. And one that ends later than any
/// lease may was given before the clock was set back.
pub async fn claim(
    tx: &mut PgConnection,
    worker: Uuid,
    lane: Lane,
    at_work: &[Uuid],
) -> Result<Claim, sqlx::Error> {
    let query = "update deployments d
                    set leased_by = $1, leased_until = now() + interval '30 seconds', started_at = coalesce(started_at, now()),
                        status = case when status = 'queued' then 'running' else status end
                  where id = (select q.id from deployments q
                               where q.status in ('queued', 'running', 'unwinding')
                                 and (q.leased_until is null or q.leased_until not between now() and now() + interval '1 minute' or q.leased_by = $1)
                                 and q.id <> all($3)
                                 and ($2 or not q.plan -> 'steps' ? 'build')
                                 and (q.status <> 'queued' or not exists (
                                      select from deployments a where a.application_id = q.application_id and a.status in ('running', 'unwinding')))
                               order by q.status = 'queued', q.priority desc, q.created_at for update skip locked limit 1)
              returning id, number, application_id, plan, cancel_requested_at is not null";
    let row: Option<(Uuid, i32, Uuid, Value, bool)> = sqlx::query_as(query)
        .bind(worker)
        .bind(lane == Lane::Every)
        .bind(at_work)
        .fetch_optional(&mut *tx)
        .await?;
    let Some((id, number, application, plan, cancelled)) = row else {
        return Ok(Claim::Nothing);
    };
    let (id, number) = (DeploymentId(id), u32::try_from(number).unwrap_or(0));
    // It may stop who serves, and not start it again.
    sqlx::query(
        "update serving s set unsettled_at = clock_timestamp() from deployments d where d.id = $1 and s.application_id = d.application_id",
    )
    .bind(id.uuid())
    .execute(&mut *tx)
    .await?;
    match serde_json::from_value(plan) {
        Ok(plan) => Ok(Claim::Taken(Box::new(Claimed {
            id,
            number,
            plan,
            cancelled,
        }))),
        Err(error) => {
            tracing::error!(deployment.id = %id, %error, "a plan cannot be read; the deployment is parked");
            Ok(Claim::Unreadable(Holding {
                id,
                number,
                application: ApplicationId(application),
            }))
        }
    }
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

/// The same, with the application's lock before it, which whoever stops, starts or deletes the application takes first too: for a change that
/// reaches further than this row. False also when the application is gone.
pub async fn hold_with_application(
    tx: &mut PgConnection,
    application: ApplicationId,
    id: DeploymentId,
    worker: Uuid,
) -> Result<bool, sqlx::Error> {
    Ok(applications::lock(&mut *tx, application).await? && hold(tx, id, worker).await?)
}
