//! Metrics: what an application uses and does is recorded while nobody looks.

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::git_repo::GitRepo;
use acceptance::load;
use acceptance::sshd::Sshd;
use acceptance::stage::{Stage, host_of};
use acceptance::wait;
use slipway_client::Connection;
use slipway_protocol::api::{GetApplicationMetrics, GetNodeMetrics};
use slipway_protocol::metric::{ApplicationMetrics, NodeMetrics, Series};
use slipway_protocol::settings::{MegaBytes, MilliCores};
use slipway_protocol::{ApplicationId, Role};

/// A look each ten seconds, and rates need two of them; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(180);
const MIB: f32 = 1024.0 * 1024.0;
const LIMIT_OF_MEMORY: u64 = 256;

async fn metrics(connection: &Connection, application: ApplicationId) -> ApplicationMetrics {
    let request = GetApplicationMetrics {
        application,
        from: None,
        to: None,
        last: Some(900),
    };
    connection.send(request).await.expect("metrics")
}

async fn node(connection: &Connection) -> NodeMetrics {
    let request = GetNodeMetrics {
        from: None,
        to: None,
        last: Some(900),
    };
    connection.send(request).await.expect("the node's metrics")
}

fn reaches(series: &Series, least: f32) -> bool {
    series.peak().is_some_and(|peak| peak >= least)
}

/// How many there were, of something that is counted a second.
fn total(series: &Series, step: u32) -> f32 {
    series.mean.iter().flatten().sum::<f32>() * step as f32
}

/// FR-OBS-03: processor, memory with its limit, network, requests, errors and latency of an application are recorded by themselves, and
/// whoever may look sees them; the node's too. A task that takes another's place is a restart, and what was recorded outlives the agent.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_application_uses_is_recorded() {
    let mut stage = Stage::set().await;
    let application = limited(&stage).await;
    let before = metrics(&stage.connection, application).await;
    assert_eq!(before.restarts, 0);

    let guest = stage.join(Role::Viewer).await;
    let viewer = &guest.connection;
    used_when_asked(&stage, viewer, application).await;
    requests_are_counted(&stage, viewer, application).await;
    wait::until("the node is recorded", LIMIT, async || {
        let node = node(viewer).await;
        reaches(&node.cpu, 1.0)
            && node.memory.now() > Some(0.0)
            && node.memory.now() < node.memory_total.now()
            && node.docker_disk.now() > Some(0.0)
            && node.state_disk.now() < node.state_disk_total.now()
            && node.load.now().is_some()
            && node.received.now().is_some()
    })
    .await;
    a_restart_is_counted(&stage, viewer, application).await;
    outlives_the_agent(&mut stage, viewer, application).await;
}

/// FR-OBS-03: where the kernel's files are not read, the engine is asked, and says the same. An engine that is older than its kernel may
/// count nothing (20.10 on Linux 6): what it does not say is a gap, and requests are counted all the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_engine_is_asked_in_place_of_the_kernel() {
    let agent = Agent::start_set(&[("SLIPWAY_METRICS_FROM_ENGINE", "true")]).await;
    let stage = Stage::around(agent, Sshd::start().await).await;
    let application = limited(&stage).await;
    if the_engine_counts(&stage).await {
        used_when_asked(&stage, &stage.connection, application).await;
        return;
    }
    wait::until("requests are counted", LIMIT, async || {
        stage.get("web", "/").await;
        let seen = metrics(&stage.connection, application).await;
        reaches(&seen.requests, 0.1) && seen.memory.peak().is_none() && seen.tasks.is_empty()
    })
    .await;
}

async fn the_engine_counts(stage: &Stage) -> bool {
    let path = format!("/containers/{}/stats?stream=false", container(stage).await);
    let (_, answer) = stage.agent.engine().call("GET", &path, None).await;
    let counted: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
    counted["memory_stats"]["usage"].is_u64()
}

/// The container of the only task.
async fn container(stage: &Stage) -> String {
    let running = stage
        .agent
        .engine()
        .running_containers(stage.agent.instance())
        .await;
    let task = running
        .iter()
        .find(|one| one["Labels"]["slipway.deployment"].is_string());
    let id = task.and_then(|one| one["Id"].as_str());
    id.expect("its container").to_owned()
}

/// An application of one task that serves, and may take so much memory.
async fn limited(stage: &Stage) -> ApplicationId {
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await.id;
    let limit = MegaBytes::try_from(LIMIT_OF_MEMORY).expect("a limit");
    stage
        .settings(application, |settings| {
            settings.container.resources.memory = Some(limit);
            // It keeps a core busy when it is asked to, and other tests run beside it.
            settings.container.resources.cpu = Some(MilliCores::try_from(200_u64).expect("a fifth"));
        })
        .await;
    stage.deploy_well(application).await;
    application
}

