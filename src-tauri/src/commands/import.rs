//! Clusters from elsewhere and for others: `~/.ssh/config`, connection files.

use slipway_client::form::profile_of;
use slipway_client::{Profile, ProfileError, share, ssh_config};
use slipway_protocol::desktop::{
    ConnectionText, Failure, FailureKind, ImportClusters, ImportPreview, ShareClusters, SharedClusters,
};
use tauri::{AppHandle, State};

use crate::desk::Desk;
use crate::downloads;
use crate::failures::{Answer, Refusal, answer, read};

#[tauri::command]
pub async fn preview_ssh_config(desk: State<'_, Desk>) -> Answer {
    answer(from_ssh_config(&desk).await)
}

#[tauri::command]
pub async fn preview_connections(desk: State<'_, Desk>, args: String) -> Answer {
    answer(from_text(&desk, &args))
}

#[tauri::command]
pub async fn import_clusters(desk: State<'_, Desk>, args: String) -> Answer {
    answer(import(&desk, &args))
}

#[tauri::command]
pub async fn share_clusters(desk: State<'_, Desk>, app: AppHandle, args: String) -> Answer {
    answer(share_some(&desk, &app, &args))
}

async fn from_ssh_config(desk: &Desk) -> Result<ImportPreview, Refusal> {
    let saved = desk.home.profiles().list()?;
    // Includes can lie on a slow file system.
    let read = tauri::async_runtime::spawn_blocking(move || ssh_config::preview(&saved)).await;
    read.map_err(|_| Failure::new(FailureKind::App, "The file was not read to its end; try again.").into())
}

fn from_text(desk: &Desk, args: &str) -> Result<ImportPreview, Refusal> {
    let request: ConnectionText = read(args)?;
    Ok(share::preview(&request.text, &desk.home.profiles().list()?)?)
}

fn import(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let request: ImportClusters = read(args)?;
    let profiles: Result<Vec<Profile>, ProfileError> = request.clusters.into_iter().map(profile_of).collect();
    let profiles = profiles?;
    Ok(desk.change_profiles(|saved| saved.add_all(profiles))?)
}

fn share_some(desk: &Desk, app: &AppHandle, args: &str) -> Result<SharedClusters, Refusal> {
    let request: ShareClusters = read(args)?;
    let mut chosen = desk.home.profiles().list()?;
    chosen.retain(|profile| request.clusters.contains(&profile.id));
    let text = share::text_of(&chosen)?;
    let path = if request.save {
        Some(downloads::write(app, "slipway-connections", "toml", &text)?)
    } else {
        None
    };
    Ok(SharedClusters { text, path })
}
