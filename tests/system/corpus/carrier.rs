//! An application with hostile values in all its fields: how it gets them, and that each of them arrives.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use acceptance::engine::text;
use acceptance::git_repo::GitRepo;
use acceptance::stage::{Stage, host_of};
use acceptance::{load, sentence, wait};
use futures_util::StreamExt;
use serde_json::{Value, json};
use slipway_protocol::api::{self, FollowLogs};
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView};
use slipway_protocol::file::SetFile;
use slipway_protocol::log_line::ContainerLogEvent;
use slipway_protocol::patch::NewPatch;
use slipway_protocol::settings::{ApplicationSettings, ContainerPath};
use slipway_protocol::variable::SetVariable;
use slipway_protocol::{ApplicationId, EnvironmentId, RelativePath, Scope, Secret};

use super::repository::FOLDER;
use super::settings::of_repository;

const PATIENCE: Duration = Duration::from_secs(120);

/// An application that holds the texts wherever a text can stand.
pub struct Life {
    pub stage: Stage,
    pub repo: GitRepo,
    /// The texts that a variable, an argument or a label can carry.
    pub texts: Vec<String>,
    pub application: ApplicationId,
    pub environment: EnvironmentId,
}

/// `<hex> <text> …`, for the application's own comparison.
pub fn pairs(texts: &[String]) -> Vec<String> {
    let pair = |text: &String| [hex(text), text.clone()];
    texts.iter().flat_map(pair).collect()
}

pub fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

pub fn command(word: &str, rest: Vec<String>) -> Value {
    json!([vec!["/app".to_owned(), word.to_owned()], rest].concat())
}

impl Life {
    /// Everything about the application that a text can stand in.
    pub fn settings(&self, url: &Path) -> ApplicationSettings {
        of_repository(&self.texts, url)
    }

    pub async fn set_up(&self) {
        let (connection, application) = (&self.stage.connection, self.application);
        for (number, text) in self.texts.iter().enumerate() {
            // A reference is written with one more dollar to stand for itself.
            let value = text.replace("${{", "$${{");
            let key = format!("T_{number}");
            let body = SetVariable {
                secret: Some(number % 2 == 0),
                ..SetVariable::new(key.parse().unwrap(), Secret::new(value))
            };
            let scope = if number % 3 == 0 {
                Scope::Environment(self.environment)
            } else {
                Scope::Application(application)
            };
            connection
                .send(api::SetVariable { scope, body })
                .await
                .expect("a variable");
        }
        let all = self.texts.join("\n").into_bytes();
        for path in self.mounted() {
            let body = SetFile {
                path,
                content: Secret::new(all.clone()),
                mode: None,
            };
            connection
                .send(api::SetFile { application, body })
                .await
                .expect("a file");
        }
        let built = self.patched().into_iter().map(|path| format!("{FOLDER}/{path}"));
        let elsewhere = self.paths().into_iter().take(8);
        for path in elsewhere.chain(built.map(|path| path.parse().unwrap())) {
            let body = NewPatch {
                content: self.texts.join("\n"),
            };
            connection
                .send(api::SetPatch {
                    application,
                    path,
                    body,
                })
                .await
                .expect("a patch");
        }
    }

    /// Texts that are paths below a folder. Names of git's own and of another system are refused by git, not here.
    pub fn paths(&self) -> Vec<RelativePath> {
        let plain =
            |text: &&String| text.len() < 100 && !text.contains(['\\', ':', '\t']) && !text.contains("{{");
        let paths = self
            .texts
            .iter()
            .filter(plain)
            .filter_map(|text| RelativePath::parse(text).ok());
        paths.filter(|path| path.as_str() != ".").take(12).collect()
    }

    /// Where its files are mounted.
    fn mounted(&self) -> Vec<ContainerPath> {
        let paths = self.paths();
        let below = paths
            .iter()
            .filter_map(|path| ContainerPath::parse(&format!("/etc/{path}")).ok());
        below.chain(["/mounted".parse().unwrap()]).collect()
    }

    /// Where patches are laid over the folder that is built.
    fn patched(&self) -> Vec<String> {
        let texts = self.paths().into_iter().take(4).map(String::from);
        texts.chain(["patched".to_owned()]).collect()
    }

