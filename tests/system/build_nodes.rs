//! Images that are built on another engine than the one that serves: a second real one beside it, reached by its socket.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::docker_gate::DockerGate;
use acceptance::git_repo::GitRepo;
use acceptance::second_engine::SecondEngine;
use acceptance::sshd::Sshd;
use acceptance::stage::Stage;
use acceptance::{invariants, wait};
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView};
use slipway_protocol::{ApplicationId, api};

use crate::builders::{built, cancel, log};

const SOON: Duration = Duration::from_secs(120);
/// The brake stops an answer after so many bytes. Only that with an image is longer.
const A_PIECE: u64 = 1 << 20;
/// Of an image that has to be moved, in bytes.
const BALLAST: u64 = 96 << 20;
/// What the agent may need more than before while it moves that, in bytes.
const LITTLE: u64 = 48 << 20;

pub(super) async fn stage_on(address: &str, more: &[(&str, &str)]) -> Stage {
    let settings = [&[("SLIPWAY_BUILD_NODE", address)][..], more].concat();
    Stage::around(Agent::start_set(&settings).await, Sshd::start().await).await
}

/// An application whose image has something in it that cannot be made smaller.
async fn heavy(stage: &Stage) -> (GitRepo, ApplicationId) {
    let repo = GitRepo::echo("1").await;
    write_ballast(&repo.path().join("ballast"));
    repo.dockerfile("FROM scratch\nCOPY app version mode ballast /\nENTRYPOINT [\"/app\"]\n")
        .await;
    let environment = stage.environment("Shop").await;
    let made = stage.application(environment, "web", &repo.url()).await;
    (repo, made.id)
}

fn write_ballast(path: &Path) {
    let random = std::fs::File::open("/dev/urandom").expect("random bytes");
    let mut file = std::fs::File::create(path).expect("a file of the repository");
    std::io::copy(&mut random.take(BALLAST), &mut file).expect("its bytes");
}

/// The image is here, is the one that was built, and nothing of it is left there but what the next build can use.
pub(super) async fn is_here_alone(stage: &Stage, second: &SecondEngine, ended: &DeploymentView) {
    let image = ended.image.as_deref().expect("an image");
    assert!(stage.agent.engine().has_image(image).await, "{image} is not here");
    let view = built(stage, ended.id).await;
    assert_eq!(view.digest, image);
    assert!(stage.agent.engine().has_image(&view.tag).await, "{}", view.tag);
    wait::until("nothing of the image is left there", SOON, async || {
        second.engine().all_images().await.is_empty()
    })
    .await;
    assert!(
        !second.engine().build_cache().await.is_empty(),
        "no cache is left"
    );
}

/// FR-BLD-03: images are built on the build node, whose cache shows it, and run here; the log tells of the way, the agent holds nothing of it, and
/// nothing stays there but the cache, from which the next build comes.
#[tokio::test(flavor = "multi_thread")]
async fn images_are_built_elsewhere_and_run_here() {
    let second = SecondEngine::start().await;
    let address = second.engine().address();
    let stage = stage_on(&address, &[]).await;
    let doctor = stage.agent.subcommand("doctor").run(SOON).await;
    assert!(
        doctor
            .stdout
            .contains(&format!("Builds: Images are built on {address}")),
        "{}",
        doctor.stdout
    );
    let (repo, web) = heavy(&stage).await;
    assert!(second.engine().build_cache().await.is_empty());
    let before = stage.agent.resident();
    stage.agent.forget_peak();
    let first = stage.deploy_well(web).await;
    let more = stage.agent.peak().saturating_sub(before);
    assert!(more < LITTLE, "the agent needed {more} bytes more");
    stage.assert_serves("web", "1").await;
    let said = log(&stage, first.id).await;
    for wanted in [
        "Building on the build node (Docker ",
        "Moving the image here from the build node",
        "Moved ",
    ] {
        assert!(said.contains(wanted), "{wanted} is not in:\n{said}");
    }
    assert!(!said.contains(&address), "a team reads where it is:\n{said}");
    let view = built(&stage, first.id).await;
    assert!(view.milliseconds.is_some() && view.size > BALLAST, "{view:?}");
    assert!(
        view.steps
            .iter()
            .any(|step| step.name.contains("COPY app") && step.added.is_some()),
        "{view:?}"
    );
    is_here_alone(&stage, &second, &first).await;

    // What is already there is not made again.
    let again = stage.deploy_well(web).await;
    let view = built(&stage, again.id).await;
    assert!(
        view.steps
            .iter()
            .any(|step| step.name.contains("COPY app") && step.cached),
        "{view:?}"
    );
    repo.echo_version("2").await;
    let third = stage.deploy_well(web).await;
    stage.assert_serves("web", "2").await;
    is_here_alone(&stage, &second, &third).await;
    stage.roll_back(web, first.id).await;
    stage.assert_serves("web", "1").await;
    invariants::hold(&stage).await;
}

