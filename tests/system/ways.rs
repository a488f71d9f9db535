//! The ways in which a release takes the place of the one before it.

use std::time::{Duration, Instant};

use acceptance::git_repo::GitRepo;
use acceptance::load::{Load, Plan};
use acceptance::stage::{Stage, host_of};
use acceptance::{invariants, wait};
use slipway_protocol::deployment::{DeploymentStatus, Step, Trigger, Way};
use slipway_protocol::plan::Downtime;
use slipway_protocol::settings::{
    Canary, CommandLine, HealthCheck, Percent, Port, Replicas, Seconds, Strategy, VolumeMount,
};
use slipway_protocol::{ApplicationId, api};

const LIMIT: Duration = Duration::from_secs(180);

fn seconds(count: u64) -> Seconds {
    Seconds::try_from(count).expect("a time")
}

fn quick_canary() -> Strategy {
    Strategy::Canary(Canary {
        shares: vec![Percent::fixed(20), Percent::fixed(60)],
        pause: seconds(3),
        ..Canary::default()
    })
}

fn load(stage: &Stage, name: &str) -> Load {
    Load::start(Plan::requests(stage.agent.edge_port(), host_of(name), 50))
}

/// FR-DEP-05, FR-DEP-06: a canary leads a part of the requests to the new release, then all, and loses none. One whose answers
/// are bad goes back by itself, and the old release serves on.
#[tokio::test(flavor = "multi_thread")]
async fn a_canary_takes_over_or_goes_back() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    stage
        .settings(application.id, |settings| {
            settings.rollout.strategy = quick_canary()
        })
        .await;
    stage.deploy_well(application.id).await;

    // It listens elsewhere: each release is asked on its own port.
    let traffic = load(&stage, "web");
    repo.echo_mode("2", "port 9090").await;
    stage
        .settings(application.id, |settings| {
            settings.port = Port::try_from(9090).ok()
        })
        .await;
    let second = stage.deploy_well(application.id).await;
    assert_eq!(second.way, Way::Canary);
    stage.assert_serves("web", "2").await;
    traffic.end_well().await;
    let receipt = second.receipt.expect("a receipt");
    assert!(receipt.requests() > 0 && receipt.failed() == 0, "{receipt:?}");

    // Any answer at all passes the gate; only the canary sees that they are bad.
    let traffic = load(&stage, "web");
    repo.echo_mode("3", "sick").await;
    stage
        .settings(application.id, |settings| {
            settings.port = Port::try_from(8080).ok()
        })
        .await;
    let third = stage.deploy(application.id).await;
    assert_eq!(third.status, DeploymentStatus::Failed);
    let failed = third
        .steps
        .iter()
        .find(|step| step.step == Step::Canary)
        .and_then(|step| step.failure.clone());
    assert!(
        failed
            .as_deref()
            .is_some_and(|said| said.contains("requests to the new release failed")),
        "{failed:?}"
    );
    stage.assert_serves("web", "2").await;
    let report = traffic.end().await;
    assert!(report.versions.contains_key("2"), "{:?}", report.versions);
    invariants::hold(&stage).await;
}

/// FR-DEP-05, FR-DEP-06: a canary whose answers take longer than they may goes back by itself, though none of them fails; and none is lost by it.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_canary_goes_back() {
    let (stage, repo, application) = Stage::with_web().await;
    stage
        .settings(application, |settings| {
            settings.rollout.strategy = Strategy::Canary(Canary {
                shares: vec![Percent::fixed(50)],
                pause: seconds(60),
                latency_ms: Some(60),
                ..Canary::default()
            });
        })
        .await;
    stage.deploy_well(application).await;
    // One request of eleven takes two seconds: some 180 ms in the mean.
    let traffic = Load::start(
        Plan::requests(stage.agent.edge_port(), host_of("web"), 10).with_slow(Duration::from_secs(2)),
    );
    repo.echo_version("2").await;
    let second = stage.deploy(application).await;
    assert_eq!(second.status, DeploymentStatus::Failed);
    let failed = second
        .steps
        .iter()
        .find(|step| step.step == Step::Canary)
        .and_then(|step| step.failure.as_deref());
    assert!(
        failed.is_some_and(|said| said.contains("ms to answer, longer than 60 ms")),
        "{failed:?}"
    );
    stage.assert_serves("web", "1").await;
    traffic.end_well().await;
    invariants::hold(&stage).await;
}

/// FR-DEP-05, NFR-P6: a rolling release starts and stops task by task, and each release has all its tasks at the end. No request is lost
/// where it listens on another port than the old one.
#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_release_goes_task_by_task() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    stage
        .settings(application.id, |settings| {
            settings.rollout.strategy = Strategy::Rolling;
            settings.replicas = Replicas::try_from(3).expect("a number");
        })
        .await;
    stage.deploy_well(application.id).await;
    let traffic = load(&stage, "web");
    repo.echo_mode("2", "port 9090").await;
    stage
        .settings(application.id, |settings| {
            settings.port = Port::try_from(9090).ok()
        })
        .await;
    let second = stage.deploy_well(application.id).await;
    assert_eq!(second.way, Way::Rolling);
    stage.assert_serves("web", "2").await;
    has_three_tasks(&stage, application.id).await;
    traffic.end_well().await;

    repo.echo_mode("3", "crash").await;
    let third = stage.deploy(application.id).await;
    assert_eq!(third.status, DeploymentStatus::Failed);
    stage.assert_serves("web", "2").await;
    has_three_tasks(&stage, application.id).await;
    invariants::hold(&stage).await;
}

