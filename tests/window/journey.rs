//! From an empty window to a live application and back to an earlier release.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use acceptance::agent::Agent;
use acceptance::desk::{Desk, takes_pictures};
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::load::{self, Load, Plan};
use acceptance::sshd::Sshd;
use acceptance::{person, wait};
use serde_json::json;
use slipway_protocol::checkup::CheckupTopic;

use crate::{copies, only_seen, operations, settings};

const HOST: &str = "shop.example.org";

/// FR-CON-01, FR-CON-04, FR-IAM-01, FR-PRJ-01, FR-PRJ-02, FR-PRJ-03, FR-PRJ-06, FR-SRC-01, FR-SRC-03, FR-SRC-05, FR-DEP-01,
/// FR-DEP-07, FR-DEP-08, FR-DEP-11, FR-DEP-12, FR-DEP-13, FR-DEP-14, FR-DEP-15, FR-DEP-16, FR-OBS-01, FR-OBS-03, FR-HST-06, FR-DSK-01, FR-CON-08: a cluster is added with
/// its host key shown, the invitation taken, an application made from git, deployed with its log live, a broken commit
/// explained while the old release serves on, and an earlier release brought back without a lost request. Settings are changed, their plan
/// refused because the world has moved, then taken; the application is stopped, started, scaled, healed and copied. Opened again, the app has the
/// page that was open with what was typed there, and connects by itself.
#[tokio::test(flavor = "multi_thread")]
async fn from_nothing_to_a_live_application_and_back() {
    let (agent, sshd) = (Agent::start().await, Sshd::start().await);
    let keyring = Keyring::start().await;
    let repo = GitRepo::echo("1").await;
    let desk = Desk::open(&keyring).await;

    adds_the_cluster(&desk, &agent, &sshd).await;
    makes_and_deploys(&desk, &agent, &repo).await;
    follows_a_long_build(&desk, &agent, &repo).await;
    is_told_what_broke(&desk, &agent, &repo).await;
    rolls_back(&desk, &agent).await;
    look_around(&desk).await;
    desk.press("rail-cluster-prod-frankfurt").await;
    operations::reload_what_waits(&desk, &agent, &sshd).await;
    operations::stop_and_start(&desk).await;
    operations::scale_and_heal(&desk, &agent).await;
    operations::read_a_silent_task(&desk, &agent, HOST).await;
    if takes_pictures() {
        only_seen::a_command_in_production(&desk).await;
    }
    serves(&agent, "1").await;
    copies::copy_move_and_delete(&desk, &agent, &sshd).await;
    settings::describe_an_image(&desk).await;
    let searched = no_secret_on_disk(desk.home(), &["a value that nobody sees again"]);
    assert!(searched > 3, "the app's files were searched");

    let desk = begins_where_it_was(desk, &keyring).await;
    desk.press("rail-fleet").await;
    desk.wait_until_says("cluster-card-prod-frankfurt", " ms", Duration::from_secs(90))
        .await;
    desk.close().await;
}

/// The page that was open is there again, and what was typed and not sent.
async fn begins_where_it_was(desk: Desk, keyring: &Keyring) -> Desk {
    desk.press("tab-domains").await;
    let before = SystemTime::now();
    desk.fill("domain-host", "later.example.org").await;
    let folder = desk.config_folder();
    // It is written some seconds after a key: what was typed until now is there once nothing is written any more.
    let rests = |at: SystemTime| at >= before && at.elapsed().is_ok_and(|age| age > Duration::from_secs(5));
    wait::until("what is typed is kept", Duration::from_secs(90), async || {
        drafts_written(&folder).is_some_and(rests)
    })
    .await;
    let desk = desk.reopen(keyring).await;
    desk.holds("domain-host", "later.example.org").await;
    desk
}

/// When what is typed was sealed last.
fn drafts_written(folder: &Path) -> Option<SystemTime> {
    let files = fs::read_dir(folder).ok()?.flatten();
    let mut sealed = files.filter(|one| one.file_name().to_string_lossy().starts_with("drafts-"));
    sealed.next()?.metadata().ok()?.modified().ok()
}

/// With its host key shown, and the invitation taken.
async fn adds_the_cluster(desk: &Desk, agent: &Agent, sshd: &Sshd) {
    desk.see("fleet").await;
    desk.shots("fleet-empty").await;
    desk.press("add-cluster").await;
    person::describe_cluster(desk, "prod-frankfurt", sshd, &agent.socket()).await;
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
    person::take_invitation(desk, agent).await;
    desk.shots("projects-empty").await;
    if takes_pictures() {
        only_seen::a_new_project(desk).await;
    }
    person::create_project(desk, "shop").await;
}