/// FR-BLD-03, NFR-R1: an agent that is killed while an image is on its way moves it when it is back, and builds nothing again.
/// FR-BLD-04: a deployment that is cancelled then ends within 5 s and leaves nothing on either engine.
#[tokio::test(flavor = "multi_thread")]
async fn an_image_on_its_way_is_moved_again_or_left() {
    let second = SecondEngine::start().await;
    let gate = DockerGate::open_to(second.engine());
    let mut stage = stage_on(&gate.address(), &[]).await;
    let (_repo, web) = heavy(&stage).await;
    gate.brake(A_PIECE);
    let killed = stage.request(web).await;
    wait::until("the image is on its way", SOON, async || gate.holds()).await;
    stage.until_said(killed.id, "Moving the image here").await;
    stage.agent.kill9();
    gate.release();
    stage.agent.resume().await;
    let ended = stage.end_of(killed.id).await;
    assert_eq!(ended.status, DeploymentStatus::Succeeded, "{:?}", ended.failure);
    stage.assert_serves("web", "1").await;
    let said = log(&stage, ended.id).await;
    let times = |part: &str| said.matches(part).count();
    assert_eq!(times("Building on the build node"), 1, "{said}");
    assert_eq!(times("Moving the image here"), 2, "{said}");
    is_here_alone(&stage, &second, &ended).await;

    gate.brake(A_PIECE);
    let unwanted = stage.request(web).await;
    wait::until("the next one is on its way", SOON, async || gate.holds()).await;
    cancel(&stage, unwanted.id).await;
    gate.release();
    wait::until("nothing of it is left there", SOON, async || {
        second.engine().all_images().await.is_empty()
    })
    .await;
    stage.assert_serves("web", "1").await;
    invariants::hold(&stage).await;
}

/// FR-BLD-03, NFR-U2: a build node that is away fails a build with one sentence, and nothing is built here in its stead; what serves goes on.
#[tokio::test(flavor = "multi_thread")]
async fn an_absent_build_node_fails_the_build() {
    let second = SecondEngine::start().await;
    let gate = DockerGate::open_to(second.engine());
    let stage = stage_on(&gate.address(), &[("SLIPWAY_DOCKER_PATIENCE", "3")]).await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let web = stage.application(environment, "web", &repo.url()).await.id;
    stage.deploy_well(web).await;
    gate.shut();
    repo.echo_version("2").await;
    let failed = stage.deploy(web).await;
    assert_eq!(failed.status, DeploymentStatus::Failed);
    let why = failed.failure.clone().unwrap_or_default();
    assert!(
        why.contains("the build node does not answer") && why.contains("--build-node own"),
        "{why}"
    );
    assert!(!why.contains(&gate.address()), "a team reads where it is: {why}");
    let code = failed.explanation().map(|said| said.code.as_str());
    assert_eq!(code, Some("build-node-away"), "{failed:?}");
    stage.assert_serves("web", "1").await;
    let checkup = stage.connection.send(api::GetServerCheckup {}).await;
    let checkup = checkup.expect("the check-up");
    let builds = checkup
        .checks
        .iter()
        .find(|check| check.topic.as_str() == "builds");
    assert!(
        builds.is_some_and(|check| {
            check
                .found
                .contains(&format!("{} does not answer", gate.address()))
                && check.remedy.is_some()
        }),
        "{checkup:?}"
    );
    gate.open();
    stage.deploy_well(web).await;
    stage.assert_serves("web", "2").await;
    invariants::hold(&stage).await;
}