/// As it is seen: Docker may be too busy to say so at once.
async fn has_three_tasks(stage: &Stage, application: ApplicationId) {
    wait::until("it has three tasks", LIMIT, async || {
        stage.view(application).await.observed_tasks == 3
    })
    .await;
}

/// FR-DEP-05, FR-CFG-04: an application with a volume is recreated, which is said beforehand; what it wrote is still there, and a
/// release that does not come up gives way to the old one again.
#[tokio::test(flavor = "multi_thread")]
async fn a_volume_is_never_open_twice() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    stage
        .settings(application.id, |settings| {
            settings.container.volumes = vec![VolumeMount {
                name: "data".parse().expect("a name"),
                path: "/data".parse().expect("a path"),
                read_only: false,
            }];
        })
        .await;
    stage.deploy_well(application.id).await;
    assert_eq!(stage.get("web", "/append/visits").await, (200, "1".to_owned()));

    let plan = stage
        .connection
        .send(api::PlanDeployment {
            application: application.id,
            body: Trigger::Deploy,
        })
        .await
        .expect("a plan");
    assert_eq!(plan.way, Way::Recreate);
    assert_eq!(plan.downtime, Downtime::WhileStarting);
    assert!(
        plan.because.contains("data") && plan.volumes == ["data"],
        "{plan:?}"
    );

    repo.echo_version("2").await;
    let second = stage.deploy_well(application.id).await;
    assert_eq!(second.way, Way::Recreate);
    assert_eq!(stage.get("web", "/append/visits").await, (200, "2".to_owned()));

    repo.echo_mode("3", "crash").await;
    let third = stage.deploy(application.id).await;
    assert_eq!(third.status, DeploymentStatus::Failed);
    stage.assert_serves("web", "2").await;
    assert_eq!(stage.get("web", "/append/visits").await, (200, "3".to_owned()));
    invariants::hold(&stage).await;
}

/// FR-DEP-09, FR-DEP-11: a command runs in the new image before the release, with its lines in the log; when it fails nothing is released. One
/// that runs after it ends with the application that somebody stops.
#[tokio::test(flavor = "multi_thread")]
async fn commands_run_around_a_release() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    let command = |text: &str| CommandLine::split(text).ok();
    stage
        .settings(application.id, |settings| {
            settings.hooks.before = command("/app count 3 1");
            settings.hooks.after = command("/app exit 7");
        })
        .await;
    let first = stage.deploy_well(application.id).await;
    let lines = stage.lines(first.id, None).await;
    let said = |step: Step, text: &str| {
        lines
            .iter()
            .any(|line| line.step == step && line.text.contains(text))
    };
    assert!(said(Step::Before, "line 3 of 3"), "{lines:?}");
    // What comes after changes nothing for a release that serves already.
    assert!(said(Step::After, "exit code 7"), "{lines:?}");
    stage.assert_serves("web", "1").await;

    // While a command runs beside the release, requests go to the release alone, also where being up is enough to get them.
    stage
        .settings(application.id, |settings| {
            settings.health = HealthCheck::Command {
                command: CommandLine::split("/app count 1 1").expect("a command"),
            };
            settings.hooks.after = command("/app count 500 40");
        })
        .await;
    let again = stage.request(application.id).await;
    stage.until_said(again.id, "line 5 of 500").await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        stage.assert_serves("web", "1").await;
    }
    let id = application.id;
    let stop = api::StopApplication { application: id };
    stage.connection.send(stop).await.expect("it stops");
    let ended = stage.end_of(again.id).await;
    assert_eq!(ended.status, DeploymentStatus::Succeeded, "{:?}", ended.failure);
    let lines = stage.lines(again.id, None).await;
    let said = |text: &str| {
        lines
            .iter()
            .any(|line| line.step == Step::After && line.text.contains(text))
    };
    assert!(
        said("was ended, because somebody stopped the application"),
        "{lines:?}"
    );
    assert!(!said("line 500 of 500"), "{lines:?}");
    let labelled = id.to_string();
    wait::until("nothing of it runs", LIMIT, async || {
        let engine = stage.agent.engine();
        let all = engine.running_containers(stage.agent.instance()).await;
        all.iter()
            .all(|one| one["Labels"]["slipway.application"] != labelled.as_str())
    })
    .await;
    let start = api::StartApplication { application: id };
    stage.connection.send(start).await.expect("it starts");
    wait::until("it answers again", LIMIT, async || {
        stage.get("web", "/").await.0 == 200
    })
    .await;

    stage
        .settings(application.id, |settings| {
            settings.hooks.before = command("/app exit 5")
        })
        .await;
    repo.echo_version("2").await;
    let second = stage.deploy(application.id).await;
    assert_eq!(second.status, DeploymentStatus::Failed);
    assert!(
        second
            .failure
            .as_deref()
            .is_some_and(|said| said.contains("exit code 5")),
        "{:?}",
        second.failure
    );
    stage.assert_serves("web", "1").await;
    invariants::hold(&stage).await;
}