/// An application from git, its first deployment with its log live.
async fn makes_and_deploys(desk: &Desk, agent: &Agent, repo: &GitRepo) {
    desk.press("new-app").await;
    desk.see("app-name").await;
    desk.shots("new-application").await;
    desk.press("nav-projects").await;
    person::create_application(desk, "web", &repo.url(), HOST).await;
    let url = format!("http://{HOST}:{}", agent.edge_port());
    desk.wait_until_says("app-url", &url, Duration::from_secs(90))
        .await;

    person::deploy(desk).await;
    desk.see("deployment-log").await;
    desk.wait_until_says("deployment-log", "Building Dockerfile", Duration::from_secs(180))
        .await;
    person::deployment_ends(desk, "succeeded").await;
    desk.wait_until_says("build", "COPY app version mode /", Duration::from_secs(90))
        .await;
    desk.shots("deployment-succeeded").await;
    serves(agent, "1").await;
    if takes_pictures() {
        only_seen::one_of_a_kind(desk).await;
    }
}

/// What is looked for in the log arrives as it is said.
async fn follows_a_long_build(desk: &Desk, agent: &Agent, repo: &GitRepo) {
    repo.echo_with_long_build("2", 60, 300).await;
    person::open_application(desk, "web").await;
    person::deploy(desk).await;
    desk.wait_until_says("deployment-log", "of 60", Duration::from_secs(180))
        .await;
    desk.shots("deployment-running").await;
    desk.fill("log-find", "line 60 of 60").await;
    desk.wait_until_says("log-state", "live", Duration::from_secs(90))
        .await;
    wait::until("one line is found", Duration::from_secs(180), async || {
        desk.says("log-count").await.trim() == "1 line"
    })
    .await;
    desk.fill("log-find", "").await;
    person::deployment_ends(desk, "succeeded").await;
    serves(agent, "2").await;
}

/// A broken commit is explained, while the old release serves on.
async fn is_told_what_broke(desk: &Desk, agent: &Agent, repo: &GitRepo) {
    repo.break_dockerfile().await;
    person::open_application(desk, "web").await;
    person::deploy(desk).await;
    person::deployment_ends(desk, "failed").await;
    desk.wait_until_says("deployment-failure", "no-such-file", Duration::from_secs(90))
        .await;
    desk.wait_until_says("build", "No image was made", Duration::from_secs(90))
        .await;
    desk.shots("deployment-failed").await;
    serves(agent, "2").await;
}

/// An earlier release comes back, and no request is lost.
async fn rolls_back(desk: &Desk, agent: &Agent) {
    person::open_application(desk, "web").await;
    desk.wait_until_says("app-page", "failed", Duration::from_secs(90))
        .await;
    desk.see("task-row").await;
    metrics_are_drawn(desk, &["chart-traffic"]).await;
    desk.shots("application").await;
    desk.contrast_shot("application").await;
    desk.press("roll-back").await;
    desk.press("rollback-to-1").await;
    desk.shots("roll-back").await;
    let load = Load::start(Plan::requests(agent.edge_port(), HOST.to_owned(), 20));
    desk.press("rollback-confirm").await;
    person::deployment_ends(desk, "succeeded").await;
    load.end_well().await;
    desk.wait_until_says("receipt", " 0 lost", Duration::from_secs(90))
        .await;
    desk.shots("deployment-receipt").await;
    serves(agent, "1").await;
}

async fn serves(agent: &Agent, version: &str) {
    let (status, body) = load::get(agent.edge_port(), HOST, "/").await.expect("an answer");
    let body = String::from_utf8_lossy(&body).into_owned();
    assert_eq!((status, body), (200, format!("version {version}\n")));
}

