//! What this agent has left on a build node and no deployment waits for is removed: images, and caches of applications that are gone. A build
//! removes its image itself; this is for agents that were killed and for build nodes that were away. BuildKit's cache stays.

use std::collections::HashSet;
use std::time::Duration;

use slipway_protocol::ApplicationId;
use uuid::Uuid;

use super::routes::RoutesError;
use super::sweep;
use crate::app::App;
use crate::db::applications;

const NOW_AND_THEN: Duration = Duration::from_secs(60);

/// Sweeps at the start, and now and then. Ends at once where there is no build node.
pub(super) async fn keep_swept(app: App) {
    let Some(node) = app.build_place.node() else {
        return;
    };
    let mut failed = false;
    loop {
        match sweep(&app).await {
            Ok(()) => failed = false,
            // One warning for an outage.
            Err(error) if !std::mem::replace(&mut failed, true) => {
                tracing::warn!(%error, %node, "the build node is swept later");
            }
            Err(_) => {}
        }
        tokio::time::sleep(NOW_AND_THEN).await;
    }
}

/// One turn. The engine is read before the database: what appears meanwhile belongs to somebody who is known by then.
async fn sweep(app: &App) -> Result<(), RoutesError> {
    let docker = app.build_place.docker();
    // A build node that is away has nothing to say about it, and the next turn comes.
    if !app.build_place.is_apart(&app.docker).await.unwrap_or(false) {
        return Ok(());
    }
    // What was built carries this very agent's label. What a program has made has a tag alone, which other agents may have given as well.
    let labelled = docker.owned_images().await?;
    let tagged = docker.tagged_images(app.docker.instance()).await?;
    let volumes = docker.owned_volumes().await?;
    let mut connection = app.db.pool().acquire().await?;
    let ids: Vec<Uuid> = tagged.iter().filter_map(|(id, _)| id.parse().ok()).collect();
    let known = known(&mut connection, ids).await?;
    let active = sweep::active(&mut connection).await?;
    let applications: HashSet<String> = applications::all_ids(&mut connection)
        .await?
        .iter()
        .map(ApplicationId::to_string)
        .collect();
    drop(connection);
    let tagged = tagged.into_iter().filter(|(id, _)| known.contains(id));
    for (deployment, tags) in labelled.into_iter().chain(tagged) {
        if active.contains(&deployment) {
            continue;
        }
        for tag in tags {
            tracing::info!(tag, "removing an image that is left on the build node");
            docker.remove_image(&tag).await?;
        }
    }
    for volume in volumes {
        if !applications.contains(&volume.application) {
            docker.remove_volume(&volume.name).await?;
        }
    }
    Ok(())
}

/// Those of them that are deployments of this agent's.
async fn known(connection: &mut sqlx::PgConnection, ids: Vec<Uuid>) -> Result<HashSet<String>, sqlx::Error> {
    let query = "select id::text from deployments where id = any($1)";
    let known: Vec<String> = sqlx::query_scalar(query).bind(ids).fetch_all(connection).await?;
    Ok(known.into_iter().collect())
}
