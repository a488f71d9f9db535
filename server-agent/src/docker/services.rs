//! Swarm services: a release of an application, and the edge.

use std::collections::HashMap;

use bollard::models::{
    EndpointPortConfig, EndpointPortConfigProtocolEnum, EndpointPortConfigPublishModeEnum, EndpointSpec,
    EndpointSpecModeEnum, Mount, MountType, NetworkAttachmentConfig, Service, ServiceSpec, ServiceSpecMode,
    ServiceSpecModeReplicated, TaskSpec, TaskSpecContainerSpec, TaskSpecContainerSpecPrivileges,
    TaskSpecLogDriver, TaskSpecRestartPolicy, TaskSpecRestartPolicyConditionEnum,
};
use bollard::query_parameters::{ListServicesOptionsBuilder, UpdateServiceOptionsBuilder};

use super::{Docker, DockerError, label};

/// A release that should run.
pub struct ServiceRequest<'a> {
    pub name: &'a str,
    pub application: String,
    pub deployment: String,
    pub image: &'a str,
    pub network: &'a str,
    pub replicas: u16,
    /// `KEY=value`, byte for byte.
    pub environment: Vec<String>,
}

/// The edge that should run.
pub struct EdgeSpec<'a> {
    pub image: &'a str,
    pub network: &'a str,
    /// The port of the node on which it listens.
    pub port: u16,
    /// The folder on the node with the dynamic configuration.
    pub dynamic_dir: &'a str,
}

const SECOND: i64 = 1_000_000_000;

impl Docker {
    /// Creates the service of a release; one of that name that is already there is the same release's.
    pub async fn ensure_release(&self, request: ServiceRequest<'_>) -> Result<(), DockerError> {
        let labels = HashMap::from([
            (label::INSTANCE.to_owned(), self.instance().to_owned()),
            (label::APPLICATION.to_owned(), request.application.clone()),
            (label::DEPLOYMENT.to_owned(), request.deployment.clone()),
        ]);
        let container = TaskSpecContainerSpec {
            image: Some(request.image.to_owned()),
            labels: Some(labels.clone()),
            env: Some(request.environment.iter().map(|pair| literal(pair)).collect()),
            init: Some(true),
            stop_grace_period: Some(30 * SECOND),
            privileges: Some(TaskSpecContainerSpecPrivileges {
                no_new_privileges: Some(true),
                ..Default::default()
            }),
            ..Default::default()
        };
        let spec = spec(request.name, labels, container, request.network, request.replicas);
        self.create(spec).await
    }

    /// Creates the edge's service where there is none.
    pub async fn ensure_edge(&self, edge: EdgeSpec<'_>) -> Result<(), DockerError> {
        let name = format!("{}-traefik", self.instance());
        if self.find_service(&name).await?.is_some() {
            return Ok(());
        }
        let labels = HashMap::from([
            (label::INSTANCE.to_owned(), self.instance().to_owned()),
            ("slipway.role".to_owned(), "edge".to_owned()),
        ]);
        let mount = Mount {
            target: Some("/etc/traefik/dynamic".to_owned()),
            source: Some(edge.dynamic_dir.to_owned()),
            typ: Some(MountType::BIND),
            read_only: Some(true),
            ..Default::default()
        };
        let container = TaskSpecContainerSpec {
            image: Some(edge.image.to_owned()),
            labels: Some(labels.clone()),
            args: Some(edge_arguments()),
            mounts: Some(vec![mount]),
            stop_grace_period: Some(30 * SECOND),
            privileges: Some(TaskSpecContainerSpecPrivileges {
                no_new_privileges: Some(true),
                ..Default::default()
            }),
            ..Default::default()
        };
        let mut spec = spec(&name, labels, container, edge.network, 1);
        spec.endpoint_spec = Some(EndpointSpec {
            mode: Some(EndpointSpecModeEnum::DNSRR),
            ports: Some(vec![EndpointPortConfig {
                protocol: Some(EndpointPortConfigProtocolEnum::TCP),
                target_port: Some(80),
                published_port: Some(i64::from(edge.port)),
                publish_mode: Some(EndpointPortConfigPublishModeEnum::HOST),
                ..Default::default()
            }]),
        });
        self.create(spec).await
    }

