//! Builders: each turns a folder into a recipe for BuildKit, or into a run of a program that makes the image itself.
//!
//! [`choose`] is the one place that decides which. Everything here but the program's run is pure: a folder is seen through
//! [`Files`], and what comes out is text and words for the log.

mod allowed;
mod bases;
mod detect;
mod dockerfile;
mod external;
mod files;
mod guard;
mod hold;
mod orders;
mod range;
mod recipe;
mod running;
mod static_site;
mod turn;
mod word;

use slipway_protocol::RelativePath;
use slipway_protocol::settings::{AutomaticBuild, Build, DockerfileBuild, ExternalBuild, StaticSite};

pub use allowed::Allowed;
pub use bases::{BaseChoice, Bases};
pub use external::{ExternalError, ExternalRequest};
pub use files::{Files, Folder};
pub use guard::Guard;
pub use hold::{change, hold};
pub use orders::{Order, Orders};
pub use recipe::Recipe;
pub use running::RunningBuilds;
pub use turn::Turns;

/// What has to be done to get an image.
pub enum Work {
    /// Send the folder and the recipe to BuildKit.
    BuildKit(Recipe),
    /// Run a program that makes the image.
    Program(ExternalBuild),
}

/// Why a folder cannot be built, as one sentence.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the repository has no Dockerfile {0} at this commit; check the application's settings")]
    NoDockerfile(String),
    #[error(
        "nothing in the folder says how to build it: there is no Dockerfile, and no file of a language or framework that is known here"
    )]
    NothingRecognised,
    #[error(
        "the folder has no index.html at its top, so there is nothing to serve as a site; set the folder to publish in the application's settings"
    )]
    NoIndex,
    /// Recognised, but something of it is missing.
    #[error("{0}")]
    Incomplete(String),
}

/// Turns a folder into work.
pub trait Builder {
    fn prepare(&self, files: &dyn Files, bases: &Bases) -> Result<Work, Refusal>;
}

/// The builder that an application's settings ask for.
pub fn choose(build: &Build) -> &dyn Builder {
    match build {
        Build::Automatic(automatic) => automatic,
        Build::Dockerfile(dockerfile) => dockerfile,
        Build::Static(site) => site,
        Build::External(external) => external,
    }
}

/// The folder's Dockerfile if it has one, else what is found in it.
impl Builder for AutomaticBuild {
    fn prepare(&self, files: &dyn Files, bases: &Bases) -> Result<Work, Refusal> {
        let mut recipe = if files.has("Dockerfile") {
            Recipe::of_dockerfile(&DockerfileBuild::default())
        } else {
            detect::detect(files, bases)?
        };
        recipe.platform = self.platform;
        recipe.limits = self.limits;
        Ok(Work::BuildKit(recipe))
    }
}

impl Builder for DockerfileBuild {
    fn prepare(&self, files: &dyn Files, _: &Bases) -> Result<Work, Refusal> {
        if !files.has(self.file.as_str()) {
            return Err(Refusal::NoDockerfile(self.file.to_string()));
        }
        Ok(Work::BuildKit(Recipe::of_dockerfile(self)))
    }
}

/// Its folder is the one to publish.
impl Builder for StaticSite {
    fn prepare(&self, files: &dyn Files, bases: &Bases) -> Result<Work, Refusal> {
        let mut recipe = static_site::of_folder(files, bases, self.fallback)?;
        recipe.platform = self.platform;
        Ok(Work::BuildKit(recipe))
    }
}

impl Builder for ExternalBuild {
    fn prepare(&self, _: &dyn Files, _: &Bases) -> Result<Work, Refusal> {
        Ok(Work::Program(self.clone()))
    }
}

/// The folder that is sent: a static site's is the published one, below the source's.
pub fn folder_below(build: &Build) -> RelativePath {
    match build {
        Build::Static(site) => site.publish.clone(),
        Build::Automatic(_) | Build::Dockerfile(_) | Build::External(_) => RelativePath::here(),
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::settings::Platform;

    use super::files::in_memory::InMemory;
    use super::*;

    /// FR-BLD-01, FR-BLD-03: limits and platform of the settings hold whatever is found in the folder.
    #[test]
    fn what_is_found_is_built_as_the_settings_say() {
        let build = serde_json::json!({ "kind": "automatic", "platform": "linux/arm64", "limits": { "memory": 64, "time": 60 } });
        let build: Build = serde_json::from_value(build).unwrap();
        for files in [["Dockerfile", "FROM scratch"], ["index.html", ""]] {
            let found = choose(&build).prepare(&InMemory::of(&[(files[0], files[1])]), &Bases::default());
            let Ok(Work::BuildKit(recipe)) = found else {
                panic!("{files:?} is built with BuildKit");
            };
            assert_eq!(recipe.platform, Some(Platform::Arm64));
            assert_eq!(recipe.limits, build.limits());
            assert_eq!(recipe.limits.time.map(|time| time.get()), Some(60));
        }
    }
}
