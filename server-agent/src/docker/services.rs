//! Swarm services: a release of an application, and the edge.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{
    EndpointPortConfig, EndpointPortConfigProtocolEnum, EndpointPortConfigPublishModeEnum, EndpointSpec,
    EndpointSpecModeEnum, Service, ServiceSpec, TaskSpecContainerSpec, TaskSpecContainerSpecPrivileges,
    TaskSpecPlacement,
};
use bollard::query_parameters::{ListServicesOptionsBuilder, UpdateServiceOptionsBuilder};
use tokio_util::sync::CancellationToken;

use super::pull::PullRequest;
use super::release_spec::{Once, SECOND, ServiceRequest, lent, once_spec, release_spec, spec};
use super::{Docker, DockerError, label};
use crate::domain::rollout::{ObservedTask, TaskState};

/// So long a new image of the edge may take to arrive; the old one serves meanwhile.
const EDGE_PULL: Duration = Duration::from_secs(600);

/// A service of an application that this instance made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedService {
    pub name: String,
    pub application: String,
    /// The deployment that made it.
    pub deployment: String,
    /// A command around or beside a release, and not the release.
    pub hook: bool,
    /// The command that somebody runs beside the release, by its id.
    pub command: Option<String>,
    /// So many tasks should run.
    pub replicas: u16,
    /// Docker counts up with each change of the service.
    pub version: u64,
}

/// The edge that should run.
pub struct EdgeSpec<'a> {
    pub image: &'a str,
    /// In Traefik's words.
    pub log_level: &'a str,
    pub network: &'a str,
    /// The port of the node on which it listens.
    pub port: u16,
    /// The folder on the node with the dynamic configuration.
    pub dynamic_dir: &'a str,
}

impl EdgeSpec<'_> {
    /// The port of the node, without Swarm's own mesh: Traefik sees who asks.
    fn ports(&self) -> Vec<EndpointPortConfig> {
        vec![EndpointPortConfig {
            protocol: Some(EndpointPortConfigProtocolEnum::TCP),
            target_port: Some(80),
            published_port: Some(i64::from(self.port)),
            publish_mode: Some(EndpointPortConfigPublishModeEnum::HOST),
            ..Default::default()
        }]
    }
}

impl Docker {
    /// Creates the service of a release. One of that name that is already there is the same release's, and gets as many tasks.
    pub async fn ensure_release(&self, request: &ServiceRequest<'_>) -> Result<(), DockerError> {
        let _guard = self.hold_secrets().await;
        let secrets = self.ensure_secrets(&request.files).await?;
        match self.create(release_spec(self.instance(), request, secrets)).await {
            Err(DockerError::Conflict) => self.scale(request.name, request.replicas).await,
            ended => ended,
        }
    }

    /// Makes a release's service what it has to be again, if it is still at this version.
    pub async fn put_back(&self, request: &ServiceRequest<'_>, version: u64) -> Result<(), DockerError> {
        let _guard = self.hold_secrets().await;
        let secrets = self.ensure_secrets(&request.files).await?;
        let spec = release_spec(self.instance(), request, secrets);
        self.update(request.name, spec, version).await
    }

    /// Starts a command in a release's image; one of that name is the same command's.
    pub async fn ensure_once(
        &self,
        request: &ServiceRequest<'_>,
        once: &Once<'_>,
    ) -> Result<(), DockerError> {
        let _guard = self.hold_secrets().await;
        let secrets = self.ensure_secrets(&request.files).await?;
        match self
            .create(once_spec(self.instance(), request, secrets, once))
            .await
        {
            Err(DockerError::Conflict) => Ok(()),
            ended => ended,
        }
    }

    /// The service of a release as it should be, for comparing.
    pub async fn wanted_release(&self, request: &ServiceRequest<'_>) -> Result<ServiceSpec, DockerError> {
        let secrets = self.find_secrets(&request.files).await?;
        Ok(release_spec(self.instance(), request, secrets))
    }

