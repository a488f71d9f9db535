//! What no story needs and a person meets all the same: opened for its picture, and closed again. Only where pictures are taken.

use std::fs;
use std::path::Path;
use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::{Desk, takes_pictures};
use acceptance::raw_peer::{RawPeer, Then};
use acceptance::slow_file::SlowFile;
use acceptance::sshd::Sshd;
use acceptance::{load, person, postgres, wait};

const SHORT: Duration = Duration::from_secs(90);

/// The picture of a dialog that is opening, which Escape closes.
pub async fn closes(desk: &Desk, dialog: &str, picture: &str) {
    desk.see(dialog).await;
    desk.shots(picture).await;
    desk.press_escape().await;
    desk.gone(dialog).await;
}

/// A section of the settings, from its beginning.
pub async fn section(desk: &Desk, name: &str) {
    if !takes_pictures() {
        return;
    }
    desk.find(
        &format!("[data-testid=\"settings-{name}\"][aria-current=\"true\"]"),
        SHORT,
    )
    .await;
    desk.run("document.querySelector('.content').scrollTop = 0").await;
    desk.shots(&format!("settings-{name}")).await;
}

pub async fn a_new_project(desk: &Desk) {
    desk.press("new-project").await;
    desk.fill("project-name", "shop").await;
    closes(desk, "project-dialog", "new-project").await;
}

/// One deployment, in one environment: on its page, and from it.
pub async fn one_of_a_kind(desk: &Desk) {
    desk.press("compare").await;
    desk.wait_until_says("compare-dialog", "There is no other deployment", SHORT)
        .await;
    closes(desk, "compare-dialog", "faces/compare-empty").await;
    person::open_application(desk, "web").await;
    desk.press("roll-back").await;
    desk.wait_until_says("rollback", "There is no earlier release", SHORT)
        .await;
    closes(desk, "rollback", "faces/roll-back-empty").await;
    desk.press("nav-projects").await;
    desk.press("app-menu-web").await;
    desk.press("move-app-web").await;
    desk.wait_until_says("move-app-dialog", "There is no other environment", SHORT)
        .await;
    closes(desk, "move-app-dialog", "faces/move-empty").await;
}

/// On the projects page, with something in the environment `staging`.
pub async fn questions_of_the_home(desk: &Desk) {
    desk.press("new-environment").await;
    desk.fill("environment-name", "testing").await;
    closes(desk, "environment-dialog", "new-environment").await;
    let gone = "cannot be brought back";
    for (menu, item, dialog, words, picture) in [
        (
            "project-menu-shop",
            "duplicate-project-shop",
            "duplicate-project-dialog",
            "come along",
            "duplicate-project",
        ),
        (
            "project-menu-shop",
            "delete-project-shop",
            "project-delete-dialog",
            gone,
            "delete-project",
        ),
        (
            "environment-menu-shop-staging",
            "delete-environment-shop-staging",
            "environment-delete-dialog",
            gone,
            "delete-environment",
        ),
    ] {
        desk.press(menu).await;
        desk.press(item).await;
        desk.wait_until_says(dialog, words, SHORT).await;
        closes(desk, dialog, picture).await;
    }
}

/// On a tab of an application that runs.
pub async fn a_command_in_production(desk: &Desk) {
    desk.press("tab-commands").await;
    desk.fill("command-line", "bin/shop migrate --all").await;
    desk.press("command-run").await;
    closes(desk, "command-run-dialog", "command-question").await;
    desk.press("tab-overview").await;
}

/// One that was run long ago, and that the list still shows. The commands of an application are shown, and what sshd carries is the window's.
pub async fn a_command_that_is_forgotten(desk: &Desk, agent: &Agent, sshd: &mut Sshd) {
    // The list stays as it was read until there is a link again.
    sshd.pause();
    let forget = "delete from command_runs where status = 'cancelled'";
    let done = postgres::ask_that_of(agent, forget).await;
    assert!(
        done.is_some_and(|done| done.code() == 0),
        "the command is forgotten"
    );
    desk.press_css("[data-testid=\"command-row-0\"] code").await;
    sshd.resume().await;
    desk.wait_until_says("commands", "not known any more", SHORT)
        .await;
    desk.gone("command-row-1").await;
    desk.shots("commands-forgotten").await;
}

