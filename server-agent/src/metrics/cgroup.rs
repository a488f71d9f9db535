//! What the kernel counts of a container, in the files of its control group. Both versions of them, wherever they are mounted and
//! whoever made the group (systemd, or Docker itself).
//! Sources: `cgroups(7)`; the kernel's `admin-guide/cgroup-v2.rst`, `cgroup-v1/memory.rst`, `cgroup-v1/cpuacct.rst`; `proc_pid_mountinfo(5)`.

use std::path::{Path, PathBuf};

/// A group that has no limit says so with a number near the largest one.
const NO_LIMIT: u64 = 1 << 60;

/// The file systems of control groups that this process sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mounts {
    unified: Option<Mount>,
    cpu: Option<Mount>,
    memory: Option<Mount>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    /// The group that is seen at the top of it.
    root: String,
    at: PathBuf,
}

/// Where a container's counters stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    One { cpu: PathBuf, memory: PathBuf },
    Two { at: PathBuf },
}

/// What a container has used by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Nanoseconds of a core.
    pub cpu: u64,
    /// Bytes that are not merely kept of files.
    pub memory: u64,
    pub memory_limit: Option<u64>,
}

impl Mounts {
    /// Those of this process.
    pub fn here() -> Self {
        let text = std::fs::read_to_string("/proc/self/mountinfo");
        Self::read(&text.unwrap_or_default())
    }

    fn read(mountinfo: &str) -> Self {
        let mut mounts = Self::default();
        for line in mountinfo.lines() {
            let Some((before, behind)) = line.split_once(" - ") else {
                continue;
            };
            let fields: Vec<&str> = before.split(' ').collect();
            let (Some(root), Some(at)) = (fields.get(3), fields.get(4)) else {
                continue;
            };
            let mount = || {
                Some(Mount {
                    root: (*root).to_owned(),
                    at: PathBuf::from(at),
                })
            };
            let mut behind = behind.split(' ');
            match (behind.next(), behind.nth(1)) {
                (Some("cgroup2"), _) => mounts.unified = mounts.unified.or_else(mount),
                (Some("cgroup"), Some(options)) => {
                    let has = |controller| options.split(',').any(|option| option == controller);
                    if has("cpuacct") {
                        mounts.cpu = mounts.cpu.or_else(mount);
                    }
                    if has("memory") {
                        mounts.memory = mounts.memory.or_else(mount);
                    }
                }
                _ => {}
            }
        }
        mounts
    }

    /// The group of a process, from its `/proc/PID/cgroup`.
    pub fn group_of(&self, process: u32) -> Option<Group> {
        let text = std::fs::read_to_string(format!("/proc/{process}/cgroup")).ok()?;
        self.find(&text)
    }

    /// The first version where it has the controllers, for where both are mounted it is the one that counts.
    fn find(&self, cgroup: &str) -> Option<Group> {
        let path_of = |controller: &str| {
            cgroup.lines().find_map(|line| {
                let mut parts = line.splitn(3, ':');
                let controllers = parts.nth(1)?;
                let path = parts.next()?;
                controllers
                    .split(',')
                    .any(|one| one == controller)
                    .then_some(path)
            })
        };
        let placed = |mount: &Option<Mount>, controller| mount.as_ref()?.place(path_of(controller)?);
        if let (Some(cpu), Some(memory)) = (placed(&self.cpu, "cpuacct"), placed(&self.memory, "memory")) {
            return Some(Group::One { cpu, memory });
        }
        placed(&self.unified, "").map(|at| Group::Two { at })
    }
}

impl Mount {
    /// Where a group is found; `None` for one that lies outside of what is seen, and for the top, which is no container's.
    fn place(&self, group: &str) -> Option<PathBuf> {
        let below = match self.root.as_str() {
            "/" => group,
            root => group.strip_prefix(root).filter(|rest| rest.starts_with('/'))?,
        };
        let below = below.trim_start_matches('/');
        (!below.is_empty() && !below.split('/').any(|part| part == "..")).then(|| self.at.join(below))
    }
}

impl Group {
    /// `None` where the files are gone or may not be read.
    pub fn usage(&self) -> Option<Usage> {
        match self {
            Self::One { cpu, memory } => {
                let stat = text(memory, "memory.stat")?;
                let used = number(&text(memory, "memory.usage_in_bytes")?)?;
                Some(Usage {
                    cpu: number(&text(cpu, "cpuacct.usage")?)?,
                    memory: working_set(used, &stat, "total_inactive_file"),
                    memory_limit: counted(&stat, "hierarchical_memory_limit")
                        .filter(|limit| *limit < NO_LIMIT),
                })
            }
            Self::Two { at } => {
                let used = number(&text(at, "memory.current")?)?;
                let stat = text(at, "memory.stat")?;
                Some(Usage {
                    cpu: counted(&text(at, "cpu.stat")?, "usage_usec")?.saturating_mul(1_000),
                    memory: working_set(used, &stat, "inactive_file"),
                    // “max” is no number.
                    memory_limit: text(at, "memory.max").and_then(|text| number(&text)),
                })
            }
        }
    }
}

