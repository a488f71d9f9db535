//! Everything that somebody else can write, shown in the real webview: it stays text.

mod pages;
mod sow;
mod spy;
mod texts;

use std::fs;
use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::Desk;
use acceptance::keyring::Keyring;
use acceptance::person;
use acceptance::sshd::Sshd;
use acceptance::stage::Stage;
use serde_json::json;
use slipway_protocol::api;
use slipway_protocol::identity::AuditEntry;

use sow::Sown;
use texts::MARK;

const SHORT: Duration = Duration::from_secs(90);

/// NFR-S7: a script, an event, an address, a template, a code of a terminal or a character that turns or hides the text is text and nothing
/// else, wherever a tenant, a container, a git host or a file can put it: no call of the shell is made that nobody has asked for, nothing
/// is loaded, opened or sent, the policy is never needed, and what hides is written out. That the policy would hold is tried, too.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_stays_text() {
    let stage = Stage::around(
        Agent::start().await,
        Sshd::start_with_banner(&texts::all().join("\n")).await,
    )
    .await;
    let sown = sow::everything(&stage).await;
    let keyring = Keyring::start().await;
    let desk = Desk::open(&keyring).await;
    desk.see("fleet").await;
    spy::install(&desk).await;

    imports_hosts(&desk, &stage.sshd).await;
    let cluster = moves_in(&desk, &stage).await;
    let before = last_act(&stage).await;
    imports_a_file(&desk).await;
    visits(&desk, &cluster, &sown).await;
    assert_eq!(last_act(&stage).await, before, "looking at it changed something");
    opens(&desk, &cluster, &sown).await;
    overlong(&desk, &stage, &cluster, &sown).await;
    calm(&desk, "at the end", &[]).await;
    breaks_in(&desk).await;
    desk.close().await;
}

/// What somebody did last. The log tells no more than its newest entries, so that their number says nothing.
async fn last_act(stage: &Stage) -> Option<AuditEntry> {
    let all = stage.connection.send(api::ListAudit {}).await;
    let mut all = all.expect("the audit log").into_iter();
    all.find(|entry| entry.actor != "system")
}

/// The page is as it should be, and nothing was done behind the person's back: what was asked of the shell since the last look is what
/// pages ask to show something, and the calls of `asked`, each of which a press makes and none of which is missing.
async fn calm(desk: &Desk, place: &str, asked: &[&str]) -> usize {
    let wrong = spy::wrong(desk).await;
    assert!(wrong.is_empty(), "{place}: {wrong:#?}");
    for list in ["csp", "away"] {
        let written = spy::written(desk, list).await;
        assert!(written.is_empty(), "{place}: {list} {written:#?}");
    }
    let calls = spy::written(desk, "calls").await;
    let was_asked = |call: &String| asked.iter().any(|one| spy::fits(one, call));
    let unasked: Vec<&String> = calls
        .iter()
        .filter(|&call| !spy::only_looks(call) && !was_asked(call))
        .collect();
    assert!(unasked.is_empty(), "{place}: nobody asked for {unasked:?}");
    for one in asked {
        let is_made = calls.iter().any(|call| spy::fits(one, call));
        assert!(is_made, "{place}: the spy does not hear {one} in {calls:?}");
    }
    assert_eq!(
        desk.client().windows().await.expect("windows").len(),
        1,
        "{place}: one window"
    );
    calls.len()
}

/// Hosts of `~/.ssh/config`.
async fn imports_hosts(desk: &Desk, sshd: &Sshd) {
    let folder = desk.home().join(".ssh");
    fs::create_dir_all(&folder).expect("the folder");
    let hosts: Vec<String> = texts::all()
        .iter()
        .enumerate()
        .map(|(number, text)| {
            format!(
                "Host h{number}{}\n HostName {text}\n User {text}\n Port {}\n",
                text.replace(' ', ""),
                sshd.port()
            )
        })
        .collect();
    fs::write(folder.join("config"), hosts.join("")).expect("the file");
    desk.press("import-ssh-config").await;
    desk.wait_until_says("import-preview", MARK, SHORT).await;
    calm(desk, "an imported configuration", &["preview_ssh_config"]).await;
    desk.press_escape().await;
    desk.gone("import-dialog").await;
}

