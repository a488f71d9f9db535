//! Volumes of an application.

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
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
