//! What BuildKit is given for an image, and what the log says about it.

use std::collections::BTreeMap;

use slipway_protocol::settings::{DockerfileBuild, Limits, Platform, StageName};
use slipway_protocol::{FreeText, RelativePath, VariableKey};

use super::dockerfile::Dockerfile;
use crate::docker::{ADDED, AddedFile};

/// The Dockerfile's name where it is written here.
const WRITTEN: &str = "Dockerfile";

#[derive(Clone, Debug)]
pub struct Recipe {
    pub dockerfile: RelativePath,
    pub added: Vec<AddedFile>,
    /// What stays behind where the folder has no `.dockerignore`.
    pub ignored: Vec<&'static str>,
    pub target: Option<StageName>,
    pub arguments: BTreeMap<VariableKey, FreeText>,
    pub secrets: Vec<VariableKey>,
    pub limits: Limits,
    /// None for the server's own.
    pub platform: Option<Platform>,
    /// What was found, and why it is built like this: lines for the log.
    pub said: Vec<String>,
}

impl Recipe {
    pub fn of_dockerfile(build: &DockerfileBuild) -> Self {
        let target = build
            .target
            .as_ref()
            .map_or_else(String::new, |target| format!(", stage {target}"));
        Self {
            dockerfile: build.file.clone(),
            added: Vec::new(),
            ignored: Vec::new(),
            target: build.target.clone(),
            arguments: build.arguments.clone(),
            secrets: build.secrets.clone(),
            limits: build.limits,
            platform: build.platform,
            said: vec![format!("Building {}{target} with BuildKit", build.file)],
        }
    }

    /// An image as it is, so that the build puts its labels on it.
    pub fn of_image(tag: &str) -> Self {
        let mut dockerfile = Dockerfile::default();
        dockerfile.from(tag, None);
        Self::written(dockerfile, Vec::new(), &[])
    }

    /// A Dockerfile that was written here.
    pub fn written(dockerfile: Dockerfile, said: Vec<String>, ignored: &[&'static str]) -> Self {
        let path = format!("{ADDED}/{WRITTEN}");
        Self {
            dockerfile: RelativePath::parse(&path).unwrap_or_else(|_| RelativePath::dockerfile()),
            added: vec![AddedFile {
                name: WRITTEN,
                text: dockerfile.into_text(),
            }],
            ignored: ignored.to_vec(),
            target: None,
            arguments: BTreeMap::new(),
            secrets: Vec::new(),
            limits: Limits::default(),
            platform: None,
            said,
        }
    }

    /// Sends one more file with the folder.
    pub fn with_file(mut self, name: &'static str, text: String) -> Self {
        self.added.push(AddedFile { name, text });
        self
    }

    /// The Dockerfile, where it was written here.
    pub fn text(&self) -> Option<&str> {
        self.added
            .iter()
            .find(|file| file.name == WRITTEN)
            .map(|file| file.text.as_str())
    }
}
