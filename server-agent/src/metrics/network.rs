//! What went over network devices, as the kernel counts it (`proc_pid_net(5)`, `/proc/PID/net/dev`).

/// Bytes since the devices came up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Network {
    pub received: u64,
    pub sent: u64,
}

/// The devices of a process's network but the one to itself; `None` when the process is gone.
pub fn of_process(process: u32) -> Option<Network> {
    let text = std::fs::read_to_string(format!("/proc/{process}/net/dev")).ok()?;
    Some(sum(&text, |name| name != "lo"))
}

/// The node's own devices: those behind which there is hardware, or, where none is seen, all but the one to itself. What containers say
/// to each other goes over others.
pub fn of_node() -> Option<Network> {
    let text = std::fs::read_to_string("/proc/net/dev").ok()?;
    let real = |name: &str| std::fs::exists(format!("/sys/class/net/{name}/device")).unwrap_or(false);
    if devices(&text).any(|(name, _)| real(name)) {
        return Some(sum(&text, real));
    }
    Some(sum(&text, |name| name != "lo"))
}

fn sum(text: &str, wanted: impl Fn(&str) -> bool) -> Network {
    let mut all = Network::default();
    for (_, network) in devices(text).filter(|(name, _)| wanted(name)) {
        all.received = all.received.saturating_add(network.received);
        all.sent = all.sent.saturating_add(network.sent);
    }
    all
}

/// Each device with its counters. Those stand in sixteen columns, eight for each direction.
fn devices(text: &str) -> impl Iterator<Item = (&str, Network)> {
    text.lines().filter_map(|line| {
        let (name, columns) = line.split_once(':')?;
        let mut columns = columns.split_ascii_whitespace();
        Some((
            name.trim(),
            Network {
                received: columns.next()?.parse().ok()?,
                sent: columns.nth(7)?.parse().ok()?,
            },
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-03: the devices' bytes are added up; what a container says to itself is none.
    #[test]
    fn devices_are_added_up() {
        let text = "Inter-|   Receive                                                |  Transmit\n \
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    \
             lo: 1000 1 0 0 0 0 0 0 1000 1 0 0 0 0 0 0\n  \
             eth0:7776 98 0 0 0 0 0 0 630 9 0 0 0 0 0 0\n  \
             eth1: 24 2 0 0 0 0 0 0 70 3 0 0 0 0 0 0\n";
        let all = sum(text, |name| name != "lo");
        assert_eq!((all.received, all.sent), (7_800, 700));
        assert_eq!(sum("nonsense: 1 2 3\n", |_| true), Network::default());
    }
}
