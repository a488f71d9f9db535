//! An application's patches, and those that a deployment was asked for with. Contents are sealed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use slipway_protocol::patch::PatchView;
use slipway_protocol::{ApplicationId, DeploymentId, RelativePath, TeamId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::damaged;
use crate::secrets::{Place, Sealer};

/// A file as it is laid over a source.
#[derive(Serialize, Deserialize)]
pub struct Patch {
    pub path: RelativePath,
    pub content: String,
}

pub async fn list(
    tx: &mut PgConnection,
    sealer: &Sealer,
    application: ApplicationId,
) -> Result<Vec<PatchView>, sqlx::Error> {
    let query = "select id, path, content, updated_at from patches where application_id = $1 order by path";
    let rows: Vec<(Uuid, String, Vec<u8>, DateTime<Utc>)> = sqlx::query_as(query)
        .bind(application.uuid())
        .fetch_all(tx)
        .await?;
    rows.into_iter()
        .map(|(id, path, sealed, updated_at)| {
            let content = sealer.open(place(id), &sealed).map_err(damaged)?;
            Ok(PatchView {
                path: RelativePath::parse(&path).map_err(damaged)?,
                content: String::from_utf8(content.into_exposed()).map_err(damaged)?,
                updated_at,
            })
        })
        .collect()
}

/// Names the patches as they are: each has another id when it is changed.
pub async fn state(tx: &mut PgConnection, application: ApplicationId) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select id::text from patches where application_id = $1 order by path")
        .bind(application.uuid())
        .fetch_all(tx)
        .await
}

/// How many other patches the application has, and their length together in bytes.
pub async fn others(
    tx: &mut PgConnection,
    application: ApplicationId,
    path: &RelativePath,
) -> Result<(i64, i64), sqlx::Error> {
    let query =
        "select count(*), coalesce(sum(length), 0) from patches where application_id = $1 and path <> $2";
    sqlx::query_as(query)
        .bind(application.uuid())
        .bind(path.as_str())
        .fetch_one(tx)
        .await
}

/// Creates or replaces a file. Its row gets a new id, so that an older ciphertext does not fit.
pub async fn put(
    tx: &mut PgConnection,
    sealer: &Sealer,
    team: TeamId,
    application: ApplicationId,
    patch: Patch,
) -> Result<PatchView, sqlx::Error> {
    let id = Uuid::now_v7();
    let sealed = sealer
        .seal(place(id), patch.content.as_bytes())
        .map_err(damaged)?;
    let query = "insert into patches (id, team_id, application_id, path, content, length) values ($1, $2, $3, $4, $5, $6)
                 on conflict on constraint patch_path_is_free
                 do update set id = excluded.id, content = excluded.content, length = excluded.length, updated_at = now()
                 returning updated_at";
    let query = sqlx::query_scalar(query)
        .bind(id)
        .bind(team.uuid())
        .bind(application.uuid())
        .bind(patch.path.as_str());
    let query = query
        .bind(sealed)
        .bind(i32::try_from(patch.content.len()).unwrap_or(i32::MAX));
    Ok(PatchView {
        updated_at: query.fetch_one(tx).await?,
        path: patch.path,
        content: patch.content,
    })
}

/// False when there was none.
pub async fn delete(
    tx: &mut PgConnection,
    application: ApplicationId,
    path: &RelativePath,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from patches where application_id = $1 and path = $2")
        .bind(application.uuid())
        .bind(path.as_str())
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Seals the application's patches, as they are now, into a deployment's row.
pub async fn freeze(
    tx: &mut PgConnection,
    sealer: &Sealer,
    application: ApplicationId,
    deployment: DeploymentId,
) -> Result<(), sqlx::Error> {
    let patches: Vec<Patch> = list(tx, sealer, application)
        .await?
        .into_iter()
        .map(|view| Patch {
            path: view.path,
            content: view.content,
        })
        .collect();
    if patches.is_empty() {
        return Ok(());
    }
    let text = serde_json::to_vec(&patches).map_err(damaged)?;
    let sealed = sealer.seal(frozen_place(deployment), &text).map_err(damaged)?;
    sqlx::query("update deployments set patches = $2 where id = $1")
        .bind(deployment.uuid())
        .bind(sealed)
        .execute(tx)
        .await?;
    Ok(())
}

/// The patches that a deployment was asked for with.
pub async fn frozen(
    tx: &mut PgConnection,
    sealer: &Sealer,
    deployment: DeploymentId,
) -> Result<Vec<Patch>, sqlx::Error> {
    let sealed: Option<Vec<u8>> = sqlx::query_scalar("select patches from deployments where id = $1")
        .bind(deployment.uuid())
        .fetch_one(tx)
        .await?;
    let Some(sealed) = sealed else {
        return Ok(Vec::new());
    };
    let text = sealer.open(frozen_place(deployment), &sealed).map_err(damaged)?;
    serde_json::from_slice(text.expose()).map_err(damaged)
}

/// The patches that lie over what a deployment runs, by their paths: its own, or those of the deployment that built the image which it takes
/// again.
pub async fn of_release(
    tx: &mut PgConnection,
    sealer: &Sealer,
    deployment: DeploymentId,
) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let query = "select e.id from deployments d join deployments e on e.application_id = d.application_id and (e.id = d.id or e.image = d.image)
                  where d.id = $1 and e.trigger ->> 'kind' in ('deploy', 'redeploy') order by e.id <> d.id, e.number limit 1";
    let built: Option<Uuid> = sqlx::query_scalar(query)
        .bind(deployment.uuid())
        .fetch_optional(&mut *tx)
        .await?;
    let patches = match built {
        Some(built) => frozen(tx, sealer, DeploymentId(built)).await?,
        None => Vec::new(),
    };
    let named = |patch: Patch| (patch.path.into(), patch.content);
    Ok(patches.into_iter().map(named).collect())
}

/// Copies an application's patches to another one, sealed anew.
pub async fn copy(
    tx: &mut PgConnection,
    sealer: &Sealer,
    team: TeamId,
    from: ApplicationId,
    to: ApplicationId,
) -> Result<(), sqlx::Error> {
    for PatchView { path, content, .. } in list(tx, sealer, from).await? {
        put(tx, sealer, team, to, Patch { path, content }).await?;
    }
    Ok(())
}

fn place(row: Uuid) -> Place<'static> {
    Place {
        table: "patches",
        row,
        column: "content",
    }
}

fn frozen_place(deployment: DeploymentId) -> Place<'static> {
    Place {
        table: "deployments",
        row: deployment.uuid(),
        column: "patches",
    }
}
