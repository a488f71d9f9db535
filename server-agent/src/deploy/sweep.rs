//! What the agent owns in Docker and on disk, and no deployment wants any more, is removed. By label only.

use std::time::Duration;

use super::routes::{RoutesError, apply_routes};
use crate::app::App;
use crate::db::deployments;

/// Sweeps now, and then every minute.
pub(super) async fn keep_swept(app: App) {
    loop {
        if let Err(error) = sweep(&app).await {
            tracing::warn!(%error, "sweep not finished");
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}

/// After an application's rows are gone: first its routes, then its services and images.
pub async fn after_deletion(app: &App) {
    let work = async {
        apply_routes(app).await?;
        sweep(app).await
    };
    if let Err(error) = work.await {
        tracing::warn!(%error, "a deleted application is swept up later");
    }
}

/// One turn. Docker is read before the database: what appears meanwhile belongs to a deployment that is known by then.
pub async fn sweep(app: &App) -> Result<(), RoutesError> {
    let releases = app.docker.owned_releases().await?;
    let images = app.docker.owned_images().await?;
    let folders = work_folders(app);
    let mut connection = app.db.pool().acquire().await?;
    let wanted = deployments::wanted_releases(&mut connection).await?;
    let active = active(&mut connection).await?;
    drop(connection);
    for (service, _, deployment) in releases {
        if !wanted.contains_key(&deployment) {
            tracing::info!(service, "removing a release that nobody wants");
            app.docker.remove_service(&service).await?;
        }
    }
    // A kept release may run an image that another deployment built.
    let tags: Vec<&str> = wanted.values().map(|plan| plan.image_tag.as_str()).collect();
    for (deployment, image_tags) in images {
        if wanted.contains_key(&deployment) {
            continue;
        }
        for tag in image_tags.iter().filter(|tag| !tags.contains(&tag.as_str())) {
            app.docker.remove_image(tag).await?;
        }
    }
    for name in folders {
        if !active.contains(&name) {
            let _ = std::fs::remove_dir_all(app.config.work_dir().join(name));
        }
    }
    Ok(())
}

fn work_folders(app: &App) -> Vec<String> {
    let entries = std::fs::read_dir(app.config.work_dir())
        .into_iter()
        .flatten()
        .flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

async fn active(connection: &mut sqlx::PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let query = "select id::text from deployments where status in ('queued', 'running', 'unwinding')";
    sqlx::query_scalar(query).fetch_all(connection).await
}
