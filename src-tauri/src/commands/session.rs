//! Signing in to a cluster's agent, and for which team one is there. The tokens stay in the shell and the keychain.

use slipway_client::snapshot::Snapshots;
use slipway_protocol::desktop::{ChooseTeam, InvitationForm, OfCluster, SignInForm};
use slipway_protocol::identity::{AcceptInvitation, SignIn};
use slipway_protocol::{ClusterId, DisplayName, EmailAddress};
use tauri::State;

use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer, read, read_secret};

#[tauri::command]
pub async fn sign_in(desk: State<'_, Desk>, args: String) -> Answer {
    answer(with_password(&desk, args).await)
}

#[tauri::command]
pub async fn accept_invitation(desk: State<'_, Desk>, args: String) -> Answer {
    answer(by_invitation(&desk, args).await)
}

#[tauri::command]
pub async fn sign_out(desk: State<'_, Desk>, args: String) -> Answer {
    answer(leave(&desk, &args).await)
}

#[tauri::command]
pub async fn choose_team(desk: State<'_, Desk>, args: String) -> Answer {
    answer(choose(&desk, &args))
}

async fn with_password(desk: &Desk, args: String) -> Result<(), Refusal> {
    let form: SignInForm = read_secret(args)?;
    let email = EmailAddress::parse(&form.email.trim().to_lowercase())?;
    let credentials = SignIn {
        email: email.clone(),
        password: form.password,
    };
    desk.connection(form.cluster)?.sign_in(credentials).await?;
    remember_person(desk, form.cluster, email)
}

async fn by_invitation(desk: &Desk, args: String) -> Result<(), Refusal> {
    let form: InvitationForm = read_secret(args)?;
    let email = EmailAddress::parse(&form.email.trim().to_lowercase())?;
    let invitation = AcceptInvitation {
        code: form.code.expose().trim().to_owned().into(),
        email: email.clone(),
        name: DisplayName::parse(form.name.trim())?,
        password: form.password,
    };
    desk.connection(form.cluster)?
        .accept_invitation(invitation)
        .await?;
    remember_person(desk, form.cluster, email)
}

async fn leave(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let request: OfCluster = read(args)?;
    // What was seen with this session goes with it, whether or not the server could be told.
    Snapshots::of(&desk.home).remove(request.cluster);
    desk.connection(request.cluster)?.sign_out().await?;
    // Where it failed nobody may have been signed out; the window knows, and forgets what was typed.
    Snapshots::of_drafts(&desk.home).remove(request.cluster);
    Ok(())
}

fn choose(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let request: ChooseTeam = read(args)?;
    // What was seen last was the other team's. What is typed says itself whose it is.
    Snapshots::of(&desk.home).remove(request.cluster);
    desk.change_profiles(|saved| saved.set_team(request.cluster, request.team))?;
    desk.follow_team(&desk.profile(request.cluster)?);
    Ok(())
}

/// From now on this person is signed in.
fn remember_person(desk: &Desk, cluster: ClusterId, email: EmailAddress) -> Result<(), Refusal> {
    // What somebody else has seen and typed is not shown to this person.
    Snapshots::of(&desk.home).remove(cluster);
    if desk.profile(cluster)?.email.as_ref() != Some(&email) {
        Snapshots::of_drafts(&desk.home).remove(cluster);
    }
    desk.change_profiles(|saved| saved.set_email(cluster, &email))?;
    desk.follow_team(&desk.profile(cluster)?);
    desk.notices.look_again();
    Ok(())
}
