//! Waiting for what will be so, with an end.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Asks again and again until it is so, at a [`Pace`]; panics with `what` when the time is over.
pub async fn until<F: AsyncFnMut() -> bool>(what: &str, limit: Duration, mut is_so: F) {
    let (end, pace) = (Instant::now() + limit, Pace::begin());
    while !is_so().await {
        assert!(Instant::now() < end, "{what}: not within {} s", limit.as_secs());
        pace.pause().await;
    }
}

/// The same for what is then looked at: gives it, as it was when it was seen.
pub async fn until_some<T, F: AsyncFnMut() -> Option<T>>(what: &str, limit: Duration, mut look: F) -> T {
    let (end, pace) = (Instant::now() + limit, Pace::begin());
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within {} s", limit.as_secs());
        pace.pause().await;
    }
}

/// The pauses of one who waits: an eighth of what it has taken so far, between 20 ms and half a second. What is quick is seen at once, and
/// what takes its time is not asked for so often that it takes longer.
pub struct Pace(Instant);

impl Pace {
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    pub async fn pause(&self) {
        let pause = self.0.elapsed() / 8;
        let pause = pause.clamp(Duration::from_millis(20), Duration::from_millis(500));
        tokio::time::sleep(pause).await;
    }
}

/// So many ports from here on, below those that the kernel gives to outgoing connections: one of them could take a port between the
/// look and its use.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 12_000;

/// Between its look and its use a port is free for everybody: none is given twice.
static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// A port on loopback that nobody listens on now.
pub fn free_port() -> u16 {
    let [first, second, ..] = uuid::Uuid::new_v4().into_bytes();
    let from = u16::from_be_bytes([first, second]) % PORTS;
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let port = (0..PORTS)
        .map(|step| FIRST_PORT + (from + step) % PORTS)
        .find(|port| !given.contains(port) && is_free(port))
        .expect("a loopback port");
    given.insert(port);
    port
}

/// A short name that no other run has.
pub fn unique(prefix: &str) -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    format!("{prefix}{}", &id[..8])
}
