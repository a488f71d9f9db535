//! The saved clusters: listing, adding, opening, forgetting.

use slipway_client::form::{change_way, profile_of};
use slipway_client::keychain::SecretName;
use slipway_client::snapshot::Snapshots;
use slipway_client::{ConnectError, Connection, LinkState, Profile, ProfileError};
use slipway_protocol::desktop::{
    AddCluster, Answers, ArrangeClusters, Asked, ChangeCluster, Cluster, Connected, Failure, FailureKind,
    OfCluster, OpenCluster,
};
use tauri::State;

use crate::clusters::{answers_of, describe, describe_all, question};
use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer, read, read_secret};

#[tauri::command]
pub async fn list_clusters(desk: State<'_, Desk>) -> Answer {
    answer(list(&desk).await)
}

#[tauri::command]
pub async fn add_cluster(desk: State<'_, Desk>, args: String) -> Answer {
    answer(add(&desk, args).await)
}

#[tauri::command]
pub async fn open_cluster(desk: State<'_, Desk>, args: String) -> Answer {
    answer(open(&desk, args).await)
}

#[tauri::command]
pub async fn remove_cluster(desk: State<'_, Desk>, args: String) -> Answer {
    answer(remove(&desk, &args).await)
}

#[tauri::command]
pub async fn retry_link(desk: State<'_, Desk>, args: String) -> Answer {
    answer(retry(&desk, &args))
}

#[tauri::command]
pub async fn stop_link(desk: State<'_, Desk>, args: String) -> Answer {
    answer(stop(&desk, &args))
}

#[tauri::command]
pub async fn change_cluster(desk: State<'_, Desk>, args: String) -> Answer {
    answer(change(&desk, &args).await)
}

#[tauri::command]
pub async fn arrange_clusters(desk: State<'_, Desk>, args: String) -> Answer {
    answer(
        read::<ArrangeClusters>(&args)
            .and_then(|wish| Ok(desk.change_profiles(|saved| saved.arrange(&wish.order))?)),
    )
}

async fn list(desk: &Desk) -> Result<Vec<Cluster>, Refusal> {
    let saved = desk.home.profiles().list()?;
    for profile in &saved {
        leave_another_place(desk, profile);
        // The command line may have chosen another team.
        desk.follow_team(profile);
    }
    Ok(describe_all(desk, &saved).await)
}

/// Closes a connection to where the cluster no longer is: the command line has changed that.
fn leave_another_place(desk: &Desk, profile: &Profile) {
    let elsewhere = |connection: Connection| connection.profile().address != profile.address;
    if desk.open_connection(profile.id).is_some_and(elsewhere) {
        desk.close(profile.id);
    }
}

/// Connects first: a cluster that cannot be reached is not worth saving half.
async fn add(desk: &Desk, args: String) -> Result<Connected, Refusal> {
    let request: AddCluster = read_secret(args)?;
    let profile = profile_of(request.new)?;
    let saved = desk.home.profiles().list()?;
    if saved.iter().any(|other| other.name == profile.name) {
        return Err(ProfileError::Taken(profile.name).into());
    }
    match connect(desk, &profile, request.answers).await? {
        Outcome::Open(connection) => {
            desk.change_profiles(|saved| saved.add(profile.clone()))?;
            finish(desk, &profile, *connection).await
        }
        Outcome::Asks(asked) => Ok(Connected::Asks { asked }),
    }
}

