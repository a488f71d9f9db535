//! When a part is not there: one clear sentence, no harm, and it goes on by itself when the part is back.

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::docker_gate::DockerGate;
use acceptance::engine::Engine;
use acceptance::git_repo::GitRepo;
use acceptance::small_disk::SmallDisk;
use acceptance::sshd::Sshd;
use acceptance::stage::Stage;
use acceptance::{invariants, sentence, wait};
use slipway_protocol::api;
use slipway_protocol::application::ObservedStatus;
use slipway_protocol::deployment::DeploymentStatus;
use slipway_protocol::server::PartHealth;

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
    wait::until("Docker is seen again", Duration::from_secs(120), async || {
        let health = stage.connection.send(api::GetClusterHealth {}).await.unwrap();
        matches!(health.docker, PartHealth::Good)
    })
    .await;
    stage.deploy_well(application.id).await;
    stage.assert_serves("web", "2").await;
    invariants::hold(&stage).await;
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
        &"not compressible by much: 0123456789\n".repeat(200_000),
    );
    repo.echo_version("2").await;
    disk.fill_but(2 * 1024 * 1024);
    let ended = stage.deploy(application.id).await;
    assert_eq!(ended.status, DeploymentStatus::Failed);
    sentence::assert_clear(ended.failure.as_deref().unwrap_or_default(), &["disk", "full"]);
    stage.assert_serves("web", "1").await;

    disk.empty();
    stage.deploy_well(application.id).await;
    stage.assert_serves("web", "2").await;
    invariants::hold(&stage).await;
    drop(stage);
    drop(disk);
}
