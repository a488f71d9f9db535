//! The measurements of `cargo xtask bench`, all in one run on one machine: requests lost in 20 deployments under traffic,
//! the overhead of a deployment over the same by hand, the agent's idle memory and its start time.

use std::time::{Duration, Instant};

use acceptance::git_repo::GitRepo;
use acceptance::load::{Load, Plan};
use acceptance::process::Start;
use acceptance::stage::{Stage, host_of};
use acceptance::{invariants, wait};
use slipway_protocol::deployment::{DeploymentView, Step};

const DEPLOYMENTS: u32 = 20;
const PAIRS: usize = 5;

#[tokio::main]
async fn main() {
    let mut stage = Stage::set().await;
    println!(
        "agent start, new database   {:>9.0} ms",
        millis(stage.agent.start_time)
    );
    assert!(stage.agent.stop(), "the agent ends by itself");
    stage.agent.resume().await;
    println!(
        "agent start, database kept  {:>9.0} ms",
        millis(stage.agent.start_time)
    );
    wait::until("the link is back", Duration::from_secs(30), async || {
        stage
            .connection
            .send(slipway_protocol::api::GetMe {})
            .await
            .is_ok()
    })
    .await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    println!(
        "agent idle, resident        {:>9.1} MiB",
        mebibytes(stage.agent.resident())
    );
    overhead(&stage).await;
    under_traffic(&stage).await;
    println!(
        "agent afterwards, resident  {:>9.1} MiB",
        mebibytes(stage.agent.resident())
    );
}

/// Alternates between Slipway and the hand, so that both see the same machine.
async fn overhead(stage: &Stage) {
    let environment = stage.environment("Bench").await;
    let repo = GitRepo::echo("0").await;
    let application = stage.application(environment, "timed", &repo.url()).await;
    stage.deploy_well(application.id).await;
    by_hand(stage, &repo, "warm").await;
    let (mut ours, mut hands, mut gates) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=PAIRS {
        repo.echo_version(&format!("slipway {number}")).await;
        let begun = Instant::now();
        let ended = stage.deploy_well(application.id).await;
        ours.push(begun.elapsed());
        gates.push(time_of(&ended, &[Step::Gate, Step::CutOver, Step::Retire]));
        repo.echo_version(&format!("hand {number}")).await;
        hands.push(by_hand(stage, &repo, &number.to_string()).await);
    }
    let (our, hand, gate) = (median(ours), median(hands), median(gates));
    println!(
        "deployment by Slipway       {:>9.0} ms (of that gate, cut-over and retire {:.0} ms)",
        millis(our),
        millis(gate)
    );
    println!("the same by hand            {:>9.0} ms", millis(hand));
    println!("Slipway / hand              {:>9.2}", millis(our) / millis(hand));
    println!(
        "target (1.05 x hand + 1 s)  {:>9.0} ms",
        millis(hand) * 1.05 + 1000.0
    );
}

/// `git clone`, `docker build`, `docker service create` (which waits until its task runs); the removal is not counted.
async fn by_hand(stage: &Stage, repo: &GitRepo, name: &str) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let tag = format!("{}/hand:{name}", stage.agent.instance());
    let service = format!("{}-hand-{name}", stage.agent.instance());
    let label = format!("{}={}", acceptance::engine::INSTANCE, stage.agent.instance());
    let limit = Duration::from_secs(120);
    // The system's own client: it builds with BuildKit where another one in PATH may lack the plug-in.
    let client = ["/usr/bin/docker", "docker"]
        .into_iter()
        .find(|path| std::path::Path::new(path).exists())
        .unwrap_or("docker");
    let docker = || {
        Start::new(client)
            .env("DOCKER_HOST", stage.agent.engine().address())
            .env("DOCKER_BUILDKIT", "1")
    };
    let begun = Instant::now();
    let url = format!("file://{}", repo.url());
    let clone = Start::new("git")
        .args(["clone", "--quiet", "--depth=1", &url])
        .arg(folder.path().join("source"));
    clone
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .ok(limit)
        .await;
    build(docker(), &tag)
        .arg(folder.path().join("source"))
        .ok(limit)
        .await;
    let create = docker().args([
        "service",
        "create",
        "--quiet",
        "--endpoint-mode=dnsrr",
        "--name",
        &service,
        "--label",
        &label,
    ]);
    create
        .args([
            "--container-label",
            &label,
            "--network",
            stage.agent.instance(),
            &tag,
        ])
        .ok(limit)
        .await;
    let took = begun.elapsed();
    docker().args(["service", "rm", &service]).ok(limit).await;
    took
}

fn build(docker: Start, tag: &str) -> Start {
    docker.args(["build", "--quiet", "--tag", tag])
}

async fn under_traffic(stage: &Stage) {
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

/// From the begin of the first of these steps to the end of the last.
fn time_of(view: &DeploymentView, steps: &[Step]) -> Duration {
    let of = view.steps.iter().filter(|step| steps.contains(&step.step));
    let begun = of.clone().filter_map(|step| step.started_at).min();
    let ended = of.filter_map(|step| step.ended_at).max();
    begun
        .zip(ended)
        .and_then(|(begun, ended)| (ended - begun).to_std().ok())
        .unwrap_or_default()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[allow(clippy::cast_precision_loss)]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
