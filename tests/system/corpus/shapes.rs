//! Applications that come from elsewhere than a Dockerfile in a repository: an image of a registry, a folder that is sent, a site of files.
//! Each carries its share of the hostile values through a life of its own, beside the others.

use std::time::Duration;

use acceptance::engine::text;
use acceptance::git_repo::{GitRepo, echo_binary};
use acceptance::registry::Registry;
use acceptance::stage::{Stage, host_of};
use acceptance::{invariants, load, trace, wait};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use slipway_client::upload::Folder;
use slipway_protocol::command::{CommandStatus, NewCommand};
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Trigger};
use slipway_protocol::file::SetFile;
use slipway_protocol::settings::{CommandLimit, Replicas};
use slipway_protocol::variable::SetVariable;
use slipway_protocol::{ApplicationId, EnvironmentId, Scope, Secret, api};

use super::carrier::{command, escaped, is_found, pairs};
use super::repository::FOLDER;
use super::{assert_harmless, values, watched};

const LIMIT: Duration = Duration::from_secs(180);

/// What an application is made of.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Image,
    Upload,
    Site,
}

const KINDS: [(Kind, &str); 3] = [
    (Kind::Image, "image"),
    (Kind::Upload, "upload"),
    (Kind::Site, "site"),
];

/// One of them, with its share of the texts.
struct Shape<'a> {
    stage: &'a Stage,
    kind: Kind,
    name: &'static str,
    application: ApplicationId,
    texts: Vec<String>,
}

/// NFR-S2, FR-SRC-03, FR-SRC-04, FR-BLD-02, FR-DEP-07, FR-DEP-09, FR-DEP-11: hostile values arrive byte for byte in applications
/// of every shape, stay what they are through everything that is done to one, and start nothing: no shell, and no value is a part of an
/// argument of anything.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_values_live_in_every_shape() {
    let folder = tempfile::tempdir().unwrap();
    let (trace, canary) = (folder.path().join("trace"), folder.path().join("canary"));
    let carried = |text: &String| !text.contains('\0') && !text.is_empty() && text.len() < 4000;
    let texts: Vec<String> = values::texts(&canary).into_iter().filter(carried).collect();
    let (stage, before) = watched(&trace).await;
    let (environment, elsewhere) = (
        stage.environment("Shapes").await,
        stage.environment("Elsewhere").await,
    );
    let registry = Registry::start().await;
    publish(&stage, environment, &registry).await;
    let repo = site(&texts).await;
    let mut shapes = Vec::new();
    for (number, (kind, name)) in KINDS.into_iter().enumerate() {
        let source = match kind {
            Kind::Image => {
                json!({ "kind": "image", "image": format!("{}/shop/web:latest", registry.host()) })
            }
            Kind::Upload => json!({ "kind": "upload" }),
            Kind::Site => json!({ "kind": "git", "url": repo.url(), "ref": "main" }),
        };
        let application = stage.application_from(environment, name, source).await.id;
        let texts = texts.iter().skip(number).step_by(KINDS.len()).cloned().collect();
        shapes.push(Shape {
            stage: &stage,
            kind,
            name,
            application,
            texts,
        });
    }
    join_all(shapes.iter().map(|shape| shape.live(elsewhere))).await;

    invariants::hold(&stage).await;
    assert!(!canary.exists(), "a value was run");
    assert_harmless(&trace::read(&trace)[before..], &texts);
}

/// Puts the static application into the registry, as anybody's image.
async fn publish(stage: &Stage, environment: EnvironmentId, registry: &Registry) {
    let repo = GitRepo::echo("1").await;
    let builder = stage.application(environment, "builder", &repo.url()).await.id;
    let image = stage.deploy_well(builder).await.image.expect("an image");
    registry
        .put(stage.agent.engine(), &image, "shop/web", "latest")
        .await;
}

/// A site in a folder with a hostile name, with files whose names are as hostile as git lets them be.
async fn site(texts: &[String]) -> GitRepo {
    let repo = GitRepo::empty().await;
    let folder = repo.path().join(FOLDER);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("index.html"), texts.join("\n")).unwrap();
    write_named(&folder, texts);
    repo.git(&["add", "--all"]).await;
    repo.git(&["commit", "--quiet", "--message", "A site"]).await;
    repo
}

