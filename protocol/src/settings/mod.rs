//! What the user asks for: where an application comes from, how its image is made, how it runs, and how releases take each other's place.
//!
//! A change of settings waits for the next deployment or reload.

mod build;
mod command;
mod container;
mod health;
mod mount;
mod platform;
mod quantity;
mod reach;
mod rollout;
mod source;
mod words;

pub use build::{
    AutomaticBuild, Build, DockerfileBuild, ExternalBuild, ExternalBuilder, Limits, StageName, StaticSite,
};
pub use command::{CommandLine, Hooks};
pub use container::{
    Capability, ContainerSettings, HostPort, LabelKey, PlacementConstraint, PortProtocol, Resources,
    RestartPolicy, RestartWhen, StopSignal, Tmpfs, UlimitSetting, UserSpec,
};
pub use health::{Answer, HealthCheck};
pub use mount::{BindMount, ContainerPath, HostPath, NetworkName, VolumeMount, VolumeName};
pub use platform::Platform;
pub use quantity::{CommandLimit, MegaBytes, MilliCores, Percent, Port, Replicas, Seconds};
pub use rollout::{Canary, Rollout, Strategy};
pub use source::{GitSource, ImageSource, Source, UploadSource};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything about an application that can be changed.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct ApplicationSettings {
    pub source: Source,
    /// How the image is made; an application from an image needs none.
    #[serde(default)]
    pub build: Build,
    /// The port on which the application's process speaks HTTP. Without one nothing is routed to it: a worker.
    #[serde(default)]
    pub port: Option<Port>,
    #[serde(default)]
    pub replicas: Replicas,
    #[serde(default)]
    pub health: HealthCheck,
    #[serde(default)]
    pub rollout: Rollout,
    #[serde(default)]
    pub hooks: Hooks,
    #[serde(default)]
    pub container: ContainerSettings,
}

impl ApplicationSettings {
    /// Settings with everything but the source and the port as it is by default.
    pub fn new(source: Source, port: Option<Port>) -> Self {
        Self {
            source,
            build: Build::default(),
            port,
            replicas: Replicas::default(),
            health: HealthCheck::default(),
            rollout: Rollout::default(),
            hooks: Hooks::default(),
            container: ContainerSettings::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// FR-DEP-12: what is left out has a sensible default, and settings go round through JSON.
    #[test]
    fn little_is_enough() {
        let little = json!({ "source": { "kind": "git", "url": "https://example.org/a.git", "ref": "main" }, "port": 8080 });
        let settings: ApplicationSettings = serde_json::from_value(little).unwrap();
        assert_eq!(settings.replicas.get(), 1);
        assert_eq!(settings.build, Build::default());
        assert_eq!(
            settings.build,
            serde_json::from_value(json!({ "kind": "automatic" })).unwrap()
        );
        assert_eq!(settings.rollout.strategy, Strategy::Automatic);
        let again = serde_json::from_value(serde_json::to_value(&settings).unwrap()).unwrap();
        assert_eq!(settings, again);
    }
}
