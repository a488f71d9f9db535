//! Waiting for what will be so, with an end.

use std::time::{Duration, Instant};

/// Asks every 100 ms until it is so; panics with `what` when the time is over.
pub async fn until<F: AsyncFnMut() -> bool>(what: &str, limit: Duration, mut is_so: F) {
    let end = Instant::now() + limit;
    while !is_so().await {
        assert!(Instant::now() < end, "{what}: not within {} s", limit.as_secs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A port on loopback that nobody listens on now.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    listener.local_addr().expect("its address").port()
}

/// A short name that no other run has.
pub fn unique(prefix: &str) -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    format!("{prefix}{}", &id[..8])
}
