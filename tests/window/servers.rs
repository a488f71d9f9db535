//! A server with nothing but SSH, set up from the window.

use std::time::{Duration, Instant};

use acceptance::bare_server::BareServer;
use acceptance::desk::Desk;
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::load::{Load, Plan};
use acceptance::other_agent::{OtherAgent, VERSION, earlier_version};
use acceptance::{person, wait};

const HOST: &str = "web.example.org";
const SOON: Duration = Duration::from_secs(90);

/// FR-HST-01, FR-HST-02, FR-HST-05, FR-CON-03, FR-CON-04, FR-IAM-01, NFR-U1: from the window a bare Debian server is looked at, set up with its steps and
/// what they say, while other pages are looked at, cut off in the middle and gone on with, and becomes a cluster whose owner one is; it serves an application built from git, all in one sitting. What
/// stands in the way of that is named before. Once its password was used it is not needed again: the app comes back by a key that only its
/// keychain has. A newer app says that the agent there is older, and brings it up to date while the application serves on. Looked at and set
/// up once more from there, nothing is changed.
#[tokio::test(flavor = "multi_thread")]
async fn a_bare_server_is_set_up_from_the_window() {
    let server = BareServer::boot().await;
    let keyring = Keyring::start().await;
    let earlier = earlier_version();
    let old = OtherAgent::of_version(&earlier);
    let brings = ("SLIPWAY_AGENT_FOLDER".to_owned(), old.folder().into());
    let desk = Desk::open_with(&keyring, &[brings]).await;
    let begun = Instant::now();

    desk.press("add-cluster").await;
    desk.fill("cluster-name", "fresh").await;
    desk.fill("cluster-host", &server.address().to_string()).await;
    desk.fill("cluster-user", "root").await;
    desk.press("auth-key-file").await;
    desk.fill("cluster-key-file", &server.key().to_string_lossy())
        .await;
    server.begin(&["perl", "-e", TAKES_THE_PORT]).await;
    desk.press("look-at-server").await;
    assert_eq!(
        desk.says("host-key-fingerprint").await.trim(),
        server.fingerprint().await
    );
    desk.press("host-key-accept").await;
    is_in_the_way(&desk, &server).await;
    desk.wait_until_says("setup-found", "Docker is not installed", Duration::from_secs(300))
        .await;
    desk.shots("add-server").await;
    desk.press("setup-install").await;
    desk.wait_until_says("setup-log", "docker", Duration::from_secs(300))
        .await;
    desk.shots("add-server-running").await;
    goes_on_elsewhere(&desk, &server.address().to_string()).await;
    // The link is cut in the middle: what was begun goes on there, and the window goes on from where it is.
    server.exec(&["pkill", "-KILL", "-f", "^sshd: root"]).await;
    desk.wait_until_says("setup-install", "Go on", Duration::from_secs(180))
        .await;
    desk.shots("add-server-cut").await;
    desk.press("setup-install").await;
    desk.see_within("invitation-email", Duration::from_secs(300))
        .await;
    person::make_account(&desk).await;

    server
        .clone_there(&GitRepo::echo("from-the-window").await, "/srv/shop.git")
        .await;
    person::create_project(&desk, "shop").await;
    person::create_application(&desk, "web", "/srv/shop.git", HOST).await;
    person::deploy(&desk).await;
    person::deployment_ends(&desk, "succeeded").await;
    let wanted = b"version from-the-window\n".to_vec();
    assert_eq!(server.get(HOST).await, Ok((200, wanted)));
    assert!(
        begun.elapsed() < Duration::from_secs(600),
        "{:?}",
        begun.elapsed()
    );
    eprintln!("from the form to the answer: {} s", begun.elapsed().as_secs());

    let desk = desk.reopen_with(&keyring, &[]).await;
    desk.press("rail-fleet").await;
    desk.wait_until_says("cluster-card-fresh", " ms", SOON).await;
    is_upgraded(&desk, &server, &earlier).await;
    is_as_it_was(&desk, &server).await;
    desk.close().await;
    server.remove().await;
}

/// A program with the port that the edge needs.
const TAKES_THE_PORT: &str =
    "use IO::Socket::INET; my $taken = IO::Socket::INET->new(LocalPort => 80, Listen => 1) or die; sleep 600";

/// What has the port is named and nothing can be begun; without it the next look finds the port free.
async fn is_in_the_way(desk: &Desk, server: &BareServer) {
    desk.wait_until_says("setup-found", "Port 80 is taken", Duration::from_secs(300))
        .await;
    desk.greyed("setup-install").await;
    wait::until("it says why", SOON, async || {
        let hint = desk.see("setup-install").await.attr("title").await;
        hint.is_ok_and(|hint| hint.is_some_and(|hint| hint.contains("stands in the way")))
    })
    .await;
    desk.shots("add-server-error").await;
    server.exec(&["pkill", "-KILL", "-x", "perl"]).await;
    desk.press("setup-back").await;
    desk.press("look-at-server").await;
    desk.wait_until_says("setup-found", "Port 80 is free", Duration::from_secs(180))
        .await;
}

