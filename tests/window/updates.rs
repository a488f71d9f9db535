//! Newer versions of the app.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use acceptance::desk::{Desk, takes_pictures};
use acceptance::environment;
use acceptance::keyring::Keyring;
use acceptance::small_disk::SmallDisk;
use acceptance::update_feed::UpdateFeed;
use acceptance::wait;

const SHORT: Duration = Duration::from_secs(90);
const OLD: &[u8] = b"the version that runs";

/// FR-DSK-07, FR-DSK-01: a newer version is looked for, fetched, and put into the place of the one that runs, which restarts as it. What is not signed,
/// is signed by another, is an older version under a newer number, is another file or not the whole of it is refused; where it cannot be
/// written, the one that runs stays. What lies loose takes its links by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_newer_version_is_taken_only_from_who_makes_it() {
    let feed = UpdateFeed::start().await;
    let keyring = Keyring::start().await;
    let disk = SmallDisk::mount(4).await;
    let image = disk.path().join("Slipway.AppImage");
    fs::write(&image, OLD).expect("an image");
    fs::set_permissions(&image, fs::Permissions::from_mode(0o755)).expect("it can be started");
    let desk = Desk::open_with(&keyring, &surroundings(&feed, &image)).await;
    takes_its_links(&keyring, &desk, &image).await;
    desk.press("rail-settings").await;
    // It would do so in the middle of this.
    desk.press("daily-looks").await;
    let off = desk.config_folder().join("no-daily-looks");
    wait::until("the choice is kept", SHORT, async || off.exists()).await;

    look(&desk, "127.0.0.1 has no list of versions").await;
    desk.shots("newer-version-error").await;
    refuses_what_is_not_the_release(&desk, &feed).await;
    // A program that complains by its own name, and so says that it was started.
    let program = fs::read("/usr/bin/cp").expect("a program");
    let package = [program, vec![0; 1024 * 1024]].concat();
    feed.offer("9.2.0", &package, &feed.sign(&package, "9.2.0"));
    look(&desk, "Version 9.2.0 is available").await;
    desk.shots("newer-version").await;
    disk.fill_but(64 * 1024);
    if takes_pictures() {
        feed.hold();
        take(&desk, "Fetching version 9.2.0: ").await;
        desk.shots("newer-version-loading").await;
        feed.go_on();
        desk.wait_until_says("update-says", "Version 9.2.0 could not be put into place", SHORT)
            .await;
        look(&desk, "Version 9.2.0 is available").await;
    }
    take(&desk, "Version 9.2.0 could not be put into place").await;
    assert_eq!(
        fs::read(&image).expect("the image"),
        OLD,
        "the one that runs stays"
    );
    disk.empty();

    look(&desk, "Version 9.2.0 is available").await;
    assert_eq!(desk.says("newer-version").await, "Slipway 9.2.0 is available");
    take(&desk, "Version 9.2.0 is in place").await;
    assert_eq!(fs::read(&image).expect("the image"), package);
    let mode = fs::metadata(&image).expect("the image").permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    desk.press_last("app-restart").await;
    let said = format!("{}: missing file operand", image.display());
    wait::until("the newer version starts", SHORT, async || {
        desk.log().contains(&said)
    })
    .await;
    desk.close().await;
}

/// FR-DSK-07, FR-DSK-08: an app that was built without a list of versions asks nobody, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_list_of_versions_nobody_is_asked() {
    let keyring = Keyring::start().await;
    let desk = Desk::open(&keyring).await;
    desk.press("rail-settings").await;
    desk.wait_until_says("update-says", "names no list of versions", SHORT)
        .await;
    assert!(!desk.is_shown("update-look").await);
    assert!(!desk.is_shown("daily-looks").await);
    desk.close().await;
}

async fn refuses_what_is_not_the_release(desk: &Desk, feed: &UpdateFeed) {
    let (package, other) = (vec![7_u8; 100_000], vec![8_u8; 100_000]);
    let good = feed.sign(&package, "9.1.0");
    feed.offer("0.0.1", &package, &feed.sign(&package, "0.0.1"));
    look(desk, "There was no newer one").await;
    feed.offer("next", &package, &good);
    look(desk, "The list of versions of 127.0.0.1 cannot be read").await;
    let refused = "is not signed as that by whoever makes Slipway";
    for signature in [
        "",
        "bm90IGEgc2lnbmF0dXJl",
        &UpdateFeed::sign_as_another(&package, "9.1.0"),
        &feed.sign(&package, "0.0.1"),
        &feed.sign(&other, "9.1.0"),
    ] {
        feed.offer("9.1.0", &package, signature);
        look(desk, "Version 9.1.0 is available").await;
        take(desk, refused).await;
    }
    feed.offer("9.1.0", &package, &good);
    look(desk, "Version 9.1.0 is available").await;
    feed.truncate();
    take(
        desk,
        "Version 9.1.0 could not be fetched: the connection broke off",
    )
    .await;
    feed.offer("9.1.0", &package, &good);
    look(desk, "Version 9.1.0 is available").await;
    feed.forget();
    take(desk, "Version 9.1.0 is not where 127.0.0.1 says").await;
}

async fn look(desk: &Desk, words: &str) {
    desk.press("update-look").await;
    desk.wait_until_says("update-says", words, SHORT).await;
}

async fn take(desk: &Desk, words: &str) {
    desk.press("update-take").await;
    desk.wait_until_says("update-says", words, SHORT).await;
}

/// Nobody has installed it: it says itself that links into the app are its own.
async fn takes_its_links(keyring: &Keyring, desk: &Desk, image: &Path) {
    // The session says where the person's own data and settings are.
    let session = keyring.environment();
    let folder = |name: &str, usual: &str| {
        let named = session.iter().find(|(key, _)| key == name);
        named.map_or_else(|| desk.home().join(usual), |(_, folder)| folder.into())
    };
    let (data, config): (PathBuf, PathBuf) = (
        folder("XDG_DATA_HOME", ".local/share"),
        folder("XDG_CONFIG_HOME", ".config"),
    );
    let entry = data.join("applications/slipway-appimage.desktop");
    // The window is there before all that the app does at its start.
    wait::until("there is an entry", SHORT, async || entry.is_file()).await;
    let entry = fs::read_to_string(entry).expect("an entry");
    assert!(
        entry.contains(&format!("Exec=\"{}\" %u", image.display())),
        "{entry}"
    );
    let list = config.join("mimeapps.list");
    wait::until("there is a list of defaults", SHORT, async || list.is_file()).await;
    let list = fs::read_to_string(list).expect("a list of defaults");
    assert!(
        list.contains("x-scheme-handler/slipway=slipway-appimage.desktop"),
        "{list}"
    );
}

/// What an AppImage finds: where it lies, and where it is mounted.
fn surroundings(feed: &UpdateFeed, image: &Path) -> Vec<(String, OsString)> {
    let mount = environment::desktop();
    let mount = Path::new(&mount).parent().expect("a folder");
    let image = [
        ("APPIMAGE", OsString::from(image)),
        ("APPDIR", OsString::from(mount)),
    ];
    let feed = feed
        .environment()
        .map(|(name, value)| (name, OsString::from(value)));
    let all = image.into_iter().chain(feed);
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}
