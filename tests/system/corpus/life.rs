//! An application whose every field holds hostile values, from its creation to its deletion.

use std::time::Duration;

use acceptance::{invariants, trace, wait};
use serde_json::json;
use slipway_protocol::DisplayName;
use slipway_protocol::api;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Trigger};
use slipway_protocol::project::ProjectDetails;
use slipway_protocol::settings::Replicas;

use super::carrier::{Life, command};
use super::repository::{COMMIT, repository, state};
use super::{assert_harmless, assert_log_whole, values, watched};

/// Where there is no repository.
const NOWHERE: &str = "/nowhere/$(id);`id`'\"";

/// NFR-S2, FR-CFG-01, FR-CFG-04, FR-BLD-01, FR-DEP-01, FR-DEP-07, FR-DEP-09, FR-DEP-11, FR-SRC-01, FR-SRC-07: hostile values in
/// every field that takes them go through the whole life of an application. Each arrives byte for byte as one argument, variable,
/// label or file; nothing that the agent starts is a shell, and no value is a part of an argument of anything.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_values_live_a_whole_life() {
    let folder = tempfile::tempdir().unwrap();
    let (trace, canary) = (folder.path().join("trace"), folder.path().join("canary"));
    let texts = values::carried(&canary);
    let (stage, before) = watched(&trace).await;
    let repo = repository(&texts).await;
    // The repository's own address is hostile too.
    let url = folder.path().join("$(touch${IFS}x);`id`|'&&\"{a,b}%20\u{e9}");
    std::os::unix::fs::symlink(repo.path(), &url).unwrap();
    let touched = state(repo.path());

    let name = texts
        .iter()
        .find_map(|text| {
            DisplayName::parse(text)
                .ok()
                .filter(|name| name.as_str().len() > 5)
        })
        .unwrap();
    let body = ProjectDetails {
        description: texts.join("\n"),
        ..ProjectDetails::named(name.clone())
    };
    let project = stage
        .connection
        .send(api::CreateProject { body })
        .await
        .expect("a project");
    assert_eq!(project.description, texts.join("\n"));
    let environment = project.environments[0].id;
    let application = stage
        .application(environment, "web", url.to_str().unwrap())
        .await
        .id;
    let life = Life {
        stage,
        repo,
        texts,
        application,
        environment,
    };
    life.set_up().await;
    life.change(|settings| *settings = life.settings(&url)).await;
    assert_eq!(life.stage.view(application).await.settings, life.settings(&url));

    let first = life.stage.deploy_well(application).await;
    assert_eq!(
        first.commit.as_ref().map(|commit| commit.message.as_str()),
        Some(COMMIT)
    );
    life.assert_arrived(&first).await;
    life.assert_searched().await;

    failures(&life).await;
    operations(&life, &first).await;
    endings(&life, &name).await;

    invariants::hold(&life.stage).await;
    assert_eq!(
        state(life.repo.path()),
        touched,
        "something outside of the agent's folder was changed"
    );
    assert!(!canary.exists(), "a value was run");
    assert_log_whole(&life.stage, &canary);
    let started = &trace::read(&trace)[before..];
    let served = |exec: &trace::Exec| {
        exec.arguments
            .iter()
            .any(|argument| argument == url.as_os_str().as_encoded_bytes())
    };
    assert!(started.iter().any(served), "the trace shows no repository");
    let addresses = [url.to_str().unwrap().to_owned(), NOWHERE.to_owned()];
    assert_harmless(started, &[life.texts, addresses.to_vec()].concat());
}

/// Deployments that fail at each place where a value is used.
async fn failures(life: &Life) {
    let good = life.stage.view(life.application).await.settings;
    life.change(|settings| {
        settings.hooks.before =
            serde_json::from_value(command("is", vec!["00".to_owned(), life.texts[0].clone()])).unwrap();
    })
    .await;
    life.fails("a command before", &["exit code 7"]).await;
    life.change(|settings| {
        settings.clone_from(&good);
        settings.source.git_mut().unwrap().folder = "absent $(id);".parse().unwrap();
    })
    .await;
    life.fails("a folder that is not there", &["absent $(id);"]).await;
    life.change(|settings| {
        settings.clone_from(&good);
        settings.source.git_mut().unwrap().url = NOWHERE.parse().unwrap();
    })
    .await;
    life.fails("a repository that is not there", &[NOWHERE]).await;
    life.change(|settings| {
        settings.clone_from(&good);
        settings.build =
            serde_json::from_value(json!({ "kind": "dockerfile", "file": "absent $(id);`id`" })).unwrap();
    })
    .await;
    life.fails("a Dockerfile that is not there", &["absent $(id);`id`"])
        .await;
    life.change(|settings| settings.clone_from(&good)).await;
}

