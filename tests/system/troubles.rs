//! When a part is not there: one clear sentence, no harm, and it goes on by itself when the part is back.

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::docker_gate::DockerGate;
use acceptance::engine::{Engine, text};
use acceptance::git_repo::GitRepo;
use acceptance::load::{Load, Plan};
use acceptance::process::Start;
use acceptance::small_disk::SmallDisk;
use acceptance::sshd::Sshd;
use acceptance::stage::{Stage, host_of};
use acceptance::{invariants, load, process, sentence, wait};
use slipway_protocol::api;
use slipway_protocol::application::ObservedStatus;
use slipway_protocol::deployment::{DeploymentStatus, Trigger};
use slipway_protocol::server::PartHealth;
use slipway_protocol::upload::NewUpload;

const LIMIT: Duration = Duration::from_secs(180);

/// FR-PRJ-04, NFR-R2, NFR-U2: Docker stops: health and the deployment say so, the application serves on, and Docker's return is enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_docker_is_named_and_survived() {
    let gate = DockerGate::open_to(&Engine::from_environment());
    let agent = Agent::start_with(Some(gate.address()), None).await;
    let stage = Stage::around(agent, Sshd::start().await).await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    stage.deploy_well(application.id).await;

    gate.shut();
    let health = stage.connection.send(api::GetClusterHealth {}).await.unwrap();
    match health.docker {
        PartHealth::Bad { reason } => sentence::assert_clear(&reason, &["docker"]),
        PartHealth::Good => panic!("Docker is not there"),
    }
    assert_eq!(stage.view(application.id).await.observed, ObservedStatus::Unknown);
    stage.assert_serves("web", "1").await;
    repo.echo_version("2").await;
    let ended = stage.deploy(application.id).await;
    assert_eq!(ended.status, DeploymentStatus::Failed, "{:?}", ended.steps);
    sentence::assert_clear(ended.failure.as_deref().unwrap_or_default(), &["docker"]);
    stage.assert_serves("web", "1").await;

    gate.open();
    wait::until("Docker is seen again", LIMIT, async || {
        let health = stage.connection.send(api::GetClusterHealth {}).await.unwrap();
        matches!(health.docker, PartHealth::Good)
    })
    .await;
    stage.deploy_well(application.id).await;
    stage.assert_serves("web", "2").await;
    invariants::hold(&stage).await;
}

/// NFR-R2: Traefik runs and nobody gets through to it, as after a crash of Docker that gave its address away: it is started anew,
/// which is told.
#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_nobody_reaches_is_started_anew() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    stage.deploy_well(application.id).await;

    cut_off(&stage).await;
    stage.assert_serves("web", "1").await;
    let events = api::ListEvents {
        application: None,
        contains: Some("Traefik ran and nobody got through".to_owned()),
        severity: None,
        before: None,
        limit: None,
    };
    // On a busy machine the new one may be waited for in vain as well, and be started anew once more.
    wait::until("it is told", LIMIT, async || {
        let told = stage.connection.send(events.clone()).await;
        told.is_ok_and(|told| !told.is_empty())
    })
    .await;
    invariants::hold(&stage).await;
}

/// Takes the network from the edge's container, and waits until there is another container.
async fn cut_off(stage: &Stage) {
    let first = edge_process(stage).await.expect("the edge runs");
    // Both at once: with the first one gone the edge may be started anew before the second one is.
    let down = Start::new("nsenter")
        .args(["--target", &first.to_string(), "--net"])
        .args(["ip", "-batch", "-"])
        .input("link set dev eth0 down\nlink set dev eth1 down\n")
        .run(LIMIT)
        .await;
    assert_eq!(down.code(), 0, "{}", down.stderr);
    wait::until("the edge is another one", LIMIT, async || {
        edge_process(stage).await.is_some_and(|now| now != first)
    })
    .await;
    wait::until("it serves again", LIMIT, async || {
        let (port, host) = (stage.agent.edge_port(), host_of("web"));
        load::get(port, &host, "/")
            .await
            .is_ok_and(|(status, _)| status == 200)
    })
    .await;
}

/// The process of the edge's container, as the host numbers it.
async fn edge_process(stage: &Stage) -> Option<u64> {
    let engine = stage.agent.engine();
    let containers = engine.running_containers(stage.agent.instance()).await;
    let edge = containers
        .iter()
        .find(|container| container["Labels"]["slipway.role"] == "edge")?;
    let target = format!("/containers/{}/json", text(&edge["Id"]));
    let (_, body) = engine.call("GET", &target, None).await;
    let container: serde_json::Value = serde_json::from_slice(&body).ok()?;
    container["State"]["Pid"].as_u64().filter(|process| *process != 0)
}

