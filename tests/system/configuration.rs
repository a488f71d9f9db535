//! Configuration that reaches containers: references over scopes, secrets and contents as files, and what a deletion leaves: nothing.

use std::time::Duration;

use acceptance::engine::text;
use acceptance::git_repo::GitRepo;
use acceptance::stage::Stage;
use acceptance::{invariants, sentence, wait};
use slipway_client::ClientError;
use slipway_protocol::application::DuplicateApplication as Copy;
use slipway_protocol::deployment::{DeploymentStatus, Trigger};
use slipway_protocol::file::SetFile as Content;
use slipway_protocol::variable::SetVariable as Value;
use slipway_protocol::{ApplicationId, ErrorCode, ProjectId, Scope, Secret, api};

const LIMIT: Duration = Duration::from_secs(180);
const CANARY: &str = "canary of a secret {{.Node.ID}} ${{NOT.A.REFERENCE}}\n";

async fn set_file(stage: &Stage, application: ApplicationId, path: &str, content: &[u8], mode: &str) {
    let body = Content {
        path: path.parse().unwrap(),
        content: Secret::new(content.to_vec()),
        mode: Some(mode.parse().unwrap()),
    };
    stage
        .connection
        .send(api::SetFile { application, body })
        .await
        .expect("the file is set");
}

async fn set_secret_file(stage: &Stage, scope: Scope, key: &str, value: &str) {
    let body = Value {
        as_file: Some(true),
        ..Value::new(key.parse().unwrap(), Secret::new(value.to_owned()))
    };
    stage
        .connection
        .send(api::SetVariable { scope, body })
        .await
        .expect("the variable is set");
}

/// FR-CFG-01, NFR-U2: a reference arrives resolved over all scopes; one that leads nowhere blocks the deployment with its name.
#[tokio::test(flavor = "multi_thread")]
async fn references_arrive_resolved() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let environment = stage.environment("Shop").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    let own = Scope::Application(application.id);
    stage
        .set_in(
            own,
            "URL",
            "${{project.SCHEME}}://${{HOST}}:${{team.PORT_OF_ALL}}/$${{HOST}}",
        )
        .await;
    stage
        .set_in(Scope::Environment(environment), "HOST", "${{NAME}}.example.org")
        .await;
    stage.set_in(Scope::Team, "NAME", "nobody").await;
    stage.set_in(Scope::Team, "PORT_OF_ALL", "8443").await;
    stage.set_in(own, "NAME", "wéb").await;

    let body = Trigger::Deploy;
    let blocked = stage
        .connection
        .send(api::RequestDeployment {
            application: application.id,
            revision: None,
            body,
        })
        .await;
    let Err(ClientError::Problem(problem)) = blocked else {
        panic!("{blocked:?}")
    };
    assert_eq!(problem.code, ErrorCode::Conflict);
    sentence::assert_clear(&problem.detail, &["URL", "${{project.SCHEME}}"]);

    stage
        .set_in(Scope::Project(application.project), "SCHEME", "https")
        .await;
    stage.deploy_well(application.id).await;
    let url = stage.get("web", "/variable/URL").await;
    assert_eq!(url, (200, "https://wéb.example.org:8443/${{HOST}}".to_owned()));
    // What an outer scope sets reaches the application too, and its own overrides it.
    assert_eq!(stage.get("web", "/variable/NAME").await.1, "wéb");
    assert_eq!(stage.get("web", "/variable/PORT_OF_ALL").await.1, "8443");
    invariants::hold(&stage).await;
}

/// FR-CFG-02, FR-CFG-04, FR-DEP-07: secrets and contents are files in the container with their modes and in no inspection, a roll back
/// brings the old ones back, and what no kept release needs is swept up.
#[tokio::test(flavor = "multi_thread")]
async fn files_arrive_and_roll_back() {
    let (stage, _repo, application) = Stage::with_web().await;
    let every_byte: Vec<u8> = (0..=255).collect();
    set_secret_file(&stage, Scope::Application(application), "TOKEN", CANARY).await;
    set_file(&stage, application, "/etc/shop/app.toml", b"old = true\n", "0440").await;
    set_file(&stage, application, "/every-byte", &every_byte, "0600").await;
    let first = stage.deploy_well(application).await;
    assert_eq!(
        stage.get("web", "/file/run/secrets/TOKEN").await,
        (200, CANARY.to_owned())
    );
    assert_eq!(stage.get("web", "/variable/TOKEN").await.0, 404);
    assert_eq!(
        stage.get("web", "/file/etc/shop/app.toml").await.1,
        "old = true\n"
    );
    assert_eq!(stage.get("web", "/mode-of/etc/shop/app.toml").await.1, "440");
    assert_eq!(stage.get("web", "/mode-of/every-byte").await.1, "600");
    let host = acceptance::stage::host_of("web");
    let got = acceptance::load::get(stage.agent.edge_port(), &host, "/file/every-byte")
        .await
        .unwrap();
    assert_eq!(got, (200, every_byte));
    nothing_shows_the_secret(&stage).await;

    set_file(
        &stage,
        application,
        "/etc/shop/app.toml",
        b"old = false\n",
        "0444",
    )
    .await;
    set_secret_file(&stage, Scope::Application(application), "TOKEN", "another").await;
    stage.deploy_well(application).await;
    assert_eq!(
        stage.get("web", "/file/etc/shop/app.toml").await.1,
        "old = false\n"
    );
    assert_eq!(stage.get("web", "/mode-of/etc/shop/app.toml").await.1, "444");
    let back = stage.roll_back(application, first.id).await;
    assert_eq!(back.status, DeploymentStatus::Succeeded, "{:?}", back.failure);
    assert_eq!(
        stage.get("web", "/file/etc/shop/app.toml").await.1,
        "old = true\n"
    );
    assert_eq!(stage.get("web", "/mode-of/etc/shop/app.toml").await.1, "440");
    assert_eq!(stage.get("web", "/file/run/secrets/TOKEN").await.1, CANARY);
    let secrets = stage.agent.engine().secrets(stage.agent.instance()).await;
    assert_eq!(secrets.len(), 5, "equal contents are one secret: {secrets:?}");
    invariants::hold(&stage).await;

    stage.delete(application).await;
    invariants::hold(&stage).await;
    wait::until("the secrets are gone", LIMIT, async || {
        stage
            .agent
            .engine()
            .secrets(stage.agent.instance())
            .await
            .is_empty()
    })
    .await;
}

