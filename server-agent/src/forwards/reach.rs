//! A connection to a port of a container, made from inside the container's own network: it needs no network that reaches there, no
//! published port, and finds what listens on the container's loopback only.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream as StdStream};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use nix::sched::{CloneFlags, setns};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// Inside one container an answer takes no time; a listener whose queue is full may take a little.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no connection. Each is a sentence for the person.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    #[error("Nothing listens on port {0} in the container; choose the port that its program listens on.")]
    Refused(u16),
    #[error("What listens on port {0} in the container does not answer; look at the application's log.")]
    Silent(u16),
    #[error("The container has ended; try again.")]
    Gone,
    #[error("The container uses the server's own network, and that is not opened to anybody.")]
    HostNetwork,
    #[error("The agent may not enter the networks of containers; it has to run as root.")]
    NotAllowed,
    #[error(
        "The container's network could not be entered; try again, and look at the agent's log if it stays so."
    )]
    Failed(#[source] io::Error),
}

/// Connects to a port in the network of a process. The socket stays there, whoever holds it.
pub async fn connect(process: u32, port: u16) -> Result<TcpStream, ReachError> {
    let (sender, made) = oneshot::channel();
    // A thread of its own, which ends: it never comes back from the other network.
    std::thread::Builder::new()
        .name("reach".to_owned())
        .spawn(move || drop(sender.send(connect_from_inside(process, port))))
        .map_err(ReachError::Failed)?;
    let stream = made
        .await
        .map_err(|_| ReachError::Failed(io::Error::other("the thread ended")))??;
    TcpStream::from_std(stream).map_err(ReachError::Failed)
}

fn connect_from_inside(process: u32, port: u16) -> Result<StdStream, ReachError> {
    let network = File::open(format!("/proc/{process}/ns/net")).map_err(|error| match error.kind() {
        ErrorKind::NotFound => ReachError::Gone,
        ErrorKind::PermissionDenied => ReachError::NotAllowed,
        _ => ReachError::Failed(error),
    })?;
    let theirs = network.metadata().map_err(ReachError::Failed)?;
    let own = std::fs::metadata("/proc/self/ns/net").map_err(ReachError::Failed)?;
    if (theirs.dev(), theirs.ino()) == (own.dev(), own.ino()) {
        return Err(ReachError::HostNetwork);
    }
    setns(&network, CloneFlags::CLONE_NEWNET).map_err(|error| match error {
        nix::errno::Errno::EPERM => ReachError::NotAllowed,
        other => ReachError::Failed(other.into()),
    })?;
    let stream = any_of(&addresses(), port)?;
    stream.set_nonblocking(true).map_err(ReachError::Failed)?;
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Loopback first, then what the container's network has.
fn addresses() -> Vec<IpAddr> {
    let mut all = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let interfaces = nix::ifaddrs::getifaddrs().into_iter().flatten();
    for address in interfaces.filter_map(|interface| interface.address) {
        let ip = address
            .as_sockaddr_in()
            .map(|address| IpAddr::V4(address.ip()))
            .or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())));
        all.extend(ip.filter(|ip| !all.contains(ip)));
    }
    all
}

fn any_of(addresses: &[IpAddr], port: u16) -> Result<StdStream, ReachError> {
    let mut silent = false;
    for ip in addresses {
        match StdStream::connect_timeout(&SocketAddr::new(*ip, port), PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => silent |= error.kind() == ErrorKind::TimedOut,
        }
    }
    Err(if silent {
        ReachError::Silent(port)
    } else {
        ReachError::Refused(port)
    })
}
