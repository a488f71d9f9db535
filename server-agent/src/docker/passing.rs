//! What the agent's own containers have in common that last no longer than one thing: a shell onto the node, what holds the limits of builds.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, Mount,
};

/// What runs in it is root.
pub(super) fn container(
    image: &str,
    labels: HashMap<String, String>,
    host: HostConfig,
) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(image.to_owned()),
        user: Some("0:0".to_owned()),
        labels: Some(labels),
        host_config: Some(host),
        ..Default::default()
    }
}

/// Its users are the machine's own. It has no network, and nothing is left of it, whatever ends it. `log` is the driver of its output.
pub(super) fn host(mounts: Vec<Mount>, log: &str) -> HostConfig {
    HostConfig {
        userns_mode: Some("host".to_owned()),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::HOST),
        network_mode: Some("none".to_owned()),
        log_config: Some(HostConfigLogConfig {
            typ: Some(log.to_owned()),
            config: None,
        }),
        auto_remove: Some(true),
        mounts: Some(mounts),
        ..Default::default()
    }
}
