//! Failed deployments say why. Each failure is staged for real, ends in its time and names its cause, and the old release
//! serves every request meanwhile.

use acceptance::git_repo::GitRepo;
use acceptance::load::{Load, Plan};
use acceptance::stage::{Stage, host_of};
use acceptance::{invariants, sentence};
use chrono::TimeDelta;
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Explanation};
use slipway_protocol::settings::{
    Build, Canary, DockerfileBuild, HealthCheck, MegaBytes, Percent, Seconds, Strategy,
};
use slipway_protocol::{ApplicationId, api};

/// A failure that shows at once must not wait for the gate's deadline, which is two minutes.
const SOON: TimeDelta = TimeDelta::seconds(100);
/// The gate's deadline, and the moment until it has taken its step's end down.
const AT_THE_DEADLINE: TimeDelta = TimeDelta::seconds(150);

/// FR-DEP-03, FR-DEP-16: what cannot be fetched or built names its cause, and the old release serves on.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_build_is_explained() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let web = serving(&stage, "web", &repo).await;
    let load = traffic(&stage, "web");

    repo.dockerfile("FROM localhost:1/x\n").await;
    let said = fails_with(&stage, web.id, "registry-unreachable", SOON).await;
    assert!(said.cause.contains("localhost:1/x"), "{}", said.cause);
    repo.dockerfile("FROM scratch\nCOPY no-such-file /\n").await;
    let said = fails_with(&stage, web.id, "copy-source-not-found", SOON).await;
    assert!(said.cause.contains("no-such-file"), "{}", said.cause);
    repo.dockerfile("FROM scratch\nCOPYY app /\n").await;
    let said = fails_with(&stage, web.id, "dockerfile-syntax", SOON).await;
    assert!(
        said.cause.contains("Line 2") && said.cause.contains("COPYY"),
        "{}",
        said.cause
    );
    repo.git(&["rm", "--quiet", "Dockerfile"]).await;
    repo.commit("No Dockerfile").await;
    fails_with(&stage, web.id, "nothing-recognised", SOON).await;
    let mut body = web.settings.clone();
    body.build = Build::Dockerfile(DockerfileBuild::default());
    let application = web.id;
    let changed = stage
        .connection
        .send(api::UpdateApplication {
            application,
            body: body.clone(),
        })
        .await;
    changed.unwrap();
    fails_with(&stage, web.id, "dockerfile-not-found", SOON).await;
    body.source.git_mut().unwrap().reference = "no-such-branch".parse().unwrap();
    let changed = stage
        .connection
        .send(api::UpdateApplication { application, body })
        .await;
    changed.unwrap();
    let said = fails_with(&stage, web.id, "git-reference-not-found", SOON).await;
    assert!(said.cause.contains("no-such-branch"), "{}", said.cause);

    all_by_the_old_release(load).await;
    invariants::hold(&stage).await;
}

