//! The server that a killed agent left behind, and how it is told apart from somebody else's.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::STOP_LIMIT;

/// Stops the server that a killed agent left behind. The pid file names it; the kernel says whether it is still that server: after a
/// restart of the machine its number may be anybody's, also another PostgreSQL's.
pub async fn stop_left_over(data_dir: &Path) {
    let data = data_dir.join("postgres/data");
    let pid_file = data.join("postmaster.pid");
    let Ok(text) = std::fs::read_to_string(&pid_file) else {
        return;
    };
    let Some(pid) = text
        .lines()
        .next()
        .and_then(|line| line.trim().parse::<i32>().ok())
    else {
        return;
    };
    let runs = || is_server_of(pid, &data);
    if runs() {
        let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
        let begun = Instant::now();
        while runs() && begun.elapsed() < STOP_LIMIT {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if runs() {
            let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    // Not running: a stale file would make the new server refuse when its number has been given to another process.
    if !runs() {
        let _ = std::fs::remove_file(&pid_file);
    }
}

/// Whether this process is the PostgreSQL of this folder, which a server works in.
fn is_server_of(pid: i32, data: &Path) -> bool {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let is_postgres =
        std::fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim() == "postgres");
    // Same device and inode: a path may be written in several ways.
    let place = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.dev(), metadata.ino()))
    };
    // Without the right to trace others (containers), where a process works is not told, and its command line is.
    let works_in = place(&process.join("cwd")).or_else(|| place(&folder_of(&process)?));
    is_postgres && works_in.is_some() && works_in == place(data)
}

/// The folder that its command line names.
fn folder_of(process: &Path) -> Option<PathBuf> {
    let line = std::fs::read_to_string(process.join("cmdline")).ok()?;
    let mut words = line.split('\0').skip_while(|word| *word != "-D");
    words.nth(1).map(PathBuf::from)
}
