//! Going back to a release that is kept warm, and new variables for the release that serves; beside Docker's own ways to run the
//! same image again.

use std::time::{Duration, Instant};

use acceptance::git_repo::GitRepo;
use acceptance::process::Start;
use acceptance::stage::Stage;
use slipway_protocol::ApplicationId;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::settings::Seconds;

use crate::overhead::{docker, until_it_serves};
use crate::{median, ms, tell};

const RUNS: usize = 5;
const LIMIT: Duration = Duration::from_secs(120);

pub async fn measure() {
    let stage = Stage::set().await;
    let environment = stage.environment("Bench").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "back", &repo.url()).await.id;
    warm(&stage, &repo, application).await;
    let image = reload(&stage, application).await;
    by_hand(&stage, &image).await;
}

async fn warm(stage: &Stage, repo: &GitRepo, application: ApplicationId) {
    let keep = |settings: &mut slipway_protocol::settings::ApplicationSettings| {
        settings.rollout.warm = Seconds::try_from(3600).expect("a time");
    };
    stage.settings(application, keep).await;
    let mut behind = stage.deploy_well(application).await.id;
    repo.echo_version("2").await;
    let mut ahead = stage.deploy_well(application).await.id;
    let (mut serves, mut whole) = (Vec::new(), Vec::new());
    for version in ["1", "2"].into_iter().cycle().take(RUNS) {
        let begun = Instant::now();
        let ended = stage.roll_back(application, behind).await;
        whole.push(begun.elapsed());
        serves.push(until_it_serves(&ended));
        stage.assert_serves("back", version).await;
        // Only the newest deployments can be gone back to, so it is to the one that ran this release last.
        (behind, ahead) = (ahead, ended.id);
    }
    tell("warm roll back, it serves (≤ 2 s)", ms(median(serves)));
    tell("warm roll back, to its end", ms(median(whole)));
    let cold = |settings: &mut slipway_protocol::settings::ApplicationSettings| {
        settings.rollout.warm = Seconds::try_from(0).expect("a time");
    };
    stage.settings(application, cold).await;
}

/// The serving release with another variable. Gives the image that serves.
async fn reload(stage: &Stage, application: ApplicationId) -> String {
    let (mut serves, mut whole, mut image) = (Vec::new(), Vec::new(), None);
    for run in 0..RUNS {
        let value = format!("number-{run}");
        stage.set_variable(application, "COLOUR", &value).await;
        let begun = Instant::now();
        let ended = stage.run_well(application, Trigger::Reload).await;
        whole.push(begun.elapsed());
        serves.push(until_it_serves(&ended));
        assert_eq!(stage.get("back", "/variable/COLOUR").await, (200, value));
        image = ended.image;
    }
    tell("reload, it serves (≤ 5 s)", ms(median(serves)));
    tell("reload, to its end", ms(median(whole)));
    image.expect("its image")
}

/// Docker's own: until the new task runs. Nobody asks there whether it answers, and nobody is led to it.
async fn by_hand(stage: &Stage, image: &str) {
    let (engine, instance) = (stage.agent.engine(), stage.agent.instance());
    let service = format!("{instance}-hand");
    let label = format!("{}={instance}", acceptance::engine::INSTANCE);
    let hand = |args: &[&str]| docker(stage).args(args.iter().copied());
    let create = [
        "service",
        "create",
        "--quiet",
        "--detach",
        "--endpoint-mode=dnsrr",
        "--name",
        &service,
        "--label",
        &label,
        "--container-label",
        &label,
        "--network",
        instance,
        image,
    ];
    hand(&create).ok(LIMIT).await;
    until_tasks(stage, &service, 1).await;
    let (mut forced, mut scaled) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let before = engine.newest_running_task(&service).await;
        forced.push(
            timed(
                hand(&["service", "update", "--quiet", "--detach", "--force", &service]),
                async || {
                    let now = engine.newest_running_task(&service).await;
                    now.is_some() && now != before
                },
            )
            .await,
        );
        hand(&["service", "scale", "--detach", &format!("{service}=0")])
            .ok(LIMIT)
            .await;
        until_tasks(stage, &service, 0).await;
        let one = format!("{service}=1");
        scaled.push(
            timed(hand(&["service", "scale", "--detach", &one]), async || {
                engine.running_tasks(&service).await == 1
            })
            .await,
        );
    }
    hand(&["service", "rm", &service]).ok(LIMIT).await;
    tell("docker service update --force", ms(median(forced)));
    tell("docker service scale 0 → 1", ms(median(scaled)));
}

/// From a command's start until it is so.
async fn timed(command: Start, mut is_so: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    command.ok(LIMIT).await;
    while !is_so().await {
        assert!(begun.elapsed() < LIMIT, "Docker does not do it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}

async fn until_tasks(stage: &Stage, service: &str, count: usize) {
    acceptance::wait::until("the tasks by hand", LIMIT, async || {
        stage.agent.engine().running_tasks(service).await == count
    })
    .await;
}
