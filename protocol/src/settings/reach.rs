//! What an application reaches of its node beyond itself. Setting it is a right of its own (`Node`, `Write`): whoever may merely deploy would
//! otherwise read the server's files, or stand in the way of what else runs there.

use super::{ApplicationSettings, Build, Capability, ContainerSettings, ExternalBuilder, Source};
use crate::git::GitUrl;

impl ApplicationSettings {
    /// Whether both reach the same of the node.
    pub fn reaches_as_far_as(&self, other: &Self) -> bool {
        self.container.reaches_as_far_as(&other.container)
            && repository_of_the_server(&self.source) == repository_of_the_server(&other.source)
            && program_of_the_server(&self.build) == program_of_the_server(&other.build)
    }

    /// Whether it reaches nothing of the node.
    pub fn reaches_nothing(&self) -> bool {
        self.container.reaches_as_far_as(&ContainerSettings::default())
            && repository_of_the_server(&self.source).is_none()
            && program_of_the_server(&self.build).is_none()
    }
}

impl ContainerSettings {
    pub fn reaches_as_far_as(&self, other: &Self) -> bool {
        self.binds == other.binds
            && self.networks == other.networks
            && self.host_ports == other.host_ports
            && self.node_capabilities().eq(other.node_capabilities())
    }

    /// Whether it reaches nothing of the node that the other does not.
    pub fn reaches_no_further_than(&self, other: &Self) -> bool {
        self.binds.iter().all(|one| other.binds.contains(one))
            && self.networks.iter().all(|one| other.networks.contains(one))
            && self.host_ports.iter().all(|one| other.host_ports.contains(one))
            && self
                .node_capabilities()
                .all(|one| other.add_capabilities.contains(one))
    }

    /// Leaves out what reaches the node: a copy is another application, for which it has to be asked for anew.
    pub fn keep_off_the_node(&mut self) {
        self.binds.clear();
        self.networks.clear();
        self.host_ports.clear();
        self.add_capabilities.retain(|one| !one.concerns_the_node());
    }

    fn node_capabilities(&self) -> impl Iterator<Item = &Capability> {
        self.add_capabilities.iter().filter(|one| one.concerns_the_node())
    }
}

impl Capability {
    /// What it allows is done to the node and all that runs there: the clock and the order of processes are no container's own.
    pub fn concerns_the_node(self) -> bool {
        matches!(self, Self::SysTime | Self::SysNice)
    }
}

/// The address of a repository that the server itself holds, or reaches under its own loopback address.
fn repository_of_the_server(source: &Source) -> Option<&GitUrl> {
    let url = &source.git()?.url;
    url.is_on_the_server().then_some(url)
}

/// A builder that is a program of its own runs beside the agent, not in a container, and reads the source with whatever that leads it to.
fn program_of_the_server(build: &Build) -> Option<ExternalBuilder> {
    match build {
        Build::External(external) => Some(external.builder),
        Build::Automatic(_) | Build::Dockerfile(_) | Build::Static(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, change: serde_json::Value) -> ApplicationSettings {
        let source = serde_json::json!({ "kind": "git", "url": url, "ref": "main" });
        serde_json::from_value(serde_json::json!({ "source": source, "container": change })).unwrap()
    }

    /// NFR-S8, FR-CFG-04: folders, networks and ports of the node, power over its clock and order, and repositories of the server are more than an
    /// application's own; all else is not.
    #[test]
    fn what_reaches_the_node() {
        let elsewhere = "https://example.org/a.git";
        let plain = settings(elsewhere, serde_json::json!({}));
        assert!(plain.reaches_nothing());
        for change in [
            serde_json::json!({ "networks": ["db"] }),
            serde_json::json!({ "host_ports": [{ "port": 22, "target": 22, "protocol": "tcp" }] }),
            serde_json::json!({ "add_capabilities": ["SYS_TIME"] }),
            serde_json::json!({ "binds": [{ "source": "/srv/a", "path": "/a" }] }),
        ] {
            let mut far = settings(elsewhere, change);
            assert!(
                !far.reaches_as_far_as(&plain) && !far.reaches_nothing(),
                "{far:?}"
            );
            assert!(far.reaches_as_far_as(&far.clone()));
            assert!(plain.container.reaches_no_further_than(&far.container));
            assert!(!far.container.reaches_no_further_than(&plain.container));
            far.container.keep_off_the_node();
            assert!(far.reaches_nothing());
        }
        let mut external = plain.clone();
        external.build =
            serde_json::from_value(serde_json::json!({ "kind": "external", "builder": "nixpacks" })).unwrap();
        assert!(!external.reaches_nothing() && !external.reaches_as_far_as(&plain));
        let mut limited = external.clone();
        limited.build = serde_json::from_value(
            serde_json::json!({ "kind": "external", "builder": "nixpacks", "limits": { "time": 60 } }),
        )
        .unwrap();
        assert!(external.reaches_as_far_as(&limited), "its limits may be changed");
        for url in ["/srv/git/a.git", "http://127.0.0.1/a.git", "git@localhost:a.git"] {
            let mut own = settings(url, serde_json::json!({}));
            assert!(!own.reaches_nothing() && !own.reaches_as_far_as(&plain), "{url}");
            let before = own.clone();
            own.container.init = false;
            assert!(own.reaches_as_far_as(&before), "the rest of it may be changed");
        }
        assert!(
            settings(
                elsewhere,
                serde_json::json!({ "add_capabilities": ["NET_ADMIN"], "user": "0" })
            )
            .reaches_nothing()
        );
    }
}
