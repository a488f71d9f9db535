//! How many tasks an application is to have, where that is asked for by two ways: in its settings, and as a change of scale.
//!
//! The later wish wins. A change of scale becomes the settings' number when it serves; until then whoever deploys brings it, and a number that
//! somebody has put into the settings after it was asked for stays. Of two wishes of which one is yet to come, that one is the earlier: the clock was
//! set back between them.

use slipway_protocol::deployment::Trigger;
use slipway_protocol::settings::Replicas;
use slipway_protocol::{ApplicationId, DeploymentId};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

/// The number of tasks that a deployment brings which waits or is on its way to take over, where that is what was asked for. Nobody asks for it
/// any more once it is cancelled or taken back, or once another number was put into the settings.
pub async fn scale_ahead(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Option<Replicas>, sqlx::Error> {
    let query = "select d.trigger from deployments d join applications a on a.id = d.application_id
                  where d.application_id = $1 and d.status in ('queued', 'running') and d.cancel_requested_at is null
                    and d.trigger ->> 'kind' = 'scale' and coalesce(case when (a.replicas_wished_at > clock_timestamp()) = (d.created_at > clock_timestamp())
                                  then a.replicas_wished_at <= d.created_at else a.replicas_wished_at > clock_timestamp() end, true)
                    and not exists (select from step_events e where e.deployment_id = d.id and e.step = 'cut_over' and e.kind = 'succeeded')
                  order by d.number desc limit 1";
    let found: Option<Json<Trigger>> = sqlx::query_scalar(query)
        .bind(application.uuid())
        .fetch_optional(tx)
        .await?;
    Ok(found.and_then(|Json(trigger)| match trigger {
        Trigger::Scale { replicas } => Some(replicas),
        Trigger::Deploy
        | Trigger::Rollback { .. }
        | Trigger::Redeploy
        | Trigger::Reload
        | Trigger::Restart
        | Trigger::Adopt => None,
    }))
}

/// The number of tasks of a deployment that waits becomes the application's, where that is what was asked for: another takes its place,
/// and brings that number.
pub async fn keep_waiting_scale(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<(), sqlx::Error> {
    let query = "select id from deployments
                  where application_id = $1 and status = 'queued' and trigger ->> 'kind' = 'scale' order by number desc limit 1";
    let waiting: Option<Uuid> = sqlx::query_scalar(query)
        .bind(application.uuid())
        .fetch_optional(&mut *tx)
        .await?;
    match waiting {
        Some(waiting) => keep_scale(tx, DeploymentId(waiting)).await,
        None => Ok(()),
    }
}

/// Where a deployment has scaled its application: the next one keeps the number, unless somebody has wished for another one since. Nothing waits
/// for a deployment because of it. Doing it once more changes nothing.
pub async fn keep_scale(tx: &mut PgConnection, id: DeploymentId) -> Result<(), sqlx::Error> {
    let query = "update applications a set settings = jsonb_set(a.settings, '{replicas}', d.plan #> '{settings,replicas}'), replicas_wished_at = d.created_at
                   from deployments d where d.id = $1 and a.id = d.application_id and d.trigger ->> 'kind' = 'scale'
                    and coalesce(case when (a.replicas_wished_at > clock_timestamp()) = (d.created_at > clock_timestamp())
                                  then a.replicas_wished_at <= d.created_at else a.replicas_wished_at > clock_timestamp() end, true)";
    sqlx::query(query).bind(id.uuid()).execute(tx).await?;
    Ok(())
}

/// Notes of a deployment that brings another number of tasks than the settings have, which is that of a change of scale under way, what it
/// brings otherwise.
pub async fn note_tasks_otherwise(tx: &mut PgConnection, id: DeploymentId) -> Result<(), sqlx::Error> {
    let query = "update deployments d set replicas_otherwise = (a.settings ->> 'replicas')::integer
                   from applications a where d.id = $1 and a.id = d.application_id
                    and d.plan #> '{settings,replicas}' is distinct from a.settings -> 'replicas'";
    sqlx::query(query).bind(id.uuid()).execute(tx).await?;
    Ok(())
}

/// A deployment that brings another number of tasks than it was planned with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BringsOther {
    pub id: DeploymentId,
    pub number: u32,
    pub tasks: i32,
}

/// A deployment has come to nothing. Was it a change of scale, the one that waits behind it goes back to the number that the settings had when it
/// was asked for: that number serves, or served last, and what a deployment brings that is asked for after this one's end is the same. It has not
/// begun, as one of an application is at work at a time. One that serves has come to something, whatever it ends in.
pub async fn drop_scale(tx: &mut PgConnection, id: DeploymentId) -> Result<Option<BringsOther>, sqlx::Error> {
    let query = "update deployments d set plan = jsonb_set(d.plan, '{settings,replicas}', to_jsonb(d.replicas_otherwise)), replicas_otherwise = null
                   from deployments s where s.id = $1 and s.trigger ->> 'kind' = 'scale' and d.application_id = s.application_id
                    and d.status = 'queued' and d.replicas_otherwise is not null
                    and not exists (select from step_events e where e.deployment_id = s.id and e.step = 'cut_over' and e.kind = 'succeeded')
              returning d.id, d.number, (d.plan #>> '{settings,replicas}')::integer";
    let found: Option<(Uuid, i32, i32)> = sqlx::query_as(query).bind(id.uuid()).fetch_optional(tx).await?;
    Ok(found.map(|(id, number, tasks)| BringsOther {
        id: DeploymentId(id),
        number: u32::try_from(number).unwrap_or(0),
        tasks,
    }))
}
