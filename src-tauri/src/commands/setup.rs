//! From a server with nothing but SSH to a cluster: look, say what would be done, do it, save it.

use std::sync::Arc;

use futures_util::StreamExt;
use slipway_client::form::{as_another, profile_of};
use slipway_client::keychain::SecretName;
use slipway_client::setup::{LinkKey, Server, SetupError, SetupWishes, link_address};
use slipway_client::{Answers, Connection, Profile, ProfileError, SecretKind};
use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{
    Failure, FailureKind, FindServer, FoundServer, LeaveServer, NewCluster, OfServer, ServerFound,
    SetUpServer, SetUpState, SetupProgress, WhichServer,
};
use slipway_protocol::setup::{SetupEvent, SetupReport};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};

use crate::clusters::{answers_of, describe, question};
use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer, read, read_secret};
use crate::servers::Found;
use crate::set_ups::Run;
use crate::streams::tell_changes;
use crate::this_machine;

#[tauri::command]
pub async fn find_server(desk: State<'_, Desk>, args: String) -> Answer {
    answer(find(&desk, args).await)
}

#[tauri::command]
pub async fn review_server(desk: State<'_, Desk>, args: String) -> Answer {
    answer(review(&desk, &args).await)
}

#[tauri::command]
pub async fn set_up_server(app: AppHandle, desk: State<'_, Desk>, args: String) -> Answer {
    answer(set_up(app, &desk, &args))
}

#[tauri::command]
pub async fn follow_set_up(desk: State<'_, Desk>, args: String, channel: Channel<String>) -> Answer {
    answer(follow(&desk, &args, channel))
}

#[tauri::command]
pub async fn watch_set_ups(desk: State<'_, Desk>, channel: Channel<String>) -> Answer {
    let page = desk.streams.page();
    let telling = tell_changes(desk.servers.changes(), channel);
    answer(Ok(desk.streams.start(page, telling)))
}

#[tauri::command]
pub async fn close_app(app: AppHandle) -> Answer {
    app.exit(0);
    answer(Ok(()))
}

#[tauri::command]
pub async fn leave_server(desk: State<'_, Desk>, args: String) -> Answer {
    answer(read::<LeaveServer>(&args).map(|left| desk.servers.leave(left.server, left.taken)))
}

async fn find(desk: &Desk, args: String) -> Result<ServerFound, Refusal> {
    let page = desk.streams.page();
    let request: FindServer = read_secret(args)?;
    let (profile, saved) = match request.which {
        WhichServer::New { cluster } => (new_profile(desk, *cluster)?, None),
        WhichServer::Saved { cluster, user, auth } => {
            let Some(way) = as_another(&desk.profile(cluster)?, &user, auth) else {
                return Err(not_through_ssh(desk).await);
            };
            (way?, Some(cluster))
        }
    };
    let answers = answers_of(request.answers);
    let mut server = match Server::connect(&desk.home, &profile, answers.clone()).await {
        Ok(server) => server,
        Err(SetupError::Connect(error)) => {
            return match question(&error, &profile, &answers) {
                Some(asked) => Ok(ServerFound::Asks { asked }),
                None => Err(error.into()),
            };
        }
        Err(error) => return Err(error.into()),
    };
    server.bring(|_, _| {}).await?;
    let report = server.check(&SetupWishes::default()).await?;
    let server = desk
        .servers
        .keep(Found::new(server, profile, saved, report.clone()));
    if !desk.streams.has(page) {
        // Nobody knows its number.
        desk.servers.leave(server, false);
    }
    let found = FoundServer { server, report };
    Ok(ServerFound::Yes { found })
}

fn new_profile(desk: &Desk, new: NewCluster) -> Result<Profile, Refusal> {
    let profile = profile_of(new)?;
    let saved = desk.home.profiles().list()?;
    if saved.iter().any(|other| other.name == profile.name) {
        return Err(ProfileError::Taken(profile.name).into());
    }
    Ok(profile)
}

/// The agent of this very machine is set up by the person in a terminal: this says with what.
async fn not_through_ssh(desk: &Desk) -> Refusal {
    let command = match this_machine::prepare(&desk.home.folder).await {
        Ok(command) => command,
        Err(refusal) => return refusal,
    };
    let sentence = format!(
        "The agent of this very machine is not set up from here; run `{command}` in a terminal. Where your account was not in the group \
         slipway before, sign out of the desktop and in again then."
    );
    Failure::new(FailureKind::Invalid, sentence).into()
}

async fn review(desk: &Desk, args: &str) -> Result<SetupReport, Refusal> {
    let request: SetUpServer = read(args)?;
    let found = of(desk, request.server)?;
    let wishes = SetupWishes {
        use_existing_swarm: request.use_existing_swarm,
        link_key: None,
    };
    let report = found.server().await?.check(&wishes).await?;
    found.reviewed(report.clone());
    Ok(report)
}

