//! A release's Swarm service, made from its settings. Pure.
//! Source of the fields: "Create a service" of Docker's Engine API, 1.41.

use std::collections::HashMap;

use bollard::models::{
    EndpointPortConfig, EndpointPortConfigProtocolEnum, EndpointPortConfigPublishModeEnum, EndpointSpec,
    EndpointSpecModeEnum, GenericResourcesInner, GenericResourcesInnerDiscreteResourceSpec, HealthConfig,
    Limit, Mount, MountTmpfsOptions, MountType, MountVolumeOptions, NetworkAttachmentConfig, ResourceObject,
    ServiceSpec, ServiceSpecMode, ServiceSpecModeReplicated, TaskSpec, TaskSpecContainerSpec,
    TaskSpecContainerSpecPrivileges, TaskSpecContainerSpecSecrets as Named, TaskSpecLogDriver,
    TaskSpecPlacement, TaskSpecResources, TaskSpecRestartPolicy, TaskSpecRestartPolicyConditionEnum,
};
use slipway_protocol::settings::{
    CommandLine, ContainerSettings, HostPort, MegaBytes, MilliCores, PortProtocol, Resources, RestartWhen,
    VolumeMount,
};
use slipway_protocol::{ApplicationId, CommandId};

use super::label;
use super::secrets::SecretFile;

pub(super) const SECOND: i64 = 1_000_000_000;

/// A release that should run.
pub struct ServiceRequest<'a> {
    pub name: &'a str,
    pub application: ApplicationId,
    pub deployment: String,
    pub image: &'a str,
    pub network: &'a str,
    pub replicas: u16,
    /// `KEY=value`, byte for byte.
    pub environment: Vec<String>,
    /// What the containers find as files.
    pub files: Vec<SecretFile>,
    pub container: &'a ContainerSettings,
    /// Swarm counts a task as running only when this command inside it ends with 0.
    pub health: Option<&'a CommandLine>,
}

/// A command that runs once with what a release has.
pub struct Once<'a> {
    pub command: &'a CommandLine,
    /// Somebody runs it beside the release; none for one of the deployment itself.
    pub run: Option<CommandId>,
}

impl Once<'_> {
    fn mark(&self, labels: &mut HashMap<String, String>) {
        labels.insert(label::ROLE.to_owned(), label::HOOK.to_owned());
        if let Some(run) = self.run {
            labels.insert(label::COMMAND.to_owned(), run.to_string());
        }
    }
}

/// How often a command of a health check runs, and how long it may take, in seconds.
const CHECK_INTERVAL: i64 = 2;
const CHECK_LIMIT: i64 = 10;
const CHECK_RETRIES: i64 = 3;

/// The service of a release, with the labels that say whose it is.
pub(super) fn release_spec(instance: &str, request: &ServiceRequest<'_>, secrets: Vec<Named>) -> ServiceSpec {
    let labels = labels(instance, request);
    let settings = request.container;
    let mut container = container(request, labels.clone());
    container.mounts = Some(mounts(instance, request.application, settings));
    container.secrets = (!secrets.is_empty()).then_some(secrets);
    let mut spec = spec(request.name, labels, container, request.network, request.replicas);
    if let Some(task) = &mut spec.task_template {
        task.resources = Some(resources(&settings.resources));
        task.placement = placement(settings);
        let more = settings.networks.iter().map(|name| NetworkAttachmentConfig {
            target: Some(name.to_string()),
            ..Default::default()
        });
        task.networks.get_or_insert_default().extend(more);
        if let Some(restart) = &mut task.restart_policy {
            restart.condition = Some(match settings.restart.when {
                RestartWhen::Always => TaskSpecRestartPolicyConditionEnum::ANY,
                RestartWhen::OnFailure => TaskSpecRestartPolicyConditionEnum::ON_FAILURE,
                RestartWhen::Never => TaskSpecRestartPolicyConditionEnum::NONE,
            });
            restart.max_attempts = settings.restart.most.map(i64::from);
        }
    }
    if let Some(endpoint) = &mut spec.endpoint_spec {
        let ports: Vec<_> = settings.host_ports.iter().map(host_port).collect();
        endpoint.ports = (!ports.is_empty()).then_some(ports);
    }
    spec
}

