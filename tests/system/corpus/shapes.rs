//! Applications that come from elsewhere than a Dockerfile in a repository: an image of a registry, a folder that is sent, a site of files.
//! Each carries its share of the hostile values through a life of its own, beside the others.

use std::path::Path;
use std::time::Duration;

use acceptance::engine::text;
use acceptance::git_repo::{GitRepo, echo_binary};
use acceptance::registry::Registry;
use acceptance::stage::{Stage, host_of};
use acceptance::{invariants, load, trace, wait};
use futures_util::future::join_all;
use serde_json::{Value, json};
use slipway_client::upload::Folder;
use slipway_protocol::configuration::ImportVariables;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Trigger};
use slipway_protocol::file::SetFile;
use slipway_protocol::settings::Replicas;
use slipway_protocol::variable::SetVariable;
use slipway_protocol::{ApplicationId, EnvironmentId, Scope, Secret, VariableKey, api, dotenv};

use super::carrier::hex;
use super::repository::FOLDER;
use super::settings::{self, GIVEN, KINDS, Kind, MOUNTED};
use super::{assert_harmless, assert_log_whole, detected, values, watched};

pub const LIMIT: Duration = Duration::from_secs(180);

/// One of them, with its share of the texts.
pub struct Shape<'a> {
    pub stage: &'a Stage,
    pub kind: Kind,
    pub name: &'static str,
    pub application: ApplicationId,
    pub texts: Vec<String>,
    /// A folder of the node with one that is given to a container.
    given: &'a Path,
}

/// NFR-S2, FR-SRC-03, FR-SRC-04, FR-SRC-05, FR-BLD-02, FR-CFG-04, FR-DEP-07, FR-DEP-09, FR-DEP-11: hostile values arrive byte for byte in applications
/// of every shape, stay what they are through everything that is done to one, and start nothing: no shell, and no value is a part of an
/// argument of anything.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_values_live_in_every_shape() {
    let folder = tempfile::tempdir().unwrap();
    let (trace, canary) = (folder.path().join("trace"), folder.path().join("canary"));
    let texts = values::carried(&canary);
    let (stage, before) = watched(&trace).await;
    let (environment, elsewhere) = (
        stage.environment("Shapes").await,
        stage.environment("Elsewhere").await,
    );
    let registry = Registry::start().await;
    publish(&stage, environment, &registry).await;
    let repo = site(&texts).await;
    let given = tempfile::Builder::new()
        .prefix("sw-given-")
        .tempdir()
        .expect("a folder");
    std::fs::create_dir(given.path().join(GIVEN)).expect("the folder that is given");
    std::fs::write(given.path().join(GIVEN).join("word"), texts.join("\n")).expect("a file");
    let mut shapes = Vec::new();
    for (number, (kind, name)) in KINDS.into_iter().enumerate() {
        let source = settings::source(kind, &registry.host(), &repo.url());
        let application = stage.application_from(environment, name, source).await.id;
        let texts = texts.iter().skip(number).step_by(KINDS.len()).cloned().collect();
        shapes.push(Shape {
            stage: &stage,
            kind,
            name,
            application,
            texts,
            given: given.path(),
        });
    }
    let lives = join_all(shapes.iter().map(|shape| shape.live(elsewhere)));
    tokio::join!(lives, detected::live(&stage, environment, &texts));

    invariants::hold(&stage).await;
    assert!(!canary.exists(), "a value was run");
    assert_log_whole(&stage, &canary);
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
    write_named(&folder, texts.iter().filter(|text| is_plain_name(text)));
    repo.git(&["add", "--all"]).await;
    repo.git(&["commit", "--quiet", "--message", "A site"]).await;
    repo
}

/// A name that git takes, whatever it protects.
pub fn is_plain_name(text: &str) -> bool {
    is_name(text) && !text.contains(['\\', ':']) && !text.contains(slipway_protocol::is_hidden)
}

/// A name that the disk takes, in a folder beside others.
fn is_name(text: &str) -> bool {
    text.len() < 200 && !text.contains('/') && !text.starts_with('.') && !text.trim().is_empty()
}

