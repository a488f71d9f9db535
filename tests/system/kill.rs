//! The agent is killed at every boundary of every step of real deployments, under traffic.

use acceptance::git_repo::GitRepo;
use acceptance::load::{Load, Plan};
use acceptance::stage::{DEPLOYMENT_LIMIT, Stage, host_of};
use acceptance::{invariants, wait};
use slipway_protocol::ApplicationId;
use slipway_protocol::deployment::{DeploymentStatus, Step};
use slipway_protocol::settings::{
    ApplicationSettings, Canary, CommandLine, Percent, Replicas, Seconds, Strategy,
};

/// FR-DEP-10, NFR-R1, NFR-R2: after `kill -9` before a step's effect, after it and after its record, the restarted agent ends
/// the deployment in success or clean failure; a release serves every request meanwhile; nothing is orphaned.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_step_it_ends_well() {
    let (mut stage, repo, application) = deployed(|_| {}).await;
    let load = Load::start(Plan::requests(stage.agent.edge_port(), host_of("web"), 20));
    let steps = [
        Step::Source,
        Step::Build,
        Step::Release,
        Step::Gate,
        Step::CutOver,
        Step::Retire,
    ];
    kill_at(&mut stage, &repo, application, &steps, Some(&load)).await;
    let report = load.end().await;
    assert_eq!(report.failed, 0, "{:?}", report.reasons);
}

/// FR-DEP-05, FR-DEP-10, NFR-R1: the same of a canary's own step, and of the commands around a release; no request is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_canary_ends_well() {
    let canary = |settings: &mut ApplicationSettings| {
        settings.hooks.before = CommandLine::split("/app count 1 1").ok();
        settings.hooks.after = CommandLine::split("/app count 1 1").ok();
        settings.rollout.strategy = Strategy::Canary(Canary {
            shares: vec![Percent::fixed(50)],
            pause: Seconds::fixed(1),
            ..Canary::default()
        });
    };
    let (mut stage, repo, application) = deployed(canary).await;
    kill_at(
        &mut stage,
        &repo,
        application,
        &[Step::Before, Step::Canary, Step::After],
        None,
    )
    .await;
}

/// FR-DEP-05, FR-DEP-10, NFR-R1: the same of a rolling release.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_rolling_release_ends_well() {
    let rolling = |settings: &mut ApplicationSettings| {
        settings.rollout.strategy = Strategy::Rolling;
        settings.replicas = Replicas::try_from(2).expect("a number");
    };
    let (mut stage, repo, application) = deployed(rolling).await;
    kill_at(&mut stage, &repo, application, &[Step::Roll], None).await;
}

/// FR-DEP-05, FR-DEP-10, NFR-R1: the same of a release that is recreated.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_recreation_ends_well() {
    let recreate = |settings: &mut ApplicationSettings| settings.rollout.strategy = Strategy::Recreate;
    let (mut stage, repo, application) = deployed(recreate).await;
    kill_at(&mut stage, &repo, application, &[Step::Stop, Step::Release], None).await;
}

/// An application with these settings whose version 0 serves.
async fn deployed(change: impl FnOnce(&mut ApplicationSettings)) -> (Stage, GitRepo, ApplicationId) {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("0").await;
    let application = stage.application(environment, "web", &repo.url()).await.id;
    stage.settings(application, change).await;
    stage.deploy_well(application).await;
    (stage, repo, application)
}

async fn kill_at(
    stage: &mut Stage,
    repo: &GitRepo,
    application: ApplicationId,
    steps: &[Step],
    load: Option<&Load>,
) {
    let mut serving = "0".to_owned();
    for step in steps {
        for moment in ["before", "after", "recorded"] {
            let point = format!("{}:{moment}", step.as_str());
            let version = format!("{}-{moment}", step.as_str());
            repo.echo_version(&version).await;
            stage.agent.arm(&format!("{point}:kill"));
            let deployment = stage.request(application).await;
            let agent = &mut stage.agent;
            wait::until(
                &format!("the agent dies at {point}"),
                DEPLOYMENT_LIMIT,
                async || !agent.is_running(),
            )
            .await;
            assert!(!stage.agent.is_armed(), "{point}");
            if *step != Step::Stop && load.is_some() {
                stage.assert_serves_one_of("web", &[&serving, &version]).await;
            }
            stage.agent.resume().await;
            let ended = stage.end_of(deployment.id).await;
            match ended.status {
                DeploymentStatus::Succeeded => serving = version,
                DeploymentStatus::Failed => assert!(ended.failure.is_some(), "{point}"),
                other => panic!("{point}: {other:?} {:?}", ended.steps),
            }
            stage.assert_serves("web", &serving).await;
            invariants::hold(stage).await;
            let Some(so_far) = load.map(Load::so_far) else {
                continue;
            };
            assert_eq!(so_far.failed, 0, "{point}: {:?}", so_far.reasons);
            eprintln!("{point}: {:?}, {} requests, 0 failed", ended.status, so_far.sent);
        }
    }
}
