//! What people ask for while something is under way, and what is asked of a deployment when it is almost done.

use std::time::Duration;

use acceptance::git_repo::GitRepo;
use acceptance::load::{Load, Plan};
use acceptance::stage::{Stage, host_of};
use acceptance::{invariants, sentence, wait};
use slipway_client::ClientError;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Step, StepStatus, Trigger};
use slipway_protocol::settings::{CommandLine, Port, Replicas, Seconds, Strategy};
use slipway_protocol::{ApplicationId, DeploymentId, ErrorCode, api};

const LIMIT: Duration = Duration::from_secs(180);

fn seconds(count: u64) -> Seconds {
    Seconds::try_from(count).expect("a time")
}

fn tasks(count: u64) -> Replicas {
    Replicas::try_from(count).expect("a number of tasks")
}

async fn ask(
    stage: &Stage,
    application: ApplicationId,
    body: Trigger,
) -> Result<DeploymentView, ClientError> {
    let request = api::RequestDeployment {
        application,
        revision: None,
        body,
    };
    stage.connection.send(request).await
}

async fn wait_for_step(stage: &Stage, deployment: DeploymentId, step: Step) {
    wait::until(&format!("{step:?} runs"), LIMIT, async || {
        let asked = stage.connection.send(api::GetDeployment { deployment }).await;
        let view = asked.expect("the deployment");
        view.steps
            .iter()
            .any(|one| one.step == step && one.status == StepStatus::Running)
    })
    .await;
}

/// Requests at “web”, of which some are slow and in flight when this returns.
async fn slow_requests(stage: &Stage) -> Load {
    let plan = Plan::requests(stage.agent.edge_port(), host_of("web"), 20);
    let load = Load::start(plan.with_slow(Duration::from_secs(20)));
    wait::until("slow requests are in flight", LIMIT, async || {
        load.so_far().sent > 40
    })
    .await;
    load
}

/// FR-DEP-11, FR-DEP-10: what would be made of the release that serves is refused while another is on its way to take its place; it
/// would quietly take that one back. A roll back is not refused.
#[tokio::test(flavor = "multi_thread")]
async fn what_serves_is_not_done_again_while_it_changes() {
    let (stage, repo, application) = Stage::with_web().await;
    let first = stage.deploy_well(application).await;
    repo.echo_with_long_build("2", 30, 200).await;
    let second = stage.request(application).await;
    stage.wait_until_running(second.id).await;
    let refused = [
        Trigger::Restart,
        Trigger::Reload,
        Trigger::Redeploy,
        Trigger::Scale { replicas: tasks(2) },
    ];
    for trigger in refused {
        match ask(&stage, application, trigger).await {
            Err(ClientError::Problem(problem)) => {
                assert_eq!(problem.code, ErrorCode::Conflict);
                sentence::assert_clear(&problem.detail, &["web", "under way"]);
            }
            other => panic!("it was taken: {other:?}"),
        }
    }
    let to = first.id;
    let back = ask(&stage, application, Trigger::Rollback { to })
        .await
        .expect("a roll back waits for its turn");
    let second = stage.end_of(second.id).await;
    assert_eq!(second.status, DeploymentStatus::Succeeded, "{:?}", second.failure);
    let back = stage.end_of(back.id).await;
    assert_eq!(back.status, DeploymentStatus::Succeeded, "{:?}", back.failure);
    stage.run_well(application, Trigger::Restart).await;
    stage.assert_serves("web", "1").await;
    invariants::hold(&stage).await;
}

/// FR-DEP-10, FR-DEP-08, NFR-P6: once the new release serves, a wish to cancel takes nothing back and cuts nothing off; and requests at an old
/// release that listens on another port end in peace, though it ends at once when it is told to. What is planned meanwhile holds beyond its end.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_cancel_cuts_nothing_off() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    repo.echo_mode("1", "dies").await;
    let application = stage.application(environment, "web", &repo.url()).await.id;
    stage.deploy_well(application).await;
    let load = Load::start(
        Plan::requests(stage.agent.edge_port(), host_of("web"), 20).with_slow(Duration::from_secs(8)),
    );
    repo.echo_mode("2", "port 9090").await;
    stage
        .settings(application, |settings| settings.port = Port::try_from(9090).ok())
        .await;
    let second = stage.request(application).await;
    wait_for_step(&stage, second.id, Step::Retire).await;
    let planned = stage.plan(application, Trigger::Restart).await;
    assert_eq!(planned.waits_for, Some(second.number));
    stage
        .connection
        .send(api::CancelDeployment {
            deployment: second.id,
        })
        .await
        .expect("it is still at work");
    let ended = stage.end_of(second.id).await;
    assert_eq!(ended.status, DeploymentStatus::Succeeded, "{:?}", ended.failure);
    stage.assert_serves("web", "2").await;
    load.end_well().await;
    let again = stage.apply(application, Trigger::Restart, &planned).await;
    let again = stage.end_of(again.expect("the plan holds").id).await;
    assert_eq!(again.status, DeploymentStatus::Succeeded, "{:?}", again.failure);
    stage.assert_serves("web", "2").await;
    invariants::hold(&stage).await;
}