/// A file for each name, with the name in it.
pub fn write_named<'t>(folder: &Path, names: impl Iterator<Item = &'t String>) {
    for name in names {
        std::fs::write(folder.join(name), name).expect("a file");
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
            self.assert_in_a_terminal().await;
        }
        self.operate(&first).await;
        self.end(elsewhere).await;
    }

    /// The application that answers with what it was given; a site answers with its files alone.
    pub fn is_echo(&self) -> bool {
        self.kind != Kind::Site
    }

    async fn set_up(&self) {
        let (stage, application) = (self.stage, self.application);
        self.set_variables().await;
        let body = SetFile {
            path: MOUNTED.parse().unwrap(),
            content: Secret::new(self.texts.join("\n").into_bytes()),
            mode: None,
        };
        let set = stage.connection.send(api::SetFile { application, body }).await;
        set.expect("a file");
        stage
            .settings(application, |all| {
                *all = settings::of_shape(all, self.kind, &self.texts, self.given);
            })
            .await;
        if self.kind == Kind::Upload {
            self.send_folder().await;
        }
    }

    /// The text as it is written: a reference takes one more dollar to stand for itself.
    pub fn written(text: &str) -> String {
        text.replace("${{", "$${{")
    }

    /// One by one, or from a text.
    async fn set_variables(&self) {
        let (connection, scope) = (&self.stage.connection, Scope::Application(self.application));
        let key = |number: usize| -> VariableKey { format!("T_{number}").parse().unwrap() };
        let pairs: Vec<_> = self
            .texts
            .iter()
            .map(|text| Self::written(text))
            .enumerate()
            .collect();
        if self.kind == Kind::Upload {
            let pairs: Vec<_> = pairs
                .into_iter()
                .map(|(number, text)| (key(number), text))
                .collect();
            let text = dotenv::format(pairs.iter().map(|(key, text)| (key, Some(text.as_str()))));
            let body = ImportVariables {
                text: Secret::new(text),
                replace: false,
                preview: false,
                secret: true,
                previewed: None,
            };
            let imported = connection.send(api::ImportVariables { scope, body }).await;
            assert_eq!(imported.expect("variables").added.len(), self.texts.len());
            return;
        }
        for (number, text) in pairs {
            let body = SetVariable {
                secret: Some(number % 2 == 0),
                ..SetVariable::new(key(number), Secret::new(text))
            };
            let set = connection.send(api::SetVariable { scope, body }).await;
            set.expect("a variable");
        }
    }

    /// The names of the files of the folder that is sent.
    fn names(&self) -> Vec<String> {
        // BuildKit has an opinion of its own about backslashes.
        let fits = |text: &&String| is_name(text) && !text.contains('\\');
        let texts = self.texts.iter().filter(fits).cloned();
        texts.chain(values::NAMES.map(str::to_owned)).collect()
    }

    /// A folder below one with a hostile name, whose files have hostile names, with a Dockerfile that is found in it.
    async fn send_folder(&self) {
        let whole = tempfile::tempdir().unwrap();
        let folder = whole.path().join(FOLDER);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(echo_binary().await, folder.join("app")).unwrap();
        let dockerfile = "FROM scratch\nCOPY . /\nENTRYPOINT [\"/app\"]\n";
        std::fs::write(folder.join("Dockerfile"), dockerfile).unwrap();
        std::fs::write(folder.join("version"), "1").unwrap();
        write_named(&folder, self.names().iter());
        let packed = Folder {
            path: whole.path().to_owned(),
            built: FOLDER.parse().unwrap(),
            dockerfile: "Dockerfile".parse().unwrap(),
        };
        let sent = self.stage.connection.upload(self.application, &packed, |_, _| {});
        sent.await.expect("it arrives");
    }

    pub async fn get(&self, path: &str) -> (u16, Vec<u8>) {
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
        self.assert_files().await;
        let engine = self.stage.agent.engine();
        let containers = engine.running_containers(self.stage.agent.instance()).await;
        let of = deployment.release_of.unwrap_or(deployment.id).to_string();
        let own = containers
            .iter()
            .find(|container| text(&container["Labels"]["slipway.deployment"]) == of);
        let own = own.expect("its container");
        self.assert_mounted(own);
        let labels = &own["Labels"];
        for (number, text) in self.texts.iter().enumerate() {
            let label = &labels[format!("label.{number}")];
            assert_eq!(label, &json!(text), "{}: label {text:?}", self.name);
        }
    }

    /// Files with hostile names, and those at hostile paths, hold what they held.
    async fn assert_files(&self) {
        let mut files = vec![(MOUNTED.to_owned(), self.texts.join("\n").into_bytes())];
        match self.kind {
            Kind::Image => {
                let given = settings::path("given", &self.texts);
                // Of all texts, not of its own alone.
                let word = std::fs::read(self.given.join(GIVEN).join("word")).unwrap();
                files.push((format!("{given}/word"), word));
            }
            Kind::Upload => {
                let names = self.names().into_iter();
                files.extend(names.map(|name| (format!("/{name}"), name.into_bytes())));
            }
            Kind::Site => {
                // Traefik refuses some letters in an address, however they are written.
                let asked = |text: &&String| is_plain_name(text) && !text.contains(['%', ';', '?', '#']);
                for text in self.texts.iter().filter(asked) {
                    let file = self.get(&format!("/{}", values::encode(text.as_bytes()))).await;
                    assert_eq!(file, (200, text.clone().into_bytes()), "site: file {text:?}");
                }
                return;
            }
        }
        for (path, content) in files {
            let file = self.get(&format!("/named/{}", hex(&path))).await;
            assert_eq!(file, (200, content), "{}: file {path:?}", self.name);
        }
    }

    /// What the engine itself says of the container's volumes and folders.
    fn assert_mounted(&self, container: &Value) {
        let wanted = match self.kind {
            Kind::Image => vec![("bind", "given"), ("tmpfs", "tmpfs")],
            Kind::Upload => vec![("volume", "volume")],
            Kind::Site => Vec::new(),
        };
        for (kind, below) in wanted {
            let path = settings::path(below, &self.texts);
            let mounts = container["Mounts"].as_array().into_iter().flatten();
            let mut own = mounts.filter(|mount| mount["Destination"] == path.as_str());
            let mount = own
                .next()
                .unwrap_or_else(|| panic!("{path}: {}", container["Mounts"]));
            assert_eq!(mount["Type"], kind, "{mount}");
        }
    }

    /// What is done to one that runs.
    async fn operate(&self, first: &DeploymentView) {
        let (stage, application) = (self.stage, self.application);
        let made = stage.connection.send(api::MakeDeployUrl { application }).await;
        let made = made.expect("a deploy URL");
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
        if self.kind == Kind::Image {
            self.asked_by_strangers(&made).await;
        } else {
            stage.run_well(application, Trigger::Reload).await;
        }
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
        self.assert_copied(&copy).await;
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
