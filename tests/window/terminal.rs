//! A shell in a container, and one on the node, as somebody uses them in the window.

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::{Desk, takes_pictures};
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::sshd::Sshd;
use acceptance::{load, person, wait};

use crate::only_seen;

const SHORT: Duration = Duration::from_secs(90);
const ENTER: char = '\u{e007}';
const ESCAPE: char = '\u{e00c}';
const SHIFT: char = '\u{e008}';
const CONTROL: char = '\u{e009}';
const F6: &str = "\u{e036}";
const WITH_SHELL: &str = "FROM debian:bookworm-slim\nCOPY app version mode /\nENTRYPOINT [\"/app\"]\n";

/// FR-OBS-02, FR-CON-13, FR-DEP-09, FR-DSK-01: a shell is opened from the application's page and used; what it writes draws on its screen and nowhere else; a
/// lost link is marked, and what was typed and written meanwhile is there afterwards; several terminals are tabs that are found again,
/// and one where a shell is alive is closed after a question;
/// a page that is loaded anew finds them again, and what is typed there arrives;
/// what is pasted is shown first where it is more than a line; how a shell ended is said. Then
/// a port is forwarded, a command is run once in a container of its own, and a shell on the node itself is opened from the health page.
#[tokio::test(flavor = "multi_thread")]
async fn a_shell_in_the_window() {
    let (agent, mut sshd) = (Agent::start().await, Sshd::start().await);
    let keyring = Keyring::start().await;
    let repo = GitRepo::echo("1").await;
    repo.dockerfile(WITH_SHELL).await;
    let desk = Desk::open(&keyring).await;
    person::move_in(&desk, "prod-frankfurt", &agent, &sshd).await;
    person::create_project(&desk, "shop").await;
    person::create_application(&desk, "web", &repo.url(), "web.example.org").await;
    person::deploy(&desk).await;
    person::deployment_ends(&desk, "succeeded").await;
    person::open_application(&desk, "web").await;

    desk.press("tab-terminal").await;
    desk.press("terminal-new").await;
    prompt(&desk).await;
    run(&desk, "echo answer=$((6*7))", "answer=42").await;
    let output = "printf '\\033]0;evil\\007\\033]8;;http://evil.example/\\007link\\033]8;;\\007 \\033[31mred\\033[0m\\n'";
    run(&desk, output, "link red").await;
    let title = desk.client().title().await.expect("a title");
    assert_eq!(title, "Slipway");
    let links = "return document.querySelectorAll('[data-testid=\"terminal-screen\"] a').length";
    let links = desk.client().execute(links, Vec::new()).await.expect("a number");
    assert_eq!(links.as_u64(), Some(0));
    let size = measured(&desk).await;
    run(&desk, "stty size", &size).await;
    leaves_by_a_key(&desk).await;
    finds(&desk).await;

    sshd.pause();
    desk.wait_until_says("terminal-state", "interrupted", SHORT).await;
    type_in(&desk, "echo while-away-$((1+1))").await;
    desk.shots("terminal-interrupted").await;
    sshd.resume().await;
    desk.wait_until_says("terminal-screen", "while-away-2", SHORT)
        .await;
    desk.wait_until_says("terminal-state", "live, reconnected", SHORT)
        .await;

    run(&desk, "ls --color=always -l / | head -n 12", "bin").await;
    desk.press("terminal-new").await;
    desk.see("terminal-tab-2").await;
    prompt(&desk).await;
    run(&desk, "echo second-$((2*2))", "second-4").await;
    paste(&desk, "echo one-$((0+1))\\necho two-$((1+1))\\n").await;
    desk.wait_until_says("paste-text", "echo two-$((1+1))⏎", SHORT)
        .await;
    desk.shots("terminal-paste").await;
    desk.press("paste-confirm").await;
    // The shell asked to be told what is pasted, and runs none of it before the person says so.
    desk.wait_until_says("terminal-screen", "echo two-$((1+1))", SHORT)
        .await;
    assert!(!desk.says("terminal-screen").await.contains("two-2"));
    type_in(&desk, "").await;
    desk.wait_until_says("terminal-screen", "two-2", SHORT).await;
    paste(&desk, "echo plain").await;
    desk.wait_until_says("terminal-screen", "# echo plain", SHORT)
        .await;
    assert!(!desk.is_shown("paste-dialog").await);
    type_in(&desk, "").await;

    desk.press("tab-overview").await;
    desk.see("tasks").await;
    desk.press("tab-terminal").await;
    desk.wait_until_says("terminal-screen", "second-4", SHORT).await;
    desk.press("terminal-tab-1").await;
    desk.wait_until_says("terminal-screen", "while-away-2", SHORT)
        .await;
    desk.shots("terminal").await;
    desk.client().refresh().await.expect("another page");
    desk.press("terminal-tab-1").await;
    desk.wait_until_says("terminal-screen", "while-away-2", SHORT)
        .await;
    run(&desk, "echo anew-$((3+4))", "anew-7").await;
    type_in(&desk, "exit 3").await;
    desk.wait_until_says("terminal-end", "exit code 3", SHORT).await;
    desk.press("terminal-close").await;
    desk.gone("terminal-tab-1").await;
    // In the other one a shell is alive.
    desk.press("terminal-close").await;
    desk.wait_until_says("terminal-close-dialog", "still alive", SHORT)
        .await;
    desk.shots("terminal-close").await;
    desk.keys(&ESCAPE.to_string()).await;
    desk.gone("terminal-close-dialog").await;
    desk.see("terminal-tab-2").await;
    desk.press("terminal-close").await;
    desk.press("terminal-close-confirm").await;
    desk.see("terminal-new").await;
    desk.gone("terminal").await;
    forward_a_port(&desk).await;
    run_a_command(&desk).await;
    if takes_pictures() {
        only_seen::a_command_that_is_forgotten(&desk, &agent, &mut sshd).await;
    }
    show_in_context(&desk).await;
    onto_the_node(&desk).await;
    desk.close().await;
}

