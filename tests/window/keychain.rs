//! The keychain, when it is well and when it is not; and that nothing secret is anywhere else.

use std::path::Path;
use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::Desk;
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::sshd::Sshd;
use acceptance::stage::{EMAIL, PASSWORD};
use acceptance::{person, sentence};

const SHORT: Duration = Duration::from_secs(90);
const PASSPHRASE: &str = "a passphrase that opens one key";

/// What was typed, and must be nowhere but in the keychain and on the server.
const TYPED: [&str; 5] = [
    PASSWORD,
    PASSPHRASE,
    "a variable that is secret",
    "a token of the registry",
    "a file that is secret",
];
/// How a private key, and a token of a session, begins.
const MADE: [&str; 3] = ["PRIVATE KEY", "openssh-key-v1", "eyJhbGciOi"];

/// FR-CON-03, FR-CON-08, FR-CFG-03: a locked keychain is told from an empty one, in the window, with the way on, and goes on where it was once it is
/// unlocked. After a day of work neither the app's folders nor the webview's hold a password, a passphrase, a key, a token, an
/// invitation, the secret of a deploy URL, or what was typed as secret.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_the_keychain_alone() {
    let (agent, mut sshd) = (Agent::start().await, Sshd::start().await);
    let keyring = Keyring::start().await;
    let repo = GitRepo::echo("1").await;
    let desk = Desk::open(&keyring).await;

    let key = sshd.key_with_passphrase(PASSPHRASE).await;
    desk.press("add-cluster").await;
    person::describe_cluster(&desk, "prod", &sshd, &agent.socket()).await;
    desk.fill("cluster-key-file", &key.to_string_lossy()).await;
    desk.press("connect").await;
    desk.press("host-key-accept").await;
    desk.fill("question-secret", PASSPHRASE).await;
    desk.shots("passphrase").await;
    desk.press("question-remember").await;
    desk.press("question-submit").await;
    let invitation = agent.invite().await;
    desk.fill("invitation-code", &invitation).await;
    person::make_account(&desk).await;
    let mut made = works_a_day(&desk, &repo).await;
    made.push(invitation);

    is_locked(&desk, &keyring).await;
    // A new start finds its session and its passphrase again: they were kept, and only there. It may come before the network does.
    sshd.pause();
    let desk = desk.reopen(&keyring).await;
    desk.press("rail-fleet").await;
    desk.wait_until_says("cluster-card-prod", "reconnecting", SHORT)
        .await;
    sshd.resume().await;
    desk.wait_until_says("cluster-card-prod", " ms", SHORT).await;
    desk.press("rail-cluster-prod").await;
    desk.wait_until_says("projects", "shop", SHORT).await;

    let canaries: Vec<&str> = TYPED
        .into_iter()
        .chain(MADE)
        .chain(made.iter().map(String::as_str))
        .collect();
    let home = desk.close().await;
    let searched = sweep(home.path(), &canaries) + sweep(keyring.folder(), &canaries);
    assert!(searched > 10, "only {searched} files were searched");
}

/// What a person does with secrets. Gives those that the server made.
async fn works_a_day(desk: &Desk, repo: &GitRepo) -> Vec<String> {
    person::create_project(desk, "shop").await;
    person::create_application(desk, "web", &repo.url(), "web.example.org").await;
    desk.press("tab-variables").await;
    desk.fill("variable-key", "TOKEN").await;
    desk.fill("variable-value", TYPED[2]).await;
    desk.press("variable-set").await;
    desk.press("variable-reveal-TOKEN").await;
    desk.wait_until_says("variable-shown-TOKEN", TYPED[2], SHORT)
        .await;
    desk.press("tab-files").await;
    desk.press("file-new").await;
    desk.fill("file-path", "/etc/secret").await;
    desk.fill("file-content", TYPED[4]).await;
    desk.press("file-set").await;
    desk.see("file-row-/etc/secret").await;
    desk.press("tab-settings").await;
    desk.press("deploy-url-make").await;
    let command = desk.says("deploy-url-command").await;
    desk.press("deploy-url-done").await;
    let words = command.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    let secret = words.max_by_key(|word| word.len()).unwrap_or_default().to_owned();
    assert!(secret.len() > 20, "a secret in {command}");

    desk.press("nav-registries").await;
    desk.fill("registry-host", "registry.example.org").await;
    desk.fill("registry-user", "robot").await;
    desk.fill("registry-password", TYPED[3]).await;
    desk.press("registry-set").await;
    desk.see("registry-row-registry.example.org").await;
    desk.press("nav-people").await;
    desk.press("invite").await;
    desk.press("invite-create").await;
    let code = desk.says("invite-code").await.trim().to_owned();
    desk.shots("invite").await;
    desk.press("invite-done").await;
    vec![secret, code]
}

