//! What the node uses, from the kernel's own files: `/proc/stat`, `meminfo`, `loadavg` (`proc(5)`), and the file systems.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::network::{self, Network};
use crate::disk::Disk;
use crate::domain::metrics::counter::{rate, share};
use crate::domain::metrics::series::{NODE_SERIES, OfNode, Values};

pub struct Node {
    /// Where Docker keeps its data, once it has said so.
    pub docker_root: Option<PathBuf>,
    state: PathBuf,
    before: Option<Counters>,
}

#[derive(Clone, Copy)]
struct Counters {
    at: Instant,
    processor: Processor,
    network: Network,
}

/// Ticks of all cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Processor {
    busy: u64,
    all: u64,
}

impl Node {
    /// `state` is the folder of the agent's data.
    pub fn new(state: PathBuf) -> Self {
        Self {
            docker_root: None,
            state,
            before: None,
        }
    }

    /// One look. What cannot be read is a gap.
    pub fn look(&mut self) -> Values<NODE_SERIES> {
        let mut values = [None; NODE_SERIES];
        let mut put =
            |series: OfNode, value: Option<f64>| values[series as usize] = value.map(|value| value as f32);
        let now = counters();
        if let (Some(before), Some(now)) = (self.before, now) {
            let elapsed = now.at.duration_since(before.at);
            let (then, is) = (before.processor, now.processor);
            let busy = share((then.busy, then.all), (is.busy, is.all)).map(|share| share * 100.0);
            put(OfNode::Cpu, busy);
            put(
                OfNode::Received,
                rate(before.network.received, now.network.received, elapsed),
            );
            put(OfNode::Sent, rate(before.network.sent, now.network.sent, elapsed));
        }
        self.before = now;
        if let Some((used, total)) = memory() {
            put(OfNode::Memory, Some(used as f64));
            put(OfNode::MemoryTotal, Some(total as f64));
        }
        put(OfNode::Load, text("/proc/loadavg").and_then(|text| load(&text)));
        let docker = self.docker_root.as_ref().and_then(|folder| disk(folder));
        put(OfNode::DockerDisk, docker.map(|(used, _)| used));
        put(OfNode::DockerDiskTotal, docker.map(|(_, total)| total));
        let state = disk(&self.state);
        put(OfNode::StateDisk, state.map(|(used, _)| used));
        put(OfNode::StateDiskTotal, state.map(|(_, total)| total));
        values
    }
}

/// The host's memory in bytes: used, and all of it.
pub fn memory() -> Option<(u64, u64)> {
    text("/proc/meminfo").and_then(|text| memory_in(&text))
}

fn counters() -> Option<Counters> {
    Some(Counters {
        at: Instant::now(),
        processor: text("/proc/stat").and_then(|text| processor(&text))?,
        network: network::of_node()?,
    })
}

fn text(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// The first line: ticks in user mode, nice, system, idle, waiting for a disk, and for interrupts and other guests; what stands
/// behind those is in them already.
fn processor(stat: &str) -> Option<Processor> {
    let ticks = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = ticks
        .split_ascii_whitespace()
        .take(8)
        .map_while(|ticks| ticks.parse().ok())
        .collect();
    let all = ticks.iter().sum();
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some(Processor {
        busy: all - idle,
        all,
    })
}

fn memory_in(meminfo: &str) -> Option<(u64, u64)> {
    let of = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim_end().parse().ok()?;
        Some(kilobytes * 1024)
    };
    let (total, available) = (of("MemTotal:")?, of("MemAvailable:")?);
    Some((total.saturating_sub(available), total))
}

fn load(loadavg: &str) -> Option<f64> {
    loadavg.split(' ').next()?.parse().ok()
}

/// Used bytes of a folder's file system, and all of them but what is reserved for the system.
fn disk(folder: &Path) -> Option<(f64, f64)> {
    let disk = Disk::of(folder).ok()?;
    Some((disk.used as f64, disk.used.saturating_add(disk.free) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-03: the kernel's texts are read; what is not understood is a gap.
    #[test]
    fn the_kernels_texts_are_read() {
        let stat = "cpu  100 20 30 800 40 5 4 1 9 9\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        let wanted = Processor {
            busy: 160,
            all: 1_000,
        };
        assert_eq!(processor(stat), Some(wanted));
        let meminfo = "MemTotal:       8000 kB\nMemFree:         100 kB\nMemAvailable:   6000 kB\n";
        assert_eq!(memory_in(meminfo), Some((2_000 * 1024, 8_000 * 1024)));
        assert_eq!(load("0.52 0.58 0.59 1/389 12345\n"), Some(0.52));
        for nonsense in ["", "cpu", "cpu x y z", "MemTotal: many"] {
            assert_eq!(processor(nonsense), None);
            assert_eq!(memory_in(nonsense), None);
            assert_eq!(load(nonsense), None);
        }
    }

    /// FR-OBS-03: this machine has memory, a load and a disk; a rate needs two looks.
    #[test]
    fn a_first_look_has_no_rates() {
        let mut node = Node::new(PathBuf::from("/"));
        let values = node.look();
        assert!(values[OfNode::Memory as usize] < values[OfNode::MemoryTotal as usize]);
        assert!(values[OfNode::StateDisk as usize] < values[OfNode::StateDiskTotal as usize]);
        assert!(values[OfNode::Load as usize].is_some());
        assert_eq!(values[OfNode::Cpu as usize], None);
        assert_eq!(values[OfNode::DockerDisk as usize], None);
        assert!(node.before.is_some());
    }
}
