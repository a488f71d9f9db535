//! Applications that are an image of a registry: pinned by digest, with and without a sign-in, and what a registry may answer.

use acceptance::git_repo::GitRepo;
use acceptance::load::{Load, Plan};
use acceptance::registry::{PASSWORD, Registry, USER};
use acceptance::stage::{Stage, host_of};
use acceptance::{invariants, sentence};
use serde_json::json;
use slipway_client::ClientError;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Trigger};
use slipway_protocol::head::Head;
use slipway_protocol::registry::RegistryLogin;
use slipway_protocol::{ApplicationId, EnvironmentId, ErrorCode, Secret, api};

/// Builds a version of the static application and puts it into a registry.
async fn publish(stage: &Stage, environment: EnvironmentId, registry: &Registry, version: &str, tag: &str) {
    let repo = GitRepo::echo(version).await;
    let name = format!("builder-{version}");
    let builder = stage.application(environment, &name, &repo.url()).await.id;
    let built = stage.deploy_well(builder).await;
    let image = built.image.expect("an image");
    registry.put(stage.agent.engine(), &image, "shop/web", tag).await;
}

async fn application(stage: &Stage, environment: EnvironmentId, image: &str) -> ApplicationId {
    let source = json!({ "kind": "image", "image": image });
    stage.application_from(environment, "web", source).await.id
}

fn code(view: &DeploymentView) -> Option<&str> {
    view.explanation().map(|explanation| explanation.code.as_str())
}

/// FR-SRC-03, FR-DEP-08: a tag is pinned to its digest at each deployment; a moved tag changes nothing until then, and a plan that named
/// another digest is refused; a roll back takes the pinned image again.
#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_pinned_by_its_digest() {
    let (stage, registry) = (Stage::set().await, Registry::start().await);
    let environment = stage.environment("Shop").await;
    publish(&stage, environment, &registry, "1", "latest").await;
    let image = format!("{}/shop/web:latest", registry.host());
    let web = application(&stage, environment, &image).await;
    let first = stage.deploy_well(web).await;
    stage.assert_serves("web", "1").await;
    let pinned = first.pinned.clone().expect("what was pinned");
    assert!(
        pinned.starts_with(&format!("{}/shop/web@sha256:", registry.host())),
        "{pinned}"
    );

    let stale = stage.plan(web, Trigger::Deploy).await;
    let source = stale.source.as_ref().expect("the source");
    assert_eq!(source.is_the_same(), Some(true), "{source:?}");
    let digest = source.takes.as_ref().and_then(Head::digest).expect("a digest");
    assert!(pinned.ends_with(digest.as_str()), "{pinned} is not {digest}");

    publish(&stage, environment, &registry, "2", "latest").await;
    stage.assert_serves("web", "1").await;
    match stage.apply(web, Trigger::Deploy, &stale).await {
        Err(ClientError::Problem(problem)) => {
            assert_eq!(problem.code, ErrorCode::Conflict, "{problem}");
            sentence::assert_clear(&problem.detail, &[&image, "has moved", "new plan"]);
        }
        other => panic!("a stale plan was taken: {other:?}"),
    }
    let fresh = stage.plan(web, Trigger::Deploy).await;
    let planned = fresh.source.as_ref().and_then(|source| source.takes.as_ref());
    let planned = planned.and_then(Head::digest).expect("a digest");
    let asked = stage
        .apply(web, Trigger::Deploy, &fresh)
        .await
        .expect("a deployment");
    let second = stage.end_of(asked.id).await;
    stage.assert_serves("web", "2").await;
    assert_ne!(second.pinned, first.pinned);
    assert!(
        second
            .pinned
            .as_ref()
            .is_some_and(|pinned| pinned.ends_with(planned.as_str()))
    );
    let back = stage.roll_back(web, first.id).await;
    assert_eq!(back.pinned, first.pinned);
    stage.assert_serves("web", "1").await;

    // By digest, it needs no tag.
    let mut body = stage.view(web).await.settings;
    body.source =
        serde_json::from_value(json!({ "kind": "image", "image": second.pinned.clone().unwrap() })).unwrap();
    stage
        .connection
        .send(api::UpdateApplication {
            application: web,
            body,
        })
        .await
        .unwrap();
    let third = stage.deploy_well(web).await;
    assert_eq!(third.pinned, second.pinned);
    stage.assert_serves("web", "2").await;
    invariants::hold(&stage).await;
    stage.delete(web).await;
    invariants::hold(&stage).await;
}

