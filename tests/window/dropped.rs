//! Folders and archives that somebody drops on the window, from a file manager that speaks to the display as every other one does.

use std::path::Path;
use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::Desk;
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::slow_link::SlowLink;
use acceptance::sshd::Sshd;
use acceptance::stage::Stage;
use acceptance::{person, wait};
use serde_json::json;

const SHORT: Duration = Duration::from_secs(90);
/// There and back: what is sent can be watched, stopped and cut.
const ROUND_TRIP: Duration = Duration::from_millis(120);

/// FR-SRC-04: what is held above the window is seen; a folder that is dropped on an application's page is deployed after a question with its
/// plan, without what is ignored. Sending tells how far it is, is stopped and goes on, and goes on by itself after a lost link. An archive
/// is taken in the same way. Elsewhere, for an application from git, and for what is neither, a sentence says what to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_folder_is_deployed() {
    let mut stage = Stage::around(Agent::start().await, Sshd::start().await).await;
    let slow = SlowLink::to(stage.sshd.port(), ROUND_TRIP).await;
    let source = GitRepo::echo("1").await;
    let environment = stage.environment("Shop").await;
    stage
        .application_from(environment, "web", json!({ "kind": "upload" }))
        .await;
    stage.application(environment, "shop", &source.url()).await;
    let keyring = Keyring::start().await;
    let desk = Desk::open(&keyring).await;
    desk.press("add-cluster").await;
    person::describe_cluster(&desk, "staging", &stage.sshd, &stage.agent.socket()).await;
    desk.fill("cluster-port", &slow.port.to_string()).await;
    desk.press("connect").await;
    desk.press("host-key-accept").await;
    person::sign_in(&desk).await;
    desk.see("projects").await;

    let files = tempfile::tempdir().expect("a folder");
    let folder = files.path().join("my shop");
    fill(&folder, source.path());
    dropped_elsewhere(&desk, &folder).await;
    not_from_git(&desk, &folder).await;
    person::open_application(&desk, "web").await;
    what_is_neither(&desk, files.path()).await;

    desk.drag(&[&folder]).carry_away();
    desk.gone("drop-above").await;
    let held = desk.drag(&[&folder]);
    desk.wait_until_says("drop-above", "deploy it to this application", SHORT)
        .await;
    desk.shots("drop-above").await;
    held.drop_here();
    send_it(&desk, &mut stage).await;
    person::deployment_ends(&desk, "succeeded").await;
    stage.assert_serves("web", "1").await;

    source.echo_version("2").await;
    let archive = files.path().join("web-main.zip");
    let output = format!("--output={}", archive.display());
    source
        .git(&["archive", "--format=zip", "--prefix=web-main/", &output, "HEAD"])
        .await;
    person::open_application(&desk, "web").await;
    desk.drag(&[&archive]).drop_here();
    desk.wait_until_says("upload", "“web-main.zip”", SHORT).await;
    desk.wait_until_says("plan-downtime", "none", SHORT).await;
    desk.press("upload-confirm").await;
    person::deployment_ends(&desk, "succeeded").await;
    stage.assert_serves("web", "2").await;
    desk.close().await;
}

/// NFR-S7, FR-SRC-04: a page that lets somebody drag a part of itself, and says that it is a folder of this machine, has dropped nothing;
/// what comes from outside is taken as before.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_names_no_files() {
    let stage = Stage::around(Agent::start().await, Sshd::start().await).await;
    let environment = stage.environment("Shop").await;
    stage
        .application_from(environment, "web", json!({ "kind": "upload" }))
        .await;
    let keyring = Keyring::start().await;
    let desk = Desk::open(&keyring).await;
    person::come_back(&desk, "staging", &stage).await;
    person::open_application(&desk, "web").await;
    let files = tempfile::tempdir().expect("a folder");
    let page = files.path().join("page.html");
    std::fs::write(&page, "<html>").expect("a file");

    let uri = format!("file://{}", files.path().display());
    desk.client()
        .execute(DRAGGABLE, vec![json!(uri)])
        .await
        .expect("a part of the page");
    let mut pointer = desk.pointer();
    pointer.go(200, 100);
    pointer.press();
    let mut place = 100;
    wait::until("the page's part is dragged about", SHORT, async || {
        place = if place < 600 { place + 20 } else { 100 };
        pointer.go(200, place);
        desk.run("return window.__over === true").await == true
    })
    .await;
    assert!(
        !desk.is_shown("drop-above").await,
        "it comes from the page itself"
    );
    pointer.release();
    wait::until("its drag has ended", SHORT, async || {
        desk.run("return window.__ended === true").await == true
    })
    .await;
    desk.run("document.getElementById('own').remove()").await;
    wait::until("what comes from outside is taken", SHORT, async || {
        assert!(!desk.is_shown("upload").await, "the page has named a folder");
        desk.drag(&[&page]).drop_here();
        desk.is_shown("drop-refused").await
    })
    .await;
    let said = desk.says("drop-refused").await;
    assert!(said.contains("“page.html” is neither"), "{said}");
    desk.close().await;
}

