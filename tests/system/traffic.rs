//! Deployments under traffic: nobody notices.

use std::time::{Duration, SystemTime};

use acceptance::git_repo::GitRepo;
use acceptance::load::{LastedEnd, Load, Plan};
use acceptance::stage::{Stage, host_of};
use acceptance::{invariants, wait};
use slipway_protocol::deployment::Step;
use slipway_protocol::settings::Seconds;

const LIMIT: Duration = Duration::from_secs(180);

/// FR-DEP-06, NFR-P6: GET and POST over kept-alive and new connections, slow ones among them: none is lost in deployments
/// and a roll back. (`cargo xtask bench load` does the same with a hundred deployments, and with streams.)
#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("0").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    let first = stage.deploy_well(application.id).await;
    let load = Load::start(
        Plan::requests(stage.agent.edge_port(), host_of("web"), 100).with_slow(Duration::from_secs(1)),
    );
    for version in 1..=3 {
        repo.echo_version(&version.to_string()).await;
        stage.deploy_well(application.id).await;
    }
    stage.roll_back(application.id, first.id).await;
    stage.assert_serves("web", "0").await;
    let report = load.end_well().await;
    let mut versions: Vec<&str> = report.versions.keys().map(String::as_str).collect();
    versions.sort_unstable();
    assert_eq!(versions, ["0", "1", "2", "3"], "every release took its part");
    invariants::hold(&stage).await;
}

/// FR-DEP-06: WebSockets, server-sent events and a download go on at the old release until its time is over. Then the application
/// ends them properly, not before; and new ones are the new release's.
#[tokio::test(flavor = "multi_thread")]
async fn streams_have_their_time() {
    const DRAIN: Duration = Duration::from_secs(4);
    let (stage, repo, application) = Stage::with_web().await;
    stage
        .settings(application, |settings| {
            settings.rollout.drain = Seconds::try_from(DRAIN.as_secs()).expect("a time");
        })
        .await;
    stage.deploy_well(application).await;
    let load = Load::start(Plan {
        sockets: 3,
        events: 2,
        streams: 1,
        ..Plan::requests(stage.agent.edge_port(), host_of("web"), 20)
    });
    wait::until("the streams are open", LIMIT, async || load.open_streams() == 6).await;
    repo.echo_version("2").await;
    let second = stage.deploy_well(application).await;
    // Swarm takes a moment to ask the old tasks to end; then their streams are opened again at the new release.
    wait::until(
        "the old streams have ended, and new ones are open",
        LIMIT,
        async || load.so_far().streams.len() >= 6 && load.open_streams() == 6,
    )
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let report = load.end_well().await;
    let cut_over = second.steps.iter().find(|step| step.step == Step::CutOver);
    let switched = cut_over.and_then(|step| step.ended_at).expect("it was switched");
    let over = SystemTime::from(switched) + DRAIN;
    let (old, new): (Vec<_>, Vec<_>) = report.streams.iter().partition(|one| one.version == "1");
    assert_eq!((old.len(), new.len()), (6, 6), "{:?}", report.streams);
    for stream in old {
        assert_eq!(stream.end, LastedEnd::Properly, "{stream:?}");
        assert!(stream.ended >= over, "{stream:?} before {over:?}");
    }
    for stream in new {
        assert_eq!(
            (stream.version.as_str(), &stream.end),
            ("2", &LastedEnd::ByUs),
            "{stream:?}"
        );
    }
    invariants::hold(&stage).await;
}