/// A command that runs once in a release's image, with all that belongs to the release but its replicas and its ports.
pub(super) fn once_spec(
    instance: &str,
    request: &ServiceRequest<'_>,
    secrets: Vec<Named>,
    once: &Once<'_>,
) -> ServiceSpec {
    let mut spec = release_spec(instance, request, secrets);
    if let Some(labels) = &mut spec.labels {
        once.mark(labels);
    }
    if let Some(endpoint) = &mut spec.endpoint_spec {
        endpoint.ports = None;
    }
    if let Some(task) = &mut spec.task_template {
        if let Some(restart) = &mut task.restart_policy {
            restart.condition = Some(TaskSpecRestartPolicyConditionEnum::NONE);
            restart.max_attempts = None;
        }
        if let Some(container) = &mut task.container_spec {
            let mut parts = once.command.arguments().iter().cloned();
            container.command = parts.next().map(|program| vec![program]);
            container.args = Some(parts.collect());
            // Its own end is what counts, not the image's idea of health.
            container.health_check = Some(HealthConfig {
                test: Some(vec!["NONE".to_owned()]),
                ..Default::default()
            });
            if let Some(labels) = &mut container.labels {
                once.mark(labels);
            }
        }
    }
    spec
}

fn labels(instance: &str, request: &ServiceRequest<'_>) -> HashMap<String, String> {
    let application = request.application.to_string();
    let of = [
        (label::APPLICATION, &*application),
        (label::DEPLOYMENT, &*request.deployment),
    ];
    label::own(instance, &of)
}

fn container(request: &ServiceRequest<'_>, labels: HashMap<String, String>) -> TaskSpecContainerSpec {
    let settings = request.container;
    let own = settings
        .labels
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()));
    let words = |command: &Option<CommandLine>| {
        let command = command.as_ref()?;
        Some(command.arguments().to_vec())
    };
    let capabilities = |set: &std::collections::BTreeSet<slipway_protocol::settings::Capability>| {
        let names: Vec<String> = set.iter().map(|one| one.as_str().to_owned()).collect();
        (!names.is_empty()).then_some(names)
    };
    TaskSpecContainerSpec {
        image: Some(request.image.to_owned()),
        labels: Some(own.chain(labels).collect()),
        command: words(&settings.command),
        args: words(&settings.arguments),
        env: Some(request.environment.iter().map(|pair| literal(pair)).collect()),
        user: settings.user.as_ref().map(ToString::to_string),
        init: Some(settings.init),
        read_only: Some(settings.read_only),
        stop_signal: Some(settings.stop_signal.as_str().to_owned()),
        stop_grace_period: Some(i64::from(settings.stop_grace.get()) * SECOND),
        capability_add: capabilities(&settings.add_capabilities),
        capability_drop: capabilities(&settings.drop_capabilities),
        ulimits: ulimits(settings),
        health_check: request.health.map(health),
        privileges: Some(TaskSpecContainerSpecPrivileges {
            no_new_privileges: Some(true),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn ulimits(settings: &ContainerSettings) -> Option<Vec<bollard::models::ResourcesUlimits>> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let all: Vec<_> = settings
        .ulimits
        .iter()
        .map(|limit| bollard::models::ResourcesUlimits {
            name: Some(limit.name.to_string()),
            soft: Some(number(limit.soft)),
            hard: Some(number(limit.hard)),
        })
        .collect();
    (!all.is_empty()).then_some(all)
}

fn health(command: &CommandLine) -> HealthConfig {
    let test = std::iter::once("CMD".to_owned()).chain(command.arguments().iter().cloned());
    HealthConfig {
        test: Some(test.collect()),
        interval: Some(CHECK_INTERVAL * SECOND),
        timeout: Some(CHECK_LIMIT * SECOND),
        retries: Some(CHECK_RETRIES),
        // While it starts, a failure does not count; the gate's deadline does.
        start_period: Some(3600 * SECOND),
        ..Default::default()
    }
}

fn mounts(instance: &str, application: ApplicationId, settings: &ContainerSettings) -> Vec<Mount> {
    let volume = |mount: &VolumeMount| Mount {
        target: Some(mount.path.to_string()),
        source: Some(volume_name(instance, application, mount.name.as_str())),
        typ: Some(MountType::VOLUME),
        read_only: Some(mount.read_only),
        volume_options: Some(MountVolumeOptions {
            labels: Some(label::own(
                instance,
                &[(label::APPLICATION, &application.to_string())],
            )),
            ..Default::default()
        }),
        ..Default::default()
    };
    let tmpfs = settings.tmpfs.iter().map(|tmpfs| Mount {
        target: Some(tmpfs.path.to_string()),
        typ: Some(MountType::TMPFS),
        tmpfs_options: Some(MountTmpfsOptions {
            size_bytes: tmpfs.size.map(bytes),
            ..Default::default()
        }),
        ..Default::default()
    });
    let binds = settings.binds.iter();
    let binds = binds.map(|bind| lent(bind.source.as_str(), bind.path.as_str(), bind.read_only));
    settings
        .volumes
        .iter()
        .map(volume)
        .chain(binds)
        .chain(tmpfs)
        .collect()
}

/// A folder or file of the machine.
pub(super) fn lent(source: &str, target: &str, read_only: bool) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source: Some(source.to_owned()),
        typ: Some(MountType::BIND),
        read_only: Some(read_only),
        ..Default::default()
    }
}

