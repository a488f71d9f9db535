//! Images that are built on another machine: a second real engine, reached through SSH.

use std::time::Duration;

use acceptance::git_repo::GitRepo;
use acceptance::second_engine::SecondEngine;
use acceptance::sshd::Sshd;
use acceptance::stage::Stage;
use acceptance::{invariants, wait};
use chrono::Utc;
use slipway_protocol::deployment::DeploymentStatus;
use slipway_protocol::{ApplicationId, EnvironmentId, api};

use crate::build_nodes::{is_here_alone, stage_on};
use crate::builders::{cancel, log};

const SOON: Duration = Duration::from_secs(120);

fn address_of(far: &Sshd) -> String {
    format!("ssh://{}@127.0.0.1:{}", far.user(), far.port())
}

/// Somebody has compared the fingerprint and accepts it.
async fn trust(stage: &Stage, fingerprint: &str) {
    let accepted = stage
        .agent
        .subcommand("trust-build-node")
        .args(["--accept", fingerprint])
        .ok(SOON)
        .await;
    assert!(
        accepted.contains(fingerprint) && accepted.contains("trusted from now on"),
        "{accepted}"
    );
}

/// Lets the agent in on the far machine, whose Docker is the second engine: this machine's usual one is another.
async fn let_in(stage: &Stage, far: &Sshd, second: &SecondEngine) {
    let own = stage.agent.subcommand("build-key").ok(SOON).await;
    assert!(
        own.starts_with("restrict,command=\"docker system dial-stdio\" ssh-ed25519 "),
        "{own}"
    );
    let there = format!("docker --host {} system", second.engine().address());
    far.authorize(&own.replace("docker system", &there));
}

/// The deployment fails before anything is built, with a sentence that has these words and an explanation with this code.
async fn is_refused(stage: &Stage, web: ApplicationId, words: &[&str], code: Option<&str>) {
    let refused = stage.deploy(web).await;
    assert_eq!(refused.status, DeploymentStatus::Failed);
    let why = refused.failure.clone().unwrap_or_default();
    assert!(words.iter().all(|word| why.contains(word)), "{why}");
    assert!(
        !why.contains("ssh://") && !why.contains("127.0.0.1"),
        "a team reads where it is: {why}"
    );
    if let Some(code) = code {
        let said = refused.explanation().map(|said| said.code.as_str());
        assert_eq!(said, Some(code), "{refused:?}");
    }
}

/// FR-BLD-03, NFR-S1: through SSH it is the same, with a key of the agent's own that reaches Docker alone. The far server is not spoken to before
/// its key was accepted; one that shows another key is refused with what to do, until that was accepted too.
#[tokio::test(flavor = "multi_thread")]
async fn a_far_build_node_is_reached_through_ssh() {
    let second = SecondEngine::start().await;
    let mut far = Sshd::start().await;
    let address = address_of(&far);
    let stage = stage_on(&address, &[("SLIPWAY_DOCKER_PATIENCE", "3")]).await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let web = stage.application(environment, "web", &repo.url()).await.id;

    let before = far.connections();
    let unknown = ["the build node is not", "nobody has accepted", "trust-build-node"];
    is_refused(&stage, web, &unknown, Some("build-node-without-key")).await;
    assert_eq!(far.connections(), before, "it was spoken to");
    let mistaken = stage
        .agent
        .subcommand("trust-build-node")
        .args(["--accept", "SHA256:another"])
        .run(SOON)
        .await;
    assert!(
        mistaken.code() != 0 && mistaken.stderr.contains("nothing is trusted"),
        "{}",
        mistaken.stderr
    );
    is_refused(&stage, web, &unknown, None).await;
    trust(&stage, &far.fingerprint().await).await;
    is_refused(&stage, web, &["the build node does not answer"], None).await;
    let doctor = stage.agent.subcommand("doctor").run(SOON).await;
    let named = format!("The build node {address} does not answer");
    assert!(
        doctor.stdout.contains(&named) && doctor.stdout.contains("Permission denied"),
        "{}",
        doctor.stdout
    );
    let_in(&stage, &far, &second).await;
    let ended = stage.deploy_well(web).await;
    stage.assert_serves("web", "1").await;
    is_here_alone(&stage, &second, &ended).await;

    far.change_host_key().await;
    repo.echo_version("2").await;
    let changed = [
        "shows another key than the one that is trusted",
        "trust-build-node",
    ];
    is_refused(&stage, web, &changed, Some("build-node-other-key")).await;
    stage.assert_serves("web", "1").await;
    trust(&stage, &far.fingerprint().await).await;
    stage.deploy_well(web).await;
    stage.assert_serves("web", "2").await;
}