    /// Creates the edge's service where there is none.
    pub async fn ensure_edge(&self, edge: EdgeSpec<'_>) -> Result<(), DockerError> {
        let name = self.edge_name();
        let placement = self.own_node().await?.map(on_node);
        if let Some(service) = self.find_service(&name).await? {
            return self.renew_edge(&name, service, &edge, placement).await;
        }
        let labels = label::own(self.instance(), &[(label::ROLE, "edge")]);
        let container = TaskSpecContainerSpec {
            image: Some(edge.image.to_owned()),
            labels: Some(labels.clone()),
            args: Some(edge.arguments()),
            mounts: Some(vec![lent(edge.dynamic_dir, "/etc/traefik/dynamic", true)]),
            stop_grace_period: Some(30 * SECOND),
            privileges: Some(TaskSpecContainerSpecPrivileges {
                no_new_privileges: Some(true),
                ..Default::default()
            }),
            ..Default::default()
        };
        let mut spec = spec(&name, labels, container, edge.network, 1);
        spec.task_template.get_or_insert_default().placement = placement;
        spec.endpoint_spec = Some(EndpointSpec {
            mode: Some(EndpointSpecModeEnum::DNSRR),
            ports: Some(edge.ports()),
        });
        match self.create(spec).await {
            Err(DockerError::Conflict) => Ok(()),
            ended => ended,
        }
    }

    /// The name of the edge's service.
    pub(super) fn edge_name(&self) -> String {
        format!("{}-traefik", self.instance())
    }

    /// An edge that was made with other settings, or by an older agent, gets today's arguments, image and port; and one that belongs to a node that
    /// is another one now follows the agent. It is restarted by that, and not otherwise.
    async fn renew_edge(
        &self,
        name: &str,
        service: Service,
        edge: &EdgeSpec<'_>,
        placement: Option<TaskSpecPlacement>,
    ) -> Result<(), DockerError> {
        let version = version_of(&service);
        let mut spec = service.spec.unwrap_or_default();
        let before = spec.clone();
        let task = spec.task_template.get_or_insert_default();
        let nodes = |placement: &Option<TaskSpecPlacement>| {
            let constraints = placement.as_ref()?.constraints.clone()?;
            (!constraints.is_empty()).then_some(constraints)
        };
        let here = nodes(&placement);
        if here.is_some() && nodes(&task.placement).is_some_and(|there| here.as_ref() != Some(&there)) {
            task.placement = placement;
        }
        let container = task.container_spec.get_or_insert_default();
        container.args = Some(edge.arguments());
        // With the digest that a person or Docker may have added, it is still the same.
        let image = container.image.as_deref().unwrap_or_default();
        if image.split('@').next() != Some(edge.image) && self.can_run(edge.image).await {
            container.image = Some(edge.image.to_owned());
        }
        let endpoint = spec.endpoint_spec.get_or_insert_default();
        let port = endpoint
            .ports
            .as_ref()
            .and_then(|ports| ports.first()?.published_port);
        if port != Some(i64::from(edge.port)) {
            endpoint.ports = Some(edge.ports());
        }
        if spec == before {
            return Ok(());
        }
        tracing::warn!("the edge gets new arguments, another image, port or node, and is restarted");
        self.update(name, spec, version).await
    }

