//! What builds may take of the server's memory and processor.
//!
//! BuildKit inside of Docker takes no limits with a build, so they are set where the kernel keeps them: on the control
//! groups in which BuildKit runs the commands of RUN. While a build runs, a look a few times a second finds them.
//!
//! - Docker with the driver `cgroupfs` runs all of them below one group, `docker/buildkit`: the limits hold for all
//!   builds of the engine together.
//! - Docker with the driver `systemd` makes a scope for each: the limits hold for each command. Which build a scope
//!   belongs to cannot be seen, so the limits of the running builds count together.
//!
//! Whatever the limits, commands of a build get a small share of a busy processor: what serves goes first. And so many processes at most.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use slipway_protocol::settings::Limits;

use super::allowed::{ALL_BUILDS, Allowed, PROCESSES, WEIGHT_V2};
use super::running::RunningBuilds;
use crate::process::{Invocation, Program};

/// How often the groups are looked at.
pub(super) const LOOK: Duration = Duration::from_millis(200);
/// Where the kernel's control groups are.
pub(super) const GROUPS: &str = "/sys/fs/cgroup";

/// Cheap to clone; shared by all builds of an agent.
#[derive(Clone)]
pub struct Guard {
    groups: PathBuf,
    /// In bytes: what a build without a limit of its own may use.
    usual_memory: Option<u64>,
    running: Arc<RunningBuilds<Allowed>>,
    /// The scopes of BuildKit's commands that were there at the last look.
    scopes: Arc<Mutex<BTreeSet<String>>>,
}

impl Default for Guard {
    fn default() -> Self {
        Self::at(Path::new(GROUPS), three_quarters())
    }
}

impl Guard {
    fn at(groups: &Path, usual_memory: Option<u64>) -> Self {
        Self {
            groups: groups.to_owned(),
            usual_memory,
            running: Arc::default(),
            scopes: Arc::default(),
        }
    }

    /// A build begins; it ends when what is given back is dropped.
    pub fn begin(&self, limits: Limits) -> Guarded {
        let mut allowed = Allowed::of(limits);
        allowed.memory = allowed.memory.or(self.usual_memory);
        Guarded {
            guard: self.clone(),
            number: self.running.begin(allowed),
        }
    }

    /// What all running builds may use together; nothing is limited where none runs.
    fn together(&self) -> Allowed {
        let all = self.running.all();
        let together = all.iter().copied().reduce(Allowed::with);
        let mut together = together.unwrap_or_default();
        // However many there are, memory is left for what serves; unless somebody has given one build more than that.
        let largest = all.iter().filter_map(|one| one.memory).max();
        let most = self.usual_memory.max(largest);
        together.memory = together.memory.map(|sum| sum.min(most.unwrap_or(sum)));
        together
    }

    /// The scopes of BuildKit's commands that have not been seen yet.
    fn new_scopes(&self) -> Vec<String> {
        let mut seen = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        let there = scopes(&self.groups);
        let new = there.difference(&seen).cloned().collect();
        *seen = there;
        new
    }
}

/// A running build.
pub struct Guarded {
    guard: Guard,
    number: u64,
}