/// FR-CON-13: one click leads a port of this machine to the application; the status bar counts it; stopping closes it. Another port is chosen in a
/// dialog, and from the palette the port is opened at once too.
async fn forward_a_port(desk: &Desk) {
    desk.press("tab-overview").await;
    desk.press("forward-choose").await;
    desk.see("forward-port").await;
    desk.shots("forward-question").await;
    desk.press_escape().await;
    desk.gone("forward-dialog").await;
    desk.wait_until_says("forward-open", "Forward port 8080", SHORT)
        .await;
    desk.press("forward-open").await;
    desk.wait_until_says("forward-url-8080", "http://127.0.0.1:", SHORT)
        .await;
    let url = desk.says("forward-url-8080").await;
    let port = url
        .strip_prefix("http://127.0.0.1:")
        .and_then(|port| port.parse().ok());
    let port: u16 = port.unwrap_or_else(|| panic!("{url} is ready to be used"));
    let (status, body) = load::get(port, "web.example.org", "/").await.expect("an answer");
    assert_eq!((status, body), (200, b"version 1\n".to_vec()));
    desk.wait_until_says("forwards-count", "1 port forward", SHORT)
        .await;
    assert!(
        !desk.is_shown("forward-dialog").await,
        "nothing is asked before it"
    );
    desk.wait_until_says("forward-8080", "closes by itself after 1 h", SHORT)
        .await;
    desk.press("forwards-count").await;
    desk.wait_until_says("forwards-dialog", "web, port 8080", SHORT)
        .await;
    desk.see("forward-copy-8080").await;
    desk.see("forward-browse-8080").await;
    desk.shots("forwards").await;
    desk.press("forwards-close").await;
    desk.gone("forwards-dialog").await;
    // It is not opened twice: what is there is offered.
    desk.wait_until_says("forward-open", "Forward another port", SHORT)
        .await;
    desk.press("forward-open").await;
    desk.fill("forward-port", "8080").await;
    desk.wait_until_says("forward-already", &url, SHORT).await;
    desk.wait_until_says("forward-confirm", "Open in the browser", SHORT)
        .await;
    desk.fill("forward-port", "8081").await;
    desk.wait_until_says("forward-confirm", "Forward", SHORT).await;
    desk.gone("forward-already").await;
    desk.press_escape().await;
    desk.gone("forward-dialog").await;
    if takes_pictures() {
        only_seen::a_forward_to_nobody(desk, 8081).await;
    }
    desk.press("forward-stop-8080").await;
    desk.gone("forward-url-8080").await;
    desk.gone("forwards-count").await;
    wait::until("the port is closed", SHORT, async || {
        load::get(port, "web.example.org", "/").await.is_err()
    })
    .await;
    desk.keys(&format!("{CONTROL}k{CONTROL}")).await;
    desk.fill("palette-input", "tunnel web").await;
    desk.wait_until_says("palette", "Forward a port of web", SHORT)
        .await;
    desk.keys(&ENTER.to_string()).await;
    desk.see("forward-url-8080").await;
    desk.press("forward-stop-8080").await;
    desk.gone("forward-url-8080").await;
}