/// What is used without what of files has not been looked at lately, and goes first where memory is wanted.
fn working_set(used: u64, stat: &str, inactive: &str) -> u64 {
    used.saturating_sub(counted(stat, inactive).unwrap_or(0))
}

fn text(folder: &Path, file: &str) -> Option<String> {
    std::fs::read_to_string(folder.join(file)).ok()
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The value of a line `name value`.
fn counted(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(' ')?;
        (found == name).then(|| number(value))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "23 28 0:22 / /sys rw - sysfs sysfs rw\n\
        35 23 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
    const ONE: &str = "36 35 0:31 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpu,cpuacct\n\
        37 35 0:32 / /sys/fs/cgroup/memory rw shared:11 - cgroup cgroup rw,memory\n\
        38 35 0:33 / /sys/fs/cgroup/unified rw shared:12 - cgroup2 cgroup2 rw\n";

    fn one(path: &str) -> Option<Group> {
        Some(Group::One {
            cpu: Path::new("/sys/fs/cgroup/cpu,cpuacct").join(path),
            memory: Path::new("/sys/fs/cgroup/memory").join(path),
        })
    }

    fn two(path: &str) -> Option<Group> {
        Some(Group::Two {
            at: Path::new("/sys/fs/cgroup").join(path),
        })
    }

    /// FR-OBS-03: a container's group is found in both versions, made by systemd or by Docker itself.
    #[test]
    fn groups_are_found() {
        let mounts = Mounts::read(TWO);
        let systemd = "0::/system.slice/docker-0a1b.scope\n";
        assert_eq!(mounts.find(systemd), two("system.slice/docker-0a1b.scope"));
        assert_eq!(mounts.find("0::/docker/0a1b\n"), two("docker/0a1b"));
        let mounts = Mounts::read(ONE);
        let cgroupfs =
            "4:memory:/docker/0a1b\n3:cpu,cpuacct:/docker/0a1b\n1:name=systemd:/docker/0a1b\n0::/\n";
        assert_eq!(mounts.find(cgroupfs), one("docker/0a1b"));
        let systemd = "9:memory:/system.slice/docker-0a1b.scope\n8:cpu,cpuacct:/system.slice/docker-0a1b.scope\n0::/system.slice/docker-0a1b.scope\n";
        assert_eq!(mounts.find(systemd), one("system.slice/docker-0a1b.scope"));
    }

    /// FR-OBS-03: an agent that sees only a part of the groups finds those in it; what is outside is read through the engine.
    #[test]
    fn what_is_not_seen_is_not_found() {
        let inside = TWO.replace(" / /sys/fs/cgroup", " /host/part /sys/fs/cgroup");
        let mounts = Mounts::read(&inside);
        assert_eq!(mounts.find("0::/host/part/docker/a\n"), two("docker/a"));
        for outside in [
            "0::/docker/a\n",
            "0::/host/party/a\n",
            "0::/host/part\n",
            "0::/host/part/../a\n",
            "",
            "nonsense",
        ] {
            assert_eq!(mounts.find(outside), None, "{outside}");
        }
        assert_eq!(Mounts::read("").find("0::/docker/a\n"), None);
        // A process of the host itself is no container's.
        assert_eq!(Mounts::read(TWO).find("0::/\n"), None);
    }

    /// FR-OBS-03: both versions' files say the same.
    #[test]
    fn counters_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let put = |file: &str, text: &str| std::fs::write(folder.path().join(file), text).unwrap();
        put("cpu.stat", "usage_usec 1500\nuser_usec 1000\n");
        put("memory.current", "5000\n");
        put(
            "memory.stat",
            "anon 1000\ninactive_file 2000\ntotal_inactive_file 2000\nhierarchical_memory_limit 9223372036854771712\n",
        );
        put("memory.max", "max\n");
        put("cpuacct.usage", "1500000\n");
        put("memory.usage_in_bytes", "5000\n");
        let at = folder.path().to_owned();
        let two = Group::Two { at: at.clone() };
        let one = Group::One {
            cpu: at.clone(),
            memory: at,
        };
        let usage = Usage {
            cpu: 1_500_000,
            memory: 3_000,
            memory_limit: None,
        };
        assert_eq!((two.usage(), one.usage()), (Some(usage), Some(usage)));
        put("memory.max", "65536\n");
        put(
            "memory.stat",
            "inactive_file 9000\ntotal_inactive_file 9000\nhierarchical_memory_limit 65536\n",
        );
        let usage = Usage {
            memory: 0,
            memory_limit: Some(65_536),
            ..usage
        };
        assert_eq!((two.usage(), one.usage()), (Some(usage), Some(usage)));
        std::fs::remove_file(folder.path().join("memory.stat")).unwrap();
        assert_eq!((two.usage(), one.usage()), (None, None));
    }
}