    /// Sets how many tasks a service should have. A service that is gone is an error.
    pub async fn scale(&self, name: &str, replicas: u16) -> Result<(), DockerError> {
        // Docker refuses an update of a version that moved meanwhile; then it is read again.
        for attempt in 0..5 {
            let Some(service) = self.find_service(name).await? else {
                return Err(DockerError::NotFound);
            };
            let mut spec = service.spec.unwrap_or_default();
            let wanted = i64::from(replicas);
            let mode = spec
                .mode
                .get_or_insert_default()
                .replicated
                .get_or_insert_default();
            if mode.replicas == Some(wanted) {
                return Ok(());
            }
            mode.replicas = Some(wanted);
            let version = service
                .version
                .and_then(|version| version.index)
                .unwrap_or_default();
            let options = UpdateServiceOptionsBuilder::default()
                .version(i32::try_from(version).unwrap_or(i32::MAX))
                .build();
            match self
                .api()?
                .update_service(name, spec, options, None)
                .await
                .map_err(DockerError::from)
            {
                Ok(_) => return Ok(()),
                Err(DockerError::Refused(reason)) if reason.contains("out of sequence") && attempt < 4 => {}
                Err(error) => return Err(error),
            }
        }
        Err(DockerError::Conflict)
    }

    /// Removes a service with its tasks. Absent is fine.
    pub async fn remove_service(&self, name: &str) -> Result<(), DockerError> {
        match self.api()?.delete_service(name).await.map_err(DockerError::from) {
            Ok(()) | Err(DockerError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub async fn find_service(&self, name: &str) -> Result<Option<Service>, DockerError> {
        match self
            .api()?
            .inspect_service(name, None)
            .await
            .map_err(DockerError::from)
        {
            Ok(service) => Ok(Some(service)),
            Err(DockerError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The releases of this instance that exist: name of the service, application, deployment.
    pub async fn owned_releases(&self) -> Result<Vec<(String, String, String)>, DockerError> {
        let filters = HashMap::from([("label", vec![format!("{}={}", label::INSTANCE, self.instance())])]);
        let options = ListServicesOptionsBuilder::default().filters(&filters).build();
        let services = self.api()?.list_services(Some(options)).await?;
        let releases = services.into_iter().filter_map(|service| {
            let spec = service.spec?;
            let labels = spec.labels?;
            Some((
                spec.name?,
                labels.get(label::APPLICATION)?.clone(),
                labels.get(label::DEPLOYMENT)?.clone(),
            ))
        });
        Ok(releases.collect())
    }

    async fn create(&self, spec: ServiceSpec) -> Result<(), DockerError> {
        match self
            .api()?
            .create_service(spec, None)
            .await
            .map_err(DockerError::from)
        {
            Ok(_) | Err(DockerError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn spec(
    name: &str,
    labels: HashMap<String, String>,
    container: TaskSpecContainerSpec,
    network: &str,
    replicas: u16,
) -> ServiceSpec {
    ServiceSpec {
        name: Some(name.to_owned()),
        labels: Some(labels),
        task_template: Some(TaskSpec {
            container_spec: Some(container),
            networks: Some(vec![NetworkAttachmentConfig {
                target: Some(network.to_owned()),
                ..Default::default()
            }]),
            restart_policy: Some(TaskSpecRestartPolicy {
                condition: Some(TaskSpecRestartPolicyConditionEnum::ANY),
                delay: Some(SECOND),
                ..Default::default()
            }),
            // Docker's default keeps logs without a bound.
            log_driver: Some(TaskSpecLogDriver {
                name: Some("json-file".to_owned()),
                options: Some(HashMap::from([
                    ("max-size".to_owned(), "20m".to_owned()),
                    ("max-file".to_owned(), "3".to_owned()),
                ])),
            }),
            ..Default::default()
        }),
        mode: Some(ServiceSpecMode {
            replicated: Some(ServiceSpecModeReplicated {
                replicas: Some(i64::from(replicas)),
            }),
            ..Default::default()
        }),
        endpoint_spec: Some(EndpointSpec {
            mode: Some(EndpointSpecModeEnum::DNSRR),
            ports: None,
        }),
        ..Default::default()
    }
}

/// Swarm takes a variable for a Go template (`{{.Node.Hostname}}`); written like this it arrives as it was typed.
fn literal(text: &str) -> String {
    text.replace("{{", "{{\"{{\"}}")
}

/// Traefik's static configuration. Without the throttle's change a cut-over would take 2 s.
fn edge_arguments() -> Vec<String> {
    [
        "--providers.file.directory=/etc/traefik/dynamic",
        "--providers.file.watch=true",
        "--providers.providersThrottleDuration=50ms",
        "--entryPoints.web.address=:80",
        "--entryPoints.web.transport.respondingTimeouts.readTimeout=0",
        "--entryPoints.web.transport.lifeCycle.graceTimeOut=20s",
        "--api=true",
        "--api.dashboard=false",
        "--global.checkNewVersion=false",
        "--global.sendAnonymousUsage=false",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::literal;

    /// FR-CFG-01: a value cannot be a template; what Swarm makes of this is the value again.
    #[test]
    fn templates_are_taken_literally() {
        assert_eq!(literal("A={{.Node.ID}}"), "A={{\"{{\"}}.Node.ID}}");
        assert_eq!(literal("A={ { }} {{{"), "A={ { }} {{\"{{\"}}{");
    }
}
