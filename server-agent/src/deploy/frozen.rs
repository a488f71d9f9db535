//! What a deployment's containers get besides the image: variables with their references replaced, and files. Frozen when the deployment is
//! asked for, and sealed into its row; a roll back takes an earlier one's.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use slipway_protocol::secret::Zeroize;
use slipway_protocol::settings::{ApplicationSettings, Port};
use slipway_protocol::{ApplicationId, DeploymentId, Secret};

use crate::app::App;
use crate::db::{Tx, deployments, files, variables};
use crate::docker::SecretFile;
use crate::domain::references::resolve;
use crate::http::ApiError;
use crate::secrets::{Place, SealError, Sealer};

/// The shape that is written now. The first one was a map of keys to values.
const VERSION: u32 = 2;
/// Where variables that are delivered as files lie.
const SECRETS_FOLDER: &str = "/run/secrets";
/// Their mode: whoever runs in the container may read them, as he might read the environment.
const SECRETS_MODE: u32 = 0o444;

#[derive(Serialize, Deserialize)]
pub struct Frozen {
    version: u32,
    /// In the environment.
    variables: BTreeMap<String, String>,
    /// As files below `/run/secrets`.
    secrets: BTreeMap<String, String>,
    files: Vec<FrozenFile>,
}

#[derive(Serialize, Deserialize)]
struct FrozenFile {
    path: String,
    mode: u32,
    /// In base64.
    content: String,
}

/// What a service's containers are started with.
#[derive(Clone, Default)]
pub struct Delivery {
    /// `KEY=value`.
    pub environment: Vec<String>,
    pub files: Vec<SecretFile>,
}

impl Zeroize for Delivery {
    fn zeroize(&mut self) {
        self.environment.zeroize();
        // Each wipes itself.
        self.files.clear();
    }
}

