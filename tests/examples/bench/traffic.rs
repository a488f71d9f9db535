//! Requests lost while one release follows the other.

use std::time::{Duration, Instant};

use acceptance::git_repo::GitRepo;
use acceptance::invariants;
use acceptance::load::{Load, Plan};
use acceptance::stage::{Stage, host_of};

use crate::millis;

const DEPLOYMENTS: u32 = 20;

/// GET and POST at a steady rate over kept-alive and new connections, and a slow request each second, while releases change.
pub async fn measure(stage: &Stage) {
    let environment = stage.environment("Traffic").await;
    let repo = GitRepo::echo("0").await;
    let application = stage.application(environment, "busy", &repo.url()).await;
    stage.deploy_well(application.id).await;
    let load = Load::start(Plan {
        port: stage.agent.edge_port(),
        host: host_of("busy"),
        per_second: 100,
        slow: Some(1000),
        longest: Duration::from_secs(30 * 60),
    });
    let begun = Instant::now();
    for version in 1..=DEPLOYMENTS {
        repo.echo_version(&version.to_string()).await;
        stage.deploy_well(application.id).await;
    }
    let took = begun.elapsed();
    let report = load.end().await;
    println!(
        "deployments under traffic   {DEPLOYMENTS:>9} in {:.0} s",
        took.as_secs_f64()
    );
    println!(
        "requests                    {:>9} ({} releases answered)",
        report.sent,
        report.versions.len()
    );
    println!(
        "failed requests             {:>9} {:?}",
        report.failed, report.reasons
    );
    let quick = |share| millis(report.latency(share));
    println!(
        "latency p50 / p90 (ms)      {:>9.1} / {:.1}",
        quick(0.5),
        quick(0.9)
    );
    invariants::hold(stage).await;
    assert_eq!(report.failed, 0, "requests were lost");
}
