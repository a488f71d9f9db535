//! What nobody asks for any more. Without this the tables would only grow.

use sqlx::PgConnection;

/// Of each application so many deployments are kept at least, and all for so many days. The first list shows so many, beside those that are kept anyway.
const DEPLOYMENTS: i32 = 100;
const DEPLOYMENT_DAYS: i32 = 30;
/// So long after they have ended, sessions and invitations are of no use to anybody.
const ENDED_DAYS: i32 = 30;
/// So many deployments go at once, with their steps and logs: whoever deploys meanwhile does not wait.
const AT_ONCE: i64 = 500;

/// Takes away what is old. Never what serves, what could be gone back to, or what one of those runs the tasks of.
pub async fn prune(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    let deployments = "
        delete from deployments where id in (
            select d.id from deployments d
              join (select application_id, max(number) as newest from deployments group by 1) n using (application_id)
             where d.number <= n.newest - $1
               and d.ended_at < now() - make_interval(days => $2)
               and d.status in ('succeeded', 'failed', 'cancelled', 'superseded')
               and not d.release_kept
               and (d.warm_until is null or d.warm_until < now())
               and not exists (select from serving s where s.deployment_id = d.id)
               and not exists (select from shares s where s.deployment_id = d.id)
               and not exists (select from command_runs c where c.deployment_id = d.id and c.status in ('waiting', 'running'))
               and not exists (select from deployments other
                                where other.application_id = d.application_id and other.id <> d.id
                                  and (other.plan ->> 'tasks_of')::uuid = d.id)
             limit $3)";
    sqlx::query(deployments)
        .bind(DEPLOYMENTS)
        .bind(DEPLOYMENT_DAYS)
        .bind(AT_ONCE)
        .execute(&mut *tx)
        .await?;
    for ended in [
        // One that is used after its time is refused, known or not.
        "delete from refresh_tokens where expires_at < now() - make_interval(days => $1)",
        "delete from sessions s
          where ended_at < now() - make_interval(days => $1)
             or (created_at < now() - make_interval(days => $1)
                 and not exists (select from refresh_tokens t where t.session_id = s.id))",
        "delete from invitations where coalesce(used_at, expires_at) < now() - make_interval(days => $1)",
    ] {
        sqlx::query(ended).bind(ENDED_DAYS).execute(&mut *tx).await?;
    }
    Ok(())
}