/// Neither services nor containers nor the secrets themselves tell what is in one, nor does the agent's log.
async fn nothing_shows_the_secret(stage: &Stage) {
    let (engine, instance) = (stage.agent.engine(), stage.agent.instance());
    let mut shown = stage.agent.log();
    for service in engine.services(instance).await {
        let (_, body) = engine
            .call("GET", &format!("/services/{}", text(&service["ID"])), None)
            .await;
        shown.push_str(&String::from_utf8_lossy(&body));
    }
    for container in engine.running_containers(instance).await {
        let (_, body) = engine
            .call(
                "GET",
                &format!("/containers/{}/json", text(&container["Id"])),
                None,
            )
            .await;
        shown.push_str(&String::from_utf8_lossy(&body));
    }
    for secret in engine.secrets(instance).await {
        shown.push_str(&secret.to_string());
    }
    assert!(shown.contains("/run/secrets/TOKEN"), "the secret is named");
    assert!(!shown.contains("canary of a secret"), "the secret is shown");
}

/// FR-PRJ-02, FR-PRJ-03: a copy shares no volume with its original; a deletion takes what it said, with the data, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_apart_and_a_deletion_whole() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let environment = stage.environment("Shop").await;
    let original = stage.application(environment, "web", &repo.url()).await;
    let (application, project) = (original.id, original.project);
    let mut settings = original.settings;
    let volume = serde_json::json!([{ "name": "data", "path": "/data" }]);
    settings.container.volumes = serde_json::from_value(volume).unwrap();
    let body = settings;
    let changed = stage
        .connection
        .send(api::UpdateApplication { application, body })
        .await;
    changed.expect("the settings are changed");
    set_file(&stage, application, "/etc/app.toml", b"a file\n", "0444").await;
    stage.deploy_well(application).await;
    assert_eq!(stage.get("web", "/write/data/note").await.0, 200);

    is_copied_without_its_data(&stage, application).await;
    is_deleted_as_foretold(&stage, application).await;
    assert_eq!(stage.get("copy", "/").await.0, 200, "the copy serves on");
    is_deleted_with_all(&stage, project).await;
}

/// The copy has the files of its original, and a volume of its own.
async fn is_copied_without_its_data(stage: &Stage, application: ApplicationId) {
    let body = Copy {
        name: "copy".parse().unwrap(),
        environment: None,
    };
    let copy = stage
        .connection
        .send(api::DuplicateApplication { application, body })
        .await
        .unwrap();
    assert!(copy.domains.is_empty());
    let body = slipway_protocol::domain::NewDomain {
        host: acceptance::stage::host_of("copy").parse().unwrap(),
        path: "/".parse().unwrap(),
    };
    stage
        .connection
        .send(api::CreateDomain {
            application: copy.id,
            body,
        })
        .await
        .unwrap();
    stage.deploy_well(copy.id).await;
    assert_eq!(stage.get("copy", "/file/etc/app.toml").await.1, "a file\n");
    assert_eq!(
        stage.get("copy", "/file/data/note").await.0,
        404,
        "the copy's volume is its own"
    );
}

/// What goes is told first, and goes only where its name is given.
async fn is_deleted_as_foretold(stage: &Stage, application: ApplicationId) {
    let preview = async || {
        let asked = stage
            .connection
            .send(api::PreviewApplicationDeletion { application });
        asked.await.unwrap()
    };
    wait::until("the size of its log is told", LIMIT, async || {
        preview().await.log_bytes > 0
    })
    .await;
    let what = preview().await;
    assert_eq!(
        (what.volumes.len(), what.services.len(), what.files),
        (1, 1, 1),
        "{what:?}"
    );
    let without = stage
        .connection
        .send(api::DeleteApplication {
            application,
            confirm: None,
        })
        .await;
    let Err(ClientError::Problem(problem)) = without else {
        panic!("{without:?}")
    };
    sentence::assert_clear(&problem.detail, &["web", &what.volumes[0]]);
    let confirm = Some("web".to_owned());
    stage
        .connection
        .send(api::DeleteApplication { application, confirm })
        .await
        .unwrap();
    wait::until("the volume is gone", LIMIT, async || {
        stage.agent.engine().volumes(stage.agent.instance()).await.len() == 1
    })
    .await;
}

async fn is_deleted_with_all(stage: &Stage, project: ProjectId) {
    let confirm = Some("Shop".to_owned());
    stage
        .connection
        .send(api::DeleteProject { project, confirm })
        .await
        .unwrap();
    wait::until("nothing is left", LIMIT, async || {
        let (engine, instance) = (stage.agent.engine(), stage.agent.instance());
        engine.volumes(instance).await.is_empty()
            && engine.secrets(instance).await.is_empty()
            && engine.image_tags(instance).await.is_empty()
    })
    .await;
    invariants::hold(stage).await;
    assert!(
        stage
            .connection
            .send(api::ListProjects {})
            .await
            .unwrap()
            .is_empty()
    );
}
