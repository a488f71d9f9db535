//! What is read of the server's files, on a thread that may wait for a disk.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::apt_config::AptConfig;
use super::disk::Volume;
use super::programs::SSHD;
use super::read::{Text, matching, text};
use super::restart::Restart;
use super::sshd_config::SshdConfig;
use super::updates::Updates;
use crate::host::distribution::Distribution;
use crate::host::{facts, listeners};

/// Where it is looked for.
#[derive(Clone, Debug)]
pub struct Places {
    /// The folder of the agent's data.
    pub state: PathBuf,
    /// That of Docker's.
    pub docker: PathBuf,
}

/// What was read.
#[derive(Clone, Debug)]
pub struct Files {
    pub distribution: Distribution,
    /// An error is a sentence without its end.
    pub sshd: Result<SshdConfig, String>,
    /// ufw is switched on.
    pub ufw: bool,
    /// The server has an address of IPv6 that others reach.
    pub has_v6: bool,
    /// The ports that others reach, each with the programs behind it.
    pub open: BTreeMap<u16, Vec<String>>,
    pub updates: Updates,
    pub restart: Restart,
    pub volumes: Vec<Result<Volume, String>>,
    /// systemd-timesyncd has set the clock since the start.
    pub clock_was_set: bool,
    pub in_container: bool,
}

impl Files {
    pub fn look(places: &Places) -> Self {
        Self {
            distribution: Distribution::here(),
            sshd: sshd(),
            ufw: is_ufw_on(&there("/etc/ufw/ufw.conf")),
            has_v6: has_v6(&there("/proc/net/if_inet6")),
            open: listeners::public_listeners(),
            updates: updates(),
            restart: restart(),
            volumes: volumes(places),
            clock_was_set: exists("/run/systemd/timesync/synchronized"),
            in_container: [
                "/run/systemd/container",
                "/run/host/container-manager",
                "/.dockerenv",
            ]
            .into_iter()
            .any(exists),
        }
    }
}

/// The SSH server's settings by its files.
pub fn sshd() -> Result<SshdConfig, String> {
    if !exists(SSHD) {
        return Err("there is no OpenSSH server".to_owned());
    }
    // SUSE keeps its own settings apart from the administrator's.
    for path in ["/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"] {
        match text(Path::new(path)) {
            Text::There(main) => return Ok(SshdConfig::read(&main, &mut |pattern| texts(pattern))),
            Text::Absent => {}
            Text::Unreadable(why) => return Err(why),
        }
    }
    Ok(SshdConfig::default())
}

fn texts(pattern: &str) -> Result<Vec<Text>, String> {
    Ok(matching(pattern)?.iter().map(|path| text(path)).collect())
}

fn exists(path: &str) -> bool {
    Path::new(path).exists()
}

/// What is in a file; nothing where it is not there, or cannot be read.
fn there(path: &str) -> String {
    text(Path::new(path)).there().unwrap_or_default()
}

fn is_ufw_on(text: &str) -> bool {
    text.lines()
        .filter_map(|line| line.trim().split_once('='))
        .any(|(key, value)| key == "ENABLED" && value.trim_matches(['"', '\'']).eq_ignore_ascii_case("yes"))
}

/// Reads `/proc/net/if_inet6`: an address that is routed on the internet, of any interface.
fn has_v6(text: &str) -> bool {
    let address = |line: &str| u128::from_str_radix(line.split_whitespace().next()?, 16).ok();
    text.lines()
        .filter_map(address)
        .any(|bits| Ipv6Addr::from_bits(bits).segments()[0] & 0xe000 == 0x2000)
}

fn updates() -> Updates {
    let mut updates = Updates {
        unattended_upgrade: exists("/usr/bin/unattended-upgrade"),
        dnf: there("/etc/dnf/automatic.conf"),
        dnf5: exists("/usr/bin/dnf5"),
        online_update: ["daily", "weekly", "monthly"]
            .iter()
            .any(|often| exists(&format!("/etc/cron.{often}/opensuse.org-online_update"))),
        ..Updates::default()
    };
    // apt takes files without an ending, or with this one, by their names, and its main file last.
    let parts = matching("/etc/apt/apt.conf.d/*").unwrap_or_else(|why| {
        updates.unread = Some(why);
        Vec::new()
    });
    let parts = parts
        .into_iter()
        .filter(|path| path.extension().is_none_or(|ending| ending == "conf"));
    let mut apt = AptConfig::default();
    for path in parts.chain([PathBuf::from("/etc/apt/apt.conf")]) {
        match text(&path) {
            Text::There(text) => apt.take(&text),
            Text::Absent => {}
            Text::Unreadable(why) => updates.unread = Some(why),
        }
    }
    updates.apt = apt;
    updates
}

fn restart() -> Restart {
    Restart {
        // Debian's, and SUSE's.
        noted: exists("/run/reboot-required") || exists("/run/reboot-needed"),
        packages: there("/run/reboot-required.pkgs"),
        is_noted_here: [
            "/etc/kernel/postinst.d/unattended-upgrades",
            "/usr/share/update-notifier/notify-reboot-required",
        ]
        .into_iter()
        .any(exists),
    }
}

fn volumes(places: &Places) -> Vec<Result<Volume, String>> {
    let state = facts::existing(&places.state);
    let device = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.dev()).ok();
    if device(state) == device(&places.docker) || !places.docker.exists() {
        return vec![Volume::of(state, "Slipway's and Docker's data")];
    }
    vec![
        Volume::of(state, "Slipway's data"),
        Volume::of(&places.docker, "Docker's data"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-HST-06: ufw is on if its file says so; an address of IPv6 counts if it is routed on the internet.
    #[test]
    fn small_files_are_read() {
        assert!(is_ufw_on("# ENABLED=no\nENABLED=yes\nLOGLEVEL=low\n") && is_ufw_on("ENABLED=\"yes\"\n"));
        assert!(!is_ufw_on("ENABLED=no\n") && !is_ufw_on("# ENABLED=yes\n") && !is_ufw_on(""));
        let own = "00000000000000000000000000000001 01 80 10 80       lo\n\
                   fe80000000000000004215fffe2b1c0d 02 40 20 80     eth0\nfd000000000000000000000000000001 03 40 00 80 docker0\n";
        assert!(!has_v6(own) && !has_v6("nonsense\n") && !has_v6(""));
        assert!(has_v6(&format!(
            "{own}2a01004f000000000000000000000001 02 40 00 80     eth0\n"
        )));
    }

    /// FR-HST-06: this very machine can be looked at, whatever it is.
    #[test]
    fn this_machine_is_looked_at() {
        let places = Places {
            state: std::env::temp_dir().join("not/there/yet"),
            docker: "/nowhere/at/all".into(),
        };
        let files = Files::look(&places);
        assert!(matches!(files.volumes.as_slice(), [Ok(_)]), "{:?}", files.volumes);
    }
}