#[derive(Debug, thiserror::Error)]
pub enum FrozenError {
    #[error("the deployment’s variables do not open")]
    Sealed(#[from] SealError),
    #[error("the deployment’s variables cannot be read")]
    Shape,
    #[error("the agent’s database did not answer")]
    Database(#[from] sqlx::Error),
}

impl From<FrozenError> for ApiError {
    fn from(error: FrozenError) -> Self {
        match error {
            FrozenError::Database(error) => error.into(),
            FrozenError::Sealed(_) | FrozenError::Shape => Self::internal(&error),
        }
    }
}

/// The application's variables and files as they are now. A reference that leads nowhere is a conflict that names it.
pub async fn freeze(
    app: &App,
    tx: &mut Tx,
    application: ApplicationId,
    settings: &ApplicationSettings,
) -> Result<Frozen, ApiError> {
    let layers = variables::layers(tx, &app.sealer, application).await?;
    let delivered = resolve(&layers).map_err(|error| ApiError::conflict(error.to_string()))?;
    drop(layers);
    let files = files::open(tx, &app.sealer, application, None).await?;
    let files = files.into_iter().map(|file| FrozenFile {
        path: file.path.into(),
        mode: file.mode.bits(),
        content: STANDARD.encode(file.content.expose()),
    });
    let delivered = delivered.into_exposed();
    let frozen = Frozen {
        version: VERSION,
        variables: delivered.environment,
        secrets: delivered.files,
        files: files.collect(),
    };
    match frozen.twice(settings) {
        Some(path) => Err(ApiError::conflict(format!(
            "More than one file, volume or folder of the application has the path {path}; move one of them."
        ))),
        None => Ok(frozen),
    }
}

impl Frozen {
    /// What the container finds in its environment: `KEY=value`, byte for byte, and the port where it should listen.
    pub fn environment(&self, port: Option<Port>) -> Vec<String> {
        let port =
            port.filter(|_| !self.variables.contains_key("PORT") && !self.secrets.contains_key("PORT"));
        let pairs = self.variables.iter().map(|(key, value)| format!("{key}={value}"));
        pairs
            .chain(port.map(|port| format!("PORT={}", port.get())))
            .collect()
    }

    /// What the containers of a release get.
    pub fn delivery(
        &self,
        sealer: &Sealer,
        instance: &str,
        port: Option<Port>,
    ) -> Result<Delivery, FrozenError> {
        Ok(Delivery {
            environment: self.environment(port),
            files: self.secret_files(sealer, instance)?,
        })
    }

    /// Every variable by its key, however it is delivered, and every file by its path, for comparing.
    pub fn all(&self) -> BTreeMap<String, String> {
        let named = |kind: &str, key: &String| format!("{kind} {key}");
        let variables = self
            .variables
            .iter()
            .map(|(key, value)| (named("variable", key), value.clone()));
        let secrets = self
            .secrets
            .iter()
            .map(|(key, value)| (named("variable", key), format!("file {value}")));
        let files = self.files.iter().map(|file| {
            (
                named("file", &file.path),
                format!("{} {}", file.mode, file.content),
            )
        });
        variables.chain(secrets).chain(files).collect()
    }

    /// Stands for all of it in a comparison. Not to be shown: it could be guessed at.
    pub fn digest(&self) -> Result<Vec<u8>, FrozenError> {
        let plain = Secret::new(serde_json::to_vec(self).map_err(|_| FrozenError::Shape)?);
        Ok(Sha256::digest(plain.expose()).to_vec())
    }

    /// A variable's value, however it is delivered.
    pub fn value(&self, key: &str) -> Option<&str> {
        let found = self.variables.get(key).or_else(|| self.secrets.get(key));
        found.map(String::as_str)
    }

    /// The files that the containers find, as Swarm secrets.
    pub fn secret_files(&self, sealer: &Sealer, instance: &str) -> Result<Vec<SecretFile>, FrozenError> {
        let named = |path: String, mode: u32, content: Vec<u8>| SecretFile {
            // The mode too: a node keeps one file for each secret of a task.
            name: format!(
                "{instance}-{}",
                sealer.name_of(&format!("secret {mode:o}"), &content)
            ),
            path,
            mode,
            content: Secret::new(content),
        };
        let variables = self.secrets.iter().map(|(key, value)| {
            Ok(named(
                format!("{SECRETS_FOLDER}/{key}"),
                SECRETS_MODE,
                value.clone().into_bytes(),
            ))
        });
        let files = self.files.iter().map(|file| {
            let content = STANDARD.decode(&file.content).map_err(|_| FrozenError::Shape)?;
            Ok(named(file.path.clone(), file.mode, content))
        });
        variables.chain(files).collect()
    }

    /// The names of those secrets, each once.
    pub fn secret_names(&self, sealer: &Sealer, instance: &str) -> Result<Vec<String>, FrozenError> {
        let files = self.secret_files(sealer, instance)?;
        let names: BTreeSet<String> = files.into_iter().map(|file| file.name).collect();
        Ok(names.into_iter().collect())
    }

    /// A path that two things claim.
    fn twice(&self, settings: &ApplicationSettings) -> Option<String> {
        let secrets = self.secrets.keys().map(|key| format!("{SECRETS_FOLDER}/{key}"));
        let files = self.files.iter().map(|file| file.path.clone());
        let container = &settings.container;
        let volumes = container.volumes.iter().map(|volume| volume.path.to_string());
        let tmpfs = container.tmpfs.iter().map(|tmpfs| tmpfs.path.to_string());
        let binds = container.binds.iter().map(|bind| bind.path.to_string());
        let mut seen = BTreeSet::new();
        let mut all = secrets.chain(files).chain(volumes).chain(tmpfs).chain(binds);
        all.find(|path| !seen.insert(path.clone()))
    }

    /// Sealed for a deployment's row.
    pub fn seal(&self, sealer: &Sealer, deployment: DeploymentId) -> Result<Vec<u8>, FrozenError> {
        let plain = Secret::new(serde_json::to_vec(self).map_err(|_| FrozenError::Shape)?);
        Ok(sealer.seal(place(deployment), plain.expose())?)
    }

    /// Opened from a deployment's row, also from one that an earlier version of the agent wrote.
    pub fn open(sealer: &Sealer, deployment: DeploymentId, sealed: &[u8]) -> Result<Self, FrozenError> {
        let plain = sealer.open(place(deployment), sealed)?;
        Self::read(plain.expose())
    }

    fn read(plain: &[u8]) -> Result<Self, FrozenError> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Shape {
            Now(Frozen),
            First(BTreeMap<String, String>),
        }
        // The parser's own words could hold a value.
        match serde_json::from_slice(plain).map_err(|_| FrozenError::Shape)? {
            Shape::Now(frozen) if frozen.version == VERSION => Ok(frozen),
            Shape::Now(_) => Err(FrozenError::Shape),
            Shape::First(variables) => Ok(Self {
                version: VERSION,
                variables,
                secrets: BTreeMap::new(),
                files: Vec::new(),
            }),
        }
    }
}

/// What a deployment was asked for with.
pub async fn of_deployment(
    sealer: &Sealer,
    connection: &mut sqlx::PgConnection,
    deployment: DeploymentId,
) -> Result<Frozen, FrozenError> {
    let sealed = deployments::environment(connection, deployment).await?;
    Frozen::open(sealer, deployment, &sealed)
}

/// Where it is stored.
fn place(id: DeploymentId) -> Place<'static> {
    Place {
        table: "deployments",
        row: id.uuid(),
        column: "environment",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::KeyFile;
    use uuid::Uuid;

    fn sealer() -> Sealer {
        let folder = tempfile::tempdir().unwrap();
        Sealer::new(&KeyFile::open_or_create(&folder.path().join("key")).unwrap())
    }

    fn frozen() -> Frozen {
        let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        Frozen {
            version: VERSION,
            variables: map("A", "1"),
            secrets: map("B", "canary"),
            files: vec![FrozenFile {
                path: "/etc/app.bin".to_owned(),
                mode: 0o640,
                content: STANDARD.encode([0, 255, 10]),
            }],
        }
    }

    /// FR-CFG-02, FR-CFG-04: what was frozen opens as it was, in its row only, and files arrive byte for byte.
    #[test]
    fn frozen_and_opened_are_the_same() {
        let (sealer, id) = (sealer(), DeploymentId(Uuid::from_u128(1)));
        let sealed = frozen().seal(&sealer, id).unwrap();
        assert!(Frozen::open(&sealer, DeploymentId(Uuid::from_u128(2)), &sealed).is_err());
        let opened = Frozen::open(&sealer, id, &sealed).unwrap();
        let port = Port::try_from(8080).unwrap();
        assert_eq!(opened.environment(Some(port)), ["A=1", "PORT=8080"]);
        assert_eq!(opened.environment(None), ["A=1"]);
        assert_eq!(opened.value("B"), Some("canary"));
        let files = opened.secret_files(&sealer, "slipway").unwrap();
        let seen: Vec<_> = files
            .iter()
            .map(|file| (file.path.as_str(), file.mode, file.content.expose().as_slice()))
            .collect();
        assert_eq!(
            seen,
            [
                ("/run/secrets/B", 0o444, b"canary".as_slice()),
                ("/etc/app.bin", 0o640, &[0, 255, 10])
            ]
        );
        let again = frozen().secret_names(&sealer, "slipway").unwrap();
        assert_eq!(again, opened.secret_names(&sealer, "slipway").unwrap());
        assert!(
            again
                .iter()
                .all(|name| name.starts_with("slipway-") && name.len() <= 64),
            "{again:?}"
        );
    }

    /// FR-CFG-01, NFR-R6: a row that was written before files and references opens too, whatever its variables are called.
    #[test]
    fn an_older_row_opens() {
        let old = br#"{"version":"2","variables":"x","secrets":"","files":"f"}"#;
        let opened = Frozen::read(old).unwrap();
        assert_eq!(
            opened.environment(None),
            ["files=f", "secrets=", "variables=x", "version=2"]
        );
        assert_eq!(Frozen::read(b"{}").unwrap().environment(None), [""; 0]);
        assert!(Frozen::read(br#"{"version":3,"variables":{},"secrets":{},"files":[]}"#).is_err());
        assert!(Frozen::read(b"[]").is_err());
    }

    /// FR-CFG-04: two things at one path are noticed before anything is deployed.
    #[test]
    fn one_path_has_one_owner() {
        let settings = |volume: &str| -> ApplicationSettings {
            serde_json::from_value(serde_json::json!({
                "source": { "kind": "image", "image": "debian:12" },
                "container": { "volumes": [{ "name": "data", "path": volume }] }
            }))
            .unwrap()
        };
        assert_eq!(frozen().twice(&settings("/data")), None);
        assert_eq!(
            frozen().twice(&settings("/etc/app.bin")).as_deref(),
            Some("/etc/app.bin")
        );
        assert_eq!(
            frozen().twice(&settings("/run/secrets/B")).as_deref(),
            Some("/run/secrets/B")
        );
        let mut shared = settings("/data");
        let bind = serde_json::json!([{ "source": "/srv/photos", "path": "/data" }]);
        shared.container.binds = serde_json::from_value(bind).unwrap();
        assert_eq!(frozen().twice(&shared).as_deref(), Some("/data"));
    }
}