/// FR-DEP-03, FR-DEP-16: a release that does not stay up, or cannot begin, names its cause, and the old one serves on.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_does_not_stay_up_is_explained() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("0").await;
    let web = serving(&stage, "web", &repo).await;
    let gone = web.serving.clone().expect("the first release");
    repo.echo_version("1").await;
    stage.deploy_well(web.id).await;
    let load = traffic(&stage, "web");

    repo.echo_mode("2", "crash").await;
    let said = fails_with(&stage, web.id, "crash-loop", SOON).await;
    assert!(
        said.cause.contains("exit code 3") && said.cause.contains("the configuration of the moon is missing"),
        "{}",
        said.cause
    );
    repo.echo_mode("3", "done").await;
    let said = fails_with(&stage, web.id, "exits-by-itself", SOON).await;
    assert!(said.cause.contains("all work is done"), "{}", said.cause);
    repo.echo_mode("4", "need DATABASE_URL").await;
    let said = fails_with(&stage, web.id, "variable-missing", SOON).await;
    assert!(said.remedy.contains("DATABASE_URL"), "{}", said.remedy);
    repo.echo_mode("5", "eats").await;
    stage
        .settings(web.id, |settings| {
            settings.container.resources.memory = MegaBytes::try_from(24).ok();
        })
        .await;
    fails_with(&stage, web.id, "out-of-memory", SOON).await;
    stage
        .settings(web.id, |settings| settings.container.resources.memory = None)
        .await;
    repo.write("mode", "");
    repo.dockerfile("FROM scratch\nCOPY app version mode /\nENTRYPOINT [\"/nope\"]\n")
        .await;
    let said = fails_with(&stage, web.id, "command-not-found", SOON).await;
    assert!(said.cause.contains("/nope"), "{}", said.cause);
    repo.dockerfile("FROM scratch\nCOPY app version mode /\nENTRYPOINT [\"/version\"]\n")
        .await;
    fails_with(&stage, web.id, "command-not-executable", SOON).await;
    repo.dockerfile("FROM scratch\nCOPY app version mode /\n").await;
    fails_with(&stage, web.id, "no-command", SOON).await;

    // Docker ends a container whose own check fails; this application then ends with 0, as after its work.
    repo.write("mode", "");
    repo.dockerfile(
        "FROM scratch\nCOPY app version mode /\nHEALTHCHECK --interval=1s --timeout=60s --retries=1 CMD [\"/curl\"]\nENTRYPOINT [\"/app\"]\n",
    )
    .await;
    let said = fails_with(&stage, web.id, "health-command-fails", SOON).await;
    assert!(said.cause.contains("/curl"), "{}", said.cause);

    // Somebody cleans up by hand, and takes a release's image with it.
    let image = gone.image.clone().expect("its image");
    let path = format!("/images/{image}?force=true");
    let (status, _) = stage.agent.engine().call("DELETE", &path, None).await;
    assert_eq!(status, 200);
    let back = stage.roll_back(web.id, gone.id).await;
    assert_eq!(explained(&stage, &back).await.code, "image-gone");

    all_by_the_old_release(load).await;
    invariants::hold(&stage).await;
}

/// FR-DEP-03: a release that is healthy and crashes soon after fails while it is watched, and nobody has met it.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_falls_is_met_by_nobody() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let web = serving(&stage, "web", &repo).await;
    stage
        .settings(web.id, |settings| {
            settings.health = HealthCheck::http("/healthy".parse().unwrap());
            settings.rollout.watch = Seconds::try_from(10).unwrap();
        })
        .await;
    let load = traffic(&stage, "web");
    repo.echo_mode("2", "falls 4").await;
    let said = fails_with(&stage, web.id, "crash-loop", SOON).await;
    assert!(said.cause.contains("exit code 4"), "{}", said.cause);
    all_by_the_old_release(load).await;
    invariants::hold(&stage).await;
}

/// FR-DEP-03, FR-DEP-05, FR-DEP-16: a canary that does not stay up goes back and names its cause with its last words, as a release at the gate does.
#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_falls_is_explained() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let web = serving(&stage, "web", &repo).await;
    stage
        .settings(web.id, |settings| {
            settings.health = HealthCheck::http("/healthy".parse().unwrap());
            settings.rollout.strategy = Strategy::Canary(Canary {
                shares: vec![Percent::fixed(20)],
                pause: Seconds::try_from(60).unwrap(),
                ..Canary::default()
            });
        })
        .await;
    repo.echo_mode("2", "falls 4").await;
    let said = fails_with(&stage, web.id, "crash-loop", SOON).await;
    assert!(
        said.cause.contains("exit code 4") && said.cause.contains("it was good while it lasted"),
        "{}",
        said.cause
    );
    stage.assert_serves("web", "1").await;
    invariants::hold(&stage).await;
}

/// FR-DEP-03, FR-DEP-16: a release on another port, or inside of its container only, is told from one that hangs.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_listens_elsewhere_is_explained() {
    let stage = Stage::set().await;
    let (elsewhere, inside) = (GitRepo::echo("1").await, GitRepo::echo("1").await);
    let one = serving(&stage, "elsewhere", &elsewhere).await;
    let two = serving(&stage, "inside", &inside).await;
    let load = traffic(&stage, "elsewhere");
    elsewhere.echo_mode("2", "port 3000").await;
    inside.echo_mode("2", "loopback").await;
    let (first, second) = tokio::join!(
        fails_with(&stage, one.id, "port-mismatch", AT_THE_DEADLINE),
        fails_with(&stage, two.id, "listens-on-loopback", AT_THE_DEADLINE),
    );
    assert!(
        first.cause.contains("port 3000") && first.cause.contains("8080"),
        "{}",
        first.cause
    );
    assert!(second.remedy.contains("0.0.0.0:8080"), "{}", second.remedy);
    stage.assert_serves("inside", "1").await;
    all_by_the_old_release(load).await;
    invariants::hold(&stage).await;
}