/// A volume belongs to its application, not to a release: `<instance>-<application's id>-<name>`.
pub fn volume_name(instance: &str, application: ApplicationId, name: &str) -> String {
    format!("{instance}-{}-{name}", application.uuid().simple())
}

fn resources(resources: &Resources) -> TaskSpecResources {
    TaskSpecResources {
        limits: Some(Limit {
            nano_cpus: resources.cpu.map(nano_cpus),
            memory_bytes: resources.memory.map(bytes),
            pids: resources.processes.map(i64::from),
        }),
        reservations: Some(ResourceObject {
            nano_cpus: resources.reserved_cpu.map(nano_cpus),
            memory_bytes: resources.reserved_memory.map(bytes),
            generic_resources: resources.gpus.map(gpus),
        }),
        ..Default::default()
    }
}

fn gpus(count: u16) -> Vec<GenericResourcesInner> {
    vec![GenericResourcesInner {
        discrete_resource_spec: Some(GenericResourcesInnerDiscreteResourceSpec {
            kind: Some("gpu".to_owned()),
            value: Some(i64::from(count)),
        }),
        ..Default::default()
    }]
}

fn bytes(amount: MegaBytes) -> i64 {
    i64::from(amount.get()) * 1024 * 1024
}

fn nano_cpus(amount: MilliCores) -> i64 {
    i64::from(amount.get()) * 1_000_000
}

fn placement(settings: &ContainerSettings) -> Option<TaskSpecPlacement> {
    let all: Vec<String> = settings.placement.iter().map(ToString::to_string).collect();
    (!all.is_empty()).then(|| TaskSpecPlacement {
        constraints: Some(all),
        ..Default::default()
    })
}

fn host_port(port: &HostPort) -> EndpointPortConfig {
    EndpointPortConfig {
        protocol: Some(match port.protocol {
            PortProtocol::Tcp => EndpointPortConfigProtocolEnum::TCP,
            PortProtocol::Udp => EndpointPortConfigProtocolEnum::UDP,
        }),
        target_port: Some(i64::from(port.target.get())),
        published_port: Some(i64::from(port.port.get())),
        publish_mode: Some(EndpointPortConfigPublishModeEnum::HOST),
        ..Default::default()
    }
}

