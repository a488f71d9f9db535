//! What is nobody's alone: the node, and the names that the edge answers to.

use serde_json::json;
use slipway_protocol::api::{
    CreateApplication, CreateDomain, GetApplication, RequestDeployment, UpdateApplication,
};
use slipway_protocol::deployment::Trigger;
use slipway_protocol::domain::NewDomain;
use slipway_protocol::{ApplicationId, ErrorCode, HostName, Role, UrlPath};

use crate::examples::new_application;
use crate::stage::{Stage, with_stage};

fn domain(application: ApplicationId, host: &str, path: &str) -> CreateDomain {
    let body = NewDomain {
        host: HostName::parse(host).unwrap(),
        path: UrlPath::parse(path).unwrap(),
    };
    CreateDomain { application, body }
}

/// NFR-S8, FR-SRC-01: who may deploy reads no repository that root keeps on the server and takes no port of it; what an admin has set may stay.
#[tokio::test]
async fn the_node_is_a_right_of_its_own() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let (owner, developer) = (stage.owner.asks(), stage.member(Role::Developer).asks());
        for (number, change) in [
            json!({ "source": { "kind": "git", "url": "/etc", "ref": "main" } }),
            json!({ "source": { "kind": "git", "url": "http://127.0.0.1/a.git", "ref": "main" } }),
            json!({ "container": { "host_ports": [{ "port": 25, "target": 25, "protocol": "tcp" }] } }),
            json!({ "container": { "add_capabilities": ["SYS_TIME"] } }),
        ]
        .into_iter()
        .enumerate()
        {
            let plain = new_application(things.environment, &format!("far-{number}"));
            let mut wanted = serde_json::to_value(&plain.body).unwrap();
            wanted
                .as_object_mut()
                .unwrap()
                .extend(change.as_object().unwrap().clone());
            let far = CreateApplication {
                body: serde_json::from_value(wanted).unwrap(),
                ..plain.clone()
            };
            stage
                .ask(&developer, far.clone())
                .await
                .problem(ErrorCode::Forbidden, "a new one");
            let made = stage.call(&developer, plain).await;
            let update = UpdateApplication {
                application: made.id,
                body: far.body.settings.clone(),
            };
            stage
                .ask(&developer, update.clone())
                .await
                .problem(ErrorCode::Forbidden, "a change");
            stage.call(&owner, update.clone()).await;
            let mut body = update.body;
            body.container.init = false;
            stage
                .call(
                    &developer,
                    UpdateApplication {
                        application: made.id,
                        body,
                    },
                )
                .await;
        }
    })
    .await;
}

/// NFR-S8, FR-DEP-07: a release with more of the node than the application has by now is gone back to by those who may give it.
#[tokio::test]
async fn going_back_gives_nothing_of_the_node_again() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let bind = r#"[{"source": "/srv/secret", "path": "/given", "read_only": true}]"#;
        let statement = format!(
            "update deployments set release_kept = true, plan = jsonb_set(plan, '{{settings,container,binds}}', '{bind}') where id = '{}'",
            things.serving
        );
        stage.execute(&statement).await;
        let back = RequestDeployment {
            application: things.running,
            body: Trigger::Rollback { to: things.serving },
            revision: None,
        };
        let developer = stage.member(Role::Developer).asks();
        stage.ask(&developer, back.clone()).await.problem(ErrorCode::Forbidden, "a developer");
        stage.call(&stage.owner.asks(), back).await;
    })
    .await;
}

async fn paths_of(stage: &Stage, application: ApplicationId) -> Vec<String> {
    let view = stage
        .call(&stage.owner.asks(), GetApplication { application })
        .await;
    view.domains.iter().map(|one| one.path.to_string()).collect()
}

/// FR-EDG-01, FR-IAM-08: a host name belongs to one team; a path with and without a slash at its end is one.
#[tokio::test]
async fn a_host_belongs_to_one_team() {
    with_stage(async |stage| {
        let (owner, stranger) = (stage.owner.asks(), stage.stranger.asks());
        let (ours, theirs) = (stage.things(&owner).await, stage.things(&stranger).await);
        stage
            .call(&owner, domain(ours.application, "shop.example.org", "/api/"))
            .await;
        assert!(
            paths_of(stage, ours.application)
                .await
                .contains(&"/api".to_owned())
        );
        let again = stage
            .ask(&owner, domain(ours.running, "shop.example.org", "/api"))
            .await;
        again.problem(ErrorCode::Conflict, "the same path");
        stage
            .call(&owner, domain(ours.running, "shop.example.org", "/other"))
            .await;
        let taken = stage
            .ask(
                &stranger,
                domain(theirs.application, "shop.example.org", "/sign-in"),
            )
            .await;
        let problem = taken.problem(ErrorCode::Conflict, "below another team's host");
        assert!(problem.detail.contains("another team"), "{}", problem.detail);
        stage
            .call(&stranger, domain(theirs.application, "free.example.org", "/"))
            .await;
    })
    .await;
}
