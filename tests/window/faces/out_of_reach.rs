//! What is shown of a cluster whose server has gone, and of all of them while the app starts.

use acceptance::desk::{Desk, takes_pictures};
use acceptance::keyring::Keyring;
use acceptance::sshd::Sshd;
use slipway_protocol::ApplicationId;

use super::dialogs;
use super::own::unknown_cluster;
use super::{OF_THE_APP, SHORT, face, looks, visit};

/// A log, the fleet and signing in without the server; then a start with a keychain that takes its time.
pub async fn and_found_again(
    desk: Desk,
    keyring: &Keyring,
    sshd: &mut Sshd,
    cluster: &str,
    idle: ApplicationId,
) {
    let log = face(
        "logs",
        format!("/app/{idle}/logs"),
        "What is written meanwhile comes",
    );
    visit(&desk, cluster, &log).await;
    desk.wait_until_says("log-state", "live", SHORT).await;
    sshd.pause();
    desk.wait_until_says("log-state", "interrupted", SHORT).await;
    looks(&desk, &log, "stale", log.says).await;

    let fleet = face("fleet", "/", "last seen");
    visit(&desk, OF_THE_APP, &fleet).await;
    desk.wait_until_says("cluster-card-staging", "last seen", SHORT)
        .await;
    looks(&desk, &fleet, "stale", fleet.says).await;
    if takes_pictures() {
        dialogs::the_palette_without_the_cluster(&desk).await;
    }

    let sign_in = face("sign-in", "/sign-in", "No account yet?");
    visit(&desk, cluster, &sign_in).await;
    desk.see("sign-in-email").await;
    desk.see("link-banner").await;
    looks(&desk, &sign_in, "stale", sign_in.says).await;

    let desk = desk.reopen_after(keyring, || keyring.freeze()).await;
    visit(&desk, OF_THE_APP, &fleet).await;
    desk.see("fleet").await;
    desk.find(".skeleton", SHORT).await;
    looks(&desk, &fleet, "loading", "").await;
    // Which clusters there are is not known yet.
    let unknown = unknown_cluster();
    visit(&desk, OF_THE_APP, &unknown).await;
    desk.gone("fleet").await;
    desk.find(".skeleton", SHORT).await;
    looks(&desk, &unknown, "loading", "").await;
    visit(&desk, OF_THE_APP, &fleet).await;
    keyring.thaw();
    desk.see("cluster-card-staging").await;
    desk.close().await;
}
