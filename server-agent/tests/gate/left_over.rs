//! A pid file whose number has become somebody else's.

use slipway_agent::postgres::{self, Embedded, stop_left_over};

/// FR-HST-03: a stale pid file stops nobody else's PostgreSQL, and goes; the one of the folder itself is stopped.
#[tokio::test]
async fn a_stale_pid_file_stops_nobody_else() {
    let folder = || tempfile::Builder::new().prefix("slipway-gate-").tempdir();
    let (own, other) = (folder().unwrap(), folder().unwrap());
    let mut server = Embedded::start(own.path(), None).await.unwrap();
    let pid_file = |folder: &tempfile::TempDir| folder.path().join("postgres/data/postmaster.pid");
    std::fs::create_dir_all(other.path().join("postgres/data")).unwrap();
    std::fs::copy(pid_file(&own), pid_file(&other)).unwrap();

    stop_left_over(other.path()).await;
    assert!(!pid_file(&other).exists());
    assert!(postgres::answering(own.path()).await.is_some());

    stop_left_over(own.path()).await;
    assert!(!pid_file(&own).exists());
    assert!(postgres::answering(own.path()).await.is_none());
    server.stop().await;
}
