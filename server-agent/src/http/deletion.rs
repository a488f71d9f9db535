//! Deleting an application, an environment or a project: what goes is said before, the name is asked for where data is lost, and exactly
//! that goes.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use slipway_protocol::ApplicationId;
use slipway_protocol::api::{
    DeleteApplication, DeleteEnvironment, DeleteProject, PreviewApplicationDeletion,
    PreviewEnvironmentDeletion, PreviewProjectDeletion,
};
use slipway_protocol::deletion::Deletion;

use super::{ApiError, Call};
use crate::db::deletion::{self, Doomed, Goes};
use crate::db::{Tx, commands, deployments};
use crate::deploy;
use crate::docker::{OwnedVolume, volume_name};
use crate::logs::LogOf;

/// So long Docker is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

pub async fn preview_application_deletion(
    call: Call,
    request: PreviewApplicationDeletion,
) -> Result<Deletion, ApiError> {
    preview(&call, Doomed::Application(request.application)).await
}

pub async fn preview_environment_deletion(
    call: Call,
    request: PreviewEnvironmentDeletion,
) -> Result<Deletion, ApiError> {
    preview(&call, Doomed::Environment(request.environment)).await
}

pub async fn preview_project_deletion(
    call: Call,
    request: PreviewProjectDeletion,
) -> Result<Deletion, ApiError> {
    preview(&call, Doomed::Project(request.project)).await
}

pub async fn delete_application(call: Call, request: DeleteApplication) -> Result<(), ApiError> {
    delete(&call, Doomed::Application(request.application), request.confirm).await
}

pub async fn delete_environment(call: Call, request: DeleteEnvironment) -> Result<(), ApiError> {
    delete(&call, Doomed::Environment(request.environment), request.confirm).await
}

pub async fn delete_project(call: Call, request: DeleteProject) -> Result<(), ApiError> {
    delete(&call, Doomed::Project(request.project), request.confirm).await
}

async fn preview(call: &Call, doomed: Doomed) -> Result<Deletion, ApiError> {
    let seen = volumes(call).await;
    let mut tx = call.begin().await?;
    Ok(what_goes(call, &mut tx, doomed, seen).await?.deletion)
}

async fn delete(call: &Call, doomed: Doomed, confirm: Option<String>) -> Result<(), ApiError> {
    let seen = volumes(call).await;
    let mut tx = call.begin().await?;
    deletion::lock(&mut tx, doomed).await?;
    let goes = what_goes(call, &mut tx, doomed, seen).await?;
    let what = &goes.deletion;
    if let Some(first) = what.busy.first() {
        return Err(ApiError::conflict(format!(
            "A deployment of “{first}” is running; cancel it or wait, then delete."
        )));
    }
    let confirmed = confirm.as_ref() == Some(&what.name);
    if !confirmed && (confirm.is_some() || what.needs_name()) {
        let lost = if what.needs_name() {
            format!(" The data in {} would be lost.", what.volumes.join(", "))
        } else {
            String::new()
        };
        return Err(ApiError::conflict(format!(
            "Nothing was deleted: give the {}’s name, “{}”, to delete it with everything in it.{lost}",
            doomed.kind(),
            what.name
        )));
    }
    let logs = logs_of(&mut tx, &goes.applications).await?;
    deletion::delete(&mut tx, doomed, &goes.applications).await?;
    call.audit(&mut tx, &what.name).await?;
    tx.commit().await?;
    remove_logs(call, logs).await;
    // What is left in Docker now belongs to nobody: the sweep removes it here, or at its next turn if Docker is away.
    deploy::sweep::after_deletion(&call.app).await;
    Ok(())
}

/// The logs of these applications, and those of their deployments and commands.
async fn logs_of(tx: &mut Tx, applications: &[ApplicationId]) -> Result<HashSet<LogOf>, ApiError> {
    let commands = commands::ids_of(tx, applications).await?;
    let deployments = deployments::ids_of(tx, applications).await?;
    let own = applications.iter().copied().map(LogOf::from);
    let theirs = commands.into_iter().map(LogOf::from);
    Ok(own
        .chain(theirs)
        .chain(deployments.into_iter().map(LogOf::from))
        .collect())
}

/// Logs that cannot be removed now go when logs are tidied up.
async fn remove_logs(call: &Call, of: HashSet<LogOf>) {
    let logs = call.app.logs.clone();
    let remove = move || of.into_iter().try_for_each(|one| logs.remove(one));
    if let Ok(Err(error)) = tokio::task::spawn_blocking(remove).await {
        tracing::warn!(%error, "the log of a deleted application goes later");
    }
}

/// The volumes of this instance on this node, if Docker tells soon. It is asked before any row is locked.
async fn volumes(call: &Call) -> Vec<OwnedVolume> {
    let asked = tokio::time::timeout(PATIENCE, call.app.docker.owned_volumes()).await;
    // The database knows which were deployed; Docker adds those that it does not know any more.
    asked.ok().and_then(Result::ok).unwrap_or_default()
}

/// With the volumes that were deployed, wherever they are, and those that Docker shows; and with the logs.
async fn what_goes(
    call: &Call,
    tx: &mut Tx,
    doomed: Doomed,
    seen: Vec<OwnedVolume>,
) -> Result<Goes, ApiError> {
    let mut goes = deletion::what_goes(tx, doomed)
        .await?
        .ok_or_else(|| ApiError::not_found(doomed.kind()))?;
    let instance = call.app.docker.instance();
    let deployed = goes.volumes.iter();
    let deployed = deployed.map(|(application, volume)| volume_name(instance, *application, volume));
    let own = |volume: &OwnedVolume| {
        goes.applications
            .iter()
            .any(|id| id.to_string() == volume.application)
    };
    let shown = seen.into_iter().filter(own).map(|volume| volume.name);
    let names: BTreeSet<String> = deployed.chain(shown).collect();
    goes.deletion.volumes = names.into_iter().collect();
    let logs = logs_of(tx, &goes.applications).await?;
    goes.deletion.log_bytes = call.app.logs.bytes_of(&logs);
    Ok(goes)
}
