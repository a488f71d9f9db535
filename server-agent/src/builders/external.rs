//! Builders that are programs of their own on the server: Nixpacks, Railpack, and `pack` for Cloud Native Buildpacks.
//!
//! Each is started with a list of arguments, an empty environment and the way to Docker, in a process group that ends with
//! the build. It makes an image with a name of ours; what becomes of that is the caller's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use slipway_protocol::settings::ExternalBuilder;
use tokio_util::sync::CancellationToken;

use super::bases::{Base, Bases};
use crate::process::{Invocation, Output, ProcessError, Program};

pub struct ExternalRequest<'a> {
    pub builder: ExternalBuilder,
    /// The folder with the program; without one it is looked up where programs usually are.
    pub programs: Option<&'a Path>,
    pub folder: &'a Path,
    pub tag: &'a str,
    /// `unix:///…`
    pub docker: &'a str,
    /// Where Railpack finds a BuildKit, since it does not use Docker's.
    pub buildkit: Option<&'a str>,
    /// A folder for what the program keeps while it works.
    pub home: &'a Path,
    pub bases: &'a Bases,
    /// The volumes in which `pack` keeps what the next build of the application can use: what for, and which. By itself it would make new ones for
    /// each image's name, and nobody would know whose they are.
    pub caches: &'a [(&'static str, String)],
    pub limit: Duration,
    pub cancel: &'a CancellationToken,
}

#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    #[error(
        "{program} is not installed on the server; install it into /usr/local/bin there ({manual}), or choose another way to build in the application's settings"
    )]
    Absent {
        program: &'static str,
        manual: &'static str,
    },
    #[error(
        "Railpack needs a BuildKit of its own, and the agent was told of none; start one, set BUILDKIT_HOST for the agent, or choose another way to build"
    )]
    NoBuildKit,
    #[error("the build failed: {program} ended with {status}; its last words are in the log")]
    Failed {
        program: &'static str,
        status: std::process::ExitStatus,
    },
    #[error("the build took longer than {0} s and was stopped")]
    Deadline(u64),
    #[error("the build was stopped because the deployment was cancelled")]
    Cancelled,
    #[error(transparent)]
    Process(ProcessError),
}

impl ExternalRequest<'_> {
    /// Runs the program to its end; `on_line` sees each line as it is written.
    pub async fn run(&self, on_line: impl FnMut(Output, &str)) -> Result<(), ExternalError> {
        if self.builder == ExternalBuilder::Railpack && self.buildkit.is_none() {
            return Err(ExternalError::NoBuildKit);
        }
        let ran = self.invocation().run_with(on_line).await;
        let finished = ran.map_err(|error| self.told(error))?;
        if finished.success() {
            return Ok(());
        }
        Err(ExternalError::Failed {
            program: self.builder.program(),
            status: finished.status,
        })
    }

    fn invocation(&self) -> Invocation {
        let path = self
            .programs
            .map_or_else(PathBuf::new, Path::to_owned)
            .join(self.builder.program());
        let invocation = Invocation::new(Program::Builder { path })
            .env("DOCKER_HOST", self.docker)
            .env("DOCKER_BUILDKIT", "1")
            .env("HOME", self.home)
            .env("NO_COLOR", "1")
            .dir(self.home)
            .deadline(self.limit)
            .cancel(self.cancel);
        match self.builder {
            ExternalBuilder::Nixpacks => invocation.args(["build", "--name", self.tag]).arg(self.folder),
            ExternalBuilder::Railpack => invocation
                .env("BUILDKIT_HOST", self.buildkit.unwrap_or_default())
                .args(["build", "--progress", "plain", "--name", self.tag])
                .arg(self.folder),
            ExternalBuilder::Buildpacks => invocation
                .args(["build", self.tag])
                .args(self.cache_arguments())
                .args(["--no-color", "--builder"])
                .arg(self.bases.image(Base::Buildpacks, None))
                .arg("--path")
                .arg(self.folder),
        }
    }

    fn cache_arguments(&self) -> Vec<String> {
        let argument = |(kind, volume): &(&str, String)| {
            let cache = format!("type={kind};format=volume;name={volume}");
            ["--cache".to_owned(), cache]
        };
        self.caches.iter().flat_map(argument).collect()
    }

    fn told(&self, error: ProcessError) -> ExternalError {
        match error {
            ProcessError::Start { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                ExternalError::Absent {
                    program: self.builder.program(),
                    manual: manual(self.builder),
                }
            }
            ProcessError::Deadline { limit, .. } => ExternalError::Deadline(limit.as_secs()),
            ProcessError::Cancelled { .. } => ExternalError::Cancelled,
            other @ (ProcessError::Start { .. } | ProcessError::Wait { .. }) => ExternalError::Process(other),
        }
    }
}

fn manual(builder: ExternalBuilder) -> &'static str {
    match builder {
        ExternalBuilder::Nixpacks => "nixpacks.com/docs/install",
        ExternalBuilder::Railpack => "railpack.com/installation",
        ExternalBuilder::Buildpacks => "buildpacks.io/docs/install-pack",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-02, NFR-R3: the caches of `pack` are the application's, not the image's.
    #[test]
    fn pack_keeps_its_caches_where_it_is_told() {
        let request = ExternalRequest {
            builder: ExternalBuilder::Buildpacks,
            programs: None,
            folder: Path::new("/src"),
            tag: "t/a:1",
            docker: "unix:///nowhere",
            buildkit: None,
            home: Path::new("/home"),
            bases: &Bases::default(),
            caches: &[("build", "x-build".to_owned()), ("launch", "x-launch".to_owned())],
            limit: Duration::from_secs(5),
            cancel: &CancellationToken::new(),
        };
        let wanted = [
            "--cache",
            "type=build;format=volume;name=x-build",
            "--cache",
            "type=launch;format=volume;name=x-launch",
        ];
        assert_eq!(request.cache_arguments(), wanted);
    }

    /// FR-BLD-02, NFR-U2: a builder that is not there says what to install, and where Railpack lacks its BuildKit, that.
    #[tokio::test]
    async fn an_absent_builder_says_what_to_install() {
        let empty = tempfile::tempdir().unwrap();
        for builder in ExternalBuilder::ALL {
            let request = ExternalRequest {
                builder,
                programs: Some(empty.path()),
                folder: empty.path(),
                tag: "t/a:1",
                docker: "unix:///nowhere",
                buildkit: Some("tcp://127.0.0.1:1"),
                home: empty.path(),
                bases: &Bases::default(),
                caches: &[],
                limit: Duration::from_secs(5),
                cancel: &CancellationToken::new(),
            };
            let error = request.run(|_, _| {}).await.unwrap_err().to_string();
            assert!(
                error.starts_with(builder.program()) && error.contains("install it"),
                "{error}"
            );
        }
    }
}