/// Every other page, for its picture and for its first words.
async fn look_around(desk: &Desk) {
    person::open_application(desk, "web").await;
    desk.press("tab-deployments").await;
    desk.see("deployment-row-4").await;
    desk.shots("deployments").await;
    desk.press("tab-logs").await;
    desk.wait_until_says("container-log", "listens", Duration::from_secs(90))
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
    desk.press("tab-metrics").await;
    metrics_are_drawn(desk, &["chart-cpu", "chart-memory", "chart-requests"]).await;
    if takes_pictures() {
        // What has been recorded until now is a sliver of an hour.
        desk.press("range-15m").await;
        desk.find(
            "[data-testid=\"range-15m\"][aria-checked=\"true\"]",
            Duration::from_secs(90),
        )
        .await;
        metrics_are_drawn(desk, &["chart-cpu", "chart-memory", "chart-requests"]).await;
    }
    desk.shots("metrics").await;
    desk.press("range-24h").await;
    metrics_are_drawn(desk, &["chart-cpu"]).await;
    desk.press("tab-settings").await;
    desk.see("settings-save").await;
    settings::change_some(desk).await;
    desk.press("tab-overview").await;
    desk.see("pending-changes").await;
    desk.shots("application-pending").await;
    for (button, page) in [
        ("nav-projects", "projects"),
        ("nav-health", "health"),
        ("nav-events", "events"),
        ("nav-people", "people"),
        ("nav-audit", "audit"),
        ("rail-fleet", "fleet"),
    ] {
        desk.press(button).await;
        desk.see(page).await;
        if page == "health" {
            metrics_are_drawn(desk, &["chart-node-cpu", "chart-node-memory"]).await;
            is_looked_at(desk).await;
        }
        desk.shots(page).await;
        if ["projects", "fleet"].contains(&page) {
            desk.contrast_shot(page).await;
        }
        if page == "health" {
            the_node_is_asked_about(desk).await;
        }
    }
}

/// FR-HST-06: each topic of the server check-up has its row with a state, whatever this machine is like, and what is to do can be copied.
async fn is_looked_at(desk: &Desk) {
    for topic in CheckupTopic::ALL {
        let row = format!("checkup-{}", topic.as_str());
        desk.wait_until_says(&row, topic.title(), Duration::from_secs(90))
            .await;
        let said = desk.says(&row).await;
        let states = ["good", "advice", "bad", "not known"];
        assert!(states.iter().any(|state| said.contains(state)), "{said}");
    }
    let copy = "[data-testid=\"server-checkup\"] .remedy button";
    desk.find(copy, Duration::from_secs(90)).await;
}

/// FR-OBS-02, FR-DSK-01: on a production cluster a terminal on the node is asked about first.
async fn the_node_is_asked_about(desk: &Desk) {
    desk.press("node-terminal").await;
    desk.press("terminal-new").await;
    let dialog = "terminal-new-dialog";
    desk.wait_until_says(dialog, "prod-frankfurt", Duration::from_secs(90))
        .await;
    desk.shots("node-terminal-question").await;
    desk.press_escape().await;
    desk.gone(dialog).await;
    desk.wait_until_says(
        "node-terminal-page",
        "No terminal is open",
        Duration::from_secs(90),
    )
    .await;
}

/// FR-OBS-03: charts have something on them, say it in a sentence, and are walked by the keys.
async fn metrics_are_drawn(desk: &Desk, charts: &[&str]) {
    let drawn = "const chart = document.querySelector(`[data-testid=\"${arguments[0]}\"]`);
        const canvas = chart?.querySelector('canvas');
        if (!canvas || Number(chart.dataset.points) < 1 || !/ now/.test(chart.getAttribute('aria-label') ?? '')) return false;
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        return pixels.some((value) => value !== 0)";
    for chart in charts {
        wait::until(
            &format!("{chart} is drawn"),
            Duration::from_secs(180),
            async || {
                let seen = desk.client().execute(drawn, vec![json!(chart)]).await;
                seen.is_ok_and(|seen| seen == json!(true))
            },
        )
        .await;
    }
}

/// FR-CON-03, FR-DSK-05: what is secret is in the keychain, not in the app's files, the webview's among them; nor are names
/// of people and places in the last answers that are kept. Gives how many files were searched.
pub fn no_secret_on_disk(folder: &Path, more: &[&str]) -> usize {
    let mut searched = 0;
    // Its webview makes folders and takes them away.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            searched += no_secret_on_disk(&path, more);
            continue;
        }
        // The driver's and the display's own logs are the test's.
        if path.extension().is_some_and(|ending| ending == "log") {
            continue;
        }
        searched += 1;
        let content = std::fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&content);
        let secrets = [acceptance::stage::PASSWORD, "eyJ", "refresh_token", "PRIVATE KEY"];
        let mut canaries = secrets.to_vec();
        canaries.extend(more);
        if path.extension().is_some_and(|ending| ending == "sealed") {
            canaries.extend([acceptance::stage::EMAIL, HOST]);
        }
        for secret in canaries {
            assert!(!text.contains(secret), "{} holds {secret}", path.display());
        }
    }
    searched
}