/// A part of the page over all of it, which says that it is what is given; whatever is dropped on the page is welcome there.
const DRAGGABLE: &str = "const [uri] = arguments;
    const own = document.createElement('div');
    own.id = 'own';
    own.draggable = true;
    own.style.cssText = 'position: fixed; inset: 0; z-index: 1000; background: gray';
    own.addEventListener('dragstart', (event) => {
      event.dataTransfer.setData('text/uri-list', uri);
      event.dataTransfer.effectAllowed = 'all';
    });
    own.addEventListener('dragend', () => { window.__ended = true });
    document.addEventListener('dragover', (event) => { window.__over = true; event.preventDefault() });
    document.addEventListener('drop', (event) => event.preventDefault());
    document.body.append(own);";

/// The application's files, more that takes its time, and some that nobody wants.
fn fill(folder: &Path, source: &Path) {
    std::fs::create_dir(folder).expect("the folder");
    for name in ["app", "mode", "version"] {
        std::fs::copy(source.join(name), folder.join(name)).expect("a file");
    }
    let checks = "FROM debian:bookworm-slim\nCOPY app version mode /\nCOPY . /all\n\
        RUN test -e /all/large && test ! -e /all/debug.log\nENTRYPOINT [\"/app\"]\n";
    std::fs::write(folder.join("Dockerfile"), checks).expect("a Dockerfile");
    std::fs::write(folder.join(".gitignore"), "*.log\n").expect("an ignore file");
    std::fs::write(folder.join("debug.log"), "not sent").expect("a log");
    std::fs::write(folder.join("large"), vec![7; 64 << 20]).expect("a large file");
}

async fn dropped_elsewhere(desk: &Desk, folder: &Path) {
    let held = desk.drag(&[folder]);
    desk.wait_until_says("drop-above", "Open the application’s page", SHORT)
        .await;
    held.drop_here();
    desk.wait_until_says("drop-elsewhere", "“my shop” was dropped", SHORT)
        .await;
    desk.press("drop-elsewhere-close").await;
    desk.gone("drop-elsewhere").await;
    assert!(!desk.is_shown("drop-above").await);
}

async fn not_from_git(desk: &Desk, folder: &Path) {
    person::open_application(desk, "shop").await;
    desk.drag(&[folder]).drop_here();
    desk.wait_until_says("upload-not", "comes from a git repository", SHORT)
        .await;
    desk.press("upload-not-close").await;
    desk.gone("upload-not").await;
}

async fn what_is_neither(desk: &Desk, files: &Path) {
    let page = files.join("page.html");
    std::fs::write(&page, "<html>").expect("a file");
    for (paths, words) in [
        (
            vec![page.as_path()],
            "“page.html” is neither a folder nor an archive",
        ),
        (vec![page.as_path(), files], "2 things were dropped"),
        (
            vec![page.as_path()],
            "“page.html” is neither a folder nor an archive",
        ),
    ] {
        desk.drag(&paths).drop_here();
        desk.wait_until_says("drop-refused", words, SHORT).await;
        desk.press("drop-refused-close").await;
        desk.gone("drop-refused").await;
    }
}

/// Sends what was dropped: stopped once, cut off once.
async fn send_it(desk: &Desk, stage: &mut Stage) {
    desk.wait_until_says("upload", "Deploy “my shop” to web?", SHORT)
        .await;
    desk.wait_until_says("plan-downtime", "nobody serves now", SHORT)
        .await;
    desk.shots("upload").await;
    desk.press("upload-confirm").await;
    desk.wait_until_says("upload-progress", "MB are sent", SHORT)
        .await;
    wait::until("some of it is there", SHORT, async || arrived(stage) > 0).await;
    desk.press("upload-stop").await;
    desk.wait_until_says("upload-progress", "Stopped", SHORT).await;
    let waits = arrived(stage);

    desk.press("upload-confirm").await;
    wait::until("it goes on where it stood", SHORT, async || {
        arrived(stage) > waits
    })
    .await;
    desk.wait_until_says("upload-progress", "MB are sent", SHORT)
        .await;
    desk.shots("upload-sending").await;
    stage.sshd.pause();
    desk.wait_until_says("upload-progress", "The connection is lost", SHORT)
        .await;
    stage.sshd.resume().await;
    desk.see_within("deployment-page", Duration::from_secs(180)).await;
    assert_eq!(
        std::fs::read_dir(stage.agent.data().join("uploads"))
            .map(Iterator::count)
            .ok(),
        Some(1)
    );
}

/// So many bytes are on the server.
fn arrived(stage: &Stage) -> u64 {
    let files = std::fs::read_dir(stage.agent.data().join("uploads"));
    let lengths = files.into_iter().flatten().flatten();
    lengths
        .filter_map(|file| file.metadata().ok())
        .map(|meta| meta.len())
        .sum()
}
