//! The images that the engine has: looked at, told whose they are, removed.

use std::collections::HashMap;

use bollard::models::ImageInspect;
use bollard::query_parameters::{ListImagesOptionsBuilder, RemoveImageOptionsBuilder};

use super::{Docker, DockerError, Removal, label};

/// Behind an image's tag: what an external program has made for the image of that tag.
pub const MADE: &str = "-made";

impl Docker {
    /// The id of an image by tag or id; `None` when the engine does not have it.
    pub async fn find_image(&self, reference: &str) -> Result<Option<String>, DockerError> {
        Ok(self.find_sized(reference).await?.map(|(id, _)| id))
    }

    /// The same, with its size in bytes.
    pub async fn find_sized(&self, reference: &str) -> Result<Option<(String, u64)>, DockerError> {
        let Some(image) = self.look_at_image(reference).await? else {
            return Ok(None);
        };
        let size = image.size.and_then(|size| u64::try_from(size).ok());
        Ok(image.id.map(|id| (id, size.unwrap_or(0))))
    }

    /// What the engine says of an image by tag or id; `None` when it does not have it.
    pub(super) async fn look_at_image(&self, reference: &str) -> Result<Option<ImageInspect>, DockerError> {
        let found = self.api().await?.inspect_image(reference).await;
        match found.map_err(DockerError::from) {
            Ok(image) => Ok(Some(image)),
            Err(DockerError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The TCP ports that an image says its program listens on (EXPOSE of a Dockerfile).
    pub async fn exposed_ports(&self, image: &str) -> Result<Vec<u16>, DockerError> {
        let found = self.api().await?.inspect_image(image).await?;
        let exposed = found
            .config
            .and_then(|config| config.exposed_ports)
            .unwrap_or_default();
        let mut ports: Vec<u16> = exposed.iter().filter_map(|port| tcp(port)).collect();
        ports.sort_unstable();
        ports.dedup();
        Ok(ports)
    }

    /// The deployments whose images this instance still has, as label value and tag.
    pub async fn owned_images(&self) -> Result<Vec<(String, Vec<String>)>, DockerError> {
        let filters = HashMap::from([("label", vec![self.own_label()])]);
        let options = ListImagesOptionsBuilder::default()
            .all(false)
            .filters(&filters)
            .build();
        let images = self.api().await?.list_images(Some(options)).await?;
        let mut owned: Vec<(String, Vec<String>)> = images
            .into_iter()
            .map(|image| {
                (
                    image.labels.get(label::DEPLOYMENT).cloned().unwrap_or_default(),
                    image.repo_tags,
                )
            })
            .collect();
        owned.extend(self.tagged_images(self.instance()).await?);
        Ok(owned)
    }

    /// Images that were fetched for a deployment, or came from a build node, have no label of ours, or another deployment's; the tag that
    /// they were given says whose they are.
    pub async fn tagged_images(&self, instance: &str) -> Result<Vec<(String, Vec<String>)>, DockerError> {
        let filters = HashMap::from([("reference", vec![format!("{instance}/*")])]);
        let options = ListImagesOptionsBuilder::default()
            .all(false)
            .filters(&filters)
            .build();
        let images = self.api().await?.list_images(Some(options)).await?;
        let own = format!("{instance}/");
        let tags = images.into_iter().flat_map(|image| image.repo_tags);
        let mut fetched = Vec::new();
        for tag in tags.filter(|tag| tag.starts_with(&own)) {
            if let Some(id) = deployment_of(&tag) {
                fetched.push((id.to_string(), vec![tag]));
            }
        }
        Ok(fetched)
    }

    /// Removes an image's tag, and the image with its last one. Absent is fine.
    pub async fn remove_image(&self, reference: &str) -> Result<Removal, DockerError> {
        for digest in self.fetched_as(reference).await? {
            self.remove_reference(&digest).await?;
        }
        self.remove_reference(reference).await
    }

    /// The name with a digest under which an image was fetched, if its only tag is this one: it would keep the image.
    async fn fetched_as(&self, tag: &str) -> Result<Vec<String>, DockerError> {
        let Some(image) = self.look_at_image(tag).await? else {
            return Ok(Vec::new());
        };
        if image
            .repo_tags
            .is_some_and(|tags| tags.iter().any(|other| other != tag))
        {
            return Ok(Vec::new());
        }
        let repository = tag.rsplit_once(':').map_or(tag, |(repository, _)| repository);
        let own = format!("{repository}@");
        let digests = image.repo_digests.unwrap_or_default();
        Ok(digests
            .into_iter()
            .filter(|digest| !digest.starts_with(&own))
            .collect())
    }

    async fn remove_reference(&self, reference: &str) -> Result<Removal, DockerError> {
        let options = RemoveImageOptionsBuilder::default().force(false).build();
        match self
            .api()
            .await?
            .remove_image(reference, Some(options), None)
            .await
            .map_err(DockerError::from)
        {
            Ok(_) | Err(DockerError::NotFound) => Ok(Removal::Gone),
            Err(DockerError::Conflict) => Ok(Removal::InUse),
            Err(error) => Err(error),
        }
    }
}

/// The deployment that a tag `<instance>/<application>:<its id>` was given for.
fn deployment_of(tag: &str) -> Option<uuid::Uuid> {
    let (_, id) = tag.rsplit_once(':')?;
    let id = id.strip_suffix(MADE).unwrap_or(id);
    (id.len() == 32).then(|| uuid::Uuid::parse_str(id).ok())?
}

/// `8080/tcp`, or without a protocol, which then is TCP.
fn tcp(port: &str) -> Option<u16> {
    match port.split_once('/') {
        Some((number, "tcp")) => number.parse().ok(),
        Some(_) => None,
        None => port.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-R3: an image says by its tag whose it is, also one that was made on the way and left when the agent was killed.
    #[test]
    fn tags_say_whose_they_are() {
        let id = "018f00000000700080000000000000ab";
        let found = |tag: &str| deployment_of(tag).map(|id| id.simple().to_string());
        assert_eq!(found(&format!("slipway/web:{id}")).as_deref(), Some(id));
        assert_eq!(found(&format!("slipway/web:{id}-made")).as_deref(), Some(id));
        for other in [
            "slipway/web",
            "slipway/web:latest",
            "slipway/web:018f-made",
            "x:5000/web",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
    }
}