/// FR-BLD-03, NFR-S1: a key that is set beforehand is trusted without a question, and no other one.
#[tokio::test(flavor = "multi_thread")]
async fn a_far_servers_key_may_be_set() {
    let second = SecondEngine::start().await;
    let mut far = Sshd::start().await;
    let line = far.known_hosts_line();
    let (_, host_key) = line.split_once(' ').expect("a key");
    let settings = [
        ("SLIPWAY_BUILD_NODE_KEY", host_key),
        ("SLIPWAY_DOCKER_PATIENCE", "3"),
    ];
    let stage = stage_on(&address_of(&far), &settings).await;
    let_in(&stage, &far, &second).await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let web = stage.application(environment, "web", &repo.url()).await.id;
    stage.deploy_well(web).await;
    stage.assert_serves("web", "1").await;
    far.change_host_key().await;
    let changed = [
        "shows another key than the one that is trusted",
        "SLIPWAY_BUILD_NODE_KEY",
    ];
    is_refused(&stage, web, &changed, Some("build-node-other-key")).await;
}

const THEY_HOLD: &str = "limits of memory and processor hold on the build node";

/// An application whose builds have limits of memory and processor.
async fn limited(stage: &Stage, environment: EnvironmentId, name: &str, repo: &GitRepo) -> ApplicationId {
    let made = stage.application(environment, name, &repo.url()).await;
    let mut body = made.settings.clone();
    let build = serde_json::json!({ "kind": "dockerfile", "limits": { "memory": 256, "cpu": 500 } });
    body.build = serde_json::from_value(build).expect("settings of a build");
    let changed = stage.connection.send(api::UpdateApplication {
        application: made.id,
        body,
    });
    changed.await.expect("the settings are changed");
    made.id
}

/// What the engine tells since then of the container that holds the limits.
async fn of_guard(second: &SecondEngine, since: i64) -> Vec<serde_json::Value> {
    let until = Utc::now().timestamp() + 1;
    let events = format!("/events?since={since}&until={until}");
    let (_, events) = second.engine().call("GET", &events, None).await;
    let events = String::from_utf8_lossy(&events).into_owned();
    let all = events
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    all.filter(|event| {
        event["Type"] == "container" && event["Actor"]["Attributes"]["slipway.role"] == "build-guard"
    })
    .collect()
}

/// FR-BLD-03: limits of memory and processor hold on a build node that is another machine: what holds them is there before the build begins, has
/// nothing to complain about, and goes with the build.
#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_on_a_far_build_node() {
    let second = SecondEngine::start().await;
    let far = Sshd::start().await;
    let stage = stage_on(&address_of(&far), &[]).await;
    trust(&stage, &far.fingerprint().await).await;
    let_in(&stage, &far, &second).await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let web = limited(&stage, environment, "web", &repo).await;
    let begun = Utc::now().timestamp();
    let ended = stage.deploy_well(web).await;
    stage.assert_serves("web", "1").await;
    let said = log(&stage, ended.id).await;
    assert!(said.contains(THEY_HOLD), "{said}");
    let containers = "/containers/json?all=1";
    wait::until("it has given them back", SOON, async || {
        let (_, found) = second.engine().call("GET", containers, None).await;
        found.trim_ascii() == b"[]"
    })
    .await;
    let events = of_guard(&second, begun).await;
    let of = |action: &str| events.iter().find(|event| event["Action"] == action);
    assert!(of("start").is_some(), "{events:?}");
    let end = of("die").unwrap_or_else(|| panic!("it has not ended: {events:?}"));
    assert_eq!(end["Actor"]["Attributes"]["exitCode"], "0", "{events:?}");
    invariants::hold(&stage).await;
}

/// FR-BLD-03: who holds the limits on a far build node stays while any build of it is under way: one that begins and ends beside another takes
/// nothing from that one's, not even for a moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_build_beside_another_leaves_its_limits_in_force() {
    let second = SecondEngine::start().await;
    let far = Sshd::start().await;
    let stage = stage_on(&address_of(&far), &[("SLIPWAY_BUILDS", "2")]).await;
    trust(&stage, &far.fingerprint().await).await;
    let_in(&stage, &far, &second).await;
    let environment = stage.environment("Shop").await;
    let (long, short) = (GitRepo::echo("1").await, GitRepo::echo("1").await);
    let nonce = wait::unique("nonce-");
    long.dockerfile(&format!(
        "FROM scratch\nCOPY app version mode /\nENV NONCE={nonce}\nRUN [\"/app\", \"count\", \"600\", \"200\"]\nENTRYPOINT [\"/app\"]\n"
    ))
    .await;
    let slow = limited(&stage, environment, "slow", &long).await;
    let web = limited(&stage, environment, "web", &short).await;
    let begun = Utc::now().timestamp();
    let under_way = stage.request(slow).await.id;
    stage.until_said(under_way, "line 1 of 600").await;
    let ended = stage.deploy_well(web).await;
    let said = log(&stage, ended.id).await;
    assert!(said.contains(THEY_HOLD), "{said}");
    let told = |event: &serde_json::Value, action: &str| {
        event["Action"].as_str().is_some_and(|is| is.starts_with(action))
    };
    // Once for the build that begins, and once for the one that is left.
    wait::until("it is told who is under way", SOON, async || {
        let events = of_guard(&second, begun).await;
        events.iter().filter(|event| told(event, "exec_start")).count() >= 2
    })
    .await;
    let events = of_guard(&second, begun).await;
    let count = |action: &str| events.iter().filter(|event| told(event, action)).count();
    assert_eq!((count("start"), count("die")), (1, 0), "{events:?}");
    cancel(&stage, under_way).await;
}
