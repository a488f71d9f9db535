//! Building an image with BuildKit inside the engine.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bollard::models::{BuildInfo, BuildInfoAux};
use bollard::query_parameters::{BuildImageOptionsBuilder, BuilderVersion};
use futures_util::StreamExt;
use slipway_protocol::RelativePath;
use slipway_protocol::log_line::LogStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use super::ignore::{IgnoreError, Ignored};
use super::{Docker, DockerError, context, label};

pub struct BuildRequest<'a> {
    pub folder: &'a Path,
    pub dockerfile: &'a RelativePath,
    pub tag: &'a str,
    pub application: String,
    pub deployment: String,
    pub limit: Duration,
    pub cancel: &'a CancellationToken,
}

impl Docker {
    /// Builds and tags the image; returns its id. `on_line` sees each line as it is written.
    /// Dropping the connection is what stops BuildKit: a cancelled or overdue build ends at once.
    pub async fn build(
        &self,
        request: BuildRequest<'_>,
        on_line: &mut (impl FnMut(LogStream, String) + Send),
    ) -> Result<String, DockerError> {
        let labels = HashMap::from([
            (label::INSTANCE.to_owned(), self.instance().to_owned()),
            (label::APPLICATION.to_owned(), request.application.clone()),
            (label::DEPLOYMENT.to_owned(), request.deployment.clone()),
        ]);
        let session = format!("slipway-{}", uuid::Uuid::new_v4().simple());
        let options = BuildImageOptionsBuilder::default()
            .dockerfile(request.dockerfile.as_str())
            .t(request.tag)
            .labels(&labels)
            .version(BuilderVersion::BuilderBuildKit)
            .session(&session)
            .rm(true)
            .build();
        let ignored = Ignored::read(request.folder, request.dockerfile)?;
        let context = bollard::body_try_stream(ReceiverStream::new(context::stream(request.folder, ignored)));
        let run = async {
            let mut output = Transcript::default();
            let mut answers = self.api()?.build_image(options, None, Some(context));
            while let Some(answer) = answers.next().await {
                output.take(answer.map_err(refused)?, on_line)?;
            }
            Ok::<_, DockerError>(())
        };
        tokio::select! {
            ended = run => ended?,
            () = tokio::time::sleep(request.limit) => return Err(DockerError::BuildDeadline(request.limit.as_secs())),
            () = request.cancel.cancelled() => return Err(DockerError::Cancelled),
        }
        let built = self.find_image(request.tag).await?;
        built
            .ok_or_else(|| DockerError::Build("BuildKit reported no error, but there is no image".to_owned()))
    }
}

/// Turns BuildKit's reports into lines: a step's name when it begins, what it writes, and its error.
#[derive(Default)]
struct Transcript {
    named: std::collections::HashSet<String>,
    /// The error of a step, said once.
    failed: Option<String>,
}

impl Transcript {
    fn take(
        &mut self,
        info: BuildInfo,
        on_line: &mut impl FnMut(LogStream, String),
    ) -> Result<(), DockerError> {
        if let Some(error) = info.error_detail {
            let message = error.message.unwrap_or_default();
            return Err(failure(self.failed.as_ref().unwrap_or(&message)));
        }
        let Some(BuildInfoAux::BuildKit(status)) = info.aux else {
            return Ok(());
        };
        for vertex in status.vertexes {
            let begun = vertex.started.is_some() || vertex.cached;
            if begun && !vertex.name.is_empty() && self.named.insert(vertex.digest.clone()) {
                let cached = if vertex.cached { " (cached)" } else { "" };
                on_line(LogStream::System, format!("{}{cached}", vertex.name));
            }
            if !vertex.error.is_empty() {
                on_line(LogStream::Stderr, vertex.error.clone());
                self.failed.get_or_insert(vertex.error);
            }
        }
        for log in status.logs {
            let stream = if log.stream == 2 {
                LogStream::Stderr
            } else {
                LogStream::Stdout
            };
            for line in String::from_utf8_lossy(&log.msg).lines() {
                on_line(stream, line.to_owned());
            }
        }
        Ok(())
    }
}

/// An error that Docker put in the stream in a report's place is the build's, not Docker's own.
fn refused(error: bollard::errors::Error) -> DockerError {
    match error {
        bollard::errors::Error::DockerStreamError { error } => failure(&error),
        other => other.into(),
    }
}

impl From<IgnoreError> for DockerError {
    fn from(error: IgnoreError) -> Self {
        Self::Build(error.to_string())
    }
}

fn failure(message: &str) -> DockerError {
    if message.to_lowercase().contains("no space left") {
        DockerError::DiskFull
    } else {
        DockerError::Build(without_echo(message.trim()).to_owned())
    }
}

/// BuildKit ends some messages with the kind of the error once more: “…: not found: not found”.
fn without_echo(message: &str) -> &str {
    match message.rsplit_once(": ") {
        Some((before, kind)) if before.ends_with(kind) => before,
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-03: the reason of a failed build is said once, as the build's.
    #[test]
    fn the_reason_is_the_builds_and_is_said_once() {
        let error = bollard::errors::Error::DockerStreamError {
            error: "failed to compute cache key: \"/nothing\" not found: not found\n".to_owned(),
        };
        assert_eq!(
            refused(error).to_string(),
            "the build failed: failed to compute cache key: \"/nothing\" not found"
        );
        assert_eq!(without_echo("exit code: 1"), "exit code: 1");
    }
}
