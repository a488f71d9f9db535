//! How much longer a deployment takes than the same work by hand.

use std::time::{Duration, Instant};

use acceptance::git_repo::GitRepo;
use acceptance::process::Start;
use acceptance::stage::Stage;
use acceptance::wait;
use slipway_protocol::deployment::{DeploymentView, Step};

use crate::{median, millis, ms, tell};

const PAIRS: usize = 5;

/// Alternates between Slipway and the hand, so that both see the same machine.
pub async fn measure() {
    let stage = &Stage::set().await;
    let environment = stage.environment("Bench").await;
    let repo = GitRepo::echo("0").await;
    let application = stage.application(environment, "timed", &repo.url()).await;
    stage.deploy_well(application.id).await;
    by_hand(stage, &repo, "warm").await;
    let (mut serving, mut whole, mut by_hands) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=PAIRS {
        repo.echo_version(&format!("slipway {number}")).await;
        let begun = Instant::now();
        let ended = stage.deploy_well(application.id).await;
        whole.push(begun.elapsed());
        serving.push(until_it_serves(&ended));
        repo.echo_version(&format!("hand {number}")).await;
        by_hands.push(by_hand(stage, &repo, &number.to_string()).await);
    }
    let (serving, whole, by_hand) = (median(serving), median(whole), median(by_hands));
    tell("by hand, until a task runs", ms(by_hand));
    tell("Slipway, until it serves", ms(serving));
    // Its requests in flight had 2 s to end.
    tell("Slipway, old release gone", ms(whole));
    let ratio = millis(serving) / millis(by_hand);
    tell("until it serves / by hand", format!("{ratio:.2}"));
    let target = millis(by_hand) * 1.05 + 1000.0;
    tell("target (1.05 × by hand + 1 s)", format!("{target:.0} ms"));
}

/// Docker's command line, at the engine of the tests. The system's own client: it builds with BuildKit where another one in
/// PATH may lack the plug-in.
pub fn docker(stage: &Stage) -> Start {
    let client = ["/usr/bin/docker", "docker"]
        .into_iter()
        .find(|path| std::path::Path::new(path).exists())
        .unwrap_or("docker");
    Start::new(client)
        .env("DOCKER_HOST", stage.agent.engine().address())
        .env("DOCKER_BUILDKIT", "1")
}

/// `git clone`, `docker build`, `docker service create`, until the task runs; the removal is not counted. Docker's own wait of
/// five seconds more, to see the task stable, is left out: Slipway asks the task instead.
async fn by_hand(stage: &Stage, repo: &GitRepo, name: &str) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let tag = format!("{}/hand:{name}", stage.agent.instance());
    let service = format!("{}-hand-{name}", stage.agent.instance());
    let label = format!("{}={}", acceptance::engine::INSTANCE, stage.agent.instance());
    let limit = Duration::from_secs(120);
    let docker = || docker(stage);
    let begun = Instant::now();
    let url = format!("file://{}", repo.url());
    let clone = Start::new("git")
        .args(["clone", "--quiet", "--depth=1", &url])
        .arg(folder.path().join("source"));
    clone
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .ok(limit)
        .await;
    build(docker(), &tag)
        .arg(folder.path().join("source"))
        .ok(limit)
        .await;
    let create = docker().args([
        "service",
        "create",
        "--quiet",
        "--detach",
        "--endpoint-mode=dnsrr",
        "--name",
        &service,
        "--label",
        &label,
    ]);
    create
        .args([
            "--container-label",
            &label,
            "--network",
            stage.agent.instance(),
            &tag,
        ])
        .ok(limit)
        .await;
    let engine = stage.agent.engine();
    while engine.running_tasks(&service).await == 0 {
        assert!(begun.elapsed() < limit, "{service} does not run");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = begun.elapsed();
    docker().args(["service", "rm", &service]).ok(limit).await;
    // The image goes once the task's container has.
    wait::until("the image is removed", limit, async || {
        engine.remove_image(&tag).await
    })
    .await;
    took
}

fn build(docker: Start, tag: &str) -> Start {
    docker.args(["build", "--quiet", "--tag", tag])
}

/// From the wish to the moment when Traefik sends every request to the new release.
pub fn until_it_serves(view: &DeploymentView) -> Duration {
    let cut_over = view.steps.iter().find(|step| step.step == Step::CutOver);
    cut_over
        .and_then(|step| step.ended_at)
        .and_then(|served| (served - view.created_at).to_std().ok())
        .unwrap_or_default()
}
