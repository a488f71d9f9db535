//! What the system tells a person who looks elsewhere.

use std::time::Duration;

use acceptance::desk::Desk;
use acceptance::keyring::Keyring;
use acceptance::notices::Desktop;
use acceptance::stage::Stage;
use acceptance::tray::{RED, Tray};
use acceptance::{person, wait};
use slipway_protocol::deployment::DeploymentStatus;

use crate::tray::{closes_to_nothing, comes_back};

const SHORT: Duration = Duration::from_secs(90);

/// FR-DSK-03: what goes wrong is told by the system; a click opens the page that it is about, and the tray counts it, says which application it is and leads there; who does not want it is not told.
#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_by_the_system() {
    let stage = Stage::set().await;
    let keyring = Keyring::start().await;
    let desktop = Desktop::on(&keyring).await;
    let tray = Tray::on(&keyring).await;
    let desk = Desk::open(&keyring).await;
    let item = tray.item().await;
    person::come_back(&desk, "staging", &stage).await;
    let environment = stage.environment("shop").await;
    let application = stage
        .application(environment, "web", "/nowhere/repository")
        .await
        .id;
    // Its feed is there when this has come to the window.
    desk.wait_until_says("projects", "web", SHORT).await;
    // Nobody looks: the app goes on behind its tray.
    desk.press("rail-settings").await;
    desk.press("background").await;
    wait::until("the choice is kept", SHORT, async || {
        desk.config_folder().join("keep-in-background").exists()
    })
    .await;
    let mut manager = desk.window_manager();
    closes_to_nothing(&mut manager).await;
    assert_eq!(stage.deploy(application).await.status, DeploymentStatus::Failed);
    wait::until("it is told", SHORT, async || !desktop.shown().is_empty()).await;
    let told = desktop.shown().remove(0);
    assert_eq!(told.title, "web on staging");
    assert!(told.text.starts_with("Deployment 1 has failed: "), "{told:?}");
    item.until("something went wrong", |shown| {
        let label = "staging: connected, 1 thing went wrong, the last deployment of web failed";
        shown.dot == RED && shown.menu[0].label == label
    })
    .await;
    // The app listens for clicks only a moment after it has shown it.
    wait::until("the window comes back", SHORT, async || {
        desktop.click(told.id).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        manager.shows()
    })
    .await;
    comes_back(&mut manager).await;
    desk.see("deployment-page").await;
    desk.wait_until_says("deployment-page", "failed", SHORT).await;
    // What is wrong is as near in the tray.
    desk.press("rail-fleet").await;
    desk.gone("deployment-page").await;
    item.choose("staging").await;
    desk.see("deployment-page").await;

    desk.press("rail-settings").await;
    desk.shots("notifications").await;
    desk.press("notices-of-staging").await;
    wait::until("its failures are not told", SHORT, async || {
        desk.config_folder().join("notifications.json").exists()
    })
    .await;
    stage.deploy(application).await;
    desk.press("rail-fleet").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(desktop.shown().len(), 1, "{:?}", desktop.shown());
    desk.press("rail-settings").await;
    desk.press("notices").await;
    wait::until("nothing is told", SHORT, async || {
        desk.config_folder().join("no-notifications").exists()
    })
    .await;
    desk.close().await;
}
