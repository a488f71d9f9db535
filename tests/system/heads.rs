//! What a source's name stood for when a deployment was planned: named, and then deployed or refused, never silently another one.

use std::fs;

use acceptance::stage::Stage;
use acceptance::{invariants, sentence, wait};
use slipway_client::ClientError;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Trigger};
use slipway_protocol::head::Head;
use slipway_protocol::plan::{PlanView, PlannedSource};
use slipway_protocol::{ApplicationId, ErrorCode};

fn source(plan: &PlanView) -> &PlannedSource {
    plan.source.as_ref().expect("what is taken of the source")
}

fn hash(head: Option<&Head>) -> Option<&str> {
    head.and_then(Head::commit).map(|hash| hash.as_str())
}

/// The sentence of a refusal.
fn refused(outcome: Result<DeploymentView, ClientError>) -> String {
    match outcome {
        Err(ClientError::Problem(problem)) => {
            assert_eq!(problem.code, ErrorCode::Conflict, "{problem}");
            problem.detail
        }
        other => panic!("a plan that is no longer true was taken: {other:?}"),
    }
}

async fn commit_of(stage: &Stage, asked: &DeploymentView) -> String {
    let ended = stage.end_of(asked.id).await;
    assert_eq!(ended.status, DeploymentStatus::Succeeded, "{:?}", ended.failure);
    ended.commit.expect("a commit").hash
}

/// FR-DEP-08: a plan names the commit that it takes and the one that serves; it is refused once the branch has moved, and what is taken is what
/// was planned, also where the branch moves while the deployment waits.
#[tokio::test(flavor = "multi_thread")]
async fn the_planned_commit_is_deployed_or_refused() {
    let (stage, repo, web) = Stage::with_web().await;
    let first = repo.git(&["rev-parse", "HEAD"]).await;
    let plan = stage.plan(web, Trigger::Deploy).await;
    let seen = source(&plan);
    assert_eq!(
        (seen.names.as_str(), hash(seen.takes.as_ref())),
        ("main", Some(first.as_str()))
    );
    assert_eq!(seen.serves, None);
    stage.deploy_well(web).await;
    for trigger in [Trigger::Deploy, Trigger::Redeploy] {
        let plan = stage.plan(web, trigger).await;
        assert_eq!(source(&plan).is_the_same(), Some(true), "{plan:?}");
        assert!(source(&plan).in_words().ends_with("nothing new"));
    }
    assert_eq!(stage.plan(web, Trigger::Restart).await.source, None);

    let second = repo.echo_version("2").await;
    let stale = stage.plan(web, Trigger::Deploy).await;
    assert_eq!(hash(source(&stale).takes.as_ref()), Some(second.as_str()));
    assert_eq!(hash(source(&stale).serves.as_ref()), Some(first.as_str()));
    let third = repo.echo_version("3").await;
    let said = refused(stage.apply(web, Trigger::Deploy, &stale).await);
    sentence::assert_clear(&said, &["main", "web", &second[..7], &third[..7], "new plan"]);
    stage.assert_serves("web", "1").await;
    let fresh = stage.plan(web, Trigger::Deploy).await;
    let asked = stage
        .apply(web, Trigger::Deploy, &fresh)
        .await
        .expect("a deployment");
    assert_eq!(commit_of(&stage, &asked).await, third);
    stage.assert_serves("web", "3").await;

    // Planned behind one that builds for a while; then the branch moves.
    let fourth = repo.echo_with_long_build("4", 50, 200).await;
    let running = stage.request(web).await;
    stage.wait_until_running(running.id).await;
    let plan = stage.plan(web, Trigger::Deploy).await;
    let waiting = stage
        .apply(web, Trigger::Deploy, &plan)
        .await
        .expect("a deployment");
    repo.echo_version("5").await;
    stage.end_of(running.id).await;
    assert_eq!(commit_of(&stage, &waiting).await, fourth);
    stage.assert_serves("web", "4").await;
    invariants::hold(&stage).await;
}

/// FR-DEP-08, NFR-U2: where the repository does not answer the plan comes all the same and says so, and takes what there is when the
/// deployment starts; where it answered before, what cannot be seen again is not deployed unseen.
#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_does_not_answer_is_told() {
    let (stage, repo, web) = Stage::with_web().await;
    let known = stage.plan(web, Trigger::Deploy).await;
    let (here, away) = (repo.path().join(".git"), repo.path().join("away"));
    fs::rename(&here, &away).unwrap();
    let said = refused(stage.apply(web, Trigger::Deploy, &known).await);
    sentence::assert_clear(&said, &["main", "web", "could not be seen", "new plan"]);
    let unknown = stage.plan(web, Trigger::Deploy).await;
    assert_eq!(source(&unknown).takes, None);
    sentence::assert_clear(&source(&unknown).in_words(), &["main", "not known", &repo.url()]);
    fs::rename(&away, &here).unwrap();
    let asked = stage
        .apply(web, Trigger::Deploy, &unknown)
        .await
        .expect("a deployment");
    let head = repo.git(&["rev-parse", "HEAD"]).await;
    assert_eq!(commit_of(&stage, &asked).await, head);

    let nowhere = format!("http://127.0.0.1:{}/a.git", wait::free_port());
    lead_to(&stage, web, &nowhere, "main").await;
    let plan = stage.plan(web, Trigger::Deploy).await;
    sentence::assert_clear(&source(&plan).in_words(), &["127.0.0.1", "reached"]);
    lead_to(&stage, web, &repo.url(), "no-such-branch").await;
    let plan = stage.plan(web, Trigger::Deploy).await;
    sentence::assert_clear(&source(&plan).in_words(), &["no-such-branch"]);
    // A whole commit needs nobody's answer.
    lead_to(&stage, web, &nowhere, &head).await;
    let plan = stage.plan(web, Trigger::Deploy).await;
    assert_eq!(hash(source(&plan).takes.as_ref()), Some(head.as_str()));
    invariants::hold(&stage).await;
}

async fn lead_to(stage: &Stage, application: ApplicationId, url: &str, reference: &str) {
    stage
        .settings(application, |settings| {
            let git = settings.source.git_mut().unwrap();
            git.url = url.parse().unwrap();
            git.reference = reference.parse().unwrap();
        })
        .await;
}
