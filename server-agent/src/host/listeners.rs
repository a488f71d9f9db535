//! What listens on this server, as the kernel tells it (`/proc/net/tcp`, proc(5)).

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// A listening TCP socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    pub address: SocketAddr,
    /// The program's name, where it can be seen.
    pub program: Option<String>,
}

const LISTEN: &str = "0A";

/// Everything that listens, loopback included.
pub fn listeners() -> Vec<Listener> {
    let mut found: Vec<(SocketAddr, u64)> = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        // Without IPv6 there is no second table.
        let text = std::fs::read_to_string(table).unwrap_or_default();
        found.extend(text.lines().skip(1).filter_map(entry));
    }
    let owners = owners(Path::new("/proc"));
    let with_program = |(address, inode): (SocketAddr, u64)| Listener {
        address,
        program: owners.get(&inode).cloned(),
    };
    found.into_iter().map(with_program).collect()
}

/// The ports on which somebody outside this server finds something, each with the programs behind it.
pub fn public_listeners() -> BTreeMap<u16, Vec<String>> {
    let mut ports: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for listener in listeners() {
        if listener.address.ip().is_loopback() || is_bridge(listener.address.ip()) {
            continue;
        }
        let programs = ports.entry(listener.address.port()).or_default();
        if let Some(program) = listener.program.filter(|program| !programs.contains(program)) {
            programs.push(program);
        }
    }
    ports
}

/// Addresses of Docker's bridges, which lead nowhere but to containers of this server.
fn is_bridge(address: IpAddr) -> bool {
    let Ok(all) = nix::ifaddrs::getifaddrs() else {
        return false;
    };
    let of_docker = |name: &str| name == "docker0" || name == "docker_gwbridge" || name.starts_with("br-");
    all.filter(|one| of_docker(&one.interface_name))
        .filter_map(|one| one.address)
        .any(|one| match (one.as_sockaddr_in(), address) {
            (Some(v4), IpAddr::V4(wanted)) => v4.ip() == wanted,
            _ => false,
        })
}

/// One line of the table: local address and inode, if it listens.
fn entry(line: &str) -> Option<(SocketAddr, u64)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    if *fields.get(3)? != LISTEN {
        return None;
    }
    let (address, port) = fields.get(1)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let inode = fields.get(9)?.parse().ok()?;
    Some((SocketAddr::new(ip(address)?, port), inode))
}

/// Groups of four bytes, each in the byte order of this machine.
fn ip(hex: &str) -> Option<IpAddr> {
    let mut bytes = Vec::with_capacity(16);
    for at in (0..hex.len()).step_by(8) {
        let word = u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) => Some(IpAddr::V4(Ipv4Addr::from(four))),
        Err(_) => {
            let sixteen = <[u8; 16]>::try_from(bytes.as_slice()).ok()?;
            let address = Ipv6Addr::from(sixteen);
            Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
        }
    }
}

/// The names of programs by the inodes of their sockets.
fn owners(proc: &Path) -> HashMap<u64, String> {
    let mut owners = HashMap::new();
    for process in std::fs::read_dir(proc).into_iter().flatten().flatten() {
        if process.file_name().to_string_lossy().parse::<u32>().is_err() {
            continue;
        }
        // Processes of others cannot be looked into without root, and one may end meanwhile.
        let descriptors = std::fs::read_dir(process.path().join("fd"));
        for descriptor in descriptors.into_iter().flatten().flatten() {
            let Ok(target) = std::fs::read_link(descriptor.path()) else {
                continue;
            };
            let target = target.to_string_lossy();
            let inode = target
                .strip_prefix("socket:[")
                .and_then(|rest| rest.strip_suffix(']'))
                .and_then(|inode| inode.parse().ok());
            if let Some(inode) = inode {
                let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
                owners.insert(inode, name.trim().to_owned());
            }
        }
    }
    owners
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-HST-04: what listens is read from the kernel, with its address, its port and its program.
    #[test]
    fn an_open_port_is_seen() {
        // Where no other test listens, also not in the moment after.
        let here = std::net::TcpListener::bind("127.83.61.7:0").unwrap();
        let address = here.local_addr().unwrap();
        let until = |what: &str, is_so: &dyn Fn(Option<Listener>) -> bool| {
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
            while !is_so(listeners().into_iter().find(|one| one.address == address)) {
                assert!(std::time::Instant::now() < deadline, "{address} {what}");
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        };
        // The kernel's table comes in pieces, while others open and close their ports.
        until("is open, with its program", &|seen| {
            seen.is_some_and(|one| one.program.is_some())
        });
        assert!(!public_listeners().contains_key(&address.port()));
        drop(here);
        // A program that a neighbouring test starts holds a copy until its `exec`.
        until("is closed", &|seen| seen.is_none());
    }

    /// FR-HST-04: the same of IPv6, and of its addresses that stand for IPv4.
    #[test]
    fn addresses_are_read() {
        assert_eq!(ip("0100007F"), Some(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        assert_eq!(
            ip("00000000000000000000000001000000"),
            Some(IpAddr::V6(Ipv6Addr::LOCALHOST))
        );
        assert_eq!(
            ip("0000000000000000FFFF00000100007F"),
            Some(IpAddr::V4(Ipv4Addr::LOCALHOST))
        );
        assert_eq!(ip("01"), None);
    }
}
