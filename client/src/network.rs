//! Notices that this machine's way to a host has changed: a network came back, or another one took its place.
//!
//! Asking the kernel for the local address towards a host sends nothing, so it can be done every second.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, SystemTime};

const TICK: Duration = Duration::from_secs(1);
/// A tick that took this much longer by the wall clock was a sleep.
const SLEPT: Duration = Duration::from_secs(5);

/// Returns when the route to one of the addresses changes, or the machine has slept.
pub(crate) async fn changed(towards: &[SocketAddr]) {
    let before = routes(towards);
    loop {
        let fell_asleep = SystemTime::now();
        tokio::time::sleep(TICK).await;
        let slept = fell_asleep.elapsed().unwrap_or_default() > TICK + SLEPT;
        let now = routes(towards);
        if slept || (now != before && now.iter().any(Option::is_some)) {
            return;
        }
    }
}

fn routes(towards: &[SocketAddr]) -> Vec<Option<IpAddr>> {
    towards.iter().map(|address| route(*address)).collect()
}

fn route(towards: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if towards.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0_u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(towards).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-08: the way to this very machine is known, and stays the same.
    #[tokio::test(start_paused = true)]
    async fn a_steady_network_is_not_a_change() {
        let here = SocketAddr::from(([127, 0, 0, 1], 9));
        assert!(route(here).is_some());
        let waited = tokio::time::timeout(Duration::from_secs(10), changed(&[here])).await;
        assert!(waited.is_err(), "nothing has changed");
    }
}
