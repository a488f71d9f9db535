//! One person in two teams of one cluster, in the window.

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::Desk;
use acceptance::keyring::Keyring;
use acceptance::person;
use acceptance::sshd::Sshd;
use acceptance::stage::{PASSWORD, Stage};
use slipway_protocol::Role;
use slipway_protocol::api::{CreateInvitation, GetMe};
use slipway_protocol::identity::NewInvitation;

const SHORT: Duration = Duration::from_secs(90);
/// The team of the open menu that is not the one that is shown.
const OTHER: &str = "[role=\"menuitemcheckbox\"][aria-checked=\"false\"]";

/// FR-IAM-05, FR-IAM-08, FR-DSK-02: who joins another team sees that one, with the role that they have there and nothing of their own; they go back and
/// forth at the foot of the sidebar, the palette finds what the chosen one has, and the next start shows the same team. Who is in one team sees none of that.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_goes_from_team_to_team() {
    let (agent, sshd, keyring) = (Agent::start().await, Sshd::start().await, Keyring::start().await);
    // Nobody owns anything yet: it makes a team of its own.
    let second = agent.invite().await;
    let stage = Stage::around(agent, sshd).await;
    stage.environment("Theirs").await;
    let me = stage.connection.send(GetMe {}).await.expect("the owner");
    let theirs = me.teams[0].name.to_string();
    let body = NewInvitation { role: Role::Viewer };
    let invited = stage.connection.send(CreateInvitation { body }).await;
    let code = invited.expect("an invitation").code.expose().clone();

    let desk = Desk::open(&keyring).await;
    desk.press("add-cluster").await;
    person::describe_cluster(&desk, "home", &stage.sshd, &stage.agent.socket()).await;
    desk.press("connect").await;
    desk.press("host-key-accept").await;
    desk.press("tab-invitation").await;
    desk.fill("invitation-code", &second).await;
    desk.fill("invitation-email", "ada@example.org").await;
    desk.fill("invitation-name", "Ada").await;
    desk.fill("invitation-password", PASSWORD).await;
    desk.press("invitation-submit").await;
    desk.see("projects").await;
    person::create_project(&desk, "Own").await;
    assert!(!desk.is_shown("team").await, "one team is none to choose");

    desk.press("nav-people").await;
    desk.press("join-team").await;
    desk.fill("join-code", "an invented one").await;
    desk.press("join-submit").await;
    desk.wait_until_says("form-error", "invitation", SHORT).await;
    desk.fill("join-code", &code).await;
    desk.press("join-submit").await;
    desk.wait_until_says("team-name", &theirs, SHORT).await;
    desk.gone("join-dialog").await;
    desk.greyed("invite").await;
    desk.press("nav-projects").await;
    shows(&desk, "Theirs", "Own").await;
    desk.greyed("new-project").await;

    desk.press("team-switch").await;
    desk.press_css(OTHER).await;
    desk.wait_until_says("team-name", "Ada", SHORT).await;
    shows(&desk, "Own", "Theirs").await;
    desk.press("find-anything").await;
    desk.fill("palette-input", "Own").await;
    desk.wait_until_says("palette", "Own", SHORT).await;
    desk.fill("palette-input", "Theirs").await;
    let found = desk.all_say(".palette-row").await;
    assert!(found.iter().all(|row| !row.contains("Theirs")), "{found:?}");
    desk.press_escape().await;
    desk.gone("palette").await;

    desk.press("team-switch").await;
    desk.press_css(OTHER).await;
    desk.wait_until_says("team-name", &theirs, SHORT).await;
    let desk = desk.reopen(&keyring).await;
    desk.wait_until_says("team-name", &theirs, SHORT).await;
    shows(&desk, "Theirs", "Own").await;
    desk.close().await;
}

/// The projects of one team, and none of the other.
async fn shows(desk: &Desk, there: &str, absent: &str) {
    desk.wait_until_says("projects", there, SHORT).await;
    let said = desk.says("projects").await;
    assert!(!said.contains(absent), "{said}");
}