/// A file that somebody shared.
async fn imports_a_file(desk: &Desk) {
    desk.press("rail-fleet").await;
    desk.press("import-file").await;
    let clusters: Vec<serde_json::Value> = texts::all()
        .iter()
        .map(|text| json!({ "name": text, "host": text, "port": 22, "user": "root", "group": text, "tag": text }))
        .collect();
    let text = format!(
        "slipway_connections = 1\n{}",
        clusters.iter().map(as_toml).collect::<String>()
    );
    let typed = "const [id, text] = arguments; const one = document.querySelector(`[data-testid=\"${id}\"]`);
        one.value = text; one.dispatchEvent(new InputEvent('input', { bubbles: true }))";
    desk.see("import-text").await;
    let arguments = vec![json!("import-text"), json!(text)];
    desk.client()
        .execute(typed, arguments)
        .await
        .expect("it is pasted");
    desk.wait_until_says("import-preview", MARK, SHORT).await;
    calm(desk, "a shared file", &["preview_connections"]).await;
    // Keys that the driver types into a field for files are a file's name.
    desk.press("import-text").await;
    desk.press_escape().await;
    desk.gone("import-dialog").await;
}

fn as_toml(cluster: &serde_json::Value) -> String {
    let fields = cluster.as_object().into_iter().flatten();
    // A JSON string is a TOML one, but for DEL, which TOML wants escaped.
    let lines: Vec<String> = fields
        .map(|(key, value)| format!("{key} = {}\n", value.to_string().replace('\u{7f}', "\\u007f")))
        .collect();
    format!(
        "[[cluster]]\n{}[cluster.auth]\nmethod = \"agent\"\n",
        lines.join("")
    )
}

/// Adds the cluster, whose server greets with a hostile banner, and signs in. Gives the cluster's address in the window.
async fn moves_in(desk: &Desk, stage: &Stage) -> String {
    desk.press("add-cluster").await;
    let name = "<img src=x onerror=window.__owned=30>";
    person::describe_cluster(desk, name, &stage.sshd, &stage.agent.socket()).await;
    desk.press("connect").await;
    desk.see("host-key-accept").await;
    calm(desk, "the question about the host key", &["add_cluster"]).await;
    desk.press("host-key-accept").await;
    person::sign_in(desk).await;
    desk.wait_until_says("projects", MARK, SHORT).await;
    calm(desk, "the first page", &["add_cluster", "sign_in"]).await;
    let url = desk.client().current_url().await.expect("an address");
    let page = url.fragment().expect("a page").trim_end_matches('/').to_owned();
    format!("#{page}")
}

/// Every page that shows what others have written, by its address alone: nothing is pressed.
async fn visits(desk: &Desk, cluster: &str, sown: &Sown) {
    let mut heard = 0;
    for (page, id, words) in pages::PAGES {
        let address = pages::address(page, cluster, sown);
        go(desk, &address).await;
        holds(desk, id, words).await;
        // The page's other answers come meanwhile.
        tokio::time::sleep(Duration::from_millis(400)).await;
        heard += calm(desk, &address, &[]).await;
        match id {
            "container-log" => desk.shots("hostile-log").await,
            "deployment-failure" => desk.shots("hostile-deployment").await,
            _ => {}
        }
    }
    assert!(heard > 40, "the spy hears the calls: {heard}");
}

/// The element has these words, also where they are cut off by its cell: the driver tells only what can be seen whole.
async fn holds(desk: &Desk, id: &str, words: &str) {
    let script = "const one = document.querySelector(`[data-testid=\"${arguments[0]}\"]`);
        return one !== null && one.textContent.includes(arguments[1])";
    acceptance::wait::until(&format!("{id} holds “{words}”"), SHORT, async || {
        let held = desk.client().execute(script, vec![json!(id), json!(words)]).await;
        held.is_ok_and(|held| held.as_bool() == Some(true))
    })
    .await;
}

async fn go(desk: &Desk, address: &str) {
    // From here on the page goes nowhere by itself.
    let script = "location.hash = arguments[0]; window.__spy.here = location.hash";
    desk.client()
        .execute(script, vec![json!(address)])
        .await
        .expect("an address");
}

/// The call that opens a file.
const REVEALED: &str = "api_call POST /api/v1/applications/*/reveal";

