//! The app itself: its keychain, the host keys that it trusts, the last answers and what is typed on disk, its diagnostics.

use slipway_client::config::without_home;
use slipway_client::keychain::probe;
use slipway_client::snapshot::Snapshots;
use slipway_client::{Address, Keychain, KnownHost, Profile};
use slipway_protocol::ClusterId;
use slipway_protocol::count;
use slipway_protocol::desktop::{
    AppState, Diagnostics, Failure, FailureKind, HostKey, KeychainState, MakeDiagnostics, NoticeRules,
    OfCluster, RemoveHostKey, SaveDrafts, SaveState, SetBackground,
};
use tauri::ipc::Channel;
use tauri::{AppHandle, State};

use crate::desk::Desk;
use crate::downloads;
use crate::failures::{Answer, Refusal, answer, read};
use crate::streams::tell_changes;

#[tauri::command]
pub async fn app_state(desk: State<'_, Desk>) -> Answer {
    answer(Ok(state(&desk).await))
}

#[tauri::command]
pub async fn set_notices(desk: State<'_, Desk>, args: String) -> Answer {
    answer(choose_notices(&desk, &args))
}

#[tauri::command]
pub async fn set_background(desk: State<'_, Desk>, args: String) -> Answer {
    answer(choose_background(&desk, &args))
}

#[tauri::command]
pub async fn watch_tray(desk: State<'_, Desk>, channel: Channel<String>) -> Answer {
    let page = desk.streams.page();
    let telling = tell_changes(desk.tray.changes(), channel);
    answer(Ok(desk.streams.start(page, telling)))
}

#[tauri::command]
pub async fn keep_for_session(desk: State<'_, Desk>) -> Answer {
    desk.keychain.keep_for_session();
    answer(Ok(()))
}

#[tauri::command]
pub async fn list_host_keys(desk: State<'_, Desk>) -> Answer {
    answer(host_keys(&desk).await)
}

#[tauri::command]
pub async fn remove_host_key(desk: State<'_, Desk>, args: String) -> Answer {
    answer(forget_key(&desk, &args))
}

#[tauri::command]
pub async fn load_state(desk: State<'_, Desk>, args: String) -> Answer {
    answer(load(&desk, &args).await)
}

#[tauri::command]
pub async fn save_state(desk: State<'_, Desk>, args: String) -> Answer {
    answer(save(&desk, &args).await)
}

#[tauri::command]
pub async fn load_drafts(desk: State<'_, Desk>, args: String) -> Answer {
    answer(load_typed(&desk, &args).await)
}

#[tauri::command]
pub async fn save_drafts(desk: State<'_, Desk>, args: String) -> Answer {
    answer(save_typed(&desk, &args).await)
}

#[tauri::command]
pub async fn make_diagnostics(desk: State<'_, Desk>, app: AppHandle, args: String) -> Answer {
    answer(diagnose(&desk, &app, &args).await)
}

fn choose_notices(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let mut wish: NoticeRules = read(args)?;
    // A cluster that is no longer saved needs no exception.
    let saved = desk.home.profiles().list()?;
    let is_saved = |cluster: &ClusterId| saved.iter().any(|profile| profile.id == *cluster);
    wish.except.clusters.retain(is_saved);
    desk.notices.set(&wish).map_err(Refusal::not_kept)
}

fn choose_background(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let wish: SetBackground = read(args)?;
    desk.tray.keep_running(wish.on).map_err(Refusal::not_kept)
}

async fn state(desk: &Desk) -> AppState {
    let keychain = if !desk.keychain.lasts() {
        KeychainState::SessionOnly
    } else {
        match probe(desk.keychain.as_ref()).await {
            Ok(()) => KeychainState::Works,
            Err(error) => KeychainState::Broken {
                sentence: error.to_string(),
                detail: error.detail().map(str::to_owned),
            },
        }
    };
    AppState {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        folder: desk.home.folder.display().to_string(),
        keychain,
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        notices: desk.notices.rules(),
    }
}

/// A home folder may be on another machine: reading there holds nothing else up.
async fn host_keys(desk: &Desk) -> Result<Vec<HostKey>, Refusal> {
    let shown = |key: KnownHost| HostKey {
        host: key.host,
        key_type: key.key_type,
        fingerprint: key.fingerprint,
        file: key.file.display().to_string(),
        removable: key.removable,
    };
    let record = desk.home.known_hosts.clone();
    let read = tauri::async_runtime::spawn_blocking(move || record.list()).await;
    let Ok(keys) = read else {
        let sentence = "The record of host keys was not read to its end; try again.";
        return Err(Failure::new(FailureKind::App, sentence).into());
    };
    Ok(keys?.into_iter().map(shown).collect())
}

