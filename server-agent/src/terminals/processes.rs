//! Ending what runs in a terminal. Docker ends no command by itself: closing its connection leaves it running.

use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::docker::{Docker, DockerError};

/// So long what runs may tidy up after it was told that its terminal is gone.
const MERCY: Duration = Duration::from_millis(500);

/// Ends a command and everything of its session: the shell, and what it has started. What put itself into a session of its own goes
/// on, as behind any terminal.
pub async fn end(docker: &Docker, exec: &str) -> Result<(), DockerError> {
    let Some(process) = running(docker, exec).await? else {
        return Ok(());
    };
    // As a terminal that is closed does it. A group that is gone is what is wanted.
    let _ = killpg(process, Signal::SIGHUP);
    tokio::time::sleep(MERCY).await;
    let members = tokio::task::spawn_blocking(move || members(process)).await;
    for member in members.unwrap_or_default() {
        match kill(member, Signal::SIGKILL) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => tracing::warn!(%error, "a process of a closed terminal could not be ended"),
        }
    }
    Ok(())
}

/// The command's own process, while it runs.
async fn running(docker: &Docker, exec: &str) -> Result<Option<Pid>, DockerError> {
    let state = docker.exec(exec).await?;
    let process = state
        .filter(|state| state.running)
        .and_then(|state| state.process);
    Ok(process.and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw))
}

/// The processes whose session a process leads.
fn members(leader: Pid) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return vec![leader];
    };
    let numbers = entries.flatten().filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        (session_of(&stat)? == leader.as_raw()).then(|| Pid::from_raw(pid))
    });
    numbers.collect()
}

/// The session in a line of `/proc/<pid>/stat`. The name before it may hold anything, also spaces and brackets.
fn session_of(stat: &str) -> Option<i32> {
    let (_, behind) = stat.rsplit_once(')')?;
    behind.split_ascii_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-02: a process' session is read, whatever the process is called.
    #[test]
    fn sessions_are_read() {
        assert_eq!(
            session_of("4711 (bash) S 4700 4711 4690 34816 4711 4194304 0"),
            Some(4690)
        );
        assert_eq!(session_of("12 (a) S 1 2 (b c) R 1 12 9 0 -1 4194560 0"), Some(9));
        assert_eq!(session_of("nonsense"), None);
    }

    /// FR-OBS-02: this very process is found among those of its session.
    #[test]
    fn a_session_has_its_members() {
        let own = nix::unistd::getsid(None).unwrap();
        assert!(members(own).contains(&Pid::this()));
    }
}
