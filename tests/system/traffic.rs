//! Deployments under traffic: nobody notices.

use std::time::Duration;

use acceptance::git_repo::GitRepo;
use acceptance::invariants;
use acceptance::load::{Load, Plan};
use acceptance::stage::{Stage, host_of};

/// FR-DEP-06, NFR-P6: GET and POST over kept-alive and new connections, slow ones among them: none is lost in deployments
/// and a roll back. (`cargo xtask bench` does the same with 20 deployments.)
#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("0").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    let first = stage.deploy_well(application.id).await;
    let load = Load::start(Plan {
        port: stage.agent.edge_port(),
        host: host_of("web"),
        per_second: 100,
        slow: Some(1000),
        longest: Duration::from_secs(300),
    });
    for version in 1..=3 {
        repo.echo_version(&version.to_string()).await;
        stage.deploy_well(application.id).await;
    }
    stage.roll_back(application.id, first.id).await;
    stage.assert_serves("web", "0").await;
    let report = load.end().await;
    assert_eq!(report.failed, 0, "of {}: {:?}", report.sent, report.reasons);
    let mut versions: Vec<&str> = report.versions.keys().map(String::as_str).collect();
    versions.sort_unstable();
    assert_eq!(versions, ["0", "1", "2", "3"], "every release took its part");
    invariants::hold(&stage).await;
}
