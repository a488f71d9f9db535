//! From an empty window to a live application and back to an earlier release.

use std::path::Path;
use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::Desk;
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::load;
use acceptance::sshd::Sshd;

use crate::person;

const HOST: &str = "shop.example.org";

/// FR-CON-01, FR-CON-04, FR-IAM-01, FR-PRJ-01, FR-DEP-01, FR-DEP-07, FR-DEP-16, FR-OBS-01, FR-DSK-01: a cluster is added with
/// its host key shown, the invitation taken, an application made from git, deployed with its log live, a broken commit
/// explained while the old release serves on, and an earlier release brought back. Opened again, the app connects by itself.
#[tokio::test(flavor = "multi_thread")]
async fn from_nothing_to_a_live_application_and_back() {
    let (agent, sshd) = (Agent::start().await, Sshd::start().await);
    let keyring = Keyring::start().await;
    let repo = GitRepo::echo("1").await;
    let desk = Desk::open(&keyring).await;

    desk.see("fleet").await;
    desk.shots("fleet-empty").await;
    desk.press("add-cluster").await;
    person::describe_cluster(&desk, "prod-frankfurt", &sshd, &agent.socket()).await;
    desk.press("tag-production").await;
    desk.shots("add-cluster").await;
    desk.press("connect").await;
    assert_eq!(
        desk.says("host-key-fingerprint").await.trim(),
        sshd.fingerprint().await
    );
    desk.shots("host-key").await;
    desk.press("host-key-accept").await;
    desk.see("invitation-code").await;
    desk.shots("sign-in").await;
    person::take_invitation(&desk, &agent).await;
    desk.shots("projects-empty").await;
    person::create_project(&desk, "shop").await;

    desk.press("new-app").await;
    desk.see("app-name").await;
    desk.shots("new-application").await;
    desk.press("nav-projects").await;
    person::create_application(&desk, "web", &repo.url(), HOST).await;
    let url = desk.says("app-url").await;
    assert!(
        url.contains(&format!("http://{HOST}:{}", agent.edge_port())),
        "{url}"
    );

    desk.press("deploy").await;
    desk.see("deployment-log").await;
    desk.wait_until_says("deployment-log", "Building Dockerfile", Duration::from_secs(60))
        .await;
    person::deployment_ends(&desk, "succeeded").await;
    desk.shots("deployment-succeeded").await;
    serves(&agent, "1").await;

    repo.echo_with_long_build("2", 40, 100).await;
    open_application(&desk).await;
    desk.press("deploy").await;
    desk.wait_until_says("deployment-log", "line 5 of 40", Duration::from_secs(60))
        .await;
    desk.shots("deployment-running").await;
    person::deployment_ends(&desk, "succeeded").await;
    serves(&agent, "2").await;

    repo.break_dockerfile().await;
    open_application(&desk).await;
    desk.press("deploy").await;
    person::deployment_ends(&desk, "failed").await;
    desk.wait_until_says("deployment-failure", "no-such-file", Duration::from_secs(10))
        .await;
    desk.shots("deployment-failed").await;
    serves(&agent, "2").await;

    open_application(&desk).await;
    desk.wait_until_says("app-page", "failed", Duration::from_secs(10))
        .await;
    desk.shots("application").await;
    desk.press("roll-back").await;
    desk.press("rollback-to-1").await;
    desk.shots("roll-back").await;
    desk.press("rollback-confirm").await;
    person::deployment_ends(&desk, "succeeded").await;
    serves(&agent, "1").await;

    look_around(&desk).await;
    no_secret_on_disk(&desk.config_folder());

    let desk = desk.reopen(&keyring).await;
    desk.wait_until_says("cluster-card-prod-frankfurt", " ms", Duration::from_secs(20))
        .await;
    desk.close().await;
}

async fn open_application(desk: &Desk) {
    desk.press("tree-app-web").await;
    desk.see("app-status").await;
}

async fn serves(agent: &Agent, version: &str) {
    let (status, body) = load::get(agent.edge_port(), HOST, "/").await.expect("an answer");
    let body = String::from_utf8_lossy(&body).into_owned();
    assert_eq!((status, body), (200, format!("version {version}\n")));
}

/// Every other page, for its picture and for its first words.
async fn look_around(desk: &Desk) {
    open_application(desk).await;
    desk.press("tab-deployments").await;
    desk.see("deployment-row-4").await;
    desk.shots("deployments").await;
    desk.press("tab-logs").await;
    desk.wait_until_says("container-log", "listens", Duration::from_secs(20))
        .await;
    desk.shots("logs").await;
    desk.press("tab-variables").await;
    desk.fill("variable-key", "GREETING").await;
    desk.fill("variable-value", "a value that nobody sees again")
        .await;
    desk.press("variable-set").await;
    desk.see("variable-row-GREETING").await;
    desk.shots("variables").await;
    desk.press("tab-domains").await;
    desk.see(&format!("domain-row-{HOST}")).await;
    desk.shots("domains").await;
    desk.press("tab-settings").await;
    desk.see("settings-save").await;
    desk.shots("settings").await;
    desk.press("tab-overview").await;
    desk.see("pending-changes").await;
    desk.shots("application-pending").await;
    for (button, page) in [
        ("nav-projects", "projects"),
        ("nav-health", "health"),
        ("nav-people", "people"),
        ("nav-audit", "audit"),
        ("rail-fleet", "fleet"),
    ] {
        desk.press(button).await;
        desk.see(page).await;
        desk.shots(page).await;
    }
}

/// FR-CON-03: passwords and tokens are in the keychain, not in the app's files.
fn no_secret_on_disk(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("the app's folder").flatten() {
        let text = std::fs::read(entry.path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        for secret in [acceptance::stage::PASSWORD, "eyJ", "refresh_token", "PRIVATE KEY"] {
            assert!(
                !text.contains(secret),
                "{} holds {secret}",
                entry.path().display()
            );
        }
    }
}