/// FR-DEP-10, NFR-P6: a deployment that only waits for requests in flight makes way for the next one, and they end in peace.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_requests_in_flight() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    repo.echo_mode("1", "dies").await;
    let application = stage.application(environment, "web", &repo.url()).await.id;
    let first = stage.deploy_well(application).await;
    let load = slow_requests(&stage).await;
    repo.echo_version("2").await;
    let second = stage.request(application).await;
    wait_for_step(&stage, second.id, Step::Retire).await;
    let back = stage.roll_back(application, first.id).await;
    assert_eq!(back.status, DeploymentStatus::Succeeded, "{:?}", back.failure);
    let said = stage.lines(second.id, None).await;
    assert!(
        said.iter()
            .any(|line| line.text.contains("another deployment waits")),
        "{said:?}"
    );
    stage.assert_serves("web", "1").await;
    load.end_well().await;
    invariants::hold(&stage).await;
}

/// FR-DEP-01, FR-DEP-08, FR-DEP-11, NFR-P6: nobody is told to wait by a deployment whose release serves already: what is asked for then follows
/// it, and the requests in flight end in peace. What was planned before another one took over is refused.
#[tokio::test(flavor = "multi_thread")]
async fn operations_follow_what_only_tidies_up() {
    let (stage, repo, application) = Stage::with_web().await;
    stage.deploy_well(application).await;
    let load = slow_requests(&stage).await;
    repo.echo_version("2").await;
    let second = stage.request(application).await;
    wait_for_step(&stage, second.id, Step::Retire).await;
    let planned = stage.plan(application, Trigger::Restart).await;
    let scale = Trigger::Scale { replicas: tasks(2) };
    let scaled = ask(&stage, application, scale)
        .await
        .expect("it waits for its turn");
    let scaled = stage.end_of(scaled.id).await;
    assert_eq!(scaled.status, DeploymentStatus::Succeeded, "{:?}", scaled.failure);
    assert_eq!(
        scaled.release_of,
        Some(second.id),
        "of the release that serves now"
    );
    match stage.apply(application, Trigger::Restart, &planned).await {
        Err(ClientError::Problem(problem)) => assert_eq!(problem.code, ErrorCode::Conflict, "{problem}"),
        other => panic!("a stale plan was taken: {other:?}"),
    }
    let second = stage.end_of(second.id).await;
    assert_eq!(second.status, DeploymentStatus::Succeeded, "{:?}", second.failure);
    stage.run_well(application, Trigger::Restart).await;
    stage.assert_serves("web", "2").await;
    load.end_well().await;
    invariants::hold(&stage).await;
}

/// FR-DEP-11: an application is stopped and started while its last deployment only waits for requests in flight; nothing of it runs then, and
/// the deployment has succeeded all the same.
#[tokio::test(flavor = "multi_thread")]
async fn stop_waits_for_no_requests_in_flight() {
    let (stage, repo, application) = Stage::with_web().await;
    stage
        .settings(application, |settings| settings.rollout.warm = seconds(600))
        .await;
    stage.deploy_well(application).await;
    let load = slow_requests(&stage).await;
    repo.echo_version("2").await;
    let second = stage.request(application).await;
    wait_for_step(&stage, second.id, Step::Retire).await;
    let stop = api::StopApplication { application };
    stage.connection.send(stop).await.expect("it stops");
    let second = stage.end_of(second.id).await;
    assert_eq!(second.status, DeploymentStatus::Succeeded, "{:?}", second.failure);
    wait::until("none of its releases runs", LIMIT, async || {
        let engine = stage.agent.engine();
        let all = engine.running_containers(stage.agent.instance()).await;
        let application = application.to_string();
        all.iter()
            .all(|one| one["Labels"]["slipway.application"] != application.as_str())
    })
    .await;
    let start = api::StartApplication { application };
    stage.connection.send(start).await.expect("it starts");
    wait::until("the new release answers", LIMIT, async || {
        stage.get("web", "/").await == (200, "version 2\n".to_owned())
    })
    .await;
    // Whoever asked while it was stopped got no answer.
    load.end().await;
    invariants::hold(&stage).await;
}

