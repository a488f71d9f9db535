//! Much at once: a build context of 2 GB, and a container that prints 1 GB. Nothing of it is held whole in the agent.

use std::fs::File;
use std::time::{Duration, Instant};

use acceptance::engine::Engine;
use acceptance::git_repo::GitRepo;
use acceptance::stage::Stage;
use futures_util::StreamExt;
use slipway_protocol::ApplicationId;
use slipway_protocol::api::FollowLogs;
use slipway_protocol::log_line::ContainerLogEvent;

use crate::{mib, ms, tell};

const CONTEXT: u64 = 2 << 30;
const PRINTED_MEBIBYTES: u64 = 1 << 10;
/// Floods of short lines, of which the median is told, in MiB.
const RUNS: usize = 3;
const RUN_MEBIBYTES: u64 = 100;
const LIMIT: Duration = Duration::from_secs(600);
/// So much more than before the agent may hold, in bytes.
const MOST: u64 = 48 << 20;
/// What the application says behind the last line.
const END: &str = "flood ends";

pub async fn measure() {
    let stage = &Stage::set().await;
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
    let before = stage.agent.resident();
    stage.agent.forget_peak();
    let begun = Instant::now();
    stage.deploy_well(application).await;
    let took = begun.elapsed().as_secs_f64();
    let peak = bounded(stage, before);
    tell(
        "a context of 2 GiB",
        format!("{took:.0} s, at most {peak} resident"),
    );
}

/// What the agent held at most, for people; not much more than before.
fn bounded(stage: &Stage, before: u64) -> String {
    let peak = stage.agent.peak();
    assert!(peak < before + MOST, "something is held whole: {}", mib(peak));
    mib(peak)
}

async fn logs(stage: &Stage, application: ApplicationId) {
    let before = stage.agent.resident();
    stage.agent.forget_peak();
    let begun = Instant::now();
    let (lines, _) = flood(stage, application, PRINTED_MEBIBYTES, 1024).await;
    let speed = rate(lines, begun.elapsed());
    let peak = bounded(stage, before);
    let said = format!("{speed:.0} lines/s to the client, at most {peak} resident");
    tell("a log of 1 GiB", said);
    let begun = Instant::now();
    let (kept, bytes) = from_the_engine(stage.agent.engine(), stage.agent.instance()).await;
    let (speed, kept) = (rate(kept, begun.elapsed()), bytes >> 20);
    tell(
        "its end from the engine",
        format!("{speed:.0} lines/s ({kept} MiB that it kept)"),
    );
    let mut rates = Vec::new();
    let mut left_out = 0;
    for _ in 0..RUNS {
        let begun = Instant::now();
        let (lines, missing) = flood(stage, application, RUN_MEBIBYTES, 100).await;
        rates.push(rate(lines, begun.elapsed()));
        left_out += missing;
    }
    rates.sort_by(f64::total_cmp);
    let speed = rates[RUNS / 2];
    tell(
        "lines of 100 bytes (≥ 100,000)",
        format!("{speed:.0} lines/s from container to client ({left_out} counted as dropped)"),
    );
    search(stage, application).await;
}

/// A text that is nowhere, in all that is kept.
async fn search(stage: &Stage, application: ApplicationId) {
    let request = FollowLogs {
        after: Some(0),
        regex: Some("needle [0-9]+ of".to_owned()),
        ..FollowLogs::of(application)
    };
    let begun = Instant::now();
    let mut events = Box::pin(stage.connection.stream(request));
    while let Some(event) = events.next().await {
        event.expect("an event");
    }
    tell("a search through all that", ms(begun.elapsed()));
}

/// From the container's first line to its last, as the app and the command line read them: lines, and those counted as missing.
async fn flood(stage: &Stage, application: ApplicationId, size: u64, length: usize) -> (u64, u64) {
    let mut events = stage.connection.follow_logs(application, Some(0), None);
    let (status, said) = stage.get("bulk", &format!("/flood/{size}/{length}")).await;
    assert_eq!(status, 200, "{said}");
    let (mut count, mut left_out) = (0, 0);
    let reading = async {
        while let Some(event) = events.next().await {
            let ContainerLogEvent::Lines(lines) = event.expect("an event") else {
                continue;
            };
            count += lines.len() as u64;
            let missing = lines.iter().filter_map(|line| line.missing);
            left_out += missing.map(|missing| missing.lines.unwrap_or(0)).sum::<u64>();
            if lines.iter().any(|line| line.text == END) {
                return;
            }
        }
        panic!("the log ends too soon");
    };
    tokio::time::timeout(LIMIT, reading).await.expect("the log ends");
    (count, left_out)
}

/// What the engine has kept of it, straight from its socket: lines and bytes.
async fn from_the_engine(engine: &Engine, instance: &str) -> (u64, usize) {
    let services = engine.services(instance).await;
    let bulk = services.iter().find(|service| {
        let name = service["Spec"]["Name"].as_str().unwrap_or_default();
        name.contains("-bulk-")
    });
    let id = bulk
        .and_then(|service| service["ID"].as_str())
        .expect("the service");
    let bytes = engine
        .read_whole(&format!(
            "/services/{id}/logs?stdout=1&stderr=1&timestamps=1&details=1"
        ))
        .await;
    ((bytes >> 10) as u64, bytes)
}

#[expect(clippy::cast_precision_loss, reason = "a number of lines is far from 2^52")]
fn rate(lines: u64, time: Duration) -> f64 {
    lines as f64 / time.as_secs_f64()
}
