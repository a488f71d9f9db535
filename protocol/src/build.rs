//! How an image was made: with what, how long it took, and what each step added.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Told;

/// A build that made an image.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct BuildView {
    /// The image's name in Docker. It names the deployment, and is never given to another image.
    pub tag: String,
    /// The image itself: `sha256:…`.
    pub digest: String,
    /// In bytes, with everything that it is based on.
    pub size: u64,
    /// How long it took; unknown where the agent ended meanwhile.
    pub milliseconds: Option<u64>,
    /// Unknown where the agent ended meanwhile.
    pub builder: Option<Told<BuiltBy>>,
    /// As they ended. Empty where they are not known.
    pub steps: Vec<BuildStep>,
    /// So many more steps were left out.
    #[serde(default)]
    pub more_steps: u32,
}

/// What made an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuiltBy {
    /// A Dockerfile of the source.
    Dockerfile,
    /// A Dockerfile that was written for what was found in the source.
    Detection,
    /// A server for files, around a folder of the source.
    StaticSite,
    Nixpacks,
    Railpack,
    Buildpacks,
}

impl BuiltBy {
    /// In words for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dockerfile => "Dockerfile",
            Self::Detection => "automatic detection",
            Self::StaticSite => "static site",
            Self::Nixpacks => "Nixpacks",
            Self::Railpack => "Railpack",
            Self::Buildpacks => "Cloud Native Buildpacks",
        }
    }
}

/// One step of a build.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct BuildStep {
    /// As the log has it, with its place: `[build 4/7] RUN npm ci`. Shortened; values of secrets and build arguments are covered.
    pub name: String,
    pub milliseconds: u64,
    /// It came from BuildKit's cache.
    #[serde(default)]
    pub cached: bool,
    /// What it added to the image, in bytes. Unknown of a step whose work is in no layer of it.
    #[serde(default)]
    pub added: Option<u64>,
}
