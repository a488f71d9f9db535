//! What builds may use, as the kernel's control groups are told it.
//!
//! Sources: the kernel's `admin-guide/cgroup-v2.rst`, `cgroup-v1/memory.rst`, `cgroup-v1/pids.rst` and `scheduler/sched-bwc.rst`.

use std::io::ErrorKind;
use std::path::Path;

use nix::errno::Errno;
use slipway_protocol::settings::Limits;

/// The group of all builds of an engine whose driver is `cgroupfs`.
pub(super) const ALL_BUILDS: &str = "docker/buildkit";
/// A quarter of what a container has by default.
const SHARES_V1: &str = "256";
pub(super) const WEIGHT_V2: &str = "25";
/// How many processes and threads commands of builds may have together, whatever else they may: a quarter of those that a kernel has at
/// least, so that one which only forks takes from nobody what is needed to sign in to the server or to start a container.
pub(super) const PROCESSES: &str = "8192";
/// The period of a processor's quota, in microseconds.
const PERIOD: u64 = 100_000;

/// What builds may use: bytes, and thousandths of a core. `None` is whatever there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    pub memory: Option<u64>,
    pub cpu: Option<u64>,
}

impl Allowed {
    /// What the settings of one build say.
    pub fn of(limits: Limits) -> Self {
        Self {
            memory: limits.memory.map(|memory| u64::from(memory.get()) * 1024 * 1024),
            cpu: limits.cpu.map(|cpu| u64::from(cpu.get())),
        }
    }

    /// Of two builds together: what one has no limit of, neither has.
    pub fn with(self, other: Self) -> Self {
        let sum = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b?));
        Self {
            memory: sum(self.memory, other.memory),
            cpu: sum(self.cpu, other.cpu),
        }
    }

    /// Nothing is limited.
    pub fn is_everything(self) -> bool {
        self == Self::default()
    }

    /// Writes the limits into a group, where it is there. One that goes meanwhile needs none. An error names the file.
    pub(super) fn write(self, groups: &Path, group: &str) -> Result<(), String> {
        for (file, value) in self.files(group) {
            let path = groups.join(file);
            if !path.exists() {
                continue;
            }
            match std::fs::write(&path, value) {
                Err(error) if !is_gone(&error) => return Err(format!("{}: {error}", path.display())),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// The files of both generations of control groups, and what is written into them.
    fn files(self, group: &str) -> [(String, String); 8] {
        let quota = self.cpu.map(|cpu| (cpu * PERIOD / 1000).max(1000));
        let text = |value: Option<u64>, without: &str| {
            value.map_or_else(|| without.to_owned(), |value| value.to_string())
        };
        [
            (
                format!("memory/{group}/memory.limit_in_bytes"),
                text(self.memory, "-1"),
            ),
            (format!("cpu/{group}/cpu.cfs_quota_us"), text(quota, "-1")),
            (format!("cpu/{group}/cpu.shares"), SHARES_V1.to_owned()),
            (format!("pids/{group}/pids.max"), PROCESSES.to_owned()),
            (format!("{group}/memory.max"), text(self.memory, "max")),
            (
                format!("{group}/cpu.max"),
                format!("{} {PERIOD}", text(quota, "max")),
            ),
            (format!("{group}/cpu.weight"), WEIGHT_V2.to_owned()),
            (format!("{group}/pids.max"), PROCESSES.to_owned()),
        ]
    }

    /// Makes the files of a group, as the kernel has them.
    #[cfg(test)]
    pub(super) fn make_group(groups: &Path, group: &str) {
        for (file, _) in Self::default().files(group) {
            let path = groups.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
    }
}

/// The kernel says “no such device” of a file that was open when its group went.
fn is_gone(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(Errno::ENODEV as i32)
}
