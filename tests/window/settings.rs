//! An application's settings and what belongs to its source, in the words of a story.

use std::time::Duration;

use acceptance::desk::{Desk, takes_pictures};
use acceptance::wait;

use crate::only_seen;

const SHORT: Duration = Duration::from_secs(90);

/// Looks at the sections, stores a memory limit in human units, and makes what lets others in. The settings' tab is open.
pub async fn change_some(desk: &Desk) {
    desk.press("deploy-key-make").await;
    desk.wait_until_says("deploy-key", "ssh-ed25519", SHORT).await;
    keys_go_to_the_question(desk).await;
    desk.press("deploy-url-make").await;
    desk.wait_until_says("deploy-url-command", "Authorization: Bearer", SHORT)
        .await;
    desk.shots("deploy-url-made").await;
    desk.press("deploy-url-done").await;
    desk.wait_until_says("deploy-url", "never", SHORT).await;
    desk.shots("settings").await;
    if takes_pictures() {
        desk.press("deploy-url-delete").await;
        only_seen::closes(desk, "deploy-url-delete-dialog", "delete-deploy-url").await;
    }
    for section in ["build", "running", "health", "network", "security", "hooks"] {
        desk.press(&format!("settings-{section}")).await;
        desk.see("settings-save").await;
        only_seen::section(desk, section).await;
    }
    if takes_pictures() {
        desk.press("settings-danger").await;
        desk.see("app-delete").await;
        only_seen::section(desk, "danger").await;
    }
    desk.press("settings-rollout").await;
    desk.press("rollout-strategy-canary").await;
    desk.see("canary-shares").await;
    desk.shots("settings-rollout").await;
    desk.press("settings-discard").await;
    desk.press("settings-storage").await;
    desk.press("volumes-add").await;
    desk.fill("volumes-0-0", "data").await;
    desk.fill("volumes-0-1", "nowhere").await;
    desk.wait_until_says("app-page", "it must start with “/”", SHORT)
        .await;
    desk.shots("settings-storage").await;
    if takes_pictures() {
        desk.fill("volumes-0-1", "/var/lib/shop").await;
        wait::until("it can be saved", SHORT, async || {
            desk.see("settings-save")
                .await
                .is_enabled()
                .await
                .unwrap_or(false)
        })
        .await;
        desk.shots("settings-storage-volume").await;
    }
    desk.press("settings-discard").await;

    desk.press("settings-resources").await;
    desk.fill("memory", "lots").await;
    desk.wait_until_says("app-page", "256 MiB or 1.5 GiB", SHORT)
        .await;
    // What is not valid is not stored.
    desk.greyed("settings-save").await;
    desk.fill("memory", "128 MB").await;
    desk.wait_until_says("settings-state", "1 setting is not saved", SHORT)
        .await;
    desk.shots("settings-resources").await;
    desk.press("settings-save").await;
    desk.wait_until_says("settings-state", "Saved", SHORT).await;
}

/// A new application from a registry: whether there is a sign-in for it is said as it is typed.
pub async fn describe_an_image(desk: &Desk) {
    desk.press("new-app").await;
    desk.press("app-source-image").await;
    desk.fill("app-name", "cache").await;
    desk.fill("app-image", "ghcr.io/shop/cache:1").await;
    desk.wait_until_says("registry-state", "no sign-in for ghcr.io", SHORT)
        .await;
    desk.shots("new-application-image").await;
    desk.press("registry-sign-in").await;
    desk.fill("registry-user", "shop").await;
    desk.fill("registry-password", "a password that nobody sees again")
        .await;
    desk.shots("registry-sign-in").await;
    desk.press("registry-store").await;
    desk.wait_until_says("registry-state", "signed in to as shop", SHORT)
        .await;
    desk.press("app-create").await;
    desk.wait_until_says("app-page", "Deploy fetches the image", SHORT)
        .await;
}

/// FR-DSK-02: a question takes the keys: Enter without reading keeps what is there, nothing behind it is reached by Tab or a
/// shortcut, and when it is closed the focus is where it was.
async fn keys_go_to_the_question(desk: &Desk) {
    desk.press("deploy-key-delete").await;
    desk.see("deploy-key-delete-dialog").await;
    for _ in 0..7 {
        desk.keys("\u{e004}").await;
        let inside = "return document.activeElement === document.body || document.activeElement.closest('dialog') !== null";
        assert_eq!(desk.run(inside).await, true, "Tab stays in the question");
    }
    desk.press_alt("1").await;
    desk.see("deploy-key-delete-dialog").await;
    desk.press_escape().await;
    desk.gone("deploy-key-delete-dialog").await;
    wait::until("the focus is where it was", SHORT, async || {
        desk.run("return document.activeElement.dataset.testid").await == "deploy-key-delete"
    })
    .await;
    desk.press("deploy-key-delete").await;
    desk.see("deploy-key-delete-dialog").await;
    desk.shots("delete-deploy-key").await;
    desk.keys("\u{e007}").await;
    desk.gone("deploy-key-delete-dialog").await;
    desk.wait_until_says("deploy-key", "ssh-ed25519", SHORT).await;
}