/// FR-DEP-03, FR-DEP-04, FR-DEP-16: a failing health check is named with what it answers, also where the application says
/// “not found” in the edge's own words.
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_health_check_is_explained() {
    let stage = Stage::set().await;
    let (sick, gone) = (GitRepo::echo("1").await, GitRepo::echo("1").await);
    let one = serving(&stage, "sick", &sick).await;
    let two = serving(&stage, "gone", &gone).await;
    for app in [&one, &two] {
        let mut body = app.settings.clone();
        body.health = HealthCheck::http("/".parse().unwrap());
        let application = app.id;
        let changed = stage
            .connection
            .send(api::UpdateApplication { application, body })
            .await;
        changed.unwrap();
    }
    let load = traffic(&stage, "sick");
    sick.echo_mode("2", "sick").await;
    gone.echo_mode("2", "gone").await;
    let (first, second) = tokio::join!(
        fails_with(&stage, one.id, "health-server-error", AT_THE_DEADLINE),
        fails_with(&stage, two.id, "health-path-not-found", AT_THE_DEADLINE),
    );
    assert!(first.cause.contains("503"), "{}", first.cause);
    assert!(second.cause.contains("404"), "{}", second.cause);
    stage.assert_serves("gone", "1").await;
    all_by_the_old_release(load).await;
    invariants::hold(&stage).await;
}

/// An application of that repository whose first release serves.
async fn serving(stage: &Stage, name: &str, repo: &GitRepo) -> ApplicationView {
    let environment = stage.environment(&format!("Project of {name}")).await;
    let application = stage.application(environment, name, &repo.url()).await;
    stage.deploy_well(application.id).await;
    stage.view(application.id).await
}

fn traffic(stage: &Stage, name: &str) -> Load {
    Load::start(Plan::requests(stage.agent.edge_port(), host_of(name), 20))
}

async fn all_by_the_old_release(load: Load) {
    let report = load.end_well().await;
    let versions: Vec<&str> = report.versions.keys().map(String::as_str).collect();
    assert!(report.sent > 0 && versions == ["1"], "{versions:?}");
}

/// Deploys; it fails in its time, for this cause.
/// A deployment that fails for this reason; its failed step took less than `limit`, however long it waited before.
async fn fails_with(stage: &Stage, application: ApplicationId, code: &str, limit: TimeDelta) -> Explanation {
    let ended = stage.deploy(application).await;
    let said = explained(stage, &ended).await;
    assert_eq!(said.code, code, "{:?}", ended.failure);
    let failed = ended.steps.iter().find(|step| step.failure.is_some());
    let failed = failed.expect("the step that failed");
    let took = failed
        .ended_at
        .zip(failed.started_at)
        .map(|(end, start)| end - start);
    assert!(
        took.is_some_and(|took| took < limit),
        "{code}: {took:?} in {:?}",
        failed.step
    );
    said
}

/// The explanation of a failed deployment, which reads well and stands in the log.
async fn explained(stage: &Stage, ended: &DeploymentView) -> Explanation {
    let lines = stage.lines(ended.id, None).await;
    let log: String = lines.into_iter().map(|line| line.text + "\n").collect();
    assert_eq!(ended.status, DeploymentStatus::Failed, "{log}");
    sentence::assert_clear(ended.failure.as_deref().unwrap_or_default(), &[]);
    let Some(said) = ended.explanation() else {
        panic!("not explained: {:?}\n{log}", ended.failure);
    };
    sentence::assert_clear(&said.cause, &[]);
    sentence::assert_clear(&said.remedy, &[]);
    let told = format!("Likely cause: {} What to do: {}\n", said.cause, said.remedy);
    assert!(log.contains(&told), "{told} is not in the log:\n{log}");
    said.clone()
}