/// Locked in the middle of the day.
async fn is_locked(desk: &Desk, keyring: &Keyring) {
    keyring.lock().await;
    desk.press("rail-settings").await;
    desk.wait_until_says("keychain-state", "cannot be used", SHORT)
        .await;
    sentence::assert_clear(&desk.says("keychain-says").await, &["locked", "unlock it"]);
    desk.shots("keychain-locked").await;
    // What is connected goes on: the session of this start is known to the app.
    desk.press("rail-cluster-prod").await;
    desk.wait_until_says("projects", "shop", SHORT).await;
    // Also after the list of clusters was read anew.
    desk.press("rail-fleet").await;
    desk.press("edit-cluster-prod").await;
    desk.fill("cluster-group", "Europe").await;
    desk.press("edit-cluster-save").await;
    desk.gone("edit-cluster").await;
    desk.press("rail-cluster-prod").await;
    desk.wait_until_says("projects", "shop", SHORT).await;
    desk.press("rail-settings").await;
    desk.wait_until_says("keychain-state", "cannot be used", SHORT)
        .await;
    keyring.unlock().await;
    desk.press("keychain-again").await;
    desk.wait_until_says("keychain-state", "works", SHORT).await;
}

/// FR-CON-03, NFR-U2: without a keychain, and with one that lets nobody in, the window says what is missing; the person may keep secrets
/// for this session only, and then signs in again at the next start.
#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_is_not_there_is_explained() {
    let (agent, sshd) = (Agent::start().await, Sshd::start().await);
    let keyring = Keyring::absent().await;
    let desk = Desk::open(&keyring).await;
    desk.press("rail-settings").await;
    desk.wait_until_says("keychain-state", "cannot be used", SHORT)
        .await;
    let said = desk.says("keychain-says").await;
    sentence::assert_clear(&said, &["Secret Service", "start it"]);
    // What the system said, and what only a terminal can do, are not for this page.
    assert!(
        !said.contains("bus") && !said.contains("SLIPWAY_KEYCHAIN"),
        "{said}"
    );
    desk.shots("keychain-absent").await;

    // Nothing is kept by itself: signing in says what is missing, and spends no invitation.
    desk.press("rail-fleet").await;
    desk.press("add-cluster").await;
    person::describe_cluster(&desk, "prod", &sshd, &agent.socket()).await;
    desk.press("connect").await;
    desk.press("host-key-accept").await;
    let invitation = agent.invite().await;
    join(&desk, &invitation).await;
    desk.wait_until_says("form-error", "Secret Service", SHORT).await;
    desk.shots("keychain-absent-sign-in").await;

    desk.press("keychain-settings").await;
    desk.press("keep-for-session").await;
    desk.wait_until_says("keychain-state", "this session only", SHORT)
        .await;
    desk.press("rail-cluster-prod").await;
    join(&desk, &invitation).await;
    desk.see("projects").await;
    let searched = sweep(desk.home(), &[PASSWORD, "eyJhbGciOi"]);
    assert!(searched > 0, "no file was searched");

    // The same folder, on a bus that lets nobody speak with the service.
    let denied = Keyring::denied().await;
    let desk = desk.reopen(&denied).await;
    desk.press("rail-settings").await;
    desk.wait_until_says("keychain-state", "cannot be used", SHORT)
        .await;
    let said = desk.says("keychain-says").await;
    sentence::assert_clear(&said, &["does not let Slipway in", "this session only"]);
    desk.shots("keychain-denied").await;
    desk.press("keep-for-session").await;
    desk.wait_until_says("keychain-state", "this session only", SHORT)
        .await;
    desk.press("rail-cluster-prod").await;
    person::sign_in(&desk).await;
    desk.see("projects").await;
    desk.close().await;
}

async fn join(desk: &Desk, invitation: &str) {
    desk.fill("invitation-code", invitation).await;
    desk.fill("invitation-email", EMAIL).await;
    desk.fill("invitation-name", "The Owner").await;
    desk.fill("invitation-password", PASSWORD).await;
    desk.press("invitation-submit").await;
}

/// No file below the folder holds one of these, in either of the encodings that a webview writes. Gives how many were searched.
fn sweep(folder: &Path, canaries: &[&str]) -> usize {
    let mut searched = 0;
    // The app's webview makes folders and takes them away.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            searched += sweep(&path, canaries);
            continue;
        }
        // The driver's and the display's own logs are the test's.
        if path.extension().is_some_and(|ending| ending == "log") {
            continue;
        }
        searched += 1;
        let content = std::fs::read(&path).unwrap_or_default();
        for canary in canaries {
            let wide: Vec<u8> = canary.encode_utf16().flat_map(u16::to_le_bytes).collect();
            for bytes in [canary.as_bytes(), wide.as_slice()] {
                let found = content.windows(bytes.len()).any(|part| part == bytes);
                assert!(!found, "{} holds “{canary}”", path.display());
            }
        }
    }
    searched
}
