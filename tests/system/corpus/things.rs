//! What good requests are about: a small project for calls that name things, and values for every named type.

use std::cell::Cell;

use serde_json::{Value, json};

use super::caller::Caller;
use super::shape::{FRESH, Operation};

pub struct Things {
    project: String,
    environment: String,
    /// Where applications are created, so that copies of the small project stay small.
    crowded: String,
    pub application: String,
    deployment: String,
    domain: String,
    upload: String,
    desk: usize,
    counter: Cell<u32>,
}

impl Things {
    /// Those of the desk with this number.
    pub async fn new(caller: &mut Caller, desk: usize) -> Self {
        let (project, environment) = new_project(caller, &format!("small {desk}")).await;
        let (_, crowded) = new_project(caller, &format!("crowded {desk}")).await;
        let application = new_application(caller, &environment, "small").await;
        let at = format!("/api/v1/applications/{application}");
        let domain = made(
            caller,
            &format!("{at}/domains"),
            json!({ "host": format!("small-{desk}.example.org") }),
        )
        .await;
        // It fails at once: there is no such repository.
        let deployment = made(caller, &format!("{at}/deployments"), json!({ "kind": "deploy" })).await;
        let upload = made(
            caller,
            &format!("{at}/uploads"),
            json!({ "length": 1024, "sha256": "0".repeat(64) }),
        )
        .await;
        let things = Self {
            project,
            environment,
            crowded,
            application,
            deployment,
            domain,
            upload,
            desk,
            counter: Cell::new(0),
        };
        put(
            caller,
            &format!("{at}/files"),
            json!({ "path": "/etc/app.conf", "content": "YQ==" }),
        )
        .await;
        put(caller, &format!("{at}/patches/config"), json!({ "content": "a" })).await;
        put(
            caller,
            &format!("/api/v1/scopes/application:{}/variables", things.application),
            json!({ "key": "KEY", "value": "a" }),
        )
        .await;
        things
    }

    /// For a call that takes things away: things of its own.
    pub async fn for_deletion(&self, caller: &mut Caller) -> Self {
        let (project, environment) = new_project(caller, &self.fresh()).await;
        let application = new_application(caller, &environment, "gone").await;
        Self {
            project,
            crowded: environment.clone(),
            environment,
            application,
            deployment: self.deployment.clone(),
            domain: self.domain.clone(),
            upload: self.upload.clone(),
            desk: self.desk,
            counter: Cell::new(0),
        }
    }

    /// A name that nothing has yet.
    pub fn fresh(&self) -> String {
        self.counter.set(self.counter.get() + 1);
        format!("fresh-{}-{}", self.desk, self.counter.get())
    }

    /// The value of a type's name in a good request.
    pub fn sample(&self, operation: &Operation, name: &str) -> Option<Value> {
        let fresh = || FRESH.to_owned();
        let path = if operation.name.ends_with("Patch") {
            "config"
        } else {
            "a"
        };
        let text = match name {
            "ProjectId" => self.project.clone(),
            "EnvironmentId" if operation.name == "CreateApplication" => self.crowded.clone(),
            "EnvironmentId" => self.environment.clone(),
            "ApplicationId" => self.application.clone(),
            "DeploymentId" => self.deployment.clone(),
            "DomainId" => self.domain.clone(),
            "UploadId" => self.upload.clone(),
            // Nobody's: without a running task there is none.
            "TerminalId" | "ForwardId" | "CommandId" => "01890000-0000-7000-8000-00000000abcd".to_owned(),
            "Scope" => format!("application:{}", self.application),
            "ApplicationName" | "Tag" | "EnvironmentName" | "DisplayName" => fresh(),
            "HostName" | "RegistryHost" => format!("{}.example.org", fresh()),
            "EmailAddress" => format!("{}@example.org", fresh()),
            "VariableKey" | "LabelKey" => "KEY".to_owned(),
            "ContainerPath" => "/etc/app.conf".to_owned(),
            "HostPath" => "/srv/plain".to_owned(),
            "NetworkName" => "plain".to_owned(),
            "RelativePath" => path.to_owned(),
            "UrlPath" => "/".to_owned(),
            "GitUrl" => "/nowhere".to_owned(),
            "GitRef" => "main".to_owned(),
            "ImageReference" => "127.0.0.1:9/a".to_owned(),
            "LoginName" | "UserSpec" | "StageName" | "VolumeName" => "ada".to_owned(),
            "Sha256" | "Revision" => "0".repeat(64),
            "FreeText" => "a text".to_owned(),
            "FileMode" => "0444".to_owned(),
            "PlacementConstraint" => "node.role==manager".to_owned(),
            "CommandLine" => return Some(json!(["/app"])),
            _ => return None,
        };
        Some(json!(text))
    }

