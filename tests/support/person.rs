//! What a person does in the window, in the words of a story.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::agent::Agent;
use crate::desk::Desk;
use crate::sshd::Sshd;
use crate::stage::{EMAIL, PASSWORD, Stage};

/// How long a press may take to be seen in a plan or a deployment.
const DEPLOYS: Duration = Duration::from_secs(120);
/// A deployment that takes longer is taken for one that hangs.
const ENDS: Duration = Duration::from_secs(300);

/// Fills the form “Add a cluster” with a key file; does not press the button.
pub async fn describe_cluster(desk: &Desk, name: &str, sshd: &Sshd, socket: &Path) {
    desk.fill("cluster-name", name).await;
    desk.fill("cluster-host", "127.0.0.1").await;
    desk.fill("cluster-port", &sshd.port().to_string()).await;
    desk.fill("cluster-user", &sshd.user()).await;
    desk.press("auth-key-file").await;
    desk.fill("cluster-key-file", &sshd.client_key().to_string_lossy())
        .await;
    if !desk.is_shown("cluster-agent-socket").await {
        desk.press("advanced").await;
    }
    desk.fill("cluster-agent-socket", &socket.to_string_lossy()).await;
}

/// Adds the cluster, accepts its host key, takes the owner's invitation.
pub async fn move_in(desk: &Desk, name: &str, agent: &Agent, sshd: &Sshd) {
    desk.press("add-cluster").await;
    describe_cluster(desk, name, sshd, &agent.socket()).await;
    desk.press("connect").await;
    desk.press("host-key-accept").await;
    take_invitation(desk, agent).await;
}

/// Adds the cluster of a stage, accepts its host key, signs in as its owner.
pub async fn come_back(desk: &Desk, name: &str, stage: &Stage) {
    desk.press("add-cluster").await;
    describe_cluster(desk, name, &stage.sshd, &stage.agent.socket()).await;
    desk.press("connect").await;
    desk.press("host-key-accept").await;
    sign_in(desk).await;
    desk.see("projects").await;
}

/// With the owner's password. Does not wait for what comes of it.
pub async fn sign_in(desk: &Desk) {
    desk.fill("sign-in-email", EMAIL).await;
    desk.fill("sign-in-password", PASSWORD).await;
    desk.press("sign-in-submit").await;
}

pub async fn take_invitation(desk: &Desk, agent: &Agent) {
    desk.fill("invitation-code", &agent.invite().await).await;
    make_account(desk).await;
}

/// Fills in who one is, where the invitation stands already.
pub async fn make_account(desk: &Desk) {
    desk.fill("invitation-email", EMAIL).await;
    desk.fill("invitation-name", "The Owner").await;
    desk.fill("invitation-password", PASSWORD).await;
    desk.press("invitation-submit").await;
    desk.see("projects").await;
}

pub async fn create_project(desk: &Desk, name: &str) {
    desk.press("new-project").await;
    desk.fill("project-name", name).await;
    desk.press("project-save").await;
    desk.see("new-app").await;
}

pub async fn create_application(desk: &Desk, name: &str, git: &str, host: &str) {
    desk.press("new-app").await;
    desk.fill("app-name", name).await;
    desk.fill("app-git-url", git).await;
    desk.fill("app-port", "8080").await;
    desk.fill("app-domain", host).await;
    desk.press("app-create").await;
    desk.see("deploy").await;
}

/// Deploys the application that is shown; its plan, where it is asked about, is as it should be.
pub async fn deploy(desk: &Desk) {
    desk.press("deploy").await;
    let end = Instant::now() + DEPLOYS;
    loop {
        if desk.is_shown("plan").await {
            desk.press("plan-apply").await;
            break;
        }
        if desk.is_shown("deployment-page").await {
            break;
        }
        assert!(Instant::now() < end, "neither a plan nor the deployment is shown");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    desk.see("deployment-page").await;
}

pub async fn open_application(desk: &Desk, name: &str) {
    desk.press(&format!("tree-app-{name}")).await;
    desk.see("app-status").await;
}

/// Waits until the shown deployment has ended like this.
pub async fn deployment_ends(desk: &Desk, status: &str) {
    desk.wait_until_says("deployment-status", status, ENDS).await;
}
