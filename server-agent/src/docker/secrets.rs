//! Swarm secrets: contents that containers find as files, and that no inspection of a service shows.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::models::{SecretSpec, TaskSpecContainerSpecFile, TaskSpecContainerSpecSecrets};
use bollard::query_parameters::ListSecretsOptionsBuilder;
use slipway_protocol::Secret;
use tokio::sync::MutexGuard;

use super::{Docker, DockerError, Removal, label};

/// A secret as a service's containers find it.
#[derive(Clone)]
pub struct SecretFile {
    /// Stands for the content: two of one name have the same.
    pub name: String,
    /// Absolute.
    pub path: String,
    /// As the kernel takes it; the owner is the container's root.
    pub mode: u32,
    pub content: Secret<Vec<u8>>,
}

impl Docker {
    /// Makes the secrets that are not there yet, and gives them as a service's specification names them.
    pub(super) async fn ensure_secrets(
        &self,
        files: &[SecretFile],
    ) -> Result<Vec<TaskSpecContainerSpecSecrets>, DockerError> {
        let mut all = Vec::with_capacity(files.len());
        for file in files {
            all.push(named(file, Some(self.ensure_secret(file).await?)));
        }
        Ok(all)
    }

    /// The same without making any.
    pub(super) async fn find_secrets(
        &self,
        files: &[SecretFile],
    ) -> Result<Vec<TaskSpecContainerSpecSecrets>, DockerError> {
        let mut all = Vec::with_capacity(files.len());
        for file in files {
            all.push(named(file, self.find_secret(&file.name).await?));
        }
        Ok(all)
    }

    /// While it is held no secret is swept up: between making a service's secrets and the service that names them.
    pub async fn hold_secrets(&self) -> MutexGuard<'_, ()> {
        self.secrets.lock().await
    }

    /// The id of the secret of that name, which is made if there is none.
    async fn ensure_secret(&self, file: &SecretFile) -> Result<String, DockerError> {
        if let Some(id) = self.find_secret(&file.name).await? {
            return Ok(id);
        }
        let spec = SecretSpec {
            name: Some(file.name.clone()),
            labels: Some(label::own(self.instance(), &[])),
            data: Some(STANDARD.encode(file.content.expose())),
            ..Default::default()
        };
        match self
            .api()
            .await?
            .create_secret(spec)
            .await
            .map_err(DockerError::from)
        {
            Ok(made) => Ok(made.id),
            // Two deployments with the same content, at once.
            Err(DockerError::Conflict) => self.find_secret(&file.name).await?.ok_or(DockerError::Conflict),
            Err(error) => Err(error),
        }
    }

    async fn find_secret(&self, name: &str) -> Result<Option<String>, DockerError> {
        match self
            .api()
            .await?
            .inspect_secret(name)
            .await
            .map_err(DockerError::from)
        {
            Ok(secret) => Ok(secret.id),
            Err(DockerError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The names of this instance's secrets.
    pub async fn owned_secrets(&self) -> Result<Vec<String>, DockerError> {
        let filters = HashMap::from([("label", vec![self.own_label()])]);
        let options = ListSecretsOptionsBuilder::default().filters(&filters).build();
        let secrets = self.api().await?.list_secrets(Some(options)).await?;
        Ok(secrets
            .into_iter()
            .filter_map(|secret| secret.spec?.name)
            .collect())
    }

    /// Removes a secret. Absent is fine.
    pub async fn remove_secret(&self, name: &str) -> Result<Removal, DockerError> {
        match self
            .api()
            .await?
            .delete_secret(name)
            .await
            .map_err(DockerError::from)
        {
            Ok(()) | Err(DockerError::NotFound) => Ok(Removal::Gone),
            Err(DockerError::Refused(reason)) if reason.contains("in use") => Ok(Removal::InUse),
            Err(error) => Err(error),
        }
    }
}

fn named(file: &SecretFile, id: Option<String>) -> TaskSpecContainerSpecSecrets {
    TaskSpecContainerSpecSecrets {
        file: Some(TaskSpecContainerSpecFile {
            name: Some(file.path.clone()),
            uid: Some("0".to_owned()),
            gid: Some("0".to_owned()),
            mode: Some(file.mode),
        }),
        secret_id: id,
        secret_name: Some(file.name.clone()),
    }
}
