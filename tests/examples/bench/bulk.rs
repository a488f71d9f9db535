//! Much at once: a build context of 2 GB, and a container that prints 1 GB. Nothing of it is held whole in the agent.

use std::fs::File;
use std::time::{Duration, Instant};

use acceptance::engine::Engine;
use acceptance::git_repo::GitRepo;
use acceptance::stage::Stage;
use futures_util::StreamExt;
use slipway_protocol::ApplicationId;
use slipway_protocol::log_line::ContainerLogEvent;

use crate::mebibytes;

const CONTEXT: u64 = 2 << 30;
const PRINTED_MEBIBYTES: u64 = 1 << 10;
const LIMIT: Duration = Duration::from_secs(600);
/// What the application says behind the last line.
const END: &str = "flood ends";

pub async fn measure(stage: &Stage) {
    let environment = stage.environment("Bulk").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "bulk", &repo.url()).await.id;
    build(stage, &repo, application).await;
    logs(stage, application).await;
}

async fn build(stage: &Stage, repo: &GitRepo, application: ApplicationId) {
    let file = File::create(repo.path().join("bulk")).expect("a file");
    // Nothing but zeros: large for the build, small for git.
    file.set_len(CONTEXT).expect("its length");
    repo.commit("Something large").await;
    stage.agent.forget_peak();
    let begun = Instant::now();
    stage.deploy_well(application).await;
    println!(
        "a context of 2 GiB          {:>9.0} s, at most {:.1} MiB resident",
        begun.elapsed().as_secs_f64(),
        mebibytes(stage.agent.peak())
    );
}

async fn logs(stage: &Stage, application: ApplicationId) {
    let (status, said) = stage.get("bulk", &format!("/flood/{PRINTED_MEBIBYTES}")).await;
    assert_eq!(status, 200, "{said}");
    stage.agent.forget_peak();
    let begun = Instant::now();
    let lines = tokio::time::timeout(LIMIT, through_slipway(stage, application))
        .await
        .expect("the log ends");
    let ours = rate(lines, begun);
    let begun = Instant::now();
    let bytes = from_the_engine(stage.agent.engine(), stage.agent.instance()).await;
    let engines = rate(lines, begun);
    println!(
        "a log of 1 GiB              {ours:>9.0} lines/s to the client, at most {:.1} MiB resident",
        mebibytes(stage.agent.peak())
    );
    println!(
        "the same from the engine    {engines:>9.0} lines/s ({} MiB); Slipway / engine {:.2}",
        bytes >> 20,
        ours / engines
    );
}

/// From the container's first line to its last, as the app and the command line read them.
async fn through_slipway(stage: &Stage, application: ApplicationId) -> u64 {
    let mut events = stage.connection.follow_logs(application, None, Some(1));
    let mut lines = 0;
    while let Some(event) = events.next().await {
        if let ContainerLogEvent::Line(line) = event.expect("an event") {
            lines += 1;
            if line.text == END {
                return lines;
            }
        }
    }
    panic!("the log ends after {lines} lines");
}

/// The same lines straight from the engine's socket.
async fn from_the_engine(engine: &Engine, instance: &str) -> usize {
    let services = engine.services(instance).await;
    let bulk = services.iter().find(|service| {
        let name = service["Spec"]["Name"].as_str().unwrap_or_default();
        name.contains("-bulk-")
    });
    let id = bulk
        .and_then(|service| service["ID"].as_str())
        .expect("the service");
    engine
        .read_whole(&format!(
            "/services/{id}/logs?stdout=1&stderr=1&timestamps=1&details=1"
        ))
        .await
}

#[expect(clippy::cast_precision_loss, reason = "a number of lines is far from 2^52")]
fn rate(lines: u64, begun: Instant) -> f64 {
    lines as f64 / begun.elapsed().as_secs_f64()
}