/// A server whose agent is older than the one that this app brings: that is said where the clusters are, on its pages and before anything is
/// done. Somebody who may signs in once, and all the while no request to the application fails.
async fn is_upgraded(desk: &Desk, server: &BareServer, earlier: &str) {
    desk.wait_until_says("cluster-card-fresh", earlier, SOON).await;
    desk.shots("fleet-older").await;
    let edge = server.edge().await;
    let traffic = Load::start(Plan::requests(edge.port, HOST.to_owned(), 5));
    desk.press("upgrade-cluster-fresh").await;
    let said = format!("Version {earlier} of the agent runs there; this app brings {VERSION}.");
    desk.wait_until_says("health", &said, SOON).await;
    desk.wait_until_says("agent-older", "can be upgraded", SOON).await;
    desk.press("upgrade-agent").await;
    desk.wait_until_says("renew-page", "upgraded where nothing stands in the way", SOON)
        .await;
    signs_in_to_upgrade(desk, server).await;
    desk.see_within("setup-state", Duration::from_secs(180)).await;
    let steps = desk.says("setup-steps").await;
    let left = steps.matches("as it was").count();
    assert!((1..7).contains(&left), "{steps}");
    desk.press("setup-back").await;
    desk.see("health").await;
    desk.wait_until_says("status-bar", &format!("agent {VERSION}"), SOON)
        .await;
    desk.gone("agent-older").await;
    let report = traffic.end_well().await;
    assert!(report.sent > 20, "{} requests", report.sent);
}

/// The first way leads nowhere; the second one is held up for a moment.
async fn signs_in_to_upgrade(desk: &Desk, server: &BareServer) {
    desk.press("auth-key-file").await;
    desk.fill("cluster-key-file", "/nowhere/id").await;
    desk.press("look-at-server").await;
    desk.wait_until_says("form-error", "/nowhere/id", SOON).await;
    desk.shots("renew-server-error").await;
    desk.fill("cluster-key-file", &server.key().to_string_lossy())
        .await;
    let listener = "^sshd: .*listener";
    server.exec(&["pkill", "-STOP", "-f", listener]).await;
    desk.press("look-at-server").await;
    desk.find("[data-testid=\"look-at-server\"][aria-busy=\"true\"]", SOON)
        .await;
    desk.shots("renew-server-loading").await;
    server.exec(&["pkill", "-CONT", "-f", listener]).await;
}

/// Its page is left, and shows it again from the beginning; closing the window asks first.
async fn goes_on_elsewhere(desk: &Desk, host: &str) {
    desk.press("rail-fleet").await;
    desk.wait_until_says("set-ups", "is being set up", SOON).await;
    desk.window_manager().close();
    desk.wait_until_says("close-app-dialog", host, SOON).await;
    desk.shots("close-app").await;
    desk.press_escape().await;
    desk.gone("close-app-dialog").await;
    desk.press("rail-add").await;
    desk.wait_until_says("setup-log", "docker", SOON).await;
    desk.press("setup-back").await;
    desk.see("cluster-name").await;
    desk.press(&format!("show-set-up-{host}")).await;
    desk.wait_until_says("setup-log", "docker", SOON).await;
}

/// From the saved cluster the server is looked at and set up once more, as somebody who may: nothing is changed.
async fn is_as_it_was(desk: &Desk, server: &BareServer) {
    desk.press("rail-cluster-fresh").await;
    desk.press("nav-health").await;
    desk.press("renew-server").await;
    let said = format!("Version {VERSION} of the agent runs there");
    desk.wait_until_says("renew-page", &said, SOON).await;
    desk.press("auth-key-file").await;
    desk.fill("cluster-key-file", &server.key().to_string_lossy())
        .await;
    desk.shots("renew-server").await;
    desk.press("look-at-server").await;
    desk.wait_until_says("setup-found", "It is left as it is.", Duration::from_secs(180))
        .await;
    desk.press("setup-install").await;
    desk.see_within("setup-state", Duration::from_secs(300)).await;
    let steps = desk.says("setup-steps").await;
    assert_eq!(steps.matches("as it was").count(), 7, "{steps}");
    desk.shots("renew-server-done").await;
    desk.press("setup-back").await;
    desk.see("health").await;
    // How it was signed in to is remembered: nothing has to be typed any more.
    desk.press("renew-server").await;
    desk.press("look-at-server").await;
    desk.wait_until_says("setup-found", "It is left as it is.", Duration::from_secs(180))
        .await;
    desk.press("setup-back").await;
    desk.see("health").await;
    wait::until("it serves", SOON, async || {
        server.get(HOST).await.is_ok_and(|(status, _)| status == 200)
    })
    .await;
}
