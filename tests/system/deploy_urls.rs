//! Deploy URLs: from the internet, through Traefik and the edge process, to a deployment.

use std::time::Duration;

use acceptance::git_repo::GitRepo;
use acceptance::stage::{Stage, host_of};
use acceptance::{invariants, load, process, wait};
use slipway_protocol::deployment::DeploymentStatus;
use slipway_protocol::{ApplicationId, api};

const LIMIT: Duration = Duration::from_secs(180);

async fn try_post(stage: &Stage, url: &str, secret: &str) -> Result<(u16, String), String> {
    let path = url
        .find("/.slipway")
        .and_then(|at| url.get(at..))
        .expect("the path of a deploy URL");
    let bearer = format!("Bearer {secret}");
    let headers = [("authorization", bearer.as_str())];
    let (status, body) = load::post(stage.agent.edge_port(), &host_of("web"), path, &headers).await?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

async fn post(stage: &Stage, url: &str, secret: &str) -> (u16, String) {
    try_post(stage, url, secret).await.expect("an answer")
}

/// Traefik knows the way, and somebody is there.
async fn until_reached(stage: &Stage, url: &str) {
    wait::until("the edge process is reached", LIMIT, async || {
        matches!(try_post(stage, url, "wrong").await, Ok((401, _)))
    })
    .await;
}

async fn make(stage: &Stage, application: ApplicationId) -> (String, String) {
    let made = stage
        .connection
        .send(api::MakeDeployUrl { application })
        .await
        .expect("a deploy URL");
    (made.url, made.secret.expose().clone())
}

/// FR-SRC-05, NFR-S5: who knows the secret deploys, and nobody else; a storm comes to one deployment that waits; a new secret
/// replaces the old one, and without a deploy URL there is nothing to ask.
#[tokio::test(flavor = "multi_thread")]
async fn the_secret_deploys_and_nothing_else() {
    let (stage, repo, application) = Stage::with_web().await;
    stage.deploy_well(application).await;
    let (url, secret) = make(&stage, application).await;
    until_reached(&stage, &url).await;

    repo.echo_version("2").await;
    let (status, answer) = post(&stage, &url, &secret).await;
    assert_eq!((status, answer.as_str()), (202, "{\"deployment\":2}"));
    wait::until("the second version serves", LIMIT, async || {
        stage.get("web", "/").await == (200, "version 2\n".to_owned())
    })
    .await;
    let shown = stage.connection.send(api::GetDeployUrl { application }).await;
    assert!(
        shown
            .expect("the URL")
            .is_some_and(|shown| shown.last_used_at.is_some())
    );

    let wrong = "0".repeat(64);
    assert_eq!(post(&stage, &url, &wrong).await.0, 401);
    let (_, renewed) = make(&stage, application).await;
    assert_eq!(post(&stage, &url, &secret).await.0, 401, "the old secret");

    // One runs, at most one waits, however many are asked for.
    repo.echo_with_long_build("3", 100, 30).await;
    let mut answers = Vec::new();
    for _ in 0..40 {
        answers.push(post(&stage, &url, &renewed).await.0);
    }
    assert!(
        answers.iter().all(|status| matches!(status, 202 | 429)),
        "{answers:?}"
    );
    let all = stage.connection.send(api::ListDeployments::of(application)).await;
    let all = all.expect("the history");
    // However long the storm took: those that had their turn meanwhile have ended, and each of them by itself.
    let open = all.iter().filter(|one| !one.status.is_final());
    let open: Vec<_> = open.map(|one| (one.number, one.status)).collect();
    assert!(open.len() <= 2, "{open:?}");
    for deployment in all {
        let ended = stage.end_of(deployment.id).await;
        assert_eq!(ended.status, DeploymentStatus::Succeeded, "{:?}", ended.failure);
    }

    let removed = stage.connection.send(api::DeleteDeployUrl { application }).await;
    removed.expect("it is removed");
    assert_eq!(post(&stage, &url, &renewed).await.0, 401);
    invariants::hold(&stage).await;
}

/// NFR-S2: the process that hears strangers has no rights: an account of its own, no environment, no Docker socket; it is started
/// again when it ends, and it goes when the agent is killed.
#[tokio::test(flavor = "multi_thread")]
async fn the_edge_process_has_no_rights() {
    let mut stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await.id;
    let (url, _) = make(&stage, application).await;
    until_reached(&stage, &url).await;
    let first = edge_process(&stage).expect("the edge process");
    let status = std::fs::read_to_string(format!("/proc/{first}/status")).expect("its status");
    let line = |name: &str| {
        status
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default()
            .to_owned()
    };
    if line("Uid:").contains("\t0") {
        panic!("it runs as root: {}", line("Uid:"));
    }
    assert_eq!(
        line("CapEff:").split_whitespace().nth(1),
        Some("0000000000000000")
    );
    assert_eq!(line("NoNewPrivs:").split_whitespace().nth(1), Some("1"));
    assert_eq!(
        line("Groups:").split_whitespace().count(),
        1,
        "{}",
        line("Groups:")
    );
    let environment = std::fs::read(format!("/proc/{first}/environ")).unwrap_or_default();
    let environment = String::from_utf8_lossy(&environment);
    assert!(
        !environment.contains("SLIPWAY") && !environment.contains("DOCKER"),
        "{environment}"
    );

    process::kill_all(&[(first, String::new())]);
    wait::until("it is started again", LIMIT, async || {
        edge_process(&stage).is_some_and(|pid| pid != first)
    })
    .await;
    until_reached(&stage, &url).await;
    let second = edge_process(&stage).expect("the edge process");
    stage.agent.kill9();
    process::until_gone("what goes with its agent", &[(second, String::new())]).await;
    stage.agent.resume().await;
}

fn edge_process(stage: &Stage) -> Option<i32> {
    process::naming(stage.agent.home())
        .into_iter()
        .find(|(_, line)| line.contains("slipway-agent edge"))
        .map(|(pid, _)| pid)
}