    /// Where that which a call has just stored can be read: method and address. `None` for a call that stores nothing to read.
    pub fn read_back(&self, operation: &Operation, answer: &Value) -> Option<(&'static str, String)> {
        let named =
            |field: &str| super::values::encode(answer[field].as_str().unwrap_or_default().as_bytes());
        let own = format!("/api/v1/applications/{}", self.application);
        let of_application = || format!("/api/v1/applications/{}", named("id"));
        Some(match operation.name.as_str() {
            "CreateProject"
            | "UpdateProject"
            | "DuplicateProject"
            | "CreateEnvironment"
            | "UpdateEnvironment"
            | "DuplicateEnvironment" => ("GET", "/api/v1/projects".to_owned()),
            "CreateApplication" | "UpdateApplication" | "DuplicateApplication" => ("GET", of_application()),
            "SetVariable" => (
                "POST",
                format!(
                    "/api/v1/scopes/application:{}/variables/{}/reveal",
                    self.application,
                    named("key")
                ),
            ),
            "SetFile" => ("POST", format!("{own}/files/{}/reveal", named("path"))),
            "SetPatch" => ("GET", format!("{own}/patches")),
            "CreateDomain" | "SetTags" => ("GET", own),
            "SetRegistry" => ("GET", "/api/v1/registries".to_owned()),
            "SetGitToken" => ("GET", format!("{own}/git-access")),
            // The role of an invitation is all that it holds.
            "CreateInvitation" => return None,
            other => {
                let stores = ["Create", "Set", "Update", "Duplicate"]
                    .iter()
                    .any(|verb| other.starts_with(verb));
                assert!(!stores, "{other} stores something; say here where it is read");
                return None;
            }
        })
    }
}

async fn made(caller: &mut Caller, target: &str, body: Value) -> String {
    let answer = caller
        .ask("POST", target, Some(body.to_string().into_bytes()))
        .await;
    let made = answer.json();
    assert_eq!(answer.status, 200, "{target}: {made}");
    made["id"].as_str().expect("an id").to_owned()
}

async fn put(caller: &mut Caller, target: &str, body: Value) {
    let answer = caller
        .ask("PUT", target, Some(body.to_string().into_bytes()))
        .await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.json());
}

async fn new_project(caller: &mut Caller, name: &str) -> (String, String) {
    let body = json!({ "name": name }).to_string().into_bytes();
    let answer = caller.ask("POST", "/api/v1/projects", Some(body)).await;
    let made = answer.json();
    assert_eq!(answer.status, 200, "{made}");
    let id = |value: &Value| value["id"].as_str().expect("an id").to_owned();
    (id(&made), id(&made["environments"][0]))
}

async fn new_application(caller: &mut Caller, environment: &str, name: &str) -> String {
    let source = json!({ "kind": "git", "url": "/nowhere", "ref": "main" });
    let target = format!("/api/v1/environments/{environment}/applications");
    made(
        caller,
        &target,
        json!({ "name": name, "source": source, "port": 8080 }),
    )
    .await
}