/// A file for each text that can be a file's name.
fn write_named(folder: &std::path::Path, texts: &[String]) {
    let is_name = |text: &&String| {
        text.len() < 200
            && !text.contains(['/', '\\', ':'])
            && !text.contains(slipway_protocol::is_hidden)
            && !text.starts_with('.')
            && !text.trim().is_empty()
    };
    for text in texts.iter().filter(is_name) {
        std::fs::write(folder.join(text), text).unwrap();
    }
}

impl Shape<'_> {
    /// From its settings to its deletion.
    async fn live(&self, elsewhere: EnvironmentId) {
        let (stage, application) = (self.stage, self.application);
        self.set_up().await;
        let first = stage.deploy_well(application).await;
        self.assert_arrived(&first).await;
        if self.is_echo() {
            self.assert_searched().await;
            self.assert_commanded().await;
        }
        self.operate(&first).await;
        self.end(elsewhere).await;
    }

    /// The application that answers with what it was given; a site answers with its files alone.
    fn is_echo(&self) -> bool {
        self.kind != Kind::Site
    }

    async fn set_up(&self) {
        let (stage, application) = (self.stage, self.application);
        for (number, text) in self.texts.iter().enumerate() {
            // A reference is written with one more dollar to stand for itself.
            let value = Secret::new(text.replace("${{", "$${{"));
            let body = SetVariable {
                secret: Some(number % 2 == 0),
                ..SetVariable::new(format!("T_{number}").parse().unwrap(), value)
            };
            let scope = Scope::Application(application);
            let set = stage.connection.send(api::SetVariable { scope, body }).await;
            set.expect("a variable");
        }
        let body = SetFile {
            path: "/mounted $(id);`id`".parse().unwrap(),
            content: Secret::new(self.texts.join("\n").into_bytes()),
            mode: None,
        };
        let set = stage.connection.send(api::SetFile { application, body }).await;
        set.expect("a file");
        let labels: Map<String, Value> = self
            .texts
            .iter()
            .enumerate()
            .map(|(number, text)| (format!("label.{number}"), json!(text)))
            .collect();
        let arguments = [vec!["serve".to_owned()], self.texts.clone()].concat();
        stage
            .settings(application, |settings| {
                settings.container.labels = serde_json::from_value(json!(labels)).unwrap();
                settings.rollout = serde_json::from_value(json!({ "drain": 1 })).unwrap();
                if self.is_echo() {
                    settings.container.arguments = serde_json::from_value(json!(arguments)).unwrap();
                    settings.hooks.before =
                        serde_json::from_value(command("is", pairs(&self.texts))).unwrap();
                } else {
                    let site = json!({ "kind": "static", "publish": FOLDER });
                    settings.build = serde_json::from_value(site).unwrap();
                }
            })
            .await;
        if self.kind == Kind::Upload {
            self.send_folder().await;
        }
    }

    /// A folder whose files have hostile names, with a Dockerfile that is found in it.
    async fn send_folder(&self) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(echo_binary().await, folder.path().join("app")).unwrap();
        std::fs::write(
            folder.path().join("Dockerfile"),
            "FROM scratch\nCOPY . /\nENTRYPOINT [\"/app\"]\n",
        )
        .unwrap();
        std::fs::write(folder.path().join("version"), "1").unwrap();
        write_named(folder.path(), &self.texts);
        let packed = Folder {
            path: folder.path().to_owned(),
            built: ".".parse().unwrap(),
            dockerfile: "Dockerfile".parse().unwrap(),
        };
        let sent = self.stage.connection.upload(self.application, &packed, |_, _| {});
        sent.await.expect("it arrives");
    }

    async fn get(&self, path: &str) -> (u16, Vec<u8>) {
        load::get(self.stage.agent.edge_port(), &host_of(self.name), path)
            .await
            .expect("an answer")
    }

    async fn assert_arrived(&self, deployment: &DeploymentView) {
        if self.is_echo() {
            for (number, text) in self.texts.iter().enumerate() {
                let wanted = (200, text.clone().into_bytes());
                let variable = self.get(&format!("/variable/T_{number}")).await;
                assert_eq!(variable, wanted, "{}: variable {text:?}", self.name);
                let argument = self.get(&format!("/argument/{}", number + 2)).await;
                assert_eq!(argument, wanted, "{}: argument {text:?}", self.name);
            }
        } else {
            assert_eq!(self.get("/").await.0, 200);
        }
        let engine = self.stage.agent.engine();
        let containers = engine.running_containers(self.stage.agent.instance()).await;
        let of = deployment.release_of.unwrap_or(deployment.id).to_string();
        let own = containers
            .iter()
            .find(|container| text(&container["Labels"]["slipway.deployment"]) == of);
        let labels = &own.expect("its container")["Labels"];
        for (number, text) in self.texts.iter().enumerate() {
            let label = &labels[format!("label.{number}")];
            assert_eq!(label, &json!(text), "{}: label {text:?}", self.name);
        }
    }

    /// What it printed is found by each text, as it is and as an expression.
    async fn assert_searched(&self) {
        let is_line = |text: &&String| text.len() > 3 && !text.contains(char::is_control);
        for text in self.texts.iter().filter(is_line) {
            for (contains, regex) in [(Some(text.clone()), None), (None, Some(escaped(text)))] {
                is_found(self.stage, self.application, text, contains, regex).await;
            }
        }
    }

    /// A command that compares what it is given with what was typed.
    async fn assert_commanded(&self) {
        let (connection, application) = (&self.stage.connection, self.application);
        let body = NewCommand {
            command: serde_json::from_value(command("is", pairs(&self.texts))).unwrap(),
            deployment: None,
            deadline_seconds: CommandLimit::default(),
        };
        let asked = connection.send(api::RunCommand { application, body }).await;
        let command = asked.expect("a command").id;
        wait::until("the command ends", LIMIT, async || {
            let view = connection.send(api::GetCommand { command }).await;
            view.is_ok_and(|view| view.status.is_final())
        })
        .await;
        let view = connection.send(api::GetCommand { command }).await;
        let view = view.expect("the command");
        assert_eq!(view.status, CommandStatus::Succeeded, "{:?}", view.failure);
    }

    /// What is done to one that runs.
    async fn operate(&self, first: &DeploymentView) {
        let (stage, application) = (self.stage, self.application);
        let made = stage.connection.send(api::MakeDeployUrl { application }).await;
        made.expect("a deploy URL");
        let more = serde_json::from_value(json!(self.texts[0])).unwrap();
        stage
            .settings(application, |settings| {
                settings.container.labels.insert("more".parse().unwrap(), more);
            })
            .await;
        let body = Trigger::Reload;
        let plan = stage
            .connection
            .send(api::PlanDeployment { application, body })
            .await;
        assert!(!plan.expect("a plan").changes.is_empty(), "{}", self.name);
        stage.run_well(application, Trigger::Reload).await;
        let replicas = Replicas::try_from(2).unwrap();
        stage.run_well(application, Trigger::Scale { replicas }).await;
        let stopped = stage.connection.send(api::StopApplication { application }).await;
        stopped.expect("it stops");
        let started = stage.connection.send(api::StartApplication { application }).await;
        started.expect("it starts");
        wait::until("it answers", LIMIT, async || self.get("/").await.0 == 200).await;
        let back = stage.roll_back(application, first.id).await;
        assert_eq!(back.status, DeploymentStatus::Succeeded, "{:?}", back.failure);
        self.assert_arrived(&back).await;
        let removed = stage.connection.send(api::DeleteDeployUrl { application }).await;
        removed.expect("it is removed");
    }

    /// A copy, a move, and the end of both.
    async fn end(&self, elsewhere: EnvironmentId) {
        let (connection, application) = (&self.stage.connection, self.application);
        let copied = format!("{}-copy", self.name);
        let body = serde_json::from_value(json!({ "name": copied, "environment": null })).unwrap();
        let copy = connection
            .send(api::DuplicateApplication { application, body })
            .await
            .expect("a copy");
        let body = serde_json::from_value(json!({ "environment": elsewhere })).unwrap();
        let application = copy.id;
        let moved = connection.send(api::MoveApplication { application, body }).await;
        moved.expect("it moves");
        for (application, name) in [(copy.id, copied), (self.application, self.name.to_owned())] {
            let confirm = Some(name);
            let deleted = connection
                .send(api::DeleteApplication { application, confirm })
                .await;
            deleted.expect("it is deleted");
        }
    }
}