/// FR-DEP-09: a command is run in the release that serves, its output and its exit code are shown; one that goes on is ended; those that were run are
/// found again.
async fn run_a_command(desk: &Desk) {
    desk.press("tab-commands").await;
    desk.wait_until_says("commands", "No command was run yet", SHORT)
        .await;
    desk.shots("commands-empty").await;
    desk.fill("command-line", "sh -c \"echo answer=$((6*7)); exit 3\"")
        .await;
    desk.press("command-run").await;
    desk.wait_until_says("command-log", "answer=42", SHORT).await;
    desk.wait_until_says("command-status", "failed with exit code 3", SHORT)
        .await;
    desk.gone("command-cancel").await;
    desk.fill("command-line", "sh -c \"echo begun; sleep 600\"").await;
    desk.press("command-run").await;
    desk.wait_until_says("command-log", "begun", SHORT).await;
    desk.wait_until_says("command-status", "running", SHORT).await;
    desk.shots("commands").await;
    desk.press("command-cancel").await;
    desk.wait_until_says("command-status", "cancelled", SHORT).await;
    desk.press("tab-overview").await;
    desk.see("tasks").await;
    desk.press("tab-commands").await;
    desk.wait_until_says("command-row-0", "cancelled", SHORT).await;
    desk.press_css("[data-testid=\"command-row-1\"] code").await;
    desk.wait_until_says("command-log", "answer=42", SHORT).await;
    desk.shots("commands-ended").await;
}

/// FR-OBS-01: what is found in a command's output is shown among all its lines, and the search is as it was left.
async fn show_in_context(desk: &Desk) {
    desk.press("tab-commands").await;
    desk.fill("command-line", "seq 1 400").await;
    desk.press("command-run").await;
    desk.wait_until_says("command-status", "succeeded", SHORT).await;
    desk.fill("log-find", "222").await;
    desk.wait_until_says("log-count", "1 of ", SHORT).await;
    desk.press_css(".log-row .log-time").await;
    desk.press("log-context").await;
    desk.see("log-around").await;
    let marked = desk.all_say(".log-row.marked .log-text").await;
    assert_eq!(marked, ["222"]);
    desk.wait_until_says("log-around", "223", SHORT).await;
    desk.shots("commands-context").await;
    let lines = desk.find(".log-lines", SHORT).await;
    lines.send_keys(&ESCAPE.to_string()).await.expect("a key");
    desk.gone("log-around").await;
    desk.wait_until_says("log-count", "1 of ", SHORT).await;
    desk.wait_until_says("log-details", "222", SHORT).await;
    desk.fill("log-find", "").await;
    desk.press("log-follow").await;
    desk.wait_until_says("command-log", "400", SHORT).await;
}

/// FR-OBS-02: the way from the health page onto the node, as root; it is found again, and closed after a question. The node is this very machine:
/// nothing of it is changed, and the shell keeps nothing of what it is told.
async fn onto_the_node(desk: &Desk) {
    to_the_node(desk).await;
    desk.wait_until_says("node-terminal-page", "No terminal is open", SHORT)
        .await;
    desk.shots("node-terminal-empty").await;
    desk.press("terminal-new").await;
    desk.wait_until_says("terminal-state", "live", SHORT).await;
    let line = "unset HISTFILE; PS1='# '; clear; echo uid=$(id -u) first=$(cat /proc/1/comm)";
    let first = std::fs::read_to_string("/proc/1/comm").expect("the first process");
    run(desk, line, &format!("uid=0 first={}", first.trim())).await;
    run(desk, "clear; uptime; echo answer=$((6*7))", "answer=42").await;
    desk.shots("node-terminal").await;
    to_the_node(desk).await;
    desk.wait_until_says("terminal-screen", "answer=42", SHORT).await;
    desk.press("terminal-close").await;
    desk.press("terminal-close-confirm").await;
    desk.wait_until_says("node-terminal-page", "No terminal is open", SHORT)
        .await;
}

