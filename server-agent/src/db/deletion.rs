//! What belongs to an application, an environment or a project, and taking it away.

use std::collections::BTreeSet;

use slipway_protocol::deletion::Deletion;
use slipway_protocol::{ApplicationId, ApplicationName, EnvironmentId, EnvironmentName, ProjectId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::damaged;

/// What is to be deleted.
#[derive(Clone, Copy)]
pub enum Doomed {
    Application(ApplicationId),
    Environment(EnvironmentId),
    Project(ProjectId),
}

impl Doomed {
    pub fn kind(self) -> &'static str {
        match self {
            Self::Application(_) => "application",
            Self::Environment(_) => "environment",
            Self::Project(_) => "project",
        }
    }

    fn id(self) -> Uuid {
        match self {
            Self::Application(id) => id.uuid(),
            Self::Environment(id) => id.uuid(),
            Self::Project(id) => id.uuid(),
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Application(_) => "applications",
            Self::Environment(_) => "environments",
            Self::Project(_) => "projects",
        }
    }
}

/// What goes, as the database knows it: its `volumes` is still empty, and the size of its logs unknown; the volumes that were deployed stand beside it, by application and name.
pub struct Goes {
    pub deletion: Deletion,
    pub applications: Vec<ApplicationId>,
    pub volumes: BTreeSet<(ApplicationId, String)>,
}

/// `None` when the team has no such thing.
pub async fn what_goes(tx: &mut PgConnection, doomed: Doomed) -> Result<Option<Goes>, sqlx::Error> {
    let query = format!("select name from {} where id = $1", doomed.table());
    let name: Option<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
        .bind(doomed.id())
        .fetch_optional(&mut *tx)
        .await?;
    let Some(name) = name else {
        return Ok(None);
    };
    let query = "select a.id, a.name from applications a join environments e on e.id = a.environment_id
                  where $1 in (a.id, e.id, e.project_id) order by e.created_at, a.name";
    let applications: Vec<(Uuid, String)> = sqlx::query_as(query)
        .bind(doomed.id())
        .fetch_all(&mut *tx)
        .await?;
    let ids: Vec<Uuid> = applications.iter().map(|(id, _)| *id).collect();
    let query = "select name from environments where $1 in (id, project_id) order by created_at";
    let environments: Vec<String> = sqlx::query_scalar(query)
        .bind(doomed.id())
        .fetch_all(&mut *tx)
        .await?;
    let busy = "select distinct a.name from applications a join deployments d on d.application_id = a.id
                 where a.id = any($1) and d.status in ('running', 'unwinding') order by 1";
    let services = "select distinct plan ->> 'service' from deployments where application_id = any($1) and started_at is not null
                       and (release_kept or status in ('running', 'unwinding', 'stuck') or id in (select deployment_id from serving)) order by 1";
    let domains = "select host || path from domains where application_id = any($1) order by 1";
    let kept = kept(tx, &ids).await?;
    let deletion = Deletion {
        name,
        environments: parsed(environments, EnvironmentName::parse)?,
        applications: parsed(applications.into_iter().map(|(_, name)| name), ApplicationName::parse)?,
        services: texts(tx, services, &ids).await?,
        domains: texts(tx, domains, &ids).await?,
        volumes: Vec::new(),
        variables: count(tx, "select count(*) from variables where application_id = any($1) or environment_id = $2 or project_id = $2
                                 or environment_id in (select id from environments where project_id = $2)", &ids, doomed).await?,
        files: count(tx, "select count(*) from files where application_id = any($1) and $2::uuid is not null", &ids, doomed).await?,
        deployments: count(tx, "select count(*) from deployments where application_id = any($1) and $2::uuid is not null", &ids, doomed).await?,
        commands: count(tx, "select count(*) from command_runs where application_id = any($1) and $2::uuid is not null and status in ('waiting', 'running')", &ids, doomed).await?,
        busy: parsed(texts(tx, busy, &ids).await?, ApplicationName::parse)?,
        ..kept
    };
    Ok(Some(Goes {
        deletion,
        volumes: deployed_volumes(tx, &ids).await?,
        applications: ids.into_iter().map(ApplicationId).collect(),
    }))
}

/// What is kept for applications besides what runs: files over their sources, uploads, and what lets somebody in.
async fn kept(tx: &mut PgConnection, ids: &[Uuid]) -> Result<Deletion, sqlx::Error> {
    let query = "select (select count(*) from patches where application_id = any($1)),
                        (select count(*) from uploads where application_id = any($1)),
                        (select coalesce(sum(length), 0)::bigint from uploads where application_id = any($1) and finished_at is not null),
                        (select count(*) from deploy_urls where application_id = any($1)),
                        (select count(*) from git_credentials where application_id = any($1) and kind = 'token'),
                        (select count(*) from git_credentials where application_id = any($1) and kind = 'deploy_key')";
    let (patches, uploads, bytes, deploy_urls, git_tokens, deploy_keys): (i64, i64, i64, i64, i64, i64) =
        sqlx::query_as(query).bind(ids).fetch_one(tx).await?;
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Deletion {
        patches: number(patches),
        uploads: number(uploads),
        upload_bytes: u64::try_from(bytes).unwrap_or(0),
        deploy_urls: number(deploy_urls),
        git_tokens: number(git_tokens),
        deploy_keys: number(deploy_keys),
        ..Deletion::default()
    })
}

