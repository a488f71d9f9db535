//! This very machine as a cluster, from Docker alone to the first page.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::Desk;
use acceptance::keyring::Keyring;

const SHORT: Duration = Duration::from_secs(90);

/// FR-CON-12: where Docker is and no agent, the app says so and gives the one command that sets this machine up; as soon as the agent
/// listens it can be added, by a page that nobody has touched meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn this_machine_is_offered_where_docker_is() {
    let (agent, keyring) = (Agent::start().await, Keyring::start().await);
    let desk = Desk::open(&keyring).await;
    desk.see("fleet").await;
    assert!(!desk.is_shown("this-machine").await, "there is no Docker");

    let _docker = UnixListener::bind(desk.home().join("docker.sock")).expect("a socket");
    desk.press("rail-add").await;
    desk.wait_until_says("this-machine", "Slipway's agent is not", SHORT)
        .await;
    desk.press("prepare-local").await;
    let command = desk.says("local-command").await;
    let (install, join) = command.split_once(" && ").expect("two steps");
    assert!(
        install.starts_with("sudo /") && install.ends_with(" install"),
        "{command}"
    );
    assert_eq!(join, "sudo usermod -aG slipway \"$USER\"");

    // What the person does in the terminal ends with this.
    symlink(agent.socket(), desk.home().join("agent.sock")).expect("the socket's place");
    desk.press("add-local").await;
    desk.see("invitation-email").await;
    desk.press("rail-add").await;
    desk.gone("this-machine").await;
    desk.close().await;
}
