//! Whose something is on an engine that several agents build on.

use sha2::{Digest, Sha256};

use crate::secrets::{KeyFile, hex};

/// Names this installation of the system, and no other (machine-id(5)).
const MACHINE_ID: &str = "/etc/machine-id";
/// So many bytes of a derived key tell the agents apart that share a build node.
const OWNER_BYTES: usize = 6;

/// Whose something is on an engine that several agents may build on, all of which may call themselves the same. One that was made of another
/// one's backup has that one's key, and runs on another machine.
pub(super) fn owner(instance: &str, key: Option<&KeyFile>, machine: Option<&str>) -> String {
    let Some(key) = key else {
        return instance.to_owned();
    };
    let derived = key.derive("build-owner");
    let digest = Sha256::new()
        .chain_update(derived.expose())
        .chain_update(machine.unwrap_or_default())
        .finalize();
    format!("{instance}-{}", hex(&digest[..OWNER_BYTES]))
}

/// What tells this machine from every other one.
pub(super) fn machine() -> Option<String> {
    let id = std::fs::read_to_string(MACHINE_ID).ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-03: agents that share a build node are told apart, also where one was made of the other one's backup; an agent stays the same.
    #[test]
    fn agents_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let key = |name: &str| KeyFile::open_or_create(&folder.path().join(name)).unwrap();
        let (one, other) = (key("one"), key("other"));
        let label = owner("slipway", Some(&one), Some("a"));
        assert_eq!(label, owner("slipway", Some(&one), Some("a")));
        for another in [
            owner("slipway", Some(&one), Some("b")),
            owner("slipway", Some(&other), Some("a")),
            owner("other", Some(&one), Some("a")),
            owner("slipway", Some(&one), None),
        ] {
            assert_ne!(label, another);
        }
        assert!(label.starts_with("slipway-") && label.len() == "slipway-".len() + 2 * OWNER_BYTES);
    }
}