/// What everything in a project or an environment of this name has.
pub async fn variables_of(desk: &Desk, scope: &str, name: &str) {
    let link = format!("[data-testid=\"tree-variables-{name}\"]");
    // It is seen when it is pointed at.
    desk.run(&format!(
        "location.hash = document.querySelector('{link}').getAttribute('href')"
    ))
    .await;
    desk.find(&format!("{link}[aria-current=\"page\"]"), SHORT).await;
    desk.fill("variable-key", "CURRENCY").await;
    desk.fill("variable-value", "EUR").await;
    desk.press("variable-set").await;
    desk.see("variable-row-CURRENCY").await;
    desk.shots(&format!("variables-{scope}")).await;
}

/// The person's `~/.ssh/config`, at this path: not there, unreadable, and on a slow file system. The fleet is shown.
pub async fn a_config_in_other_states(desk: &Desk, path: &Path) {
    imports(desk, "There is no file", "faces/import-empty").await;
    fs::create_dir(path).expect("a folder in its place");
    imports(desk, "could not be read", "faces/import-error").await;
    fs::remove_dir(path).expect("it was there");

    let slow = SlowFile::at(path.to_owned());
    desk.press("import-ssh-config").await;
    desk.find("[data-testid=\"import-dialog\"] .skeleton", SHORT)
        .await;
    desk.shots("faces/import-loading").await;
    slow.ends().await;
    desk.see("import-preview").await;
    desk.press_escape().await;
    desk.gone("import-dialog").await;
    slow.remove();
}

async fn imports(desk: &Desk, words: &str, picture: &str) {
    desk.press("import-ssh-config").await;
    desk.wait_until_says("import-preview", words, SHORT).await;
    closes(desk, "import-dialog", picture).await;
}

pub async fn a_cluster_to_be_removed(desk: &Desk, name: &str) {
    desk.press(&format!("remove-cluster-{name}")).await;
    closes(desk, "remove-cluster", "remove-cluster").await;
}

/// A server that takes the connection and says nothing. The form of a cluster is filled in but for its port.
pub async fn a_test_that_takes_its_time(desk: &Desk) {
    let peer = RawPeer::saying(Vec::new(), Then::Wait).await;
    desk.fill("cluster-port", &peer.port.to_string()).await;
    desk.press("test-connection").await;
    desk.find(".check-steps[aria-busy=\"true\"]", SHORT).await;
    desk.shots("test-connection-loading").await;
    drop(peer);
    let ended = "return document.querySelector('.check-steps[aria-busy]') === null";
    wait::until("the test comes to an end", SHORT, async || {
        desk.run(ended).await == true
    })
    .await;
}

/// A port of this machine that leads to one on which the application does not listen.
pub async fn a_forward_to_nobody(desk: &Desk, port: u16) {
    desk.press("forward-open").await;
    desk.fill("forward-port", &port.to_string()).await;
    desk.press("forward-confirm").await;
    let address = format!("forward-url-{port}");
    let url = desk.says(&address).await;
    desk.gone("forward-dialog").await;
    let here = url.rsplit(':').next().and_then(|here| here.trim().parse().ok());
    let here: u16 = here.unwrap_or_else(|| panic!("{url} has a port"));
    // It is cut off, and the window says why.
    let _ = load::get(here, "web.example.org", "/").await;
    desk.find(&format!("[data-testid=\"forward-{port}\"] .field-error"), SHORT)
        .await;
    desk.shots("faces/forwards-error").await;
    desk.press(&format!("forward-stop-{port}")).await;
    desk.gone(&address).await;
}