/// FR-HST-01, NFR-R3: an agent that is told another port for its edge has it there, serving what it served.
#[tokio::test(flavor = "multi_thread")]
async fn the_edge_follows_another_port() {
    let mut stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    stage.deploy_well(application.id).await;
    let before = stage.agent.edge_port();
    assert!(stage.agent.stop(), "the agent ends by itself");
    stage.agent.move_edge();
    stage.agent.resume().await;
    let answers = async |port: u16| {
        let answer = load::get(port, &host_of("web"), "/").await;
        answer.is_ok_and(|(status, _)| status == 200)
    };
    let now = stage.agent.edge_port();
    wait::until("the edge is on its new port", LIMIT, async || answers(now).await).await;
    wait::until("its old port is given up", LIMIT, async || !answers(before).await).await;
    wait::until("the link is back", LIMIT, async || {
        stage.connection.send(api::GetMe {}).await.is_ok()
    })
    .await;
    repo.echo_version("2").await;
    stage.deploy_well(application.id).await;
    stage.assert_serves("web", "2").await;
    invariants::hold(&stage).await;
}

/// NFR-R3, FR-BLD-03, FR-DEP-16, NFR-U2: a build that would fill the disk is ended before, with the reason: the database goes on, the old release
/// serves, and nothing of the build is left.
#[tokio::test(flavor = "multi_thread")]
async fn a_build_does_not_fill_the_disk() {
    let disk = SmallDisk::mount(400).await;
    let agent = Agent::start_with(None, Some(&disk.path().join("data"))).await;
    let stage = Stage::around(agent, Sshd::start().await).await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    stage.deploy_well(application.id).await;

    // Longer than anybody waits for it.
    repo.echo_with_long_build("2", 6_019, 100).await;
    let running = stage.request(application.id).await;
    let command = ["/app", "count", "6019", "100"];
    wait::until("the build runs", LIMIT, async || process::runs(&command)).await;
    // Less than a twentieth of the disk.
    disk.fill_but(18 * 1024 * 1024);
    let ended = stage.end_of(running.id).await;
    assert_eq!(ended.status, DeploymentStatus::Failed);
    sentence::assert_clear(ended.failure.as_deref().unwrap_or_default(), &["disk", "full"]);
    let code = ended.explanation().map(|said| said.code.as_str());
    assert_eq!(code, Some("disk-full"), "{ended:?}");
    wait::until("the build has ended", LIMIT, async || !process::runs(&command)).await;
    stage.assert_serves("web", "1").await;

    disk.empty();
    repo.dockerfile("FROM scratch\nCOPY app version mode /\nENTRYPOINT [\"/app\"]\n")
        .await;
    repo.echo_version("3").await;
    stage.deploy_well(application.id).await;
    stage.assert_serves("web", "3").await;
    invariants::hold(&stage).await;
    drop(stage);
    drop(disk);
}

/// NFR-R3, NFR-U2: a full disk fails the deployment with one clear sentence, the old release serves on, and space is enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_named_and_survived() {
    let disk = SmallDisk::mount(400).await;
    let agent = Agent::start_with(None, Some(&disk.path().join("data"))).await;
    let stage = Stage::around(agent, Sshd::start().await).await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    stage.deploy_well(application.id).await;

    repo.write(
        "ballast",
        &"not compressible by much: 0123456789\n".repeat(1_000_000),
    );
    repo.echo_version("2").await;
    let load = Load::start(Plan::requests(stage.agent.edge_port(), host_of("web"), 20));
    // There is room to begin, and not for what comes.
    disk.fill_but(25 * 1024 * 1024);
    let ended = stage.deploy(application.id).await;
    assert_eq!(ended.status, DeploymentStatus::Failed);
    sentence::assert_clear(ended.failure.as_deref().unwrap_or_default(), &["disk", "full"]);
    stage.assert_serves("web", "1").await;
    // What the database needs is not filled by what people ask for or send either.
    disk.empty();
    disk.fill_but(2 * 1024 * 1024);
    let asked = api::RequestDeployment {
        application: application.id,
        revision: None,
        body: Trigger::Deploy,
    };
    let refused = stage.connection.send(asked).await.unwrap_err();
    sentence::assert_clear(&refused.to_string(), &["disk", "full"]);
    let refused = stage.connection.send(api::BeginUpload {
        application: application.id,
        body: NewUpload {
            length: 1024 * 1024,
            sha256: "0".repeat(64).parse().unwrap(),
        },
    });
    sentence::assert_clear(&refused.await.unwrap_err().to_string(), &["disk", "full"]);

    disk.empty();
    load.end_well().await;
    stage.deploy_well(application.id).await;
    stage.assert_serves("web", "2").await;
    invariants::hold(&stage).await;
    drop(stage);
    drop(disk);
}
