//! A day's work in one window: finding things by keys, reading a log, variables and files, what leads to the application.

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::{Desk, takes_pictures};
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::sshd::Sshd;
use acceptance::{load, person, wait};

use crate::only_seen;

const HOST: &str = "web.example.org";
const SHORT: Duration = Duration::from_secs(90);

/// Keys as WebDriver writes them.
const CONTROL: char = '\u{e009}';
const ENTER: char = '\u{e007}';
const ESCAPE: char = '\u{e00c}';
const HOME: char = '\u{e011}';

/// FR-DSK-02, FR-DSK-04, FR-DSK-06, FR-OBS-01, FR-CFG-01, FR-CFG-02, FR-CFG-03, FR-CFG-04: an application is found and deployed from the
/// keyboard after a question; its log is searched in the agent, read back to its first line and around what was found, copied in part,
/// saved, and goes on after a lost link without a gap or a repeat; variables and files are set, shown and taken away; a domain goes only
/// after a question, and can be put back.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_with_the_keyboard_and_the_log() {
    let (agent, mut sshd) = (Agent::start().await, Sshd::start().await);
    let keyring = Keyring::start().await;
    let repo = GitRepo::echo("1").await;
    let desk = Desk::open(&keyring).await;
    desk.press("add-cluster").await;
    person::describe_cluster(&desk, "prod-frankfurt", &sshd, &agent.socket()).await;
    desk.press("tag-production").await;
    desk.press("connect").await;
    desk.press("host-key-accept").await;
    person::take_invitation(&desk, &agent).await;
    person::create_project(&desk, "shop").await;
    person::create_application(&desk, "web", &repo.url(), HOST).await;

    deploy_from_the_palette(&desk).await;
    find_by_other_words(&desk).await;
    read_the_log(&desk, &agent).await;
    lose_the_link(&desk, &agent, &mut sshd).await;
    set_variables(&desk).await;
    set_a_file(&desk).await;
    set_for_the_team(&desk).await;
    take_the_domain_away(&desk).await;
    desk.close().await;
}

/// Opens the palette, looks for something and presses Enter on the best.
async fn find(desk: &Desk, words: &str, expected: &str) {
    desk.keys(&format!("{CONTROL}k{CONTROL}")).await;
    desk.fill("palette-input", words).await;
    // What is typed is followed letter by letter.
    wait::until(
        &format!("the best of {words:?} is {expected:?}"),
        SHORT,
        async || desk.says("palette-row").await.starts_with(expected),
    )
    .await;
}

async fn deploy_from_the_palette(desk: &Desk) {
    find(desk, "deploy web", "Deploy web…").await;
    desk.shots("palette").await;
    desk.keys(&ENTER.to_string()).await;
    desk.wait_until_says("ask-dialog-of", "shop / production on prod-frankfurt", SHORT)
        .await;
    desk.wait_until_says("plan-downtime", "nobody serves now", SHORT)
        .await;
    desk.wait_until_says("plan-view", "Steps", SHORT).await;
    desk.shots("palette-question").await;
    desk.press("ask-confirm").await;
    person::deployment_ends(desk, "succeeded").await;
    desk.keys(&format!("{CONTROL}/{CONTROL}")).await;
    desk.wait_until_says("shortcuts", "Find anything", SHORT).await;
    desk.shots("shortcuts").await;
    desk.keys(&ESCAPE.to_string()).await;
    desk.gone("shortcuts").await;
}

/// What is called otherwise elsewhere, and what has no page of its own, leads to its dialog.
async fn find_by_other_words(desk: &Desk) {
    find(desk, "instances web", "Scale web…").await;
    desk.keys(&ENTER.to_string()).await;
    desk.see("scale-replicas").await;
    desk.keys(&ESCAPE.to_string()).await;
    desk.gone("scale-dialog").await;
    find(desk, "rollback web", "Roll back web…").await;
    desk.keys(&ENTER.to_string()).await;
    desk.see("rollback").await;
    desk.keys(&ESCAPE.to_string()).await;
    desk.gone("rollback").await;
    find(desk, "rename prod-frankfurt", "Settings of prod-frankfurt").await;
    desk.keys(&ENTER.to_string()).await;
    desk.see("edit-cluster-name").await;
    desk.keys(&ESCAPE.to_string()).await;
    desk.gone("edit-cluster").await;
    desk.keys(&format!("{CONTROL}k{CONTROL}")).await;
    desk.fill("palette-input", "members").await;
    let first = "return document.querySelector('[data-testid=palette-row]')?.ariaLabel.startsWith('People, prod-frankfurt')";
    wait::until(
        "it is found, and has a name that is read out",
        SHORT,
        async || desk.run(first).await == true,
    )
    .await;
    desk.keys(&ENTER.to_string()).await;
    desk.see("people").await;
}