fn of(desk: &Desk, server: u32) -> Result<Arc<Found>, Refusal> {
    desk.servers.get(server).ok_or_else(|| {
        let sentence = "The connection to this server was closed; look at it again.";
        Failure::new(FailureKind::Link, sentence).into()
    })
}

/// Begins. The work is the shell's own: no page that goes away ends it.
fn set_up(app: AppHandle, desk: &Desk, args: &str) -> Result<(), Refusal> {
    let request: SetUpServer = read(args)?;
    let found = of(desk, request.server)?;
    let at_work = desk.servers.begin(&found.profile).ok_or_else(at_work_already)?;
    let run = desk.servers.run(request, &found);
    tauri::async_runtime::spawn(async move {
        let desk = app.state::<Desk>();
        let worked = work(&desk, &found, request.use_existing_swarm, &run).await;
        if found.saved.is_none() && !matches!(worked, Ok(SetUpState::Added)) {
            // No cluster is saved that it opens. Where the keychain is locked, nothing asks for it any more all the same.
            let _ = desk.home.keychain.remove(link_key_of(&found.profile)).await;
        }
        drop(at_work);
        let (state, failure) = match worked {
            Ok(state) => (state, None),
            Err(refusal) => (SetUpState::Ended, Some(refusal.0)),
        };
        desk.servers.ended(request.server, state);
        run.end(failure);
    });
    Ok(())
}

fn at_work_already() -> Refusal {
    let sentence = "This server is being set up already; when that is done it is among the clusters.";
    Failure::new(FailureKind::Invalid, sentence).into()
}

fn follow(desk: &Desk, args: &str, channel: Channel<String>) -> Result<u32, Refusal> {
    let page = desk.streams.page();
    let request: OfServer = read(args)?;
    let run = desk.servers.last_run(request.server).ok_or_else(|| {
        let sentence = "Nothing is being set up there any more; look at the server again.";
        Failure::new(FailureKind::Invalid, sentence)
    })?;
    Ok(desk
        .streams
        .start(page, async move { run.follow(&channel).await }))
}

async fn work(desk: &Desk, found: &Found, existing_swarm: bool, run: &Run) -> Result<SetUpState, Refusal> {
    // The key of a saved cluster's everyday connections is the one that they have.
    let link_key = if found.saved.is_some() {
        None
    } else {
        Some(kept_key(desk, &found.profile).await?.public)
    };
    let wishes = SetupWishes {
        use_existing_swarm: existing_swarm,
        link_key,
    };
    let server = found.server().await?;
    let mut events = server.install(&wishes).await?;
    let mut ready = false;
    while let Some(event) = events.next().await {
        let event = event?;
        ready = event == SetupEvent::Ready;
        run.tell(SetupProgress::Event { event });
    }
    if !ready {
        // What failed has been told as an event.
        return Ok(SetUpState::Ended);
    }
    if let Some(cluster) = found.saved {
        connect_again(desk, cluster);
        return Ok(SetUpState::Ended);
    }
    let address = link_address(&found.profile).unwrap_or_else(|| found.profile.address.clone());
    let profile = Profile {
        address,
        ..found.profile.clone()
    };
    let answers = server.link_answers();
    let connection = Connection::open(&desk.home, &profile, answers.clone()).await?;
    let wanted = |place: Option<&str>| {
        let given = place.and_then(|jump| answers.jumps.get(jump));
        given.is_some_and(|given| given.remember)
    };
    connection.remember_answers(wanted).await?;
    let invitation = server.invite().await?;
    desk.change_profiles(|saved| saved.add(profile.clone()))?;
    desk.keep(profile.id, connection);
    // It waits in memory for the page that shows it, and works once.
    run.tell(SetupProgress::Added {
        cluster: Box::new(describe(desk, &profile).await),
        invitation,
    });
    Ok(SetUpState::Added)
}

/// A connection that waits for somebody, because the agent was too old, tries again; where none came about for that reason there is one now.
fn connect_again(desk: &Desk, cluster: ClusterId) {
    if let Some(connection) = desk.open_connection(cluster) {
        connection.retry();
        return;
    }
    // One that was removed meanwhile is not connected to.
    if let Ok(profile) = desk.profile(cluster) {
        let trying = Connection::start(&desk.home, &profile, Answers::default());
        desk.keep(cluster, trying);
    }
}

/// The key of everyday connections. Where it cannot be kept there is no use in setting the server up for it.
async fn kept_key(desk: &Desk, profile: &Profile) -> Result<LinkKey, Refusal> {
    let key = LinkKey::generate()?;
    desk.home
        .keychain
        .set(link_key_of(profile), key.private.clone())
        .await?;
    Ok(key)
}

fn link_key_of(profile: &Profile) -> SecretName {
    SecretName {
        profile: profile.id,
        kind: SecretKind::SshKey,
    }
}