/// What is done to an application that runs.
async fn operations(life: &Life, first: &DeploymentView) {
    let (stage, application) = (&life.stage, life.application);
    // A health check by what the answer says, with a text as hostile as the rest.
    let number = life.texts.iter().position(|text| text.contains("{{")).unwrap();
    let health =
        json!({ "kind": "http", "path": format!("/variable/T_{number}"), "text": life.texts[number] });
    life.change(|settings| {
        settings.health = serde_json::from_value(health).unwrap();
        settings.container.arguments = serde_json::from_value(json!(["serve", life.texts[1]])).unwrap();
    })
    .await;
    let plan = api::PlanDeployment {
        application,
        body: Trigger::Reload,
    };
    let plan = stage.connection.send(plan).await.expect("a plan");
    assert!(!plan.changes.is_empty());
    let second = stage.run_well(application, Trigger::Reload).await;
    let argument = life.get("web", "/argument/2").await;
    assert_eq!(argument, (200, life.texts[1].clone().into_bytes()));
    let compare = api::CompareDeployments {
        deployment: first.id,
        with: second.id,
    };
    assert!(
        !stage
            .connection
            .send(compare)
            .await
            .expect("a comparison")
            .is_empty()
    );
    let replicas = |count| Replicas::try_from(count).unwrap();
    stage
        .run_well(
            application,
            Trigger::Scale {
                replicas: replicas(2),
            },
        )
        .await;
    stage.run_well(application, Trigger::Restart).await;
    stage
        .connection
        .send(api::StopApplication { application })
        .await
        .expect("it stops");
    stage
        .connection
        .send(api::StartApplication { application })
        .await
        .expect("it starts");
    wait::until("it answers", Duration::from_secs(180), async || {
        life.get("web", "/").await.0 == 200
    })
    .await;
    let back = stage.roll_back(application, first.id).await;
    assert_eq!(back.status, DeploymentStatus::Succeeded, "{:?}", back.failure);
    life.assert_arrived(&back).await;
}

/// A copy, a move, and the end of everything.
async fn endings(life: &Life, project: &DisplayName) {
    let connection = &life.stage.connection;
    let copy = json!({ "name": "copy", "environment": null });
    let copy = api::DuplicateApplication {
        application: life.application,
        body: serde_json::from_value(copy).unwrap(),
    };
    let copy = connection.send(copy).await.expect("a copy");
    life.stage.deploy_well(copy.id).await;
    let body = serde_json::from_value(json!({ "name": format!("{project} 2") })).unwrap();
    let of = life.stage.view(life.application).await.project;
    let other = connection
        .send(api::DuplicateProject { project: of, body })
        .await
        .expect("a copy of the project");
    let body = serde_json::from_value(json!({ "name": "elsewhere" })).unwrap();
    let elsewhere = connection
        .send(api::CreateEnvironment {
            project: other.id,
            body,
        })
        .await
        .expect("an environment");
    let body = serde_json::from_value(json!({ "environment": elsewhere.id })).unwrap();
    connection
        .send(api::MoveApplication {
            application: copy.id,
            body,
        })
        .await
        .expect("it moves");
    let wrong = api::DeleteApplication {
        application: copy.id,
        confirm: Some(life.texts[0].clone()),
    };
    connection
        .send(wrong)
        .await
        .expect_err("another name than its own");
    for (project, name) in [(of, project.to_string()), (other.id, format!("{project} 2"))] {
        let confirm = Some(name);
        connection
            .send(api::DeleteProject { project, confirm })
            .await
            .expect("it is deleted");
    }
}