fn parsed<T, E: std::error::Error + Send + Sync + 'static>(
    names: impl IntoIterator<Item = String>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, sqlx::Error> {
    names
        .into_iter()
        .map(|name| parse(&name).map_err(damaged))
        .collect()
}

async fn texts(tx: &mut PgConnection, query: &'static str, ids: &[Uuid]) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(query).bind(ids).fetch_all(tx).await
}

async fn count(
    tx: &mut PgConnection,
    query: &'static str,
    ids: &[Uuid],
    doomed: Doomed,
) -> Result<u32, sqlx::Error> {
    let count: i64 = sqlx::query_scalar(query)
        .bind(ids)
        .bind(doomed.id())
        .fetch_one(tx)
        .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The volumes of every deployment that was begun: settings that name them no longer leave their data where it is.
async fn deployed_volumes(
    tx: &mut PgConnection,
    ids: &[Uuid],
) -> Result<BTreeSet<(ApplicationId, String)>, sqlx::Error> {
    let query = "select distinct d.application_id, v ->> 'name' from deployments d
                   cross join lateral jsonb_array_elements(coalesce(d.plan #> '{settings,container,volumes}', '[]'::jsonb)) v
                  where d.application_id = any($1) and d.started_at is not null";
    let rows: Vec<(Uuid, Option<String>)> = sqlx::query_as(query).bind(ids).fetch_all(tx).await?;
    let volumes = rows.into_iter();
    Ok(volumes
        .filter_map(|(id, volume)| Some((ApplicationId(id), volume?)))
        .collect())
}

/// Keeps new applications and deployments away until the transaction ends, and ends the deployments that still wait.
pub async fn lock(tx: &mut PgConnection, doomed: Doomed) -> Result<(), sqlx::Error> {
    let environments = "select id from environments where $1 in (id, project_id) order by id for update";
    let applications = "select a.id from applications a join environments e on e.id = a.environment_id
                         where $1 in (a.id, e.id, e.project_id) order by a.id for update of a";
    let queued = "update deployments d set status = 'cancelled', ended_at = now() from applications a, environments e
                   where d.application_id = a.id and e.id = a.environment_id and $1 in (a.id, e.id, e.project_id) and d.status = 'queued'";
    for query in [environments, applications, queued] {
        sqlx::query(query).bind(doomed.id()).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Deletes the rows, and notes the applications whose volumes have to follow.
pub async fn delete(
    tx: &mut PgConnection,
    doomed: Doomed,
    applications: &[ApplicationId],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = applications.iter().map(|id| id.uuid()).collect();
    sqlx::query("insert into deleted_applications (id, team_id) select id, team_id from applications where id = any($1)")
        .bind(&ids)
        .execute(&mut *tx)
        .await?;
    sqlx::query("delete from applications where id = any($1)")
        .bind(&ids)
        .execute(&mut *tx)
        .await?;
    let query = format!("delete from {} where id = $1", doomed.table());
    sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(doomed.id())
        .execute(tx)
        .await?;
    Ok(())
}

/// The deleted applications whose volumes may still be there.
pub async fn unfinished(tx: &mut PgConnection) -> Result<BTreeSet<String>, sqlx::Error> {
    let ids: Vec<String> = sqlx::query_scalar("select id::text from deleted_applications")
        .fetch_all(tx)
        .await?;
    Ok(ids.into_iter().collect())
}

/// Their volumes are gone.
pub async fn finish(tx: &mut PgConnection, applications: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query("delete from deleted_applications where id::text = any($1)")
        .bind(applications)
        .execute(tx)
        .await?;
    Ok(())
}
