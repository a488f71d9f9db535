//! What the agent owns in Docker and on disk, and no deployment wants any more, is removed. By label only.

use std::collections::HashSet;
use std::time::Duration;

use super::routes::{RoutesError, apply_routes};
use crate::app::App;
use crate::db::deployments;
use crate::docker::ImageRemoval;
use crate::uploads;

/// How often to look without a reason, and how soon again when something could not be removed yet.
const NOW_AND_THEN: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_secs(3);

/// What a turn of the sweep came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swept {
    Clean,
    /// An image is still held by a container that is ending.
    NotYet,
}

/// Sweeps now, when it is asked for, and now and then.
pub(super) async fn keep_swept(app: App) {
    let mut failures = 0_u32;
    loop {
        let wait = match sweep(&app).await {
            Ok(Swept::Clean) => {
                failures = 0;
                NOW_AND_THEN
            }
            Ok(Swept::NotYet) => AGAIN,
            Err(error) => {
                failures += 1;
                // One warning for an outage, not one for every turn of it.
                if failures == 1 {
                    tracing::warn!(%error, "sweep not finished; it goes on trying");
                }
                AGAIN * failures.min(10)
            }
        };
        let _ = tokio::time::timeout(wait, app.sweep_wanted.notified()).await;
    }
}

/// After an application's rows are gone: first its routes, then its services and images.
pub async fn after_deletion(app: &App) {
    let work = async {
        apply_routes(app).await?;
        sweep(app).await
    };
    match work.await {
        Ok(Swept::Clean) => {}
        Ok(Swept::NotYet) => app.sweep_wanted.notify_one(),
        Err(error) => tracing::warn!(%error, "a deleted application is swept up later"),
    }
}

/// One turn. Docker is read before the database: what appears meanwhile belongs to a deployment that is known by then.
pub async fn sweep(app: &App) -> Result<Swept, RoutesError> {
    let mut swept = Swept::Clean;
    let services = app.docker.owned_services().await?;
    let images = app.docker.owned_images().await?;
    let folders = work_folders(app);
    uploads::sweep(app).await?;
    let mut connection = app.db.pool().acquire().await?;
    let wanted = deployments::wanted_releases(&mut connection).await?;
    let active = active(&mut connection).await?;
    drop(connection);
    // A release may run in the service that an earlier deployment made: what counts is the service's name.
    let names: HashSet<&str> = wanted.values().map(|plan| plan.service.as_str()).collect();
    for service in services {
        let keep = if service.hook {
            active.contains(&service.deployment)
        } else {
            names.contains(service.name.as_str())
        };
        if !keep {
            tracing::info!(service = service.name, "removing a service that nobody wants");
            app.docker.remove_service(&service.name).await?;
        }
    }
    // A kept release may run an image that another deployment built.
    let tags: Vec<&str> = wanted.values().map(|plan| plan.image_tag.as_str()).collect();
    for (deployment, image_tags) in images {
        if wanted.contains_key(&deployment) {
            continue;
        }
        for tag in image_tags.iter().filter(|tag| !tags.contains(&tag.as_str())) {
            if app.docker.remove_image(tag).await? == ImageRemoval::InUse {
                swept = Swept::NotYet;
            }
        }
    }
    for name in folders {
        if !active.contains(&name) {
            let _ = std::fs::remove_dir_all(app.config.work_dir().join(name));
        }
    }
    Ok(swept)
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
