//! How what serves should be between deployments, and since when it has been seen to be so.

use chrono::{DateTime, Utc};
use serde_json::Value;
use slipway_protocol::{ApplicationId, DeploymentId, TeamId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::serving::readable;
use crate::domain::plan::Plan;

/// A serving release, and how it should be.
pub struct Upkeep {
    pub application: ApplicationId,
    pub team: TeamId,
    pub deployment: DeploymentId,
    pub plan: Plan,
    pub image: String,
    pub stopped: bool,
    /// Since then its tasks have not yet been seen to run or not to run, as they should: somebody has started or stopped it, or a
    /// deployment was at work. What is not as it should be after that, somebody else has done.
    pub unsettled_at: Option<DateTime<Utc>>,
}

impl Upkeep {
    /// So many tasks should run.
    pub fn wanted(&self) -> u16 {
        if self.stopped {
            0
        } else {
            self.plan.settings.replicas.get()
        }
    }
}

/// What should run between deployments.
pub struct AllUpkeep {
    pub serving: Vec<Upkeep>,
    /// Services of serving releases whose plans cannot be read: nothing is known of how they should be, so they are left alone.
    pub left_alone: Vec<String>,
    /// Deployments whose tasks keep running for a while, though they serve nobody.
    pub warm: Vec<DeploymentId>,
    /// Applications on which a deployment is at work right now.
    pub busy: Vec<ApplicationId>,
    /// Those of them whose new release serves already: what is left is tidying up.
    pub tidied: Vec<ApplicationId>,
}

pub async fn upkeep(tx: &mut PgConnection) -> Result<AllUpkeep, sqlx::Error> {
    let query = "select s.application_id, s.team_id, s.deployment_id, d.plan, coalesce(d.image, ''), a.stopped_at is not null, s.unsettled_at
                   from serving s join deployments d on d.id = s.deployment_id join applications a on a.id = s.application_id";
    type Row = (Uuid, Uuid, Uuid, Value, String, bool, Option<DateTime<Utc>>);
    let serving: Vec<Row> = sqlx::query_as(query).fetch_all(&mut *tx).await?;
    let warm: Vec<Uuid> = sqlx::query_scalar(
        "select coalesce((plan ->> 'tasks_of')::uuid, id) from deployments where warm_until between now() and now() + interval '61 minutes'",
    )
    .fetch_all(&mut *tx)
    .await?;
    let busy: Vec<(Uuid, bool)> = sqlx::query_as(
        "select application_id, exists (select from step_events e where e.deployment_id = d.id and e.step = 'cut_over' and e.kind = 'succeeded')
           from deployments d where status in ('running', 'unwinding')",
    )
    .fetch_all(&mut *tx)
    .await?;
    // A deployment that is stuck halfway leads requests to its release: nobody is at work on that, and it serves.
    let mut left_alone: Vec<String> = sqlx::query_scalar(
        "select coalesce(d.plan ->> 'service', '') from shares s join deployments d on d.id = s.deployment_id",
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut kept = Vec::new();
    for (application, team, deployment, plan, image, stopped, unsettled_at) in serving {
        let deployment = DeploymentId(deployment);
        match readable(deployment, &plan) {
            Some(plan) => kept.push(Upkeep {
                application: ApplicationId(application),
                team: TeamId(team),
                deployment,
                plan,
                image,
                stopped,
                unsettled_at,
            }),
            None => left_alone.push(plan["service"].as_str().unwrap_or_default().to_owned()),
        }
    }
    Ok(AllUpkeep {
        serving: kept,
        left_alone,
        warm: warm.into_iter().map(DeploymentId).collect(),
        busy: busy.iter().map(|(id, _)| ApplicationId(*id)).collect(),
        tidied: busy
            .into_iter()
            .filter(|(_, serves)| *serves)
            .map(|(id, _)| ApplicationId(id))
            .collect(),
    })
}

/// Whether a service of the application serves nobody: no deployment is at work, and it is neither the serving release's, nor has a share,
/// nor is kept warm. A deployment whose release serves is not at work on any other, once somebody has stopped the application.
pub async fn is_idle(
    tx: &mut PgConnection,
    application: ApplicationId,
    service: &str,
) -> Result<bool, sqlx::Error> {
    let query = "
        select not exists (
            select from deployments d where d.application_id = $1 and (
                (d.status in ('running', 'unwinding') and not (
                    exists (select from applications a where a.id = $1 and a.stopped_at is not null)
                    and exists (select from step_events e where e.deployment_id = d.id and e.step = 'cut_over' and e.kind = 'succeeded')))
                or (d.plan ->> 'service' = $2 and (
                    d.warm_until between now() and now() + interval '61 minutes'
                    or exists (select from serving s where s.deployment_id = d.id)
                    or exists (select from shares s where s.deployment_id = d.id)))))";
    sqlx::query_scalar(query)
        .bind(application.uuid())
        .bind(service)
        .fetch_one(tx)
        .await
}

/// The tasks of what serves run or do not run, as they should. Nothing where they were unsettled again since.
pub async fn settle(
    tx: &mut PgConnection,
    deployment: DeploymentId,
    unsettled_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("update serving set unsettled_at = null where deployment_id = $1 and unsettled_at = $2")
        .bind(deployment.uuid())
        .bind(unsettled_at)
        .execute(tx)
        .await?;
    Ok(())
}

/// A deployment that has succeeded saw its tasks run: unless somebody has started or stopped the application since it began to serve, or the
/// agent was away, they are as they should be.
pub async fn settle_succeeded(tx: &mut PgConnection, deployment: DeploymentId) -> Result<(), sqlx::Error> {
    sqlx::query("update serving set unsettled_at = null where deployment_id = $1 and unsettled_at = since")
        .bind(deployment.uuid())
        .execute(tx)
        .await?;
    Ok(())
}

/// Somebody starts or stops the application: what its tasks are now is not what they should be.
pub async fn unsettle(tx: &mut PgConnection, application: ApplicationId) -> Result<(), sqlx::Error> {
    sqlx::query("update serving set unsettled_at = clock_timestamp() where application_id = $1")
        .bind(application.uuid())
        .execute(tx)
        .await?;
    Ok(())
}

/// Nothing is known of the tasks of anything that serves: the rows are of another time than what runs.
pub async fn unsettle_all(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("update serving set unsettled_at = clock_timestamp()")
        .execute(tx)
        .await?;
    Ok(())
}