    pub async fn get(&self, name: &str, path: &str) -> (u16, Vec<u8>) {
        load::get(self.stage.agent.edge_port(), &host_of(name), path)
            .await
            .expect("an answer")
    }

    /// Each text is in the container what it was when it was typed.
    pub async fn assert_arrived(&self, deployment: &DeploymentView) {
        for (number, text) in self.texts.iter().enumerate() {
            let variable = self.get("web", &format!("/variable/T_{number}")).await;
            assert_eq!(variable, (200, text.clone().into_bytes()), "variable {text:?}");
        }
        for (number, text) in self.texts.iter().take(60).enumerate() {
            let argument = self.get("web", &format!("/argument/{}", number + 2)).await;
            assert_eq!(argument, (200, text.clone().into_bytes()), "argument {text:?}");
        }
        let all = self.texts.join("\n").into_bytes();
        let patched = self.patched().into_iter().map(|path| format!("/{path}"));
        let mounted = self.mounted().into_iter().map(String::from);
        for path in mounted.chain(patched) {
            let file = self.get("web", &format!("/named/{}", hex(&path))).await;
            assert_eq!(file, (200, all.clone()), "file {path:?}");
        }
        let engine = self.stage.agent.engine();
        let containers = engine.running_containers(self.stage.agent.instance()).await;
        let of = deployment.release_of.unwrap_or(deployment.id).to_string();
        let own = containers
            .iter()
            .find(|container| text(&container["Labels"]["slipway.deployment"]) == of);
        let labels = &own.expect("its container")["Labels"];
        for (number, text) in self.texts.iter().enumerate() {
            assert_eq!(labels[format!("label.{number}")], json!(text), "label {text:?}");
        }
    }

    /// Searches of the log with the texts as they are and as expressions.
    pub async fn assert_searched(&self) {
        let one_line: Vec<&String> = self
            .texts
            .iter()
            .take(60)
            .filter(|text| text.len() > 3 && text.len() < 4000 && !text.contains(char::is_control))
            .collect();
        for (number, text) in one_line.iter().enumerate() {
            let (contains, regex) = if number % 2 == 0 {
                (Some((*text).clone()), None)
            } else {
                (None, Some(escaped(text)))
            };
            is_found(&self.stage, self.application, text, contains, regex).await;
        }
    }

    pub async fn change(&self, change: impl FnOnce(&mut ApplicationSettings)) {
        self.stage.settings(self.application, change).await;
    }

    pub async fn fails(&self, what: &str, words: &[&str]) {
        let ended = self.stage.deploy(self.application).await;
        assert_eq!(ended.status, DeploymentStatus::Failed, "{what}");
        let failure = ended.failure.unwrap_or_default();
        let shown: String = failure.chars().take(390).collect();
        sentence::assert_clear(&shown, words);
    }
}

/// The text is a line of the log, as soon as that has it.
pub async fn is_found(
    stage: &Stage,
    application: ApplicationId,
    text: &str,
    contains: Option<String>,
    regex: Option<String>,
) {
    wait::until(&format!("{text:?} is found"), PATIENCE, async || {
        let found = search(stage, application, contains.clone(), regex.clone()).await;
        found.iter().any(|line| line == text)
    })
    .await;
}

/// The lines of an application's log that fit.
async fn search(
    stage: &Stage,
    application: ApplicationId,
    contains: Option<String>,
    regex: Option<String>,
) -> Vec<String> {
    let request = FollowLogs {
        contains,
        regex,
        ..FollowLogs::of(application)
    };
    let events = stage.connection.stream(request);
    let lines = events.filter_map(|event| async move {
        match event.expect("an event") {
            ContainerLogEvent::Lines(lines) => Some(lines),
            ContainerLogEvent::Ping | ContainerLogEvent::Ended => None,
        }
    });
    let lines = tokio::time::timeout(PATIENCE, lines.collect::<Vec<_>>()).await;
    lines
        .expect("the search ends")
        .concat()
        .into_iter()
        .map(|line| line.text)
        .collect()
}

/// An expression that fits this text and no other.
pub fn escaped(text: &str) -> String {
    let letter = |c: char| {
        if c.is_alphanumeric() || c == ' ' || !c.is_ascii() {
            c.to_string()
        } else {
            format!("\\x{{{:x}}}", c as u32)
        }
    };
    text.chars().map(letter).collect()
}
