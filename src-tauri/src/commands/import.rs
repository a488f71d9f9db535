//! Clusters from elsewhere and for others: `~/.ssh/config`, connection files, the agent of this machine.

use std::path::{Path, PathBuf};

use slipway_client::form::profile_of;
use slipway_client::profiles::DEFAULT_AGENT_SOCKET;
use slipway_client::{Address, Answers, Connection, Profile, ProfileError, share, ssh_config};
use slipway_protocol::desktop::{
    Connected, ConnectionText, Failure, FailureKind, ImportClusters, ImportPreview, LocalAgent,
    ShareClusters, SharedClusters,
};
use tauri::{AppHandle, State};

use crate::commands::clusters::finish;
use crate::desk::Desk;
use crate::downloads;
use crate::failures::{Answer, Refusal, answer, read};

/// How this machine's own cluster is called.
const THIS_MACHINE: &str = "This machine";

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

#[tauri::command]
pub async fn find_local_agent(desk: State<'_, Desk>) -> Answer {
    answer(local_agent(&desk))
}

#[tauri::command]
pub async fn add_local_agent(desk: State<'_, Desk>) -> Answer {
    answer(add_local(&desk).await)
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

/// Only a look: whether the socket is there and nobody has saved it yet.
fn local_agent(desk: &Desk) -> Result<Option<LocalAgent>, Refusal> {
    let socket = local_socket();
    let saved = desk.home.profiles().list()?;
    let known = saved
        .iter()
        .any(|profile| matches!(&profile.address, Address::Local { socket: other } if *other == socket));
    Ok((!known && is_socket(&socket)).then(|| LocalAgent {
        socket: socket.display().to_string(),
    }))
}

/// Where the agent of this machine listens; `SLIPWAY_LOCAL_AGENT` names another place.
fn local_socket() -> PathBuf {
    std::env::var_os("SLIPWAY_LOCAL_AGENT")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| PathBuf::from(DEFAULT_AGENT_SOCKET))
}

#[cfg(unix)]
fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

#[cfg(not(unix))]
fn is_socket(_: &Path) -> bool {
    false
}

async fn add_local(desk: &Desk) -> Result<Connected, Refusal> {
    let address = Address::Local {
        socket: local_socket(),
    };
    let profile = Profile::new(THIS_MACHINE, address)?;
    let connection = Connection::open(&desk.home, &profile, Answers::default()).await?;
    desk.change_profiles(|saved| saved.add(profile.clone()))?;
    finish(desk, &profile, connection).await
}
