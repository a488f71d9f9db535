//! Volumes of an application, and folders of the node.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::{refuse_dangerous, text_type};

/// A volume of the application's own, kept over deployments.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct VolumeMount {
    pub name: VolumeName,
    /// Where the container finds it.
    pub path: ContainerPath,
    #[serde(default)]
    pub read_only: bool,
}

/// A folder or file of the node itself. Whoever may set one may read what lies there: it is a right of its own.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct BindMount {
    /// On the node. It has to be there.
    pub source: HostPath,
    /// Where the container finds it.
    pub path: ContainerPath,
    #[serde(default)]
    pub read_only: bool,
}

text_type! {
    /// An absolute path on a node, without `..`; the root itself is none, nor are the kernel's, Docker's and Slipway's own folders.
    HostPath, "The path on the node", |text| {
        refuse_dangerous(text, 300)?;
        if !text.starts_with('/') { return Err("it must start with “/”"); }
        let parts: Vec<&str> = text.split('/').skip(1).collect();
        if parts.iter().any(|part| matches!(*part, ".." | "." | "")) {
            return Err("it must not contain “..”, “.” or empty parts, and is not the root");
        }
        if text.contains([',', ':']) { return Err("it must not contain “,” or “:”"); }
        // Swarm would fill it in, and mount what was never looked at.
        if text.contains("{{") { return Err("it must not contain “{{”"); }
        let under = |folder: &str| text == folder || text.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        // Whoever holds one of these holds the whole server, whatever is mounted read-only.
        let whole = ["/proc", "/sys", "/dev", "/boot", "/run", "/var/run", "/var/lib/docker", "/var/lib/slipway"];
        if whole.into_iter().any(under) || matches!(text, "/etc" | "/root" | "/home" | "/var" | "/var/lib" | "/usr" | "/bin" | "/sbin" | "/lib") {
            return Err("this folder belongs to the system, to Docker or to Slipway");
        }
        Ok(())
    }
}

text_type! {
    /// The name of an overlay network that exists in the cluster.
    NetworkName, "The network’s name", |text| {
        refuse_dangerous(text, 63)?;
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) { return Err("it must start with a letter or digit"); }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
            return Err("only letters, digits and - _ . are allowed");
        }
        if matches!(text, "host" | "none" | "bridge" | "ingress" | "docker_gwbridge") {
            return Err("this network is Docker’s own");
        }
        Ok(())
    }
}

text_type! {
    /// The name of a volume within its application: lower-case letters, digits and `-`.
    VolumeName, "The volume’s name", |text| {
        refuse_dangerous(text, 30)?;
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) { return Err("it must start with a letter"); }
        if !text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return Err("only lower-case letters, digits and “-” are allowed");
        }
        Ok(())
    }
}

text_type! {
    /// An absolute path inside a container, without `..`; the root itself is none, nor is what the kernel shows.
    ContainerPath, "The path in the container", |text| {
        refuse_dangerous(text, 300)?;
        if !text.starts_with('/') { return Err("it must start with “/”"); }
        let mut parts = text.split('/').skip(1);
        let first = parts.next().unwrap_or_default();
        if matches!(first, "proc" | "sys" | "dev" | "") { return Err("nothing can be mounted there"); }
        if text.split('/').skip(1).any(|part| matches!(part, ".." | "." | "")) {
            return Err("it must not contain “..”, “.” or empty parts");
        }
        if text.contains([',', ':']) { return Err("it must not contain “,” or “:”"); }
        if text.contains("{{") { return Err("it must not contain “{{”"); }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CFG-04, NFR-S2, NFR-S8: what would be the whole server cannot be mounted.
    #[test]
    fn paths_on_the_node() {
        for good in [
            "/srv/photos",
            "/mnt/disk-1/data",
            "/home/ada/site",
            "/etc/ssl/certs",
        ] {
            assert!(HostPath::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "/",
            "srv",
            "/va{{\"r\"}}/run/docker.sock",
            "/srv/../etc",
            "/srv/",
            "/proc/1",
            "/var/run/docker.sock",
            "/run",
            "/dev/sda",
            "/etc",
            "/var/lib/docker/volumes",
            "/var/lib/slipway/key",
            "/srv,readonly=false",
            "/srv:rw",
        ] {
            assert!(HostPath::parse(bad).is_err(), "{bad}");
        }
    }

    /// FR-DEP-12, NFR-S8: a network is one that somebody made, not the node's own.
    #[test]
    fn networks() {
        assert!(NetworkName::parse("shared-db").is_ok());
        for bad in ["host", "ingress", "-o", "a b", ""] {
            assert!(NetworkName::parse(bad).is_err(), "{bad}");
        }
    }

    /// FR-CFG-04, NFR-S2: a mount's path is absolute and stays where it is named.
    #[test]
    fn paths_in_containers() {
        for good in ["/data", "/var/lib/app"] {
            assert!(ContainerPath::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "/",
            "data",
            "/a/../b",
            "/a//b",
            "/proc/1",
            "/sys",
            "/dev/sda",
            "/a,readonly",
            "/a:b",
            "-/a",
            "/a\n",
        ] {
            assert!(ContainerPath::parse(bad).is_err(), "{bad}");
        }
    }
}