/// What is shown after a press: dialogs, the palette, a line's details, a field that holds what cannot be seen.
async fn opens(desk: &Desk, cluster: &str, sown: &Sown) {
    let app = format!("{cluster}/app/{}", sown.application);
    go(desk, &app).await;
    desk.wait_until_says("drift", MARK, SHORT).await;
    desk.press("pending-plan").await;
    desk.wait_until_says("plan-view", MARK, SHORT).await;
    calm(desk, "the plan", &[]).await;
    desk.press_escape().await;

    go(desk, &format!("{cluster}/deployment/{}", sown.failed)).await;
    desk.press("compare").await;
    desk.see("compare-dialog").await;
    calm(desk, "the comparison", &[]).await;
    desk.press_escape().await;

    go(desk, &format!("{app}/variables")).await;
    desk.press("variables-text").await;
    desk.see("variables-area").await;
    acceptance::wait::until("what cannot be seen is told", SHORT, async || {
        let said = desk.find(".as-text", SHORT).await.text().await;
        said.is_ok_and(|said| said.contains("cannot be seen here") && said.matches("U+").count() > 3)
    })
    .await;
    calm(desk, "variables as a text", &[]).await;

    go(desk, &format!("{app}/files")).await;
    desk.press_css("[data-testid^=\"file-open-\"]").await;
    // What cannot be shown truly as text is not shown to be changed.
    holds(desk, "app-page", "no plain text").await;
    calm(desk, "a file that is no text", &[REVEALED]).await;
    desk.press("file-open-/etc/plain").await;
    desk.see("file-content").await;
    calm(desk, "a file", &[REVEALED]).await;

    go(desk, &format!("{app}/logs")).await;
    desk.wait_until_says("container-log", MARK, SHORT).await;
    desk.press_css(".log-row:last-child .log-time").await;
    desk.see("log-details").await;
    calm(desk, "a line of the log", &[]).await;

    desk.press("find-anything").await;
    desk.fill("palette-input", MARK).await;
    desk.wait_until_says("palette", MARK, SHORT).await;
    calm(desk, "the palette", &[]).await;
    desk.keys("\u{e00c}").await;
    desk.gone("palette").await;

    go(desk, cluster).await;
    desk.press_css("[data-testid^=\"project-menu-<\"]").await;
    desk.press_css("[data-testid^=\"delete-project-<\"]").await;
    desk.see("project-delete-dialog").await;
    calm(desk, "a question before deleting", &[]).await;
    desk.press_escape().await;
}

/// A line of 10 MiB, while its log is followed.
async fn overlong(desk: &Desk, stage: &Stage, cluster: &str, sown: &Sown) {
    go(desk, &format!("{cluster}/app/{}/logs", sown.application)).await;
    holds(desk, "container-log", MARK).await;
    let (status, _) = stage.get("web", "/flood/10/10485760").await;
    assert_eq!(status, 200);
    holds(desk, "container-log", "flood ends").await;
    calm(desk, "a line of 10 MiB", &[]).await;
}

/// What the policy has to refuse of [`breaks_in`].
const REFUSED: [&str; 3] = ["script-src", "style-src", "frame-src"];

/// As if a hostile text had become markup after all: the policy lets none of it run or load, and the shell has no command but its own.
async fn breaks_in(desk: &Desk) {
    let script = "for (const text of arguments[0]) { const one = document.createElement('div'); one.innerHTML = text; document.body.append(one) }
        const script = document.createElement('script'); script.textContent = 'window.__owned = 40'; document.body.append(script);
        const link = document.createElement('a'); link.href = 'javascript:window.__owned=41'; document.body.append(link); link.click();
        const frame = document.createElement('iframe'); frame.src = 'https://evil.example/'; document.body.append(frame);
        const away = document.createElement('a'); away.href = 'https://evil.example/'; document.body.append(away); away.click();";
    desk.client()
        .execute(script, vec![json!(texts::markup())])
        .await
        .expect("it is laid in");
    let mut reports = Vec::new();
    acceptance::wait::until("the policy reports what it refused", SHORT, async || {
        reports.extend(spy::written(desk, "csp").await);
        let reported = |directive: &&str| reports.iter().any(|report: &String| report.contains(*directive));
        REFUSED.iter().all(reported)
    })
    .await;
    // A redirect would be under way by now; the page that was watched is still the one that is shown.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let owned = "return window.__spy ? String(window.__owned) : 'another page'";
    let owned = desk.client().execute(owned, Vec::new()).await.expect("a look");
    assert_eq!(owned.as_str(), Some("undefined"), "the policy let it run");
    let tried = "const done = arguments[0]; const names = ['plugin:opener|open_url', 'plugin:opener|open_path', 'plugin:fs|read_file', 'plugin:shell|execute',
          'plugin:window|create', 'plugin:webview|create_webview_window', 'plugin:event|emit', 'plugin:app|version', 'plugin:path|resolve_directory',
          'plugin:process|exit', 'no_such_command'];
        const call = (name) => window.__TAURI__.core.invoke(name, { url: 'https://evil.example', path: '/etc/passwd', args: '{}' }).then(() => name, () => null);
        Promise.all(names.map(call)).then((all) => done(all.filter(Boolean)))";
    let answered = desk
        .client()
        .execute_async(tried, Vec::new())
        .await
        .expect("calls");
    assert_eq!(answered, json!([]), "a command of the system answered");
    let away = "const done = arguments[0]; fetch('https://evil.example/').then(() => done('sent'), () => done('refused'))";
    let away = desk
        .client()
        .execute_async(away, Vec::new())
        .await
        .expect("a call");
    assert_eq!(away, json!("refused"));
}