/// What the check-up has found pushes the button down when it arrives.
async fn to_the_node(desk: &Desk) {
    desk.press("nav-health").await;
    desk.see("checkup-again").await;
    desk.press("node-terminal").await;
}

/// FR-DSK-02: the one key that leads out of a terminal leads back into it, and can be typed into it all the same.
async fn leaves_by_a_key(desk: &Desk) {
    let on_close = "return document.activeElement.dataset.testid === 'terminal-close'";
    for out in [true, false] {
        desk.keys(F6).await;
        wait::until("the key leads out and in", SHORT, async || {
            desk.run(on_close).await == out
        })
        .await;
    }
    run(desk, "cat -v", "cat -v").await;
    desk.keys(&format!("{SHIFT}{F6}")).await;
    desk.wait_until_says("terminal-screen", "^[[17~", SHORT).await;
    desk.keys(&format!("{CONTROL}c")).await;
    type_in(desk, "").await;
}

/// FR-OBS-02, FR-DSK-02: what the screen keeps is searched by a key, upwards from the newest and in a circle; the text is no expression;
/// Escape gives the keys back to the shell.
async fn finds(desk: &Desk) {
    // What is typed does not hold it.
    run(desk, "echo '(nee''dle' one; echo '(NEE''DLE' two", "(NEEDLE two").await;
    desk.wait_until_says("terminal-screen", "(needle one", SHORT)
        .await;
    desk.keys(&format!("{CONTROL}{SHIFT}f")).await;
    desk.fill("terminal-find-text", "(needle").await;
    desk.wait_until_says("terminal-find-count", "2 of 2", SHORT).await;
    desk.keys(&ENTER.to_string()).await;
    desk.wait_until_says("terminal-find-count", "1 of 2", SHORT).await;
    desk.press("terminal-find-down").await;
    desk.wait_until_says("terminal-find-count", "2 of 2", SHORT).await;
    desk.shots("terminal-find").await;
    desk.fill("terminal-find-text", "(needle three").await;
    desk.wait_until_says("terminal-find-count", "not found", SHORT)
        .await;
    desk.keys(&ESCAPE.to_string()).await;
    desk.gone("terminal-find-bar").await;
    run(desk, "echo found-$((1+1))", "found-2").await;
}

async fn prompt(desk: &Desk) {
    desk.wait_until_says("terminal-screen", ":/#", SHORT).await;
}

/// Types a line where the focus is.
async fn type_in(desk: &Desk, line: &str) {
    desk.keys(&format!("{line}{ENTER}")).await;
}

/// Types a line and waits for what it writes.
async fn run(desk: &Desk, line: &str, expected: &str) {
    type_in(desk, line).await;
    desk.wait_until_says("terminal-screen", expected, SHORT).await;
}

/// How many rows and columns the screen shows, as `stty size` says it.
async fn measured(desk: &Desk) -> String {
    let script = "const rows = document.querySelectorAll('[data-testid=\"terminal-screen\"] .xterm-rows > div'); return rows.length";
    let rows = desk.client().execute(script, Vec::new()).await.expect("a number");
    let rows = rows.as_u64().unwrap_or_default();
    assert!(rows > 10, "the screen fills the page: {rows} rows");
    format!("{rows} ")
}

/// Pastes as the browser tells it.
async fn paste(desk: &Desk, text: &str) {
    let script = format!(
        "const data = new DataTransfer(); data.setData('text/plain', `{text}`);
         document.activeElement.dispatchEvent(new ClipboardEvent('paste', {{ clipboardData: data, bubbles: true, cancelable: true }}))"
    );
    desk.client()
        .execute(&script, Vec::new())
        .await
        .expect("it is pasted");
}
