//! What an application reaches of its node beyond itself: folders, and networks of others.

use acceptance::engine::text;
use acceptance::git_repo::GitRepo;
use acceptance::stage::Stage;
use acceptance::{invariants, wait};
use serde_json::json;
use slipway_client::ClientError;
use slipway_protocol::access::Role;
use slipway_protocol::settings::{ApplicationSettings, BindMount};
use slipway_protocol::{ErrorCode, api};

fn bind(source: &std::path::Path) -> BindMount {
    let mount = json!({ "source": source, "path": "/given", "read_only": true });
    serde_json::from_value(mount).expect("a mount")
}

/// FR-CFG-04, FR-DEP-12, NFR-S8: an admin gives an application a folder of the node and a network; a developer may not, but may change
/// everything else; a copy has neither.
#[tokio::test(flavor = "multi_thread")]
async fn folders_and_networks_are_a_right_of_their_own() {
    let stage = Stage::set().await;
    let developer = stage.join(Role::Developer).await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await.id;
    let given = tempfile::Builder::new()
        .prefix("sw-given-")
        .tempdir()
        .expect("a folder");
    std::fs::write(given.path().join("word"), "from the node").expect("a file");
    let network = wait::unique("net-");
    let made = json!({ "Name": network, "Driver": "overlay", "Labels": { "slipway.instance": stage.agent.instance() } });
    let (status, body) = stage
        .agent
        .engine()
        .call("POST", "/networks/create", Some(made))
        .await;
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));

    let mut settings = stage.view(application).await.settings;
    settings.container.binds.push(bind(given.path()));
    settings.container.networks.push(network.parse().expect("a name"));
    let request = |body: &ApplicationSettings| api::UpdateApplication {
        application,
        body: body.clone(),
    };
    match developer.connection.send(request(&settings)).await {
        Err(ClientError::Problem(problem)) => assert_eq!(problem.code, ErrorCode::Forbidden),
        other => panic!("a developer reaches the node: {other:?}"),
    }
    stage
        .connection
        .send(request(&settings))
        .await
        .expect("an owner may");
    settings.container.init = false;
    developer
        .connection
        .send(request(&settings))
        .await
        .expect("what is there may stay");

    stage.deploy_well(application).await;
    assert_eq!(
        stage.get("web", "/file/given/word").await,
        (200, "from the node".to_owned())
    );
    let containers = stage
        .agent
        .engine()
        .running_containers(stage.agent.instance())
        .await;
    let own = containers
        .iter()
        .find(|container| text(&container["Labels"]["slipway.application"]) == application.to_string())
        .expect("its container");
    assert!(own["NetworkSettings"]["Networks"][&network].is_object(), "{own}");

    let body = serde_json::from_value(json!({ "name": "copy" })).expect("a copy");
    let copied = developer
        .connection
        .send(api::DuplicateApplication { application, body })
        .await;
    let copied = copied.expect("a copy").settings.container;
    assert!(
        copied.binds.is_empty() && copied.networks.is_empty(),
        "{copied:?}"
    );

    stage.delete(application).await;
    assert!(given.path().join("word").exists(), "the node's folder stays");
    wait::until(
        "the network can go",
        std::time::Duration::from_secs(180),
        async || {
            let (status, _) = stage
                .agent
                .engine()
                .call("DELETE", &format!("/networks/{network}"), None)
                .await;
            status == 204
        },
    )
    .await;
    invariants::hold(&stage).await;
}