/// What every service of the agent has in common.
pub(super) fn spec(
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

/// Swarm takes a variable for a Go template (`{{.Node.Hostname}}`); written like this it arrives as it was typed. Commands,
/// arguments and labels are no templates.
fn literal(text: &str) -> String {
    text.replace("{{", "{{\"{{\"}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::drift::differences;
    use serde_json::json;
    use slipway_protocol::settings::ApplicationSettings;

    fn made(container: serde_json::Value) -> serde_json::Value {
        let container: ContainerSettings = serde_json::from_value(container).unwrap();
        let request = ServiceRequest {
            name: "slipway-web-1",
            application: "018f0000-0000-7000-8000-000000000001".parse().unwrap(),
            deployment: "d".to_owned(),
            image: "sha256:1",
            network: "slipway",
            replicas: 2,
            environment: vec!["A=1".to_owned()],
            files: Vec::new(),
            container: &container,
            health: None,
        };
        serde_json::to_value(release_spec("slipway", &request, Vec::new())).unwrap()
    }

    /// FR-CFG-01: a value cannot be a template; what Swarm makes of this is the value again.
    #[test]
    fn templates_are_taken_literally() {
        assert_eq!(literal("A={{.Node.ID}}"), "A={{\"{{\"}}.Node.ID}}");
        assert_eq!(literal("A={ { }} {{{"), "A={ { }} {{\"{{\"}}{");
    }

    /// FR-CFG-01, FR-DEP-12: what is no template for Swarm stays as it is.
    #[test]
    fn commands_and_labels_are_no_templates() {
        let spec =
            made(json!({ "command": ["{{.A}}"], "arguments": ["a", "{{.B}}"], "labels": { "l": "{{.C}}" } }));
        let container = &spec["TaskTemplate"]["ContainerSpec"];
        assert_eq!(container["Command"], json!(["{{.A}}"]));
        assert_eq!(container["Args"], json!(["a", "{{.B}}"]));
        assert_eq!(container["Labels"]["l"], "{{.C}}");
    }

    /// FR-DEP-12: settings in human units become Swarm's.
    #[test]
    fn settings_reach_swarm() {
        let spec = made(json!({
            "resources": { "memory": 256, "cpu": 1500, "processes": 100, "gpus": 2 }, "networks": ["shared-db"],
            "binds": [{ "source": "/srv/photos", "path": "/photos", "read_only": true }],
            "user": "1000:1000", "read_only": true, "stop_signal": "quit", "stop_grace": 5,
            "drop_capabilities": ["NET_RAW"], "tmpfs": [{ "path": "/tmp/x", "size": 16 }],
            "volumes": [{ "name": "data", "path": "/data" }], "placement": ["node.role==manager"],
            "restart": { "when": "on_failure", "most": 3 }, "host_ports": [{ "port": 25, "target": 2525 }]
        }));
        let task = &spec["TaskTemplate"];
        assert_eq!(task["Resources"]["Limits"]["MemoryBytes"], 268_435_456_i64);
        assert_eq!(task["Resources"]["Limits"]["NanoCPUs"], 1_500_000_000_i64);
        let container = &task["ContainerSpec"];
        assert_eq!(
            (&container["User"], &container["ReadOnly"]),
            (&json!("1000:1000"), &json!(true))
        );
        assert_eq!(container["StopGracePeriod"], 5 * SECOND);
        assert_eq!(container["CapabilityDrop"], json!(["CAP_NET_RAW"]));
        assert_eq!(
            container["Mounts"][0]["Source"],
            "slipway-018f0000000070008000000000000001-data"
        );
        assert_eq!(
            container["Mounts"][1],
            json!({ "Type": "bind", "Source": "/srv/photos", "Target": "/photos", "ReadOnly": true })
        );
        assert_eq!(task["Networks"][1]["Target"], "shared-db");
        assert_eq!(
            task["Resources"]["Reservations"]["GenericResources"][0]["DiscreteResourceSpec"],
            json!({ "Kind": "gpu", "Value": 2 })
        );
        assert_eq!(task["RestartPolicy"]["MaxAttempts"], 3);
        assert_eq!(spec["EndpointSpec"]["Ports"][0]["PublishMode"], "host");
    }

    /// NFR-S8: whatever the settings, no container gains privileges, and Slipway's labels cannot be replaced.
    #[test]
    fn what_always_holds() {
        let spec = made(json!({ "labels": { "team": "a" } }));
        let container = &spec["TaskTemplate"]["ContainerSpec"];
        assert_eq!(container["Privileges"]["NoNewPrivileges"], true);
        assert_eq!(container["Labels"]["slipway.instance"], "slipway");
        assert_eq!(container["Labels"]["team"], "a");
    }

    /// FR-DEP-15: what is taken over of a changed service leads back to exactly this service, whether something was set or taken away.
    #[test]
    fn what_is_taken_over_leads_back() {
        let plain = made(json!({}));
        let changed = made(json!({
            "command": ["/bin/run", "a b", ""], "arguments": ["--port", "80"],
            "resources": { "memory": 300, "reserved_memory": 100, "cpu": 1500, "reserved_cpu": 250, "processes": 64 },
            "restart": { "when": "on_failure", "most": 3 }
        }));
        for (from, to) in [(&plain, &changed), (&changed, &plain)] {
            let mut settings: ApplicationSettings =
                serde_json::from_value(json!({ "source": { "kind": "image", "image": "a" }, "port": 80 }))
                    .unwrap();
            let all = differences(from, to);
            assert_eq!(all.len(), 9, "{all:?}");
            for one in &all {
                one.adopts.as_ref().expect("it has a setting").put(&mut settings);
            }
            let again = made(serde_json::to_value(&settings.container).unwrap());
            assert_eq!(differences(&again, to), []);
        }
    }
}
