//! The tray, and the app going on behind it without a window.

use std::fs;
use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::Desk;
use acceptance::keyring::Keyring;
use acceptance::sshd::Sshd;
use acceptance::tray::{GREEN, Item, Look, RED, Tray};
use acceptance::window_manager::{Place, WindowManager};
use acceptance::{person, wait};

const SHORT: Duration = Duration::from_secs(90);
/// Neither where a window comes by itself nor as large as it is then.
const PLACE: Place = Place {
    left: 180,
    top: 70,
    width: 1040,
    height: 640,
};

/// FR-DSK-03: the tray shows the worst state of all clusters, by its colour and in words, as soon as it changes and not otherwise; an entry of
/// its menu opens that cluster's page. Who wishes it goes on without a window: closing hides it, and the tray, a click on it, a second
/// start or a tray that goes show it again. *Quit* ends the app as closing does.
#[tokio::test(flavor = "multi_thread")]
async fn the_tray_shows_the_worst_and_keeps_the_app() {
    let agent = Agent::start().await;
    let mut sshd = Sshd::start().await;
    let keyring = Keyring::start().await;
    let tray = Tray::on(&keyring).await;
    let desk = Desk::open(&keyring).await;
    let item = tray.item().await;
    desk.see("fleet").await;
    item.until("there is no cluster", |shown| {
        shown.tooltip == "No clusters are saved yet."
    })
    .await;

    person::move_in(&desk, "my_prod", &agent, &sshd).await;
    connected(&item).await;
    nothing_is_drawn_without_a_change(&item).await;
    sshd.pause();
    item.until("the link is lost", |shown| {
        shown.tooltip == "0 of 1 cluster connected. my_prod: the connection is lost."
            && shown.dot == RED
            && shown.menu[0].label == "my__prod: the connection is lost"
    })
    .await;
    sshd.resume().await;
    connected(&item).await;

    desk.press("rail-fleet").await;
    desk.gone("projects").await;
    item.choose("my__prod").await;
    desk.see("projects").await;

    let mut manager = desk.window_manager();
    goes_on_without_a_window(&desk, &item, &mut manager, &keyring).await;
    a_tray_that_goes_gives_the_window_back(&desk, &tray, &mut manager).await;
    let item = tray.item().await;
    connected(&item).await;
    closes_to_nothing(&mut manager).await;
    item.choose("Quit").await;
    wait::until("the app ends", SHORT, async || !item.is_there().await).await;
    wait::until("the window's place is kept", SHORT, async || {
        let place = fs::read_to_string(desk.config_folder().join("window.json"));
        place.is_ok_and(|place| place.contains("\"main\""))
    })
    .await;
    desk.close().await;
}

/// FR-DSK-03, FR-DSK-01: a desktop without a tray is no fault: the settings say so, and one that comes later is taken up. Where there is none closing ends
/// the app, also for who wishes it to go on; the next start has the window where it was, and as large.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_tray_closing_ends_the_app() {
    let keyring = Keyring::start().await;
    let desk = Desk::open(&keyring).await;
    desk.press("rail-settings").await;
    has_no_tray(&desk).await;
    desk.greyed("background").await;
    let tray = Tray::on(&keyring).await;
    let item = tray.item().await;
    desk.press("background").await;
    item.until("the app stays in the background", stays).await;
    tray.leave().await;
    has_no_tray(&desk).await;
    let mut manager = desk.window_manager();
    manager.put(PLACE);
    // The page has been told, and so has the app.
    let is_as_wide = format!("return innerWidth === {}", PLACE.width);
    wait::until("the page has its size", SHORT, async || {
        desk.run(&is_as_wide).await == true
    })
    .await;
    manager.close();
    wait::until("the app ends", SHORT, async || !item.is_there().await).await;
    let desk = desk.reopen(&keyring).await;
    // And so is the page that was open.
    desk.see("settings-page").await;
    let mut manager = desk.window_manager();
    wait::until("the window is where it was", SHORT, async || {
        manager.place() == Some(PLACE)
    })
    .await;
    desk.close().await;
}

async fn connected(item: &Item) {
    item.until("the cluster is connected", |shown| {
        shown.tooltip == "1 of 1 cluster connected."
            && shown.side == 32
            && shown.dot == GREEN
            && shown.menu[0].label == "my__prod: connected"
    })
    .await;
}

/// The link is kept alive and looked after meanwhile, which nobody sees here.
async fn nothing_is_drawn_without_a_change(item: &Item) {
    // A change is told by several signals, the last of which may still be on its way.
    for _ in 0..3 {
        let before = item.changes();
        tokio::time::sleep(Duration::from_secs(12)).await;
        if item.changes() == before {
            return;
        }
    }
    panic!("it goes on telling of changes, and nothing has changed");
}

async fn goes_on_without_a_window(desk: &Desk, item: &Item, manager: &mut WindowManager, keyring: &Keyring) {
    desk.press("rail-settings").await;
    desk.press("background").await;
    item.until("the app stays in the background", stays).await;
    wait::until("the choice is kept", SHORT, async || {
        desk.config_folder().join("keep-in-background").exists()
    })
    .await;

    closes_to_nothing(manager).await;
    connected(item).await;
    item.choose("Open Slipway").await;
    comes_back(manager).await;
    // It is the same page, and it works.
    desk.press("rail-fleet").await;
    desk.see("fleet").await;

    closes_to_nothing(manager).await;
    item.click().await;
    comes_back(manager).await;
    closes_to_nothing(manager).await;
    desk.start_again("", keyring).await;
    comes_back(manager).await;
    closes_to_nothing(manager).await;
    item.choose("my__prod").await;
    comes_back(manager).await;
    desk.see("projects").await;
}

async fn a_tray_that_goes_gives_the_window_back(desk: &Desk, tray: &Tray, manager: &mut WindowManager) {
    desk.press("rail-settings").await;
    closes_to_nothing(manager).await;
    tray.leave().await;
    comes_back(manager).await;
    has_no_tray(desk).await;
    tray.come().await;
    can_be_switched(desk).await;
}

async fn has_no_tray(desk: &Desk) {
    desk.wait_until_says("settings-page", "This desktop has no tray", SHORT)
        .await;
}

fn stays(shown: &Look) -> bool {
    let entry = shown.menu.iter().find(|entry| entry.label.starts_with("Keep"));
    entry.is_some_and(|entry| entry.checked)
}

async fn can_be_switched(desk: &Desk) {
    wait::until("it can be switched", SHORT, async || {
        desk.see("background").await.is_enabled().await.unwrap_or(false)
    })
    .await;
}

pub async fn closes_to_nothing(manager: &mut WindowManager) {
    manager.close();
    wait::until("the window is hidden", SHORT, async || !manager.shows()).await;
}

pub async fn comes_back(manager: &mut WindowManager) {
    wait::until("the window is there again", SHORT, async || manager.shows()).await;
}
