//! The pages of the app itself, and signing in. What they ask is on this machine: files that are damaged or slow, a keychain that takes its
//! time, and the agent's answer to who signs in.

use std::fs;

use acceptance::api_gate::{ApiGate, Rule};
use acceptance::desk::Desk;
use acceptance::keyring::Keyring;
use acceptance::slow_file::SlowFile;
use acceptance::stage::{EMAIL, PASSWORD};

use super::{Face, OF_THE_APP, SHORT, face, looks, visit};

/// What there is to see before a cluster is added.
pub async fn before_any_cluster(desk: &Desk, keyring: &Keyring) {
    the_fleet(desk).await;
    the_host_keys(desk).await;
    the_settings(desk, keyring).await;
    let unknown = face("unknown", "/nowhere", "There is nothing here");
    visit(desk, OF_THE_APP, &unknown).await;
    looks(desk, &unknown, "empty", unknown.says).await;
    desk.press("to-fleet").await;
}

/// A page of a cluster that is not saved, or not known to be.
pub(super) fn unknown_cluster() -> Face {
    face(
        "unknown-cluster",
        "/c/018f0000-0000-7000-8000-000000000001",
        "There is nothing here",
    )
}

/// Nothing saved; then a file of clusters that somebody has damaged, and has repaired.
async fn the_fleet(desk: &Desk) {
    let fleet = face("fleet", "/", "No clusters yet");
    desk.see("add-cluster").await;
    looks(desk, &fleet, "empty", fleet.says).await;
    fs::create_dir_all(desk.config_folder()).expect("the folder");
    let file = desk.config_folder().join("clusters.toml");
    fs::write(&file, "[[cluster\n").expect("the file");
    desk.reload().await;
    desk.find(".broken", SHORT).await;
    looks(desk, &fleet, "error", "move it away to begin a new one").await;
    let cluster = unknown_cluster();
    visit(desk, OF_THE_APP, &cluster).await;
    desk.gone("fleet").await;
    looks(desk, &cluster, "error", "move it away to begin a new one").await;
    fs::remove_file(&file).expect("it was there");
    desk.press("retry").await;
    looks(desk, &cluster, "empty", cluster.says).await;
    desk.press("to-fleet").await;
    desk.see("add-cluster").await;
}

/// A home folder that answers late, as one on another machine does; then a damaged line in the app's own record.
async fn the_host_keys(desk: &Desk) {
    let page = face("host-keys", "/settings/host-keys", "No host key is on record");
    let folder = desk.home().join(".ssh");
    fs::create_dir_all(&folder).expect("the folder");
    let slow = SlowFile::at(folder.join("known_hosts"));
    visit(desk, OF_THE_APP, &page).await;
    desk.find(".skeleton", SHORT).await;
    looks(desk, &page, "loading", "").await;
    slow.ends().await;
    looks(desk, &page, "empty", page.says).await;
    slow.remove();

    let own = desk.config_folder().join("known_hosts");
    fs::write(&own, "half a line\n").expect("the record");
    visit(desk, OF_THE_APP, &face("fleet", "/", "")).await;
    desk.see("add-cluster").await;
    visit(desk, OF_THE_APP, &page).await;
    desk.find(".broken", SHORT).await;
    looks(desk, &page, "error", "repair or remove it").await;
    fs::remove_file(&own).expect("it was there");
    desk.press("retry").await;
    looks(desk, &page, "empty", page.says).await;
}

/// The keychain is asked whether it works, and takes its time.
async fn the_settings(desk: &Desk, keyring: &Keyring) {
    let page = face("app-settings", "/settings", "It speaks with your clusters");
    keyring.freeze();
    visit(desk, OF_THE_APP, &page).await;
    desk.find(".skeleton", SHORT).await;
    looks(desk, &page, "loading", "").await;
    keyring.thaw();
    looks(desk, &page, "empty", page.says).await;
}

/// The form; a wrong password; and the button as long as the answer is on its way. Then everything that is only asked for is held.
pub async fn signing_in(desk: &Desk, gate: &ApiGate) {
    let page = face("sign-in", "/sign-in", "No account yet?");
    desk.fill("sign-in-email", EMAIL).await;
    looks(desk, &page, "empty", page.says).await;
    desk.fill("sign-in-password", "not the password").await;
    desk.press("sign-in-submit").await;
    desk.see("form-error").await;
    looks(desk, &page, "error", "check both and try again").await;
    desk.fill("sign-in-password", PASSWORD).await;
    gate.set(Rule::HoldAll);
    desk.press("sign-in-submit").await;
    desk.find("[data-testid=\"sign-in-submit\"][aria-busy=\"true\"]", SHORT)
        .await;
    looks(desk, &page, "loading", page.says).await;
    gate.set(Rule::Hold);
    desk.see("projects").await;
}
