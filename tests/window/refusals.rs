//! What the window says when something is not as it should be: one clear sentence, in place, with a way on.

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::Desk;
use acceptance::docker_gate::DockerGate;
use acceptance::engine::Engine;
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::sentence;
use acceptance::sshd::Sshd;

use crate::person;

const SHORT: Duration = Duration::from_secs(90);

/// NFR-U2, FR-CON-04, FR-CON-05, FR-CON-07: an absent agent, a wrong password, a server that is not there and a changed host
/// key each have one clear sentence; behind a changed key there is no way on.
#[tokio::test(flavor = "multi_thread")]
async fn each_trouble_of_connecting_has_its_sentence() {
    let (agent, mut sshd) = (Agent::start().await, Sshd::start().await);
    let keyring = Keyring::start().await;
    let desk = Desk::open(&keyring).await;

    // The agent is not there; the host key is accepted on the way.
    desk.press("add-cluster").await;
    person::describe_cluster(&desk, "home", &sshd, &agent.home().join("absent.sock")).await;
    desk.press("connect").await;
    desk.press("host-key-accept").await;
    sentence::assert_clear(&desk.says("form-error").await, &["agent", "127.0.0.1"]);
    desk.shots("add-cluster-error").await;

    // The password is wrong.
    desk.press("auth-password").await;
    desk.press("connect").await;
    desk.fill("question-secret", "not the password").await;
    desk.press("question-submit").await;
    desk.wait_until_says("form-error", "refused", SHORT).await;
    sentence::assert_clear(&desk.says("form-error").await, &["127.0.0.1", "refused"]);

    // The key file is not there.
    desk.press("auth-key-file").await;
    desk.fill("cluster-key-file", "/nowhere/id_ed25519").await;
    desk.press("connect").await;
    desk.wait_until_says("form-error", "/nowhere/id_ed25519", SHORT)
        .await;
    sentence::assert_clear(&desk.says("form-error").await, &["key file"]);

    // Another key than the one that was accepted: a full stop.
    sshd.change_host_key().await;
    desk.fill("cluster-key-file", &sshd.client_key().to_string_lossy())
        .await;
    desk.press("connect").await;
    let said = desk.says("host-key-changed").await;
    assert!(
        said.contains("has changed") && said.contains("nothing was sent"),
        "{said}"
    );
    assert!(!desk.is_shown("host-key-accept").await);
    desk.shots("host-key-changed").await;

    // The server is not there.
    sshd.pause();
    desk.press("connect").await;
    desk.wait_until_says("form-error", "nothing listens", SHORT).await;
    sentence::assert_clear(&desk.says("form-error").await, &["127.0.0.1"]);
    desk.close().await;
}

/// NFR-U2, FR-DEP-08, FR-DEP-16, FR-CON-08: where nothing can be lost a deployment takes one click; a wrong git address and a stopped
/// Docker are explained on its page, which says how old it is while the link is down.
#[tokio::test(flavor = "multi_thread")]
async fn each_trouble_of_deploying_has_its_sentence() {
    let gate = DockerGate::open_to(&Engine::from_environment());
    let agent = Agent::start_with(Some(gate.address()), None).await;
    let mut sshd = Sshd::start().await;
    let keyring = Keyring::start().await;
    let repo = GitRepo::echo("1").await;
    let desk = Desk::open(&keyring).await;
    person::move_in(&desk, "staging", &agent, &sshd).await;
    person::create_project(&desk, "shop").await;
    person::create_application(&desk, "lost", "/nowhere/repository", "lost.example.org").await;
    desk.press("deploy").await;
    person::deployment_ends(&desk, "failed").await;
    desk.wait_until_says("deployment-failure", "/nowhere/repository", SHORT)
        .await;

    desk.press("nav-projects").await;
    person::create_application(&desk, "web", &repo.url(), "web.example.org").await;
    gate.shut();
    desk.press("deploy").await;
    person::deployment_ends(&desk, "failed").await;
    desk.wait_until_says("deployment-failure", "Docker does not answer", SHORT)
        .await;
    desk.press("nav-health").await;
    desk.wait_until_says("health", "Docker does not answer", SHORT)
        .await;
    desk.shots("health-bad").await;
    gate.open();
    desk.wait_until_says("health", "20", SHORT).await;

    person::open_application(&desk, "web").await;
    // WebKit's driver clicks no row, but what is in it.
    let cell = "[data-testid=\"deployment-row-1\"] .commit";
    desk.press_css(cell).await;
    desk.see("deployment-failure").await;
    sshd.pause();
    desk.wait_until_says("deployment-page", "As of", SHORT).await;
    assert!(
        desk.says("deployment-failure").await.contains("Docker"),
        "what was seen stays"
    );
    sshd.resume().await;
    desk.gone("link-banner").await;
    desk.close().await;
}

/// FR-CON-08: a lost link is shown at once, what was seen stays readable, and the window goes on by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_link_is_shown_and_comes_back() {
    let (agent, mut sshd) = (Agent::start().await, Sshd::start().await);
    let keyring = Keyring::start().await;
    let desk = Desk::open(&keyring).await;
    person::move_in(&desk, "edge", &agent, &sshd).await;
    person::create_project(&desk, "shop").await;
    sshd.pause();
    desk.see("link-banner").await;
    assert!(
        desk.says("projects").await.contains("shop"),
        "what was seen stays"
    );
    desk.shots("link-lost").await;
    sshd.resume().await;
    desk.gone("link-banner").await;
    desk.press("nav-health").await;
    desk.wait_until_says("health", "Swarm", SHORT).await;
    desk.close().await;
}