async fn open(desk: &Desk, args: String) -> Result<Connected, Refusal> {
    let request: OpenCluster = read_secret(args)?;
    let profile = desk.profile(request.cluster)?;
    let _turn = desk.turn_to_open(profile.id).await;
    leave_another_place(desk, &profile);
    let standing = desk
        .open_connection(profile.id)
        .is_some_and(|connection| matches!(*connection.state().borrow(), LinkState::Up { .. }));
    if standing {
        let cluster = Box::new(describe(desk, &profile).await);
        return Ok(Connected::Yes { cluster });
    }
    let remember = request.answers.remember;
    let answers = answers_of(request.answers);
    let attempted = tokio::select! {
        attempted = attempt(desk, &profile, &answers, remember) => attempted?,
        () = desk.opening_unwanted(profile.id) => {
            let sentence = format!("Connecting to {} was stopped; connect when you want to go on.", profile.host());
            return Err(Failure::new(FailureKind::Link, sentence).into());
        }
    };
    match attempted {
        Ok(Outcome::Open(connection)) => {
            insist_on_same(desk, &profile)?;
            finish(desk, &profile, *connection).await
        }
        Ok(Outcome::Asks(asked)) => Ok(Connected::Asks { asked }),
        // The network may not be there yet, or the server be starting.
        Err(error) if request.keep_trying && !error.needs_a_person() => {
            insist_on_same(desk, &profile)?;
            let trying = Connection::start(&desk.home, &profile, answers);
            finish(desk, &profile, trying).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Whoever waited for the attempt may have removed the cluster meanwhile, or said that it is elsewhere.
fn insist_on_same(desk: &Desk, tried: &Profile) -> Result<(), Refusal> {
    if desk.profile(tried.id)?.address == tried.address {
        return Ok(());
    }
    let sentence = "This cluster's address was changed while it was being opened; open it again.";
    Err(Failure::new(FailureKind::Link, sentence).into())
}

enum Outcome {
    Open(Box<Connection>),
    Asks(Asked),
}

async fn connect(desk: &Desk, profile: &Profile, typed: Answers) -> Result<Outcome, Refusal> {
    let remember = typed.remember;
    Ok(attempt(desk, profile, &answers_of(typed), remember).await??)
}

/// Connects, or says what a person would have to answer; inside, why there is no connection.
async fn attempt(
    desk: &Desk,
    profile: &Profile,
    answers: &slipway_client::Answers,
    remember: bool,
) -> Result<Result<Outcome, ConnectError>, Refusal> {
    match Connection::open(&desk.home, profile, answers.clone()).await {
        Ok(connection) => {
            let wanted = |place: Option<&str>| match place {
                None => remember,
                Some(jump) => answers.jumps.get(jump).is_some_and(|given| given.remember),
            };
            connection.remember_answers(wanted).await?;
            Ok(Ok(Outcome::Open(Box::new(connection))))
        }
        Err(error) => Ok(match question(&error, profile, answers) {
            Some(asked) => Ok(Outcome::Asks(asked)),
            None => Err(error),
        }),
    }
}

pub(super) async fn finish(
    desk: &Desk,
    profile: &Profile,
    connection: Connection,
) -> Result<Connected, Refusal> {
    desk.keep(profile.id, connection);
    // As it is saved now: another team may have been chosen meanwhile.
    let cluster = Box::new(describe(desk, &desk.profile(profile.id)?).await);
    Ok(Connected::Yes { cluster })
}

async fn remove(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let request: OfCluster = read(args)?;
    let profile = desk.profile(request.cluster)?;
    desk.stop_opening(profile.id);
    if let Some(connection) = desk.open_connection(profile.id) {
        // The session should end on the server too; where that cannot be said now, it ends by its age.
        let _ = connection.sign_out().await;
    }
    desk.close(profile.id);
    for name in SecretName::all_of(&profile) {
        desk.home.keychain.remove(name).await?;
    }
    Snapshots::remove_all(&desk.home, profile.id);
    desk.change_profiles(|saved| saved.remove(&profile.name).map(drop))?;
    Ok(())
}

async fn change(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let request: ChangeCluster = read(args)?;
    let before = desk.profile(request.cluster)?;
    let mut profile = before.clone();
    profile.name = request.name.trim().to_owned();
    profile.set_looks(request.color, request.tag, request.group)?;
    let moved = match request.way {
        Some(way) => change_way(&mut profile, way)?,
        None => false,
    };
    desk.change_profiles(|saved| saved.update(profile.clone()))?;
    if moved {
        desk.stop_opening(profile.id);
        // What is open leads to where it was.
        desk.close(profile.id);
        for name in SecretName::left_behind(&before, &profile) {
            // Where the keychain is locked, nothing asks for them any more all the same.
            let _ = desk.home.keychain.remove(name).await;
        }
    }
    Ok(())
}

fn retry(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let request: OfCluster = read(args)?;
    // Without a connection the first attempt is under way already.
    if let Some(connection) = desk.open_connection(request.cluster) {
        connection.retry();
    }
    Ok(())
}

fn stop(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let request: OfCluster = read(args)?;
    match desk.open_connection(request.cluster) {
        Some(connection) => connection.stop(),
        None => desk.stop_opening(request.cluster),
    }
    Ok(())
}