fn forget_key(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let request: RemoveHostKey = read(args)?;
    if desk
        .home
        .known_hosts
        .remove_key(&request.host, &request.fingerprint)?
    {
        return Ok(());
    }
    let sentence =
        "This key is not in Slipway's own record; it may have been removed meanwhile: open the page anew.";
    Err(Failure::new(FailureKind::Invalid, sentence).into())
}

async fn load(desk: &Desk, args: &str) -> Result<Option<String>, Refusal> {
    let request: OfCluster = read(args)?;
    let profile = desk.profile(request.cluster)?;
    Ok(Snapshots::of(&desk.home).load(profile.id).await?)
}

async fn save(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let request: SaveState = read(args)?;
    // A cluster that was just removed leaves nothing behind.
    let profile = desk.profile(request.cluster)?;
    Ok(Snapshots::of(&desk.home).save(profile.id, &request.state).await?)
}

async fn load_typed(desk: &Desk, args: &str) -> Result<Option<String>, Refusal> {
    let request: OfCluster = read(args)?;
    let profile = desk.profile(request.cluster)?;
    Ok(Snapshots::of_drafts(&desk.home).load(profile.id).await?)
}

async fn save_typed(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let request: SaveDrafts = read(args)?;
    // As above.
    let profile = desk.profile(request.cluster)?;
    let drafts = Snapshots::of_drafts(&desk.home);
    match request.drafts {
        Some(text) => Ok(drafts.save(profile.id, &text).await?),
        None => {
            drafts.remove(profile.id);
            Ok(())
        }
    }
}

async fn diagnose(desk: &Desk, app: &AppHandle, args: &str) -> Result<Diagnostics, Refusal> {
    let request: MakeDiagnostics = read(args)?;
    let text = diagnosis(desk).await?;
    let path = if request.save {
        Some(downloads::write(app, "slipway-diagnostics", "txt", &text)?)
    } else {
        None
    };
    Ok(Diagnostics { text, path })
}

/// What helps to find a fault, without what is secret, where one's servers are, and who one is: clusters have numbers here, and the home folder
/// no name.
async fn diagnosis(desk: &Desk) -> Result<String, Refusal> {
    let state = state(desk).await;
    let keychain = match &state.keychain {
        KeychainState::Works => "works".to_owned(),
        KeychainState::SessionOnly => "for this session only".to_owned(),
        KeychainState::Broken { sentence, detail } => match detail {
            Some(detail) => format!("{sentence} ({detail})"),
            None => sentence.clone(),
        },
    };
    let profiles = desk.home.profiles().list()?;
    let keys = desk.home.known_hosts.list().map(|keys| keys.len());
    let keys = keys.map_or_else(|error| error.to_string(), |count| count.to_string());
    let mut text = format!(
        "Slipway {}\nsystem: {}\nwebview: {}\nkeychain: {keychain}\nhost keys on record: {keys}\nclusters: {}\n",
        state.version,
        state.system,
        tauri::webview_version().unwrap_or_else(|error| error.to_string()),
        profiles.len()
    );
    for (index, profile) in profiles.iter().enumerate() {
        text.push_str(&format!("\ncluster {}\n{}", index + 1, of_cluster(desk, profile)));
    }
    // A sentence about the keychain or the record of host keys may name a file.
    Ok(without_home(&text))
}

fn of_cluster(desk: &Desk, profile: &Profile) -> String {
    let way = match &profile.address {
        Address::Local { .. } => "local socket".to_owned(),
        Address::Ssh { auth, jump, .. } => format!(
            "SSH by {}, {}, {}",
            match auth {
                slipway_client::AuthMethod::Agent => "agent",
                slipway_client::AuthMethod::KeyFile { .. } => "key file",
                slipway_client::AuthMethod::Password => "password",
                slipway_client::AuthMethod::KeptKey => "key in the keychain",
            },
            count::in_words(jump.len(), "jump host", "jump hosts"),
            count::in_words(profile.address.entries().len(), "entry host", "entry hosts")
        ),
    };
    let link = match desk.open_connection(profile.id) {
        None => "not connected".to_owned(),
        Some(connection) => in_words(&connection.state().borrow()),
    };
    format!("way: {way}\nlink: {link}\n")
}

/// The kind of a failure, without its sentence, which names hosts and users.
fn in_words(state: &slipway_client::LinkState) -> String {
    use slipway_client::LinkState as L;
    let kind = |error: &slipway_client::ConnectError| {
        let value = serde_json::to_value(error.place().1).unwrap_or_default();
        value["kind"].as_str().unwrap_or("unknown").to_owned()
    };
    match state {
        L::Up {
            version,
            round_trip_ms,
        } => format!("up, agent {}, {round_trip_ms:.0} ms", version.agent),
        L::Connecting => "connecting".to_owned(),
        L::Down { error, .. } => format!("down: {}", error.as_ref().map_or("closed".to_owned(), kind)),
        L::BackingOff { attempt, error, .. } => format!("attempt {attempt}: {}", kind(error)),
    }
}
