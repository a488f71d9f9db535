//! From the invitation to a live application and back again: deployments that succeed and deployments that must not.

use std::time::Duration;

use acceptance::git_repo::GitRepo;
use acceptance::postgres::Postgres;
use acceptance::sentence;
use acceptance::stage::{Stage, host_of};
use acceptance::{invariants, load, wait};
use slipway_protocol::api;
use slipway_protocol::application::ObservedStatus;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, StepStatus, Trigger};

const LIMIT: Duration = Duration::from_secs(120);

/// Values that quoting, templates and shells like to spoil.
const ODD_VALUES: [(&str, &str); 7] = [
    ("QUOTES", r#"a "double" and a 'single' \ backslash"#),
    ("DOLLAR", "$HOME ${HOME} $(id) `id` %s {{.}}"),
    ("LINES", "first\nsecond\r\n\tthird\n"),
    ("UNICODE", "naïve 日本 🚢 \u{200d}"),
    ("EQUALS", "a=b=c # not a comment"),
    ("SPACES", "  both ends  "),
    ("EMPTY", ""),
];

/// FR-IAM-01, FR-PRJ-01, FR-SRC-01, FR-BLD-01, FR-EDG-01, FR-DEP-01, FR-DEP-13: from the invitation to a URL that answers.
/// FR-CFG-01: variables arrive byte for byte. FR-DEP-07: a roll back brings back image and variables.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_goes_live_and_back() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let commit = repo.git(&["rev-parse", "HEAD"]).await;
    let application = stage.application(environment, "web", &repo.url()).await;
    assert_eq!(application.observed, ObservedStatus::Absent);
    for (key, value) in ODD_VALUES {
        stage.set_variable(application.id, key, value).await;
    }

    let first = stage.deploy_well(application.id).await;
    stage.assert_serves("web", "1").await;
    assert_eq!(
        first.commit.as_ref().map(|commit| commit.hash.as_str()),
        Some(commit.as_str())
    );
    assert_eq!(
        first.commit.as_ref().map(|commit| commit.author.as_str()),
        Some("Ada Tester")
    );
    assert!(
        first
            .image
            .as_deref()
            .is_some_and(|image| image.starts_with("sha256:")),
        "{:?}",
        first.image
    );
    assert!(
        first.steps.iter().all(|step| step.status == StepStatus::Done),
        "{:?}",
        first.steps
    );
    for (key, value) in ODD_VALUES {
        let (status, arrived) = load::get(
            stage.agent.edge_port(),
            &host_of("web"),
            &format!("/variable/{key}"),
        )
        .await
        .unwrap();
        assert_eq!((status, arrived.as_slice()), (200, value.as_bytes()), "{key}");
    }
    let seen = wait::until_some("its one task is seen to run", LIMIT, async || {
        let seen = stage.view(application.id).await;
        ((seen.observed, seen.observed_tasks) == (ObservedStatus::Running, 1)).then_some(seen)
    })
    .await;
    assert_eq!(
        seen.domains[0].url,
        format!("http://web.example.org:{}/", stage.agent.edge_port())
    );
    assert!(!seen.pending_changes);

    repo.echo_version("2").await;
    stage.set_variable(application.id, "DOLLAR", "changed").await;
    assert!(stage.view(application.id).await.pending_changes);
    stage.deploy_well(application.id).await;
    stage.assert_serves("web", "2").await;
    assert_eq!(
        stage.get("web", "/variable/DOLLAR").await,
        (200, "changed".to_owned())
    );

    let back = stage.roll_back(application.id, first.id).await;
    assert_eq!(back.status, DeploymentStatus::Succeeded, "{:?}", back.failure);
    assert_eq!(back.trigger, Trigger::Rollback { to: first.id });
    assert_eq!(back.image, first.image);
    stage.assert_serves("web", "1").await;
    assert_eq!(
        stage.get("web", "/variable/DOLLAR").await,
        (200, ODD_VALUES[1].1.to_owned())
    );
    // It went back to what was set then: the change waits again, also after new tasks of the same.
    assert!(stage.view(application.id).await.pending_changes);
    stage.run_well(application.id, Trigger::Restart).await;
    assert!(stage.view(application.id).await.pending_changes);
    invariants::hold(&stage).await;
}