/// FR-DEP-11, FR-DEP-09: what is kept warm of an earlier release ends at once when the application is stopped, also while a command runs
/// after the new release.
#[tokio::test(flavor = "multi_thread")]
async fn stop_leaves_no_earlier_release_running() {
    let (stage, repo, application) = Stage::with_web().await;
    let first = stage.deploy_well(application).await;
    stage
        .settings(application, |settings| {
            settings.rollout.warm = seconds(600);
            settings.hooks.after = CommandLine::split("/app count 600 200").ok();
        })
        .await;
    repo.echo_version("2").await;
    let second = stage.request(application).await.id;
    wait_for_step(&stage, second, Step::After).await;
    assert_eq!(containers(&stage, first.id).await.len(), 1, "it is kept warm");
    let stop = api::StopApplication { application };
    stage.connection.send(stop).await.expect("it stops");
    wait::until("no release runs", LIMIT, async || {
        containers(&stage, first.id).await.is_empty() && stage.view(application).await.observed_tasks == 0
    })
    .await;
    // Its command ends with it, and takes nothing back.
    let ended = stage.end_of(second).await;
    assert_eq!(ended.status, DeploymentStatus::Succeeded, "{:?}", ended.failure);
    invariants::hold(&stage).await;
}

/// FR-DEP-05, FR-DEP-12: a rolling release whose agent is killed goes on from where it was: at no time are there fewer tasks than
/// wanted.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_roll_goes_on() {
    let (mut stage, repo, application) = Stage::with_web().await;
    stage
        .settings(application, |settings| {
            settings.rollout.strategy = Strategy::Rolling;
            settings.rollout.watch = seconds(2);
            settings.replicas = tasks(4);
        })
        .await;
    stage.deploy_well(application).await;
    repo.echo_version("2").await;
    let second = stage.request(application).await.id;
    wait::until("two tasks are new", LIMIT, async || {
        observed_new(&stage, second).await >= 2
    })
    .await;
    stage.agent.kill9();
    stage.agent.resume().await;
    let ended = stage.end_of(second).await;
    assert_eq!(ended.status, DeploymentStatus::Succeeded, "{:?}", ended.failure);
    let told: Vec<(usize, usize)> = stage
        .lines(second, None)
        .await
        .iter()
        .filter_map(|line| {
            let (new, old) = line.text.strip_suffix(" old")?.split_once(", ")?;
            let (new, _) = new.split_once(" new task")?;
            Some((new.parse().ok()?, old.parse().ok()?))
        })
        .collect();
    assert!(told.iter().all(|(new, old)| new + old >= 4), "{told:?}");
    assert!(told.is_sorted_by_key(|(new, _)| *new), "{told:?}");
    // The last old one is drained when no request goes to it any more.
    assert_eq!(told.last(), Some(&(4, 1)));
    stage.assert_serves("web", "2").await;
    invariants::hold(&stage).await;
}

/// So many tasks of a deployment run in Docker.
async fn observed_new(stage: &Stage, deployment: DeploymentId) -> usize {
    containers(stage, deployment).await.len()
}

async fn containers(stage: &Stage, deployment: DeploymentId) -> Vec<String> {
    let engine = stage.agent.engine();
    let all = engine.running_containers(stage.agent.instance()).await;
    let deployment = deployment.to_string();
    all.iter()
        .filter(|one| one["Labels"]["slipway.deployment"] == deployment.as_str())
        .filter_map(|one| one["Id"].as_str().map(str::to_owned))
        .collect()
}

/// FR-DEP-07, FR-DEP-11: a release that was scaled runs in the service of another deployment; it is kept warm like any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_scaled_release_is_kept_warm() {
    let (stage, repo, application) = Stage::with_web().await;
    stage
        .settings(application, |settings| settings.rollout.warm = seconds(600))
        .await;
    let first = stage.deploy_well(application).await;
    let scaled = stage
        .run_well(application, Trigger::Scale { replicas: tasks(2) })
        .await;
    let before = containers(&stage, first.id).await;
    assert_eq!(before.len(), 2);
    repo.echo_version("2").await;
    stage.deploy_well(application).await;
    let back = stage.roll_back(application, scaled.id).await;
    assert_eq!(back.status, DeploymentStatus::Succeeded, "{:?}", back.failure);
    assert_eq!(containers(&stage, first.id).await, before, "nothing was started");
    stage.assert_serves("web", "1").await;
}

/// FR-DEP-10: builds that take long, and builds that wait for them, keep nobody from going back, restarting or scaling.
#[tokio::test(flavor = "multi_thread")]
async fn builds_keep_no_restart_waiting() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await.id;
    stage.deploy_well(application).await;
    let slow = GitRepo::echo("1").await;
    slow.echo_with_long_build("1", 1_000, 500).await;
    let mut building = Vec::new();
    for number in 1..=6 {
        let one = stage
            .application(environment, &format!("slow-{number}"), &slow.url())
            .await;
        building.push(stage.request(one.id).await.id);
    }
    stage.run_well(application, Trigger::Restart).await;
    for deployment in building {
        let asked = stage.connection.send(api::GetDeployment { deployment }).await;
        let view = asked.expect("the deployment");
        assert!(!view.status.is_final(), "{:?} {:?}", view.status, view.failure);
        let cancel = api::CancelDeployment { deployment };
        stage.connection.send(cancel).await.expect("it is cancelled");
        stage.end_of(deployment).await;
    }
    invariants::hold(&stage).await;
}
