//! What the agent owns in Docker and on disk, and no deployment wants any more, is removed. By label only.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use super::routes::{RoutesError, apply_routes};
use crate::app::App;
use crate::db::{commands, deletion, deployments};
use crate::docker::{DockerError, Removal};
use crate::{terminals, uploads};

/// How often to look without a reason, and how soon again when something could not be removed yet.
const NOW_AND_THEN: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_secs(3);

/// Swarm has so much time to remove a service's containers itself.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30);

/// What a turn of the sweep came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swept {
    Clean,
    /// Something is still held by a container that is ending.
    NotYet,
}

impl Swept {
    fn and(self, other: Self) -> Self {
        if self == Self::Clean { other } else { self }
    }
}

/// Sweeps now, when it is asked for, and now and then.
pub(super) async fn keep_swept(app: App) {
    let (mut failures, mut held) = (0_u32, 0_u32);
    loop {
        let wait = match sweep(&app).await {
            Ok(Swept::Clean) => {
                (failures, held) = (0, 0);
                NOW_AND_THEN
            }
            Ok(Swept::NotYet) => {
                // Containers end within seconds; what is held for longer is asked for less and less often.
                held += 1;
                AGAIN * held.saturating_sub(4).clamp(1, 10)
            }
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

/// After an application's rows are gone: first its routes, then its services, images and volumes.
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
    let commands = commands::unfinished_ids(&mut connection).await?;
    drop(connection);
    // A release may run in the service that an earlier deployment made: what counts is the service's name.
    let names: HashSet<&str> = wanted.values().map(|plan| plan.service.as_str()).collect();
    for service in services {
        let keep = match &service.command {
            Some(command) => commands.contains(command),
            None if service.hook => active.contains(&service.deployment),
            None => names.contains(service.name.as_str()),
        };
        if !keep {
            tracing::info!(service = service.name, "removing a service that nobody wants");
            if let Err(error) = app.docker.remove_service(&service.name).await {
                // The rest is swept all the same.
                tracing::warn!(service = service.name, %error, "a service could not be removed yet");
                swept = Swept::NotYet;
            }
        }
    }
    // They hold images and volumes.
    for container in app.docker.forgotten_containers(FORGOTTEN_AFTER).await? {
        tracing::info!(container, "removing an ended container whose service is gone");
        if let Err(error) = app.docker.remove_ended(&container).await {
            tracing::warn!(container, %error, "a container could not be removed yet");
            swept = Swept::NotYet;
        }
    }
    // A kept release may run an image that another deployment built.
    let tags: Vec<&str> = wanted.values().map(|plan| plan.image_tag.as_str()).collect();
    for (deployment, image_tags) in images {
        if wanted.contains_key(&deployment) {
            continue;
        }
        for tag in image_tags.iter().filter(|tag| !tags.contains(&tag.as_str())) {
            if !is_gone(tag, app.docker.remove_image(tag).await) {
                swept = Swept::NotYet;
            }
        }
    }
    swept = swept
        .and(sweep_secrets(app).await?)
        .and(sweep_volumes(app).await?)
        .and(sweep_node_shells(app).await?);
    for name in folders {
        if !active.contains(&name) {
            let _ = std::fs::remove_dir_all(app.config.work_dir().join(name));
        }
    }
    Ok(swept)
}

/// What Docker does not remove now is tried again later, and the rest is swept all the same.
fn is_gone(name: &str, removed: Result<Removal, DockerError>) -> bool {
    match removed {
        Ok(Removal::Gone) => true,
        Ok(Removal::InUse) => false,
        Err(error) => {
            tracing::warn!(name, %error, "this could not be removed yet");
            false
        }
    }
}

/// Secrets that no wanted release reads. The services that read them are gone by now.
async fn sweep_secrets(app: &App) -> Result<Swept, RoutesError> {
    let _guard = app.docker.hold_secrets().await;
    let names = app.docker.owned_secrets().await?;
    if names.is_empty() {
        return Ok(Swept::Clean);
    }
    let mut connection = app.db.pool().acquire().await?;
    let wanted = deployments::wanted_secrets(&mut connection).await?;
    drop(connection);
    let mut swept = Swept::Clean;
    for name in names.iter().filter(|name| !wanted.contains(*name)) {
        if !is_gone(name, app.docker.remove_secret(name).await) {
            swept = Swept::NotYet;
        }
    }
    Ok(swept)
}

/// Volumes of applications that somebody deleted. One whose application is merely unknown stays: it may be another database's.
async fn sweep_volumes(app: &App) -> Result<Swept, RoutesError> {
    let mut connection = app.db.pool().acquire().await?;
    let deleted = deletion::unfinished(&mut connection).await?;
    drop(connection);
    if deleted.is_empty() {
        return Ok(Swept::Clean);
    }
    let mut held = BTreeSet::new();
    for volume in app.docker.owned_volumes().await? {
        if deleted.contains(&volume.application) {
            tracing::info!(volume = volume.name, "removing a volume of a deleted application");
            if !is_gone(&volume.name, app.docker.remove_volume(&volume.name).await) {
                held.insert(volume.application);
            }
        }
    }
    let done: Vec<String> = deleted.difference(&held).cloned().collect();
    let mut connection = app.db.pool().acquire().await?;
    deletion::finish(&mut connection, &done).await?;
    Ok(if held.is_empty() {
        Swept::Clean
    } else {
        Swept::NotYet
    })
}

/// Containers of terminals on the node that are over.
async fn sweep_node_shells(app: &App) -> Result<Swept, RoutesError> {
    Ok(match terminals::node::sweep(app).await? {
        true => Swept::Clean,
        false => Swept::NotYet,
    })
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

pub(super) async fn active(connection: &mut sqlx::PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let query = "select id::text from deployments where status in ('queued', 'running', 'unwinding')";
    sqlx::query_scalar(query).fetch_all(connection).await
}
