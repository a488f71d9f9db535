//! The agent is killed at every boundary of every step of a real deployment, under traffic.

use std::time::Duration;

use acceptance::git_repo::GitRepo;
use acceptance::load::{Load, Plan};
use acceptance::stage::{DEPLOYMENT_LIMIT, Stage, host_of};
use acceptance::{invariants, wait};
use slipway_protocol::deployment::{DeploymentStatus, Step};

/// FR-DEP-10, NFR-R1, NFR-R2: after `kill -9` before a step's effect, after it and after its record, the restarted agent ends
/// the deployment in success or clean failure; a release serves every request meanwhile; nothing is orphaned.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_step_it_ends_well() {
    let mut stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("0").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    stage.deploy_well(application.id).await;
    let load = Load::start(Plan {
        port: stage.agent.edge_port(),
        host: host_of("web"),
        per_second: 20,
        slow: None,
        longest: Duration::from_secs(40 * 60),
    });

    let mut serving = "0".to_owned();
    for step in Step::ALL {
        for moment in ["before", "after", "recorded"] {
            let point = format!("{}:{moment}", step.as_str());
            let version = format!("{}-{moment}", step.as_str());
            repo.echo_version(&version).await;
            stage.agent.arm(&format!("{point}:kill"));
            let deployment = stage.request(application.id).await;
            let agent = &mut stage.agent;
            wait::until(
                &format!("the agent dies at {point}"),
                DEPLOYMENT_LIMIT,
                async || !agent.is_running(),
            )
            .await;
            assert!(!stage.agent.is_armed(), "{point}");
            stage.assert_serves_one_of("web", &[&serving, &version]).await;
            stage.agent.resume().await;
            let ended = stage.end_of(deployment.id).await;
            match ended.status {
                DeploymentStatus::Succeeded => serving = version,
                DeploymentStatus::Failed => assert!(ended.failure.is_some(), "{point}"),
                other => panic!("{point}: {other:?} {:?}", ended.steps),
            }
            stage.assert_serves("web", &serving).await;
            invariants::hold(&stage).await;
            let so_far = load.so_far();
            assert_eq!(so_far.failed, 0, "{point}: {:?}", so_far.reasons);
            eprintln!("{point}: {:?}, {} requests, 0 failed", ended.status, so_far.sent);
        }
    }
    let report = load.end().await;
    assert_eq!(report.failed, 0, "{:?}", report.reasons);
}
