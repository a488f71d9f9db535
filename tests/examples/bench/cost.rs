//! What more applications cost: listing them, and keeping watch over the few that run.

use std::time::{Duration, Instant};

use acceptance::git_repo::GitRepo;
use acceptance::stage::{Stage, new_application};
use futures_util::{StreamExt, stream};
use slipway_protocol::{EnvironmentId, api};

use crate::services::idle;
use crate::{median, millis, tell};

const SIZES: [usize; 3] = [10, 100, 1000];
const RUNNING: usize = 5;
const LISTINGS: usize = 50;
const AT_ONCE: usize = 8;
const SETTLE: Duration = Duration::from_secs(10);

pub async fn measure() {
    let stage = Stage::set().await;
    let environment = stage.environment("Cost").await;
    let repo = GitRepo::echo("1").await;
    for number in 0..RUNNING {
        let name = format!("running-{number}");
        let application = stage.application(environment, &name, &repo.url()).await.id;
        stage.deploy_well(application).await;
    }
    let mut there = RUNNING;
    for size in SIZES {
        create(&stage, environment, &repo.url(), there, size).await;
        there = size;
        tokio::time::sleep(SETTLE).await;
        println!("  {size} applications, {RUNNING} of them running");
        idle(&stage).await;
        list(&stage, size).await;
    }
}

async fn create(stage: &Stage, environment: EnvironmentId, url: &str, from: usize, to: usize) {
    let one = async |number: usize| {
        let body = new_application(&format!("row-{number}"), url, 8080);
        let request = api::CreateApplication { environment, body };
        stage.connection.send(request).await.expect("an application");
    };
    stream::iter(from..to)
        .map(one)
        .buffer_unordered(AT_ONCE)
        .collect::<()>()
        .await;
}

/// One after the other, through the tunnel, as the app does.
async fn list(stage: &Stage, size: usize) {
    let mut times = Vec::new();
    let before = stage.agent.processor_time();
    for _ in 0..LISTINGS {
        let begun = Instant::now();
        let all = stage
            .connection
            .send(api::ListApplications { environment: None })
            .await
            .expect("the applications");
        times.push(begun.elapsed());
        assert_eq!(all.len(), size);
    }
    let used = stage.agent.processor_time().saturating_sub(before);
    let slowest = times.iter().copied().max().unwrap_or_default();
    tell(
        "listing them all",
        format!(
            "{:.1} ms (at most {:.1} ms), {:.1} ms of the agent's processor time each",
            millis(median(times)),
            millis(slowest),
            millis(used) / f64::from(u32::try_from(LISTINGS).unwrap_or(1)),
        ),
    );
}
