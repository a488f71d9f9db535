//! Which releases are kept though they do not serve: warm for a while, to go back to, or because somebody still needs what they are made of.

use std::collections::{HashMap, HashSet};

use slipway_protocol::{ApplicationId, DeploymentId};
use sqlx::PgConnection;
use uuid::Uuid;

/// What a release that somebody wants is made of. The rest of its plan may be any.
pub struct Wanted {
    pub service: String,
    pub image_tag: String,
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

/// No release of the application keeps running any more beside the one that serves.
pub async fn end_warmth(tx: &mut PgConnection, application: ApplicationId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update deployments set warm_until = null where application_id = $1 and warm_until is not null",
    )
    .bind(application.uuid())
    .execute(tx)
    .await?;
    Ok(())
}

/// The services whose tasks keep running for a while, though they serve nobody. A time that is further ahead than any may be was written before the
/// clock was set back, and counts no more: whoever goes back to such a release starts it again.
pub async fn warm_services(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Vec<String>, sqlx::Error> {
    let query = "select plan ->> 'service' from deployments where application_id = $1 and warm_until between now() and now() + interval '61 minutes'";
    sqlx::query_scalar(query)
        .bind(application.uuid())
        .fetch_all(tx)
        .await
}

/// Marks which releases are kept as targets of a roll back: the serving one and those before it, `count` in all. A release that was
/// gone back to counts once, and each deployment that put it in front leads to it.
pub async fn keep_releases(
    tx: &mut PgConnection,
    application: ApplicationId,
    count: i64,
) -> Result<(), sqlx::Error> {
    let query = "update deployments d set release_kept = d.id in (
                    select id from deployments where application_id = $1 and (status = 'succeeded' or id in (select deployment_id from serving))
                       and plan->>'service' in (
                        select plan->>'service' from deployments
                         where application_id = $1 and (status = 'succeeded' or id in (select deployment_id from serving))
                         group by plan->>'service' order by max(number) desc limit $2))
                  where application_id = $1 and status <> 'queued'";
    sqlx::query(query)
        .bind(application.uuid())
        .bind(count)
        .execute(tx)
        .await?;
    Ok(())
}

/// Whose services and images must stay: kept releases, what serves or has a share of the requests, what is still at work, and what a command
/// runs in.
pub async fn wanted_releases(tx: &mut PgConnection) -> Result<HashMap<String, Wanted>, sqlx::Error> {
    let query = "select id, coalesce(plan ->> 'service', ''), coalesce(plan ->> 'image_tag', '')
                   from deployments where release_kept or status in ('queued', 'running', 'unwinding')
                     or id in (select deployment_id from serving union select deployment_id from shares
                               union select deployment_id from command_runs where status in ('waiting', 'running'))";
    let rows: Vec<(Uuid, String, String)> = sqlx::query_as(query).fetch_all(tx).await?;
    Ok(rows
        .into_iter()
        .map(|(id, service, image_tag)| (id.to_string(), Wanted { service, image_tag }))
        .collect())
}

/// The names of the Swarm secrets that those releases read.
pub async fn wanted_secrets(tx: &mut PgConnection) -> Result<HashSet<String>, sqlx::Error> {
    let query = "select distinct unnest(secrets) from deployments where release_kept or status in ('queued', 'running', 'unwinding')
                  or id in (select deployment_id from serving union select deployment_id from shares
                               union select deployment_id from command_runs where status in ('waiting', 'running'))";
    let names: Vec<String> = sqlx::query_scalar(query).fetch_all(tx).await?;
    Ok(names.into_iter().collect())
}