/// FR-SRC-03, FR-SRC-07: a private registry wants the team's sign-in, whose password is in no log.
#[tokio::test(flavor = "multi_thread")]
async fn a_private_registry_wants_a_sign_in() {
    let (stage, registry) = (Stage::set().await, Registry::private().await);
    let environment = stage.environment("Shop").await;
    publish(&stage, environment, &registry, "1", "1").await;
    let image = format!("{}/shop/web:1", registry.host());
    let web = application(&stage, environment, &image).await;
    let refused = stage.deploy(web).await;
    assert_eq!(refused.status, DeploymentStatus::Failed);
    sentence::assert_clear(
        refused.failure.as_deref().unwrap_or_default(),
        &["sign-in", &registry.host()],
    );
    assert_eq!(code(&refused), Some("image-sign-in"));
    let login = |password: &str| api::SetRegistry {
        body: RegistryLogin {
            host: registry.host().parse().unwrap(),
            user: USER.parse().unwrap(),
            password: Secret::new(password.to_owned()),
        },
    };
    stage.connection.send(login("not the password")).await.unwrap();
    let refused = stage.deploy(web).await;
    assert_eq!(code(&refused), Some("image-sign-in"), "{:?}", refused.failure);
    stage.connection.send(login(PASSWORD)).await.unwrap();
    let deployed = stage.deploy_well(web).await;
    stage.assert_serves("web", "1").await;
    let lines = stage.lines(deployed.id, None).await;
    assert!(lines.iter().all(|line| !line.text.contains(PASSWORD)));
    assert!(!stage.agent.log().contains(PASSWORD));
    let listed = stage.connection.send(api::ListRegistries {}).await.unwrap();
    assert_eq!(listed.len(), 1);
}

/// FR-SRC-03, FR-DEP-03, NFR-U2: an image that is not there, and a registry that is not there, each with one clear sentence and its cause; the
/// old release serves every request meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn registries_that_cannot_give_say_why() {
    let (stage, registry) = (Stage::set().await, Registry::start().await);
    let environment = stage.environment("Shop").await;
    let nowhere = format!("127.0.0.1:{}", acceptance::wait::free_port());
    let absent = format!("{}/shop/none:1", registry.host());
    publish(&stage, environment, &registry, "1", "1").await;
    let web = application(&stage, environment, &format!("{}/shop/web:1", registry.host())).await;
    stage.deploy_well(web).await;
    let load = Load::start(Plan::requests(stage.agent.edge_port(), host_of("web"), 20));
    name_image(&stage, web, &absent).await;
    let ended = stage.deploy(web).await;
    assert_eq!(ended.status, DeploymentStatus::Failed);
    sentence::assert_clear(ended.failure.as_deref().unwrap_or_default(), &[&absent]);
    assert_eq!(code(&ended), Some("image-not-found"), "{:?}", ended.failure);
    name_image(&stage, web, &format!("{nowhere}/a:1")).await;
    let ended = stage.deploy(web).await;
    sentence::assert_clear(
        ended.failure.as_deref().unwrap_or_default(),
        &[&nowhere, "reached"],
    );
    assert_eq!(
        code(&ended),
        Some("image-registry-unreachable"),
        "{:?}",
        ended.failure
    );
    load.end_well().await;
    invariants::hold(&stage).await;
}

async fn name_image(stage: &Stage, application: ApplicationId, image: &str) {
    let source = serde_json::from_value(json!({ "kind": "image", "image": image })).unwrap();
    stage
        .settings(application, |settings| settings.source = source)
        .await;
}
