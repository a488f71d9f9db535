//! What a killed agent left of PostgreSQL: a pid file whose number has become somebody else's, and a database half made.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::time::{Duration, Instant};

use slipway_agent::postgres::{self, Embedded, stop_left_over};
use slipway_agent::process::{Invocation, Program, Running};

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
    // It may be slow to answer beside many others; one that was stopped never does.
    let begun = Instant::now();
    while postgres::answering(own.path()).await.is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it was stopped");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    stop_left_over(own.path()).await;
    assert!(!pid_file(&own).exists());
    assert!(postgres::answering(own.path()).await.is_none());
    server.stop().await;
}

/// NFR-R2, FR-HST-03: a killed agent's `initdb` does not go on writing where the next one begins, and half a database is none.
#[tokio::test]
async fn half_a_database_is_made_anew() {
    let folder = tempfile::Builder::new()
        .prefix("slipway-gate-")
        .tempdir()
        .unwrap();
    let half = folder.path().join("postgres/data.new");
    // Where this test is held up for a moment it may be done by itself; where it goes on it is so each time.
    let mut rounds = 1;
    while !is_ended_half_way(folder.path(), &half).await {
        assert!(rounds < 5, "it went on");
        std::fs::remove_dir_all(&half).unwrap();
        rounds += 1;
    }

    assert!(!postgres::is_there(folder.path()));
    let mut server = Embedded::start(folder.path(), None).await.unwrap();
    assert!(postgres::is_there(folder.path()) && !half.exists());
    server.stop().await;
}

/// Whether an `initdb` that was left in the middle of its work did not come to its end.
async fn is_ended_half_way(data_dir: &Path, half: &Path) -> bool {
    let mut left = initdb(data_dir, half);
    let begun = Instant::now();
    while !half.join("base").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "initdb makes nothing");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    stop_left_over(data_dir).await;
    let ended = left.wait().await;
    ended.is_ok_and(|ended| !ended.success())
}

/// As the agent starts it: as another account where this one is root.
fn initdb(data_dir: &Path, half: &Path) -> Running {
    let folder = half.parent().unwrap();
    std::fs::create_dir_all(folder).unwrap();
    let program = Program::Initdb {
        folder: postgres::newest_installed().unwrap(),
    };
    let mut program = Invocation::new(program).arg("--pgdata").arg(half).dir(folder);
    if nix::unistd::geteuid().is_root() {
        let account = nix::unistd::User::from_name("postgres").unwrap().unwrap();
        let (user, group) = (account.uid.as_raw(), account.gid.as_raw());
        std::fs::set_permissions(data_dir, std::fs::Permissions::from_mode(0o711)).unwrap();
        chown(folder, Some(user), Some(group)).unwrap();
        program = program.as_user(user, group);
    }
    // What it says is in nobody's way.
    let nowhere = std::fs::File::create("/dev/null").unwrap();
    program.start_logging_to(nowhere).unwrap()
}