async fn used_when_asked(stage: &Stage, viewer: &Connection, application: ApplicationId) {
    stage.get("web", "/hold/64").await;
    stage.get("web", "/burn/120").await;
    // A look that came late is a gap, and a task whose processor was looked at once has no number yet.
    let seen = wait::until_some("what it uses is recorded", LIMIT, async || {
        let seen = metrics(viewer, application).await;
        let is_whole = reaches(&seen.cpu, 0.03)
            && reaches(&seen.memory, 64.0 * MIB)
            && seen.memory_limit.now().is_some()
            && seen.tasks.iter().all(|task| task.cpu.is_some())
            && !seen.tasks.is_empty();
        is_whole.then_some(seen)
    })
    .await;
    let cores = seen.cpu.peak().unwrap_or_default();
    assert!(cores < 2.0, "one thread is busy, not {cores} cores");
    let memory = seen.memory.peak().unwrap_or_default() / MIB;
    assert!(memory < 128.0, "it holds 64 MiB, not {memory}");
    assert_eq!(seen.memory_limit.now(), Some(LIMIT_OF_MEMORY as f32 * MIB));
    let [task] = seen.tasks.as_slice() else {
        panic!("one task runs: {:?}", seen.tasks);
    };
    assert_eq!(task.memory_limit, Some(LIMIT_OF_MEMORY << 20));
    assert!(task.memory > 64 << 20 && task.cpu.is_some(), "{task:?}");
    let part = task.part;
    assert!(
        part.deployment.is_some() && part.command.is_none() && !part.hook,
        "{part:?}"
    );
    assert_eq!(seen.cpu.mean[0], None, "what was before is a gap");
}

async fn requests_are_counted(stage: &Stage, viewer: &Connection, application: ApplicationId) {
    let seen = metrics(viewer, application).await;
    let (requests, errors) = (total(&seen.requests, seen.step), total(&seen.errors, seen.step));
    for _ in 0..20 {
        stage.get("web", "/slow/50").await;
    }
    for _ in 0..5 {
        let (status, _) = stage.get("web", "/fail").await;
        assert_eq!(status, 500);
    }
    // Bytes are a rate between two moments that a busy machine takes early or late, so their sum is rough; requests are counted.
    let (port, host) = (stage.agent.edge_port(), host_of("web"));
    let large = load::get(port, &host, "/large/4096").await.expect("an answer");
    assert_eq!(large.1.len(), 4 << 20);
    wait::until("requests are counted", LIMIT, async || {
        let seen = metrics(viewer, application).await;
        total(&seen.requests, seen.step) - requests > 25.5 && total(&seen.sent, seen.step) > 2.0 * MIB
    })
    .await;
    let seen = metrics(viewer, application).await;
    let errors = total(&seen.errors, seen.step) - errors;
    assert!((errors - 5.0).abs() < 0.5, "five failed, not {errors}");
    let requests = total(&seen.requests, seen.step) - requests;
    assert!((requests - 26.0).abs() < 0.5, "26 were asked, not {requests}");
    let latency = seen.latency.peak().unwrap_or_default();
    assert!((10.0..10_000.0).contains(&latency), "{latency} ms");
}

async fn a_restart_is_counted(stage: &Stage, viewer: &Connection, application: ApplicationId) {
    let path = format!("/containers/{}/kill", container(stage).await);
    let (status, _) = stage.agent.engine().call("POST", &path, None).await;
    assert_eq!(status, 204);
    wait::until("the restart is counted", LIMIT, async || {
        metrics(viewer, application).await.restarts == 1
    })
    .await;
}

/// What is not written yet is written when the agent is asked to end.
async fn outlives_the_agent(stage: &mut Stage, viewer: &Connection, application: ApplicationId) {
    let before = metrics(viewer, application).await;
    assert!(stage.agent.stop(), "it ends by itself");
    stage.agent.resume().await;
    wait::until("the agent answers", LIMIT, async || {
        let request = GetApplicationMetrics {
            application,
            from: Some(before.from),
            to: None,
            last: None,
        };
        let Ok(after) = viewer.send(request).await else {
            return false;
        };
        let length = before.cpu.mean.len();
        let kept =
            after.cpu.mean.get(..length.saturating_sub(3)) == before.cpu.mean.get(..length.saturating_sub(3));
        after.from == before.from && kept && after.restarts == 1
    })
    .await;
}
