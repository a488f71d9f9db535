//! The rights of root, by the names that the engine knows them by.

/// Their names by their number (linux/capability.h). An engine of 2020 knows no later ones; `SYS_ADMIN` holds what those were split from.
const NAMES: [&str; 38] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
];

/// All that a process may ever have, from its `/proc/<pid>/status`; nothing where that does not say.
pub(super) fn bounding_set(status: &str) -> Vec<String> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapBnd:"));
    let held = line.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    let held = held.unwrap_or_default();
    let names = NAMES.iter().enumerate();
    names
        .filter(|(number, _)| held & (1 << number) != 0)
        .map(|(_, name)| (*name).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-02: what root of the node may is read from its first process, also where a machine lacks something.
    #[test]
    fn rights_are_read() {
        let status = |digits: &str| format!("Name:\tsystemd\nCapEff:\t0\nCapBnd:\t{digits}\nSeccomp:\t0\n");
        assert_eq!(bounding_set(&status("000001ffffffffff")).len(), NAMES.len());
        let lacking = bounding_set(&status("000001fffeffffff"));
        assert_eq!(lacking.len(), NAMES.len() - 1);
        assert!(!lacking.contains(&"SYS_RESOURCE".to_owned()));
        assert_eq!(bounding_set(&status("0000000000000021")), ["CHOWN", "KILL"]);
        for nothing in ["", "CapBnd:\tnonsense\n"] {
            assert!(bounding_set(nothing).is_empty());
        }
    }
}