    /// Whether the image is here, or was fetched just now: Swarm would stop the old edge first, and only then look for the new one's image.
    async fn can_run(&self, image: &str) -> bool {
        if matches!(self.find_image(image).await, Ok(Some(_))) {
            return true;
        }
        let request = PullRequest {
            image,
            login: None,
            tag: image,
            limit: EDGE_PULL,
            cancel: &CancellationToken::new(),
        };
        match self.pull(request, &mut |_| {}).await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(%error, image, "the edge keeps its old image: the new one could not be fetched");
                false
            }
        }
    }

    /// The edge's task, while it runs.
    pub async fn edge_task(&self) -> Result<Option<ObservedTask>, DockerError> {
        let tasks = self.tasks(&self.edge_name(), "").await?;
        let runs = |task: &ObservedTask| task.wanted && task.state == TaskState::Running;
        Ok(tasks.into_iter().find(runs))
    }

    /// Replaces the edge's task by a new one.
    pub async fn restart_edge(&self) -> Result<(), DockerError> {
        let name = self.edge_name();
        let Some(service) = self.find_service(&name).await? else {
            return Err(DockerError::NotFound);
        };
        let version = version_of(&service);
        let mut spec = service.spec.unwrap_or_default();
        let task = spec.task_template.get_or_insert_default();
        task.force_update = Some(task.force_update.unwrap_or(0) + 1);
        self.update(&name, spec, version).await
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
            match self.update(name, spec, version).await {
                Ok(()) => return Ok(()),
                Err(DockerError::Refused(reason)) if reason.contains("out of sequence") && attempt < 4 => {}
                Err(error) => return Err(error),
            }
        }
        Err(DockerError::Conflict)
    }

    /// Removes a service with its tasks. Absent is fine.
    pub async fn remove_service(&self, name: &str) -> Result<(), DockerError> {
        match self
            .api()
            .await?
            .delete_service(name)
            .await
            .map_err(DockerError::from)
        {
            Ok(()) | Err(DockerError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub async fn find_service(&self, name: &str) -> Result<Option<Service>, DockerError> {
        match self
            .api()
            .await?
            .inspect_service(name, None)
            .await
            .map_err(DockerError::from)
        {
            Ok(service) => Ok(Some(service)),
            Err(DockerError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces a service's specification, if it is still at this version.
    pub async fn update(&self, name: &str, spec: ServiceSpec, version: u64) -> Result<(), DockerError> {
        let options = UpdateServiceOptionsBuilder::default()
            .version(i32::try_from(version).unwrap_or(i32::MAX))
            .build();
        let updated = self.api().await?.update_service(name, spec, options, None).await;
        Ok(updated.map(|_| ())?)
    }

    /// Everything that belongs to this instance's applications: releases, and commands around them.
    pub async fn owned_services(&self) -> Result<Vec<OwnedService>, DockerError> {
        let filters = HashMap::from([("label", vec![self.own_label()])]);
        let options = ListServicesOptionsBuilder::default().filters(&filters).build();
        let services = self.api().await?.list_services(Some(options)).await?;
        Ok(services.into_iter().filter_map(owned).collect())
    }

    async fn create(&self, spec: ServiceSpec) -> Result<(), DockerError> {
        self.api().await?.create_service(spec, None).await?;
        Ok(())
    }
}

fn owned(service: Service) -> Option<OwnedService> {
    let version = version_of(&service);
    let spec = service.spec?;
    let labels = spec.labels?;
    let replicas = spec
        .mode
        .and_then(|mode| mode.replicated)
        .and_then(|mode| mode.replicas);
    Some(OwnedService {
        name: spec.name?,
        application: labels.get(label::APPLICATION)?.clone(),
        deployment: labels.get(label::DEPLOYMENT)?.clone(),
        command: labels.get(label::COMMAND).cloned(),
        hook: labels.get(label::ROLE).is_some_and(|role| role == label::HOOK),
        replicas: replicas.and_then(|count| u16::try_from(count).ok()).unwrap_or(0),
        version,
    })
}

pub(super) fn version_of(service: &Service) -> u64 {
    let version = service.version.as_ref();
    version.and_then(|version| version.index).unwrap_or_default()
}

/// Logs the requests that the edge found no server for, without their paths: those may hold a secret.
const NOBODY_FOUND: [&str; 10] = [
    "--accesslog=true",
    "--accesslog.format=json",
    "--accesslog.filters.statuscodes=502-504",
    "--accesslog.fields.defaultmode=drop",
    "--accesslog.fields.names.StartUTC=keep",
    "--accesslog.fields.names.Duration=keep",
    "--accesslog.fields.names.RouterName=keep",
    "--accesslog.fields.names.RequestHost=keep",
    "--accesslog.fields.names.ServiceAddr=keep",
    "--accesslog.fields.names.DownstreamStatus=keep",
];

impl EdgeSpec<'_> {
    /// Traefik's static configuration. Without the throttle's change a cut-over would take 2 s.
    fn arguments(&self) -> Vec<String> {
        let fixed = [
            "--providers.file.directory=/etc/traefik/dynamic",
            "--providers.file.watch=true",
            "--providers.providersThrottleDuration=50ms",
            "--entryPoints.web.address=:80",
            "--entryPoints.web.transport.respondingTimeouts.readTimeout=0",
            "--entryPoints.web.transport.lifeCycle.graceTimeOut=20s",
            "--metrics.prometheus=true",
            "--metrics.prometheus.manualRouting=true",
            "--metrics.prometheus.addEntryPointsLabels=false",
            "--api=true",
            "--api.dashboard=false",
            "--global.checkNewVersion=false",
            "--global.sendAnonymousUsage=false",
        ];
        let mut all = fixed.map(str::to_owned).to_vec();
        // Only where it is not Traefik's own: an edge that runs is restarted by another argument.
        if self.log_level != "ERROR" {
            all.push(format!("--log.level={}", self.log_level));
            all.extend(NOBODY_FOUND.map(str::to_owned));
        }
        all
    }
}

/// On this node only: the edge reads the agent's files there, and the agent asks it on that node.
fn on_node(id: String) -> TaskSpecPlacement {
    TaskSpecPlacement {
        constraints: Some(vec![format!("node.id=={id}")]),
        ..Default::default()
    }
}
