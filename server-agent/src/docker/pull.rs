//! Images of registries: a tag's digest, and fetching what the digest names.

use std::time::Duration;

use bollard::auth::DockerCredentials;
use bollard::query_parameters::{CreateImageOptionsBuilder, TagImageOptionsBuilder};
use futures_util::StreamExt;
use slipway_protocol::{RegistryHost, Secret};
use tokio_util::sync::CancellationToken;

use super::{Docker, DockerError};

/// A sign-in for a registry.
pub struct RegistryLogin {
    pub host: String,
    pub user: String,
    pub password: Secret<String>,
}

impl RegistryLogin {
    /// As Docker's API takes it, in a header of the request.
    fn credentials(&self) -> DockerCredentials {
        // Docker's own registry is known by its old address.
        let address = if self.host == RegistryHost::DOCKER {
            "https://index.docker.io/v1/"
        } else {
            &self.host
        };
        DockerCredentials {
            username: Some(self.user.clone()),
            password: Some(self.password.expose().clone()),
            serveraddress: Some(address.to_owned()),
            ..DockerCredentials::default()
        }
    }
}

pub struct PullRequest<'a> {
    /// `repository@sha256:…`.
    pub image: &'a str,
    pub login: Option<&'a RegistryLogin>,
    /// The tag that it gets here, `repository:tag`.
    pub tag: &'a str,
    pub limit: Duration,
    pub cancel: &'a CancellationToken,
}

impl Docker {
    /// The digest of a tag, as its registry says now.
    pub async fn resolve(&self, image: &str, login: Option<&RegistryLogin>) -> Result<String, DockerError> {
        let credentials = login.map(RegistryLogin::credentials);
        let found = self
            .api()
            .await?
            .inspect_registry_image(image, credentials)
            .await?;
        found
            .descriptor
            .digest
            .ok_or_else(|| DockerError::Refused("the registry named no digest".to_owned()))
    }

    /// Fetches an image and tags it; returns its id. Dropping the connection is what stops the engine.
    pub async fn pull(
        &self,
        request: PullRequest<'_>,
        on_line: &mut (impl FnMut(String) + Send),
    ) -> Result<String, DockerError> {
        let options = CreateImageOptionsBuilder::default()
            .from_image(request.image)
            .build();
        let credentials = request.login.map(RegistryLogin::credentials);
        let run = async {
            let api = self.api().await?;
            let mut reports = api.create_image(Some(options), None, credentials);
            while let Some(report) = reports.next().await {
                let report = report?;
                if let Some(error) = report.error_detail {
                    return Err(DockerError::answered(500, &error.message.unwrap_or_default()));
                }
                // A layer tells its progress many times over; that it began and ended is enough.
                let moving = report
                    .progress_detail
                    .is_some_and(|detail| detail.current.is_some());
                if let Some(status) = report.status.filter(|_| !moving) {
                    on_line(match report.id {
                        Some(layer) => format!("{layer}: {status}"),
                        None => status,
                    });
                }
            }
            Ok(())
        };
        tokio::select! {
            ended = run => ended?,
            () = tokio::time::sleep(request.limit) => return Err(DockerError::BuildDeadline(request.limit.as_secs())),
            () = request.cancel.cancelled() => return Err(DockerError::Cancelled),
        }
        let (repository, tag) = request.tag.rsplit_once(':').unwrap_or((request.tag, "latest"));
        let options = TagImageOptionsBuilder::default()
            .repo(repository)
            .tag(tag)
            .build();
        self.api().await?.tag_image(request.image, Some(options)).await?;
        let id = self.find_image(request.tag).await?;
        id.ok_or_else(|| DockerError::Refused("the image was fetched, but is not there".to_owned()))
    }

    /// Id and pinned reference of an image that was fetched before and has this tag.
    pub async fn find_pinned(
        &self,
        tag: &str,
        repository: &str,
    ) -> Result<Option<(String, String)>, DockerError> {
        let Some(image) = self.look_at_image(tag).await? else {
            return Ok(None);
        };
        let prefix = format!("{repository}@");
        let digests = image.repo_digests.unwrap_or_default();
        let pinned = digests.into_iter().find(|digest| digest.starts_with(&prefix));
        Ok(image.id.zip(pinned))
    }
}
