//! What a process uses, as the kernel counts it.

use std::time::Duration;

/// Linux counts for programs in hundredths of a second, whatever it does inside.
const TICK: Duration = Duration::from_millis(10);

/// Resident memory of a process in bytes.
pub fn resident(pid: u32) -> u64 {
    kilobytes(pid, "status", "VmRSS:")
}

/// The most that was resident, in bytes.
pub fn peak_resident(pid: u32) -> u64 {
    kilobytes(pid, "status", "VmHWM:")
}

/// Memory in bytes; what several processes share counts for each in part.
pub fn proportional(pid: u32) -> u64 {
    kilobytes(pid, "smaps_rollup", "Pss:")
}

/// The time that a process has had on processors.
pub fn processor_time(pid: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let (_, fields) = text.rsplit_once(')').unwrap_or_default();
    // The 14th and 15th of all, of which two stand before the bracket.
    let ticks = fields.split_whitespace().skip(11).take(2);
    TICK * ticks.filter_map(|ticks| ticks.parse::<u32>().ok()).sum()
}

/// The same of several together.
pub fn processor_time_of(pids: &[u32]) -> Duration {
    pids.iter().copied().map(processor_time).sum()
}

/// A line of a process's file that counts kilobytes, in bytes.
fn kilobytes(pid: u32, file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or("0 kB");
    line.trim()
        .trim_end_matches("kB")
        .trim()
        .parse::<u64>()
        .unwrap_or(0)
        * 1024
}
