//! Volumes of applications on this node.

use std::collections::HashMap;

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptions};

use slipway_protocol::ApplicationId;

use super::{Docker, DockerError, Removal, label};

/// A volume that carries this instance's label and an application's.
pub struct OwnedVolume {
    /// As Docker calls it.
    pub name: String,
    /// The application's id.
    pub application: String,
}

impl Docker {
    /// This instance's volumes on this node.
    pub async fn owned_volumes(&self) -> Result<Vec<OwnedVolume>, DockerError> {
        let filters = HashMap::from([("label", vec![self.own_label()])]);
        let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let answer = self.api().await?.list_volumes(Some(options)).await?;
        let volumes = answer
            .volumes
            .unwrap_or_default()
            .into_iter()
            .filter_map(|volume| {
                Some(OwnedVolume {
                    application: volume.labels.get(label::APPLICATION)?.clone(),
                    name: volume.name,
                })
            });
        Ok(volumes.collect())
    }

    /// A volume for what builds of an application keep for the next ones; it goes with the application. Gives its name. One that is there is fine.
    pub async fn ensure_cache(&self, application: ApplicationId, kind: &str) -> Result<String, DockerError> {
        let name = format!("{}-{application}-{kind}-cache", self.instance());
        let wanted = VolumeCreateRequest {
            name: Some(name.clone()),
            labels: Some(label::own(
                self.instance(),
                &[(label::APPLICATION, &application.to_string())],
            )),
            ..VolumeCreateRequest::default()
        };
        self.api().await?.create_volume(wanted).await?;
        Ok(name)
    }

    /// Removes a volume with its data. Absent is fine.
    pub async fn remove_volume(&self, name: &str) -> Result<Removal, DockerError> {
        let removed = self
            .api()
            .await?
            .remove_volume(name, None::<RemoveVolumeOptions>)
            .await;
        match removed.map_err(DockerError::from) {
            Ok(()) | Err(DockerError::NotFound) => Ok(Removal::Gone),
            Err(DockerError::Conflict) => Ok(Removal::InUse),
            Err(error) => Err(error),
        }
    }
}
