//! How an image is made of a source.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::platform::Platform;
use super::quantity::{MegaBytes, MilliCores, Seconds};
use crate::names::{refuse_dangerous, text_type};
use crate::{FreeText, RelativePath, VariableKey};

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Build {
    /// The folder's Dockerfile; where there is none, what is found in the folder decides.
    Automatic(AutomaticBuild),
    Dockerfile(DockerfileBuild),
    /// Files that are served as they are.
    Static(StaticSite),
    /// A builder that is a program of its own on the server.
    External(ExternalBuild),
}

impl Default for Build {
    fn default() -> Self {
        Self::Automatic(AutomaticBuild::default())
    }
}

impl Build {
    /// What a build may use.
    pub fn limits(&self) -> Limits {
        match self {
            Self::Automatic(build) => build.limits,
            Self::Dockerfile(build) => build.limits,
            Self::External(build) => build.limits,
            // Files are copied into an image, and nothing of them is run.
            Self::Static(_) => Limits::default(),
        }
    }

    /// What the image is built for; none for the server's own platform.
    pub fn platform(&self) -> Option<Platform> {
        match self {
            Self::Automatic(build) => build.platform,
            Self::Dockerfile(build) => build.platform,
            Self::Static(site) => site.platform,
            // These programs build for the server that they run on.
            Self::External(_) => None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct AutomaticBuild {
    #[serde(default)]
    pub limits: Limits,
    /// What the image is built for; the server's own platform by default.
    #[serde(default)]
    pub platform: Option<Platform>,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct DockerfileBuild {
    /// Below the source's folder.
    #[serde(default = "dockerfile")]
    pub file: RelativePath,
    /// The stage that is built; the last one by default.
    #[serde(default)]
    pub target: Option<StageName>,
    /// Build arguments. They stay in the image's history: nothing secret belongs here.
    #[serde(default)]
    pub arguments: BTreeMap<VariableKey, FreeText>,
    /// Variables that `RUN --mount=type=secret,id=KEY` may read while the image is built. They reach neither layers nor history.
    #[serde(default)]
    pub secrets: Vec<VariableKey>,
    #[serde(default)]
    pub limits: Limits,
    /// What the image is built for; the server's own platform by default. Commands of another one need an emulator on the server.
    #[serde(default)]
    pub platform: Option<Platform>,
}

impl Default for DockerfileBuild {
    fn default() -> Self {
        Self {
            file: dockerfile(),
            target: None,
            arguments: BTreeMap::new(),
            secrets: Vec::new(),
            limits: Limits::default(),
            platform: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct StaticSite {
    /// The folder with the files, below the source's folder.
    #[serde(default = "RelativePath::here")]
    pub publish: RelativePath,
    /// Answer `/index.html` where there is no such file: for applications that route in the browser.
    #[serde(default)]
    pub fallback: bool,
    /// What the image is built for; the server's own platform by default.
    #[serde(default)]
    pub platform: Option<Platform>,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct ExternalBuild {
    pub builder: ExternalBuilder,
    #[serde(default)]
    pub limits: Limits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExternalBuilder {
    Nixpacks,
    Railpack,
    /// Cloud Native Buildpacks, by `pack`.
    Buildpacks,
}

impl ExternalBuilder {
    pub const ALL: [Self; 3] = [Self::Nixpacks, Self::Railpack, Self::Buildpacks];

    /// The program's name.
    pub fn program(self) -> &'static str {
        match self {
            Self::Nixpacks => "nixpacks",
            Self::Railpack => "railpack",
            Self::Buildpacks => "pack",
        }
    }
}

/// What one build may use. What is left out is the agent's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Limits {
    #[serde(default)]
    pub memory: Option<MegaBytes>,
    #[serde(default)]
    pub cpu: Option<MilliCores>,
    #[serde(default)]
    pub time: Option<Seconds>,
}

text_type! {
    /// The name of a Dockerfile's stage.
    StageName, "The stage’s name", |text| {
        refuse_dangerous(text, 64)?;
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
            return Err("only letters, digits and - _ . are allowed");
        }
        Ok(())
    }
}

fn dockerfile() -> RelativePath {
    RelativePath::dockerfile()
}
