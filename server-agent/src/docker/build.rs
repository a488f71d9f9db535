//! Building an image with BuildKit inside the engine.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use bollard::models::{BuildInfo, ImageHistoryResponseItem};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http_body_util::StreamBody;
use hyper::body::Frame;
use slipway_protocol::build::BuildStep;
use slipway_protocol::log_line::LogStream;
use slipway_protocol::settings::{Platform, StageName};
use slipway_protocol::{FreeText, RelativePath, Secret, VariableKey};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use super::context::{self, AddedFile};
use super::ignore::{self, IgnoreError};
use super::raw::{self, encode};
use super::session::Session;
use super::transcript::Transcript;
use super::{Docker, DockerError, label, layers};

/// One report of BuildKit is at most this large, in bytes.
const LARGEST_REPORT: usize = 16 * 1024 * 1024;
/// All build arguments together, in bytes: they travel in the request's address, of which the engine takes 1 MiB.
const LARGEST_ARGUMENTS: usize = 256 * 1024;

pub struct BuildRequest<'a> {
    pub folder: &'a Path,
    /// In the folder, or among what is added to it.
    pub dockerfile: &'a RelativePath,
    /// Files that are sent with the folder without being in it.
    pub added: Vec<AddedFile>,
    /// What stays behind where the folder has no `.dockerignore`.
    pub ignored: &'a [&'a str],
    pub target: Option<&'a StageName>,
    /// None for the engine's own.
    pub platform: Option<Platform>,
    pub arguments: &'a BTreeMap<VariableKey, FreeText>,
    pub secrets: &'a BTreeMap<VariableKey, Secret<String>>,
    pub tag: &'a str,
    pub application: String,
    pub deployment: String,
    pub limit: Duration,
    pub cancel: &'a CancellationToken,
}

/// A built image.
#[derive(Debug)]
pub struct Built {
    /// Its id.
    pub image: String,
    /// In bytes, with everything that it is based on.
    pub size: u64,
    pub steps: Vec<BuildStep>,
    pub more_steps: u32,
}

impl Docker {
    /// Builds and tags the image. `on_line` sees each line as it is written, with the secrets' values covered.
    /// Dropping the connection is what stops BuildKit: a cancelled or overdue build ends at once.
    pub async fn build(
        &self,
        request: BuildRequest<'_>,
        on_line: &mut (impl FnMut(LogStream, &str) + Send),
    ) -> Result<Built, DockerError> {
        let (limit, cancel) = (request.limit, request.cancel);
        let tag = request.tag;
        let mut transcript = Transcript::covering(request.secrets).without(request.arguments);
        tokio::select! {
            ended = self.run_build(request, &mut transcript, on_line) => ended?,
            () = tokio::time::sleep(limit) => return Err(DockerError::BuildDeadline(limit.as_secs())),
            () = cancel.cancelled() => return Err(DockerError::Cancelled),
        }
        let made = self.api().await?.inspect_image(tag).await?;
        let (ended, beyond) = transcript.into_steps();
        // Where steps are missing, what was made of what is not known.
        let history = if beyond == 0 {
            self.history(tag).await
        } else {
            Vec::new()
        };
        let (steps, more) = layers::steps(ended, &history);
        Ok(Built {
            image: made.id.ok_or_else(no_image)?,
            size: made.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
            steps,
            more_steps: beyond.saturating_add(more),
        })
    }

    /// What an image's layers hold, the newest first. A build that has made its image does not fail where the engine does not tell.
    async fn history(&self, tag: &str) -> Vec<ImageHistoryResponseItem> {
        let asked = async { Ok::<_, DockerError>(self.api().await?.image_history(tag).await?) };
        asked.await.unwrap_or_else(|error| {
            tracing::debug!(%error, tag, "the sizes of an image's layers are not known");
            Vec::new()
        })
    }