impl Guarded {
    /// Keeps the limits in force, for as long as it is polled. `on_trouble` is told once where they cannot be set.
    pub async fn keep(&self, mut on_trouble: impl FnMut(&str)) -> Infallible {
        let mut told = false;
        loop {
            let allowed = self.guard.together();
            let mut trouble = allowed.write(&self.guard.groups, ALL_BUILDS).err();
            for scope in self.guard.new_scopes() {
                trouble = limit_scope(&scope, allowed).await.err().or(trouble);
            }
            if let Some(trouble) = trouble.filter(|_| !told) {
                on_trouble(&trouble);
                told = true;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.guard.running.end(self.number);
        // A group outlives the builds in it, and somebody may build by hand.
        let _ = self.guard.together().write(&self.guard.groups, ALL_BUILDS);
    }
}

/// The scopes of BuildKit's commands that there are now, below systemd's slice of the system.
pub(super) fn scopes(groups: &Path) -> BTreeSet<String> {
    ["system.slice", "memory/system.slice"]
        .iter()
        .filter_map(|slice| std::fs::read_dir(groups.join(slice)).ok())
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_builds_scope(name))
        .collect()
}

/// BuildKit's names have 25 letters and digits, a container's 64.
fn is_builds_scope(name: &str) -> bool {
    let id = name
        .strip_prefix("docker-")
        .and_then(|rest| rest.strip_suffix(".scope"));
    id.is_some_and(|id| id.len() == 25 && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
}

/// systemd sets what belongs to it. A command that has ended meanwhile needs no limit.
async fn limit_scope(scope: &str, allowed: Allowed) -> Result<(), String> {
    let memory = allowed
        .memory
        .map_or_else(|| "infinity".to_owned(), |memory| memory.to_string());
    let cpu = allowed
        .cpu
        .map_or_else(String::new, |cpu| format!("{}%", cpu.div_ceil(10)));
    let ran = Invocation::new(Program::Systemctl)
        .args(["set-property", "--runtime", "--", scope])
        .arg(format!("MemoryMax={memory}"))
        .arg(format!("CPUQuota={cpu}"))
        .arg(format!("CPUWeight={WEIGHT_V2}"))
        .arg(format!("TasksMax={PROCESSES}"))
        .deadline(Duration::from_secs(5))
        .run()
        .await
        .map_err(|error| error.to_string())?;
    let gone = ran.stderr.contains("not loaded") || ran.stderr.contains("not found");
    if ran.success() || gone {
        return Ok(());
    }
    Err(ran.stderr.lines().last().unwrap_or("systemctl failed").to_owned())
}

/// Three quarters of the server's memory: the rest is for what serves.
fn three_quarters() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024 / 4 * 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(memory: u32, cpu: u32) -> Limits {
        serde_json::from_value(serde_json::json!({ "memory": memory, "cpu": cpu })).unwrap()
    }

    fn read(groups: &Path, file: &str) -> String {
        std::fs::read_to_string(groups.join(file)).unwrap()
    }

    /// FR-BLD-03: the limits of running builds are written where the kernel keeps them, and go with the last build.
    #[tokio::test]
    async fn limits_are_set_and_taken_away() {
        let groups = tempfile::tempdir().unwrap();
        Allowed::make_group(groups.path(), ALL_BUILDS);
        let guard = Guard::at(groups.path(), Some(1 << 30));
        let first = guard.begin(limits(64, 500));
        let second = guard.begin(limits(36, 250));
        let none = tokio::time::timeout(LOOK / 2, first.keep(|trouble| panic!("{trouble}"))).await;
        assert!(none.is_err());
        assert_eq!(
            read(groups.path(), "docker/buildkit/memory.max"),
            (100 << 20).to_string()
        );
        assert_eq!(read(groups.path(), "docker/buildkit/cpu.max"), "75000 100000");
        assert_eq!(read(groups.path(), "docker/buildkit/cpu.weight"), "25");
        assert_eq!(
            read(groups.path(), "memory/docker/buildkit/memory.limit_in_bytes"),
            (100 << 20).to_string()
        );
        drop(second);
        assert_eq!(
            read(groups.path(), "cpu/docker/buildkit/cpu.cfs_quota_us"),
            "50000"
        );
        // One without limits of its own has the usual memory and every processor.
        let third = guard.begin(Limits::default());
        drop(first);
        assert_eq!(
            read(groups.path(), "docker/buildkit/memory.max"),
            (1 << 30).to_string()
        );
        // And however many there are, memory is left for what serves.
        let fourth = guard.begin(Limits::default());
        assert_eq!(guard.together().memory, Some(1 << 30));
        let given = guard.begin(limits(4096, 1000));
        assert_eq!(guard.together().memory, Some(4 << 30));
        drop((fourth, given));
        drop(third);
        assert_eq!(read(groups.path(), "docker/buildkit/memory.max"), "max");
        assert_eq!(read(groups.path(), "docker/buildkit/cpu.max"), "max 100000");
    }

    /// FR-BLD-03: a build that only forks leaves the server's processes to others, whatever its own limits are.
    #[test]
    fn processes_are_bounded() {
        let groups = tempfile::tempdir().unwrap();
        Allowed::make_group(groups.path(), ALL_BUILDS);
        let guard = Guard::at(groups.path(), None);
        for limits in [Limits::default(), limits(64, 500)] {
            let _build = guard.begin(limits);
            guard.together().write(groups.path(), ALL_BUILDS).unwrap();
            for file in ["docker/buildkit/pids.max", "pids/docker/buildkit/pids.max"] {
                assert_eq!(read(groups.path(), file), PROCESSES);
            }
        }
    }

    /// FR-BLD-03: a container that serves is never taken for a command of a build.
    #[test]
    fn scopes_of_builds_are_told_from_containers() {
        assert!(is_builds_scope("docker-v7k0v2q8m3w1x5z9a4b6c8d0e.scope"));
        assert!(!is_builds_scope(&format!("docker-{}.scope", "a".repeat(64))));
        assert!(!is_builds_scope("docker-../x.scope") && !is_builds_scope("docker.service"));
    }
}
