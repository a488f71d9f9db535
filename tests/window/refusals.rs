//! What the window says when something is not as it should be: one clear sentence, in place, with a way on.

use std::time::{Duration, Instant};

use acceptance::agent::Agent;
use acceptance::api_gate::{ApiGate, Rule};
use acceptance::desk::{Desk, takes_pictures};
use acceptance::docker_gate::DockerGate;
use acceptance::engine::Engine;
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::raw_peer::{RawPeer, Then, packet};
use acceptance::sshd::Sshd;
use acceptance::{person, sentence, wait};

use crate::only_seen;

const SHORT: Duration = Duration::from_secs(90);
/// Within this a press is heard, also on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(10);
/// What is taken from servers and agents that never end makes the app larger by no more than this.
const MOST_TAKEN: u64 = 256 << 20;

/// NFR-U2, NFR-S5, FR-CON-04, FR-CON-05, FR-CON-07: an absent agent, a wrong password, a server that is not there and a changed host
/// key each have one clear sentence; behind a changed key there is no way on. So have servers and agents that never come to an end: the window
/// hears what is pressed meanwhile, and the app takes no more from them than a little.
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
    let taken = desk.peak_memory();
    agents_without_end(&desk, &agent).await;

    // The password is wrong.
    desk.press("auth-password").await;
    desk.press("connect").await;
    desk.fill("question-secret", "not the password").await;
    desk.shots("password").await;
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
    for words in ["has changed", "nothing was sent"] {
        desk.wait_until_says("host-key-changed", words, SHORT).await;
    }
    assert!(!desk.is_shown("host-key-accept").await);
    desk.shots("host-key-changed").await;

    // The server is not there.
    sshd.pause();
    desk.press("connect").await;
    desk.wait_until_says("form-error", "nothing listens", SHORT).await;
    sentence::assert_clear(&desk.says("form-error").await, &["127.0.0.1"]);

    servers_without_end(&desk).await;
    let grown = desk.peak_memory().saturating_sub(taken);
    assert!(taken > 0 && grown < MOST_TAKEN, "{taken} bytes, and {grown} more");
    if takes_pictures() {
        only_seen::a_test_that_takes_its_time(&desk).await;
    }
    desk.close().await;
}

/// What stands in the agent's place behind a good server: its answer never ends, or it says of itself more than anybody can show.
async fn agents_without_end(desk: &Desk, agent: &Agent) {
    let gate = ApiGate::open_to(&agent.socket());
    desk.fill("cluster-agent-socket", &gate.socket().to_string_lossy())
        .await;
    for (rule, words) in [
        // On a busy machine the time is over before so much has come.
        (
            Rule::Endless,
            ["larger than 32 MiB", "did not answer in 10 seconds"],
        ),
        (Rule::Boast, ["is not Slipway's agent;"; 2]),
    ] {
        gate.set(rule);
        desk.press("connect").await;
        is_heard(desk).await;
        wait::until(&format!("{rule:?} is told"), SHORT, async || {
            let said = desk.says("form-error").await;
            words.iter().any(|words| said.contains(words))
        })
        .await;
        sentence::assert_clear(&desk.says("form-error").await, &["127.0.0.1", "agent"]);
    }
}

/// Lines before the first packet, one packet of 4 GiB, and packets that may come at any time and mean nothing.
async fn servers_without_end(desk: &Desk) {
    let line = b"SSH-2.0-Peer\r\n".to_vec();
    let nothing = packet(&[2, 0, 0, 0, 0]).repeat(4096);
    let peers = [
        (Vec::new(), b"a banner\r\n".repeat(4096)),
        ([&line[..], &[0xff; 4]].concat(), vec![0; 64 * 1024]),
        (line, nothing),
    ];
    for (place, (words, more)) in peers.into_iter().enumerate() {
        let peer = RawPeer::saying(words, Then::Repeat(more)).await;
        desk.fill("cluster-port", &peer.port.to_string()).await;
        desk.press("connect").await;
        // Only the last one lasts until nobody waits any more.
        if place == 2 {
            desk.find("[data-testid=\"connect\"][aria-busy=\"true\"]", SHORT)
                .await;
            desk.shots("add-cluster-loading").await;
        }
        is_heard(desk).await;
        // What was said before this one is about no SSH.
        desk.wait_until_says("form-error", "SSH", SHORT).await;
        sentence::assert_clear(&desk.says("form-error").await, &["127.0.0.1", "SSH"]);
    }
}

/// The form does what is pressed while the answer is on its way, or has just come.
async fn is_heard(desk: &Desk) {
    let begun = Instant::now();
    desk.press("auth-password").await;
    desk.gone("cluster-key-file").await;
    desk.press("auth-key-file").await;
    desk.see("cluster-key-file").await;
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
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