/// FR-DEP-03, FR-DEP-16: a release that does not build, does not stay up, listens elsewhere or is sick fails with its reason,
/// and the old one serves on.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_release_never_serves() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    stage.deploy_well(application.id).await;

    repo.break_dockerfile().await;
    let broken = fails(&stage, &application.id, &[]).await;
    let said = all_lines(&stage, &broken).await;
    assert!(
        said.contains("no-such-file"),
        "the build's own words are in the log: {said}"
    );

    repo.echo_version("2").await;
    repo.echo_mode("2", "crash").await;
    let crashed = fails(&stage, &application.id, &["exit code 3"]).await;
    let said = all_lines(&stage, &crashed).await;
    assert!(
        said.contains("the configuration of the moon is missing"),
        "its last words are in the log: {said}"
    );

    repo.echo_mode("3", "port 9999").await;
    fails(&stage, &application.id, &["8080"]).await;
    invariants::hold(&stage).await;

    repo.echo_version("4").await;
    stage.deploy_well(application.id).await;
    stage.assert_serves("web", "4").await;
    invariants::hold(&stage).await;
}

async fn fails(
    stage: &Stage,
    application: &slipway_protocol::ApplicationId,
    words: &[&str],
) -> DeploymentView {
    let ended = stage.deploy(*application).await;
    assert_eq!(ended.status, DeploymentStatus::Failed);
    sentence::assert_clear(ended.failure.as_deref().unwrap_or_default(), words);
    assert!(
        ended.steps.iter().any(|step| step.failure.is_some()),
        "{:?}",
        ended.steps
    );
    stage.assert_serves("web", "1").await;
    ended
}

async fn all_lines(stage: &Stage, deployment: &DeploymentView) -> String {
    let lines = stage.lines(deployment.id, None).await;
    lines.into_iter().map(|line| line.text + "\n").collect()
}

/// FR-BLD-01, FR-CFG-01: another kind of application: real packages from PyPI in its Dockerfile, and a PostgreSQL to talk to.
#[tokio::test(flavor = "multi_thread")]
async fn a_python_service_with_a_database_goes_live() {
    let stage = Stage::set().await;
    let database = Postgres::start(stage.agent.engine()).await;
    let environment = stage.environment("Notes").await;
    let repo = GitRepo::of_folder("notes").await;
    let application = stage.application(environment, "notes", &repo.url()).await;
    stage
        .set_variable(application.id, "DATABASE_URL", &database.url())
        .await;
    stage.deploy_well(application.id).await;
    let (status, page) = stage.get("notes", "/").await;
    assert_eq!(status, 200, "{page}");
    assert!(page.starts_with("PostgreSQL "), "{page}");
    assert_eq!(stage.get("notes", "/add/first").await, (200, "1\n".to_owned()));
    assert_eq!(stage.get("notes", "/add/second").await, (200, "2\n".to_owned()));
    invariants::hold(&stage).await;
}

/// FR-DEP-02: a waiting deployment is superseded by a newer one, and a running one can be cancelled.
/// FR-PRJ-03: deleting an application removes all of it, and nothing of its neighbour.
#[tokio::test(flavor = "multi_thread")]
async fn deployments_are_superseded_cancelled_and_removed() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let (repo, other_repo) = (GitRepo::echo("1").await, GitRepo::echo("other").await);
    let application = stage.application(environment, "web", &repo.url()).await;
    let other = stage.application(environment, "other", &other_repo.url()).await;
    stage.deploy_well(application.id).await;
    stage.deploy_well(other.id).await;

    // Longer than anybody takes to ask for two more: it is cancelled.
    repo.echo_with_long_build("2", 6_000, 100).await;
    let running = stage.request(application.id).await;
    stage.wait_until_running(running.id).await;
    let waiting = stage.request(application.id).await;
    repo.echo_version("3").await;
    let newest = stage.request(application.id).await;
    let cancelled = stage
        .connection
        .send(api::CancelDeployment {
            deployment: running.id,
        })
        .await
        .unwrap();
    assert!(!cancelled.status.is_final() || cancelled.status == DeploymentStatus::Cancelled);
    assert_eq!(stage.end_of(running.id).await.status, DeploymentStatus::Cancelled);
    assert_eq!(
        stage.end_of(waiting.id).await.status,
        DeploymentStatus::Superseded
    );
    assert_eq!(stage.end_of(newest.id).await.status, DeploymentStatus::Succeeded);
    stage.assert_serves("web", "3").await;
    invariants::hold(&stage).await;

    stage.delete(application.id).await;
    invariants::hold(&stage).await;
    assert_eq!(stage.get("web", "/").await.0, 404);
    stage.assert_serves("other", "other").await;
}