    async fn run_build(
        &self,
        request: BuildRequest<'_>,
        transcript: &mut Transcript,
        on_line: &mut (impl FnMut(LogStream, &str) + Send),
    ) -> Result<(), DockerError> {
        let spoken = self.spoken().await?;
        let session = Session::open(&spoken, request.secrets).await?;
        let path = self.path(&request, session.id())?;
        let ignored = ignore::read(request.folder, request.dockerfile, request.ignored)?;
        let pieces = ReceiverStream::new(context::stream(request.folder, ignored, request.added));
        let body = StreamBody::new(pieces.map(|piece| piece.map(Frame::data)));
        let answer = raw::post_stream(&spoken, &path, "application/x-tar", body).await?;
        let mut reports = std::pin::pin!(lines(answer));
        while let Some(report) = reports.next().await {
            let info: BuildInfo = serde_json::from_slice(&report?).map_err(raw::unreachable)?;
            transcript.take(info, on_line)?;
        }
        transcript.flush(on_line);
        Ok(())
    }

    /// The request's address, with everything that BuildKit is told.
    fn path(&self, request: &BuildRequest<'_>, session: &str) -> Result<String, DockerError> {
        let labels = HashMap::from([
            (label::INSTANCE, self.instance()),
            (label::APPLICATION, request.application.as_str()),
            (label::DEPLOYMENT, request.deployment.as_str()),
        ]);
        let json = |value: serde_json::Result<String>| {
            value.map_err(|error| DockerError::Build(format!("its settings cannot be sent: {error}")))
        };
        let arguments = json(serde_json::to_string(request.arguments))?;
        if arguments.len() > LARGEST_ARGUMENTS {
            return Err(DockerError::Build(
                "its arguments are larger than 256 KiB together; put large values into files of the repository"
                    .to_owned(),
            ));
        }
        let mut path = format!(
            "/build?version=2&rm=1&session={session}&dockerfile={}&t={}&labels={}&buildargs={}",
            encode(request.dockerfile.as_str()),
            encode(request.tag),
            encode(&json(serde_json::to_string(&labels))?),
            encode(&arguments),
        );
        if let Some(target) = request.target {
            path.push_str("&target=");
            path.push_str(&encode(target.as_str()));
        }
        if let Some(platform) = request.platform {
            path.push_str("&platform=");
            path.push_str(&encode(platform.as_str()));
        }
        Ok(path)
    }
}

/// The lines of a stream, without the empty ones. A line beyond the bound is an error.
pub(super) fn lines(
    pieces: impl Stream<Item = Result<Bytes, DockerError>> + Send,
) -> impl Stream<Item = Result<Bytes, DockerError>> + Send {
    let state = (Box::pin(pieces), BytesMut::new(), 0_usize);
    futures_util::stream::unfold(Some(state), |state| async move {
        let (mut pieces, mut waiting, mut seen) = state?;
        loop {
            if let Some(end) = waiting[seen..].iter().position(|byte| *byte == b'\n') {
                let line = waiting.split_to(seen + end + 1).freeze();
                seen = 0;
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return Some((Ok(line), Some((pieces, waiting, seen))));
            }
            seen = waiting.len();
            if seen > LARGEST_REPORT {
                let error =
                    DockerError::Refused("one of BuildKit's reports is too large to be read".to_owned());
                return Some((Err(error), None));
            }
            match pieces.next().await {
                Some(Ok(piece)) => waiting.extend_from_slice(&piece),
                Some(Err(error)) => return Some((Err(error), None)),
                None if waiting.iter().all(u8::is_ascii_whitespace) => return None,
                None => return Some((Ok(waiting.freeze()), None)),
            }
        }
    })
}

fn no_image() -> DockerError {
    DockerError::Build("BuildKit reported no error, but there is no image".to_owned())
}

impl From<IgnoreError> for DockerError {
    fn from(error: IgnoreError) -> Self {
        Self::Build(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-05: however the engine cuts its stream, each report is read whole.
    #[tokio::test]
    async fn reports_are_put_together() {
        let pieces = ["{\"a\"", ":1}\r\n{\"b\":2}\n\n", "{\"c\":", "3}"];
        let pieces = futures_util::stream::iter(pieces.map(|text| Ok(Bytes::from_static(text.as_bytes()))));
        let read: Vec<_> = lines(pieces)
            .map(|line| String::from_utf8_lossy(&line.unwrap()).trim().to_owned())
            .collect()
            .await;
        assert_eq!(read, ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]);
    }
}
