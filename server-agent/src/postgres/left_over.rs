//! The programs of PostgreSQL that a killed agent left behind, and how they are told apart from somebody else's.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::{STOP_LIMIT, half_made};

/// What is killed is gone after this, unless nobody asks for its end.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// Stops what a killed agent left behind in its data folder.
pub async fn stop_left_over(data_dir: &Path) {
    let folder = data_dir.join("postgres");
    end_initdb(&half_made(&folder)).await;
    stop_server(&folder.join("data")).await;
}

/// An `initdb` that nobody waits for any more goes on writing where the next one is to begin. Ends it, and all that it has started: they
/// are a group of their own.
async fn end_initdb(half: &Path) {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let makes_it = |pid: &i32| {
        let process = PathBuf::from(format!("/proc/{pid}"));
        is_named(&process, "initdb") && folder_of(&process, "--pgdata").as_deref() == Some(half)
    };
    for pid in pids.filter(makes_it) {
        let group = Pid::from_raw(pid);
        let begun = Instant::now();
        while killpg(group, Signal::SIGKILL).is_ok() && begun.elapsed() < KILL_LIMIT {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Stops the server that a killed agent left behind. The pid file names it; the kernel says whether it is still that server: after a
/// restart of the machine its number may be anybody's, also another PostgreSQL's.
async fn stop_server(data: &Path) {
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
    let runs = || is_server_of(pid, data);
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
    // Same device and inode: a path may be written in several ways.
    let place = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.dev(), metadata.ino()))
    };
    // Without the right to trace others (containers), where a process works is not told, and its command line is.
    let works_in = place(&process.join("cwd")).or_else(|| place(&folder_of(&process, "-D")?));
    is_named(&process, "postgres") && works_in.is_some() && works_in == place(data)
}

fn is_named(process: &Path, program: &str) -> bool {
    std::fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim() == program)
}

/// The folder that its command line names after this option.
fn folder_of(process: &Path, option: &str) -> Option<PathBuf> {
    let line = std::fs::read_to_string(process.join("cmdline")).ok()?;
    let mut words = line.split('\0').skip_while(|word| *word != option);
    words.nth(1).map(PathBuf::from)
}