async fn write(agent: &Agent, path: &str) {
    let (status, _) = load::get(agent.edge_port(), HOST, path).await.expect("an answer");
    assert_eq!(status, 200, "{path}");
}

async fn read_the_log(desk: &Desk, agent: &Agent) {
    find(desk, "logs of web", "Logs of web").await;
    desk.keys(&ENTER.to_string()).await;
    desk.wait_until_says("container-log", "listens", SHORT).await;
    write(agent, "/say/level=error,payment-timed-out").await;
    write(agent, "/flood/1/512").await;
    desk.wait_until_says("container-log", "flood ends", SHORT).await;
    desk.wait_until_says("log-state", "live", SHORT).await;

    // The newest lines were let arrive; a page that begins anew has the last ones only, and reads back to the first.
    desk.press("tab-overview").await;
    desk.press("tab-logs").await;
    desk.wait_until_says("container-log", "flood ends", SHORT).await;
    pane(desk, HOME).await;
    let begin = std::time::Instant::now();
    while !desk.says("log-top").await.contains("first line that is kept") {
        assert!(begin.elapsed() < SHORT, "the first line is reached");
        pane(desk, HOME).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    pane(desk, HOME).await;
    desk.wait_until_says("container-log", "listens", SHORT).await;

    // What comes while somebody reads is counted, and one press away.
    write(agent, "/say/one-more").await;
    desk.wait_until_says("log-new", "1 new", SHORT).await;
    desk.shots("logs-paused").await;
    desk.press("log-new").await;
    desk.wait_until_says("container-log", "one-more", SHORT).await;

    desk.fill("log-find", "payment").await;
    desk.wait_until_says("log-count", "1 line", SHORT).await;
    desk.press("log-regex").await;
    desk.fill("log-find", "^00000001\\d |payment").await;
    desk.wait_until_says("log-count", "11 lines", SHORT).await;
    desk.shots("logs-search").await;
    copy_a_part(desk).await;
    desk.fill("log-find", "(").await;
    desk.see("log-refused").await;
    desk.fill("log-find", "one-more").await;
    desk.wait_until_says("log-count", "1 line", SHORT).await;
    show_in_context(desk, agent).await;

    desk.press("log-save").await;
    desk.wait_until_says("log-saved", "Saved 1 line to ", SHORT).await;
    let path = desk.all_say("[data-testid=\"log-saved\"] code").await.concat();
    let text = std::fs::read_to_string(&path).expect("the saved log");
    assert!(
        text.ends_with("one-more\n") && text.lines().count() == 1,
        "{text}"
    );
    desk.fill("log-find", "").await;
    desk.wait_until_says("log-count", "500 lines", SHORT).await;
    desk.wait_until_says("container-log", "one-more", SHORT).await;
}

/// A click and another with Shift choose a part, which is copied and nothing else. What is looked for afterwards takes the field's place.
async fn copy_a_part(desk: &Desk) {
    desk.press_css(".log-row:first-child .log-time").await;
    desk.see("log-details").await;
    desk.run(
        "document.querySelector('.log-row:nth-child(3) .log-time')\
             .dispatchEvent(new MouseEvent('click', { shiftKey: true, bubbles: true }))",
    )
    .await;
    desk.wait_until_says("log-copy-part", "Copy 3 lines", SHORT).await;
    desk.gone("log-details").await;
    desk.press("log-copy-part").await;
    desk.wait_until_says("log-copy-part", "Copied", SHORT).await;
    desk.press("log-find").await;
    desk.keys(&format!("{CONTROL}av")).await;
    // The clipboard answers when it likes.
    wait::until("the three lines are pasted", SHORT, async || {
        let pasted = desk.run("return document.activeElement.value").await;
        let pasted = pasted.as_str().unwrap_or_default();
        let lines = ["payment-timed-out", " 000000010 ", " 000000011 "];
        lines.iter().all(|line| pasted.contains(line)) && !pasted.contains(" 000000012 ")
    })
    .await;
}

/// A found line is shown among all lines around it, marked, with more in both directions; and the search is as it was left.
async fn show_in_context(desk: &Desk, agent: &Agent) {
    desk.press_css(".log-row .log-time").await;
    desk.press("log-context").await;
    desk.wait_until_says("log-around", "flood ends", SHORT).await;
    let marked = desk.all_say(".log-row.marked .log-text").await;
    assert_eq!(marked.len(), 1);
    assert!(marked[0].contains("one-more"), "{marked:?}");
    desk.wait_until_says("log-count", "251 lines", SHORT).await;
    desk.wait_until_says("log-bottom", "the newest lines", SHORT)
        .await;
    desk.shots("logs-context").await;
    write(agent, "/say/since-then").await;
    wait::until("newer lines are asked for", SHORT, async || {
        desk.press("log-newer").await;
        desk.says("log-around").await.contains("since-then")
    })
    .await;
    desk.wait_until_says("log-count", "252 lines", SHORT).await;
    pane(desk, HOME).await;
    wait::until("older lines come", SHORT, async || {
        desk.says("log-count").await.trim() != "252 lines"
    })
    .await;
    pane(desk, ESCAPE).await;
    desk.gone("log-around").await;
    desk.wait_until_says("log-count", "1 line", SHORT).await;
    desk.wait_until_says("log-details", "one-more", SHORT).await;
    let has_keys = "return document.activeElement.classList.contains('log-lines')";
    wait::until("the lines have the keys", SHORT, async || {
        desk.run(has_keys).await == true
    })
    .await;
    desk.keys(&ENTER.to_string()).await;
    desk.see("log-around").await;
    desk.press("log-back").await;
    desk.gone("log-around").await;
}

/// Types a key into the lines.
async fn pane(desk: &Desk, key: char) {
    wait::until("the lines take a key", SHORT, async || {
        let lines = desk.find(".log-lines", SHORT).await;
        lines.send_keys(&key.to_string()).await.is_ok()
    })
    .await;
}

async fn lose_the_link(desk: &Desk, agent: &Agent, sshd: &mut Sshd) {
    desk.wait_until_says("log-state", "live", SHORT).await;
    sshd.pause();
    desk.wait_until_says("log-state", "interrupted", SHORT).await;
    write(agent, "/say/while-away").await;
    sshd.resume().await;
    desk.wait_until_says("container-log", "while-away", SHORT).await;
    desk.wait_until_says("log-state", "live", SHORT).await;
    write(agent, "/say/back-again").await;
    desk.wait_until_says("container-log", "back-again", SHORT).await;
    let said = desk.says("container-log").await;
    for words in ["one-more", "while-away", "back-again"] {
        assert_eq!(said.matches(words).count(), 1, "{words} in {said}");
    }
}

async fn set_variables(desk: &Desk) {
    desk.press("tab-variables").await;
    desk.fill("variable-key", "TOKEN").await;
    desk.fill("variable-value", "not for everybody").await;
    desk.press("variable-set").await;
    desk.see("variable-row-TOKEN").await;
    assert!(
        !desk
            .says("variable-row-TOKEN")
            .await
            .contains("not for everybody")
    );
    desk.press("variable-reveal-TOKEN").await;
    desk.wait_until_says("variable-shown-TOKEN", "not for everybody", SHORT)
        .await;

    desk.press("variables-text").await;
    desk.see("variables-area").await;
    let text = format!("GREETING='${{{{TOKEN}}}} and more'{ENTER}TOKEN");
    desk.fill("variables-area", &text).await;
    desk.press("variables-secret").await;
    desk.press("variables-preview").await;
    desk.wait_until_says("variables-difference", "+ GREETING", SHORT)
        .await;
    assert!(!desk.says("variables-difference").await.contains("TOKEN"));
    desk.shots("variables-text").await;
    desk.press("variables-save").await;
    desk.wait_until_says("variable-shown-GREETING", "${{TOKEN}} and more", SHORT)
        .await;
    desk.shots("variables").await;
    desk.press("variables-history").await;
    desk.wait_until_says("history-row", "set GREETING", SHORT).await;
    desk.shots("variables-history").await;
    desk.press("variables-table").await;
    desk.press("variable-delete-GREETING").await;
    desk.see("variable-delete-dialog").await;
    desk.shots("delete-variable").await;
    desk.press("variable-delete-confirm").await;
    desk.gone("variable-row-GREETING").await;
    keeps_what_is_typed(desk).await;
}

/// What is typed stays in the other modes and on other pages, and gives way to another variable only if the person says so.
async fn keeps_what_is_typed(desk: &Desk) {
    desk.fill("variable-key", "HALF_TYPED").await;
    desk.press("variables-text").await;
    desk.wait_until_says("variables-left-over", "under Table is not saved", SHORT)
        .await;
    desk.press("tab-domains").await;
    desk.see("domain-host").await;
    desk.press("tab-variables").await;
    desk.press("variable-edit-TOKEN").await;
    desk.wait_until_says("unsaved-dialog", "HALF_TYPED", SHORT).await;
    desk.shots("discard-typed").await;
    desk.keys(&ESCAPE.to_string()).await;
    desk.gone("unsaved-dialog").await;
    desk.holds("variable-key", "HALF_TYPED").await;
    desk.press("variable-edit-TOKEN").await;
    desk.press("unsaved-confirm").await;
    desk.gone("unsaved-dialog").await;
    desk.holds("variable-key", "TOKEN").await;
}

async fn set_a_file(desk: &Desk) {
    desk.press("tab-files").await;
    desk.press("file-new").await;
    desk.fill("file-path", "/etc/web.conf").await;
    desk.fill("file-content", "answer = 42\n").await;
    desk.press("file-set").await;
    desk.see("file-row-/etc/web.conf").await;
    desk.press("file-open-/etc/web.conf").await;
    desk.see("file-content").await;
    desk.shots("files").await;
    desk.fill("file-content", "answer = 43\n").await;
    desk.press("file-close").await;
    desk.wait_until_says("unsaved-dialog", "/etc/web.conf", SHORT)
        .await;
    desk.press("unsaved-confirm").await;
    desk.gone("file-content").await;
    desk.run("document.querySelector('[data-testid=\"file-row-/etc/web.conf\"]').focus()")
        .await;
    desk.keys(" ").await;
    desk.wait_until_says("files-list-chosen", "1 row chosen", SHORT)
        .await;
    desk.press("files-list-copy").await;
    desk.wait_until_says("files-list-copy", "Copied", SHORT).await;
    desk.press("files-list-none").await;
    desk.gone("files-list-chosen").await;
    desk.press("patch-new").await;
    desk.fill("patch-path", "mode").await;
    desk.fill("patch-content", "slow 1").await;
    desk.press("patch-set").await;
    desk.see("patch-row-mode").await;
    desk.shots("patches").await;
    desk.press("patch-delete-mode").await;
    desk.see("patch-delete-dialog").await;
    desk.shots("delete-patch").await;
    desk.press("patch-delete-confirm").await;
    desk.gone("patch-row-mode").await;
    desk.press("file-delete-/etc/web.conf").await;
    desk.see("file-delete-dialog").await;
    desk.shots("delete-file").await;
    desk.press("file-delete-confirm").await;
    desk.gone("file-row-/etc/web.conf").await;
}

async fn set_for_the_team(desk: &Desk) {
    desk.press("nav-variables").await;
    desk.see("variables-page").await;
    desk.shots("variables-team").await;
    if takes_pictures() {
        only_seen::variables_of(desk, "project", "shop").await;
        only_seen::variables_of(desk, "environment", "production").await;
    }
    desk.press("nav-registries").await;
    desk.fill("registry-host", "registry.example.org").await;
    desk.fill("registry-user", "robot").await;
    desk.fill("registry-password", "a token").await;
    desk.press("registry-set").await;
    desk.see("registry-row-registry.example.org").await;
    desk.shots("registries").await;
    desk.press("registry-delete-registry.example.org").await;
    desk.see("registry-delete-dialog").await;
    desk.shots("delete-registry").await;
    desk.press("registry-delete-confirm").await;
    desk.gone("registry-row-registry.example.org").await;
}

async fn take_the_domain_away(desk: &Desk) {
    find(desk, "hooks of web", "Hooks of web").await;
    desk.keys(&ENTER.to_string()).await;
    desk.see("hook-before").await;
    find(desk, "domains of web", "Domains of web").await;
    desk.keys(&ENTER.to_string()).await;
    // The line that tells the age goes when the page is heard of anew, and everything below it moves up.
    desk.see(&format!("domain-delete-{HOST}")).await;
    desk.is_live().await;
    desk.press(&format!("domain-delete-{HOST}")).await;
    desk.wait_until_says("domain-delete-dialog", "the last one", SHORT)
        .await;
    desk.shots("domain-question").await;
    desk.keys(&ESCAPE.to_string()).await;
    desk.gone("domain-delete-dialog").await;
    desk.see(&format!("domain-row-{HOST}")).await;
    desk.press(&format!("domain-delete-{HOST}")).await;
    // Nothing would lead to it then, and this is production.
    desk.greyed("domain-delete-confirm").await;
    desk.fill("domain-delete-name", "web").await;
    desk.press("domain-delete-confirm").await;
    desk.gone(&format!("domain-row-{HOST}")).await;
    desk.press("domain-undo").await;
    desk.see(&format!("domain-row-{HOST}")).await;
    desk.gone("domain-undo-bar").await;
}
