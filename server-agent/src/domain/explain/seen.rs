//! What can be seen of a release that does not come up, besides what it wrote.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The release at the moment when its gate gave up. What is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// With what code the container ended; `None` when it runs, or never started.
    pub exit_code: Option<i64>,
    /// Whether the kernel ended it for its memory.
    pub out_of_memory: Option<bool>,
    /// How much memory the settings let it have, in MiB.
    pub memory_limit: Option<u32>,
    /// What its own health check printed last, where that failed until the container counted as unhealthy.
    pub failing_check: Option<String>,
    /// What Docker says of the task; empty if nothing.
    pub docker_says: String,
    /// How the task that runs, but is not healthy, answered last.
    pub answer: Option<Answer>,
    /// Where its processes listen, inside the container.
    pub listeners: Option<Vec<SocketAddr>>,
    /// The ports on which its image says that it listens (EXPOSE).
    pub exposed: Vec<u16>,
}

impl Seen {
    /// Its own health check brought it down. How it ended then says nothing, unless the kernel was first.
    pub fn is_unhealthy(&self) -> bool {
        self.failing_check.is_some() && self.out_of_memory != Some(true)
    }
}

/// A task's answer to the gate's request, through the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The edge does not know the way to the task yet.
    NoWay,
    /// Nothing accepts the connection, or it breaks.
    Refused,
    /// Connected, but not answered in time.
    Late,
    Status(u16),
}

impl Answer {
    /// Of a request that the edge answered: 502 and 504 are the edge's own words.
    pub fn of_status(status: u16) -> Self {
        match status {
            502 => Self::Refused,
            504 => Self::Late,
            other => Self::Status(other),
        }
    }
}

/// Ends the sentence “on port 8080 …”.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWay => f.write_str("it cannot be asked, since Traefik has not taken up the way to it"),
            Self::Refused => f.write_str("nothing accepts connections"),
            Self::Late => f.write_str("it gives no answer in time"),
            Self::Status(status) => write!(f, "it answers {status}"),
        }
    }
}

/// The sockets that listen, by the kernel's table (`/proc/<pid>/net/tcp` or `tcp6`). Docker's own resolver, which listens
/// in every container, is left out, and so is a line that cannot be read.
pub fn listeners(table: &str) -> Vec<SocketAddr> {
    /// `TCP_LISTEN` of the kernel's `tcp_states.h`.
    const LISTENS: &str = "0A";
    const RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11));
    let mut found: Vec<SocketAddr> = table
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace().skip(1);
            let (local, _remote, state) = (words.next()?, words.next()?, words.next()?);
            (state == LISTENS).then(|| address(local)).flatten()
        })
        .filter(|address| address.ip() != RESOLVER)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// How many connections are established on a port, by the same table. Those of the container with itself are left out.
pub fn connections(table: &str, port: u16) -> usize {
    let from_outside = |(local, remote): &(SocketAddr, SocketAddr)| {
        let own = remote.ip().is_loopback() || remote.ip() == local.ip();
        local.port() == port && !own
    };
    established(table).filter(from_outside).count()
}

/// How many connections are established to one of these servers, by the table of who connects to them.
pub fn connections_to(table: &str, servers: &[SocketAddr]) -> usize {
    established(table)
        .filter(|(_, remote)| servers.contains(remote))
        .count()
}

/// The own end of each established connection, and the other one.
fn established(table: &str) -> impl Iterator<Item = (SocketAddr, SocketAddr)> {
    /// `TCP_ESTABLISHED` of the same file.
    const ESTABLISHED: &str = "01";
    let ends = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let (local, remote, state) = (words.next()?, words.next()?, words.next()?);
        if state != ESTABLISHED {
            return None;
        }
        Some((address(local)?, address(remote)?))
    };
    table.lines().filter_map(ends)
}

/// `0100007F:1F90`: words of 32 bits as the machine holds them, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let word = u32::from_str_radix(ip.get(at..at + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (part, at) in bytes.chunks_exact_mut(4).zip([0, 8, 16, 24]) {
                part.copy_from_slice(&word(at)?);
            }
            Ipv6Addr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0B00007F:A0B1 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 0200000A:1F90 0300000A:C350 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
   3: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4 1 0 100 0 0 10 0";
    const TCP6: &str = "  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 0000000000000000FFFF00000100007F:0052 00000000000000000000000000000000:0000 0A 00000000:00000000";

    fn shown(table: &str) -> Vec<String> {
        listeners(table).iter().map(ToString::to_string).collect()
    }

    /// FR-DEP-16: only what listens counts, at its address; Docker's resolver is no part of the application.
    #[cfg(target_endian = "little")]
    #[test]
    fn the_kernels_table_is_read() {
        assert_eq!(shown(TCP), ["0.0.0.0:3000", "127.0.0.1:8080"]);
        assert_eq!(shown(TCP6), ["127.0.0.1:82", "[::]:80", "[::1]:81"]);
    }

    /// FR-DEP-06: an open connection is seen from both of its ends, and what only listens is none.
    #[cfg(target_endian = "little")]
    #[test]
    fn a_connection_is_seen_from_both_ends() {
        let server = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert_eq!((connections(TCP, 8080), connections(TCP, 3000)), (1, 0));
        let servers = [server("10.0.0.3:50000"), server("10.0.0.3:8080")];
        assert_eq!(connections_to(TCP, &servers), 1);
        assert_eq!(connections_to(TCP, &servers[1..]), 0);
        assert_eq!(connections_to(TCP, &[server("10.0.0.2:8080")]), 0);
        assert_eq!(connections_to(TCP6, &servers), 0);
    }

    /// FR-DEP-16: a table that is cut or strange yields what can be read of it.
    #[test]
    fn a_strange_table_is_no_trouble() {
        for table in [
            "",
            "\n\n",
            "0: 0100007F 0 0A",
            "0: ZZZZZZZZ:1F90 0 0A",
            "0: é00000000:1 0 0A",
            "0: 0:0 0 0A",
        ] {
            assert!(listeners(table).is_empty(), "{table}");
        }
    }

    /// FR-DEP-03: what the edge says in a task's place is told apart from what the task says.
    #[test]
    fn the_edges_own_answers_are_told_apart() {
        assert_eq!(Answer::of_status(502), Answer::Refused);
        assert_eq!(Answer::of_status(504), Answer::Late);
        assert_eq!(Answer::of_status(503), Answer::Status(503));
    }
}
