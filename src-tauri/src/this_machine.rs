//! What there is of Slipway on this very machine, and what a person types in a terminal where something is missing.
//!
//! Setting up needs root, and this app starts no programs: it says the one command, which the person reads before running it.

use std::path::{Path, PathBuf};

use slipway_client::profiles::DEFAULT_AGENT_SOCKET;
use slipway_client::setup::{AgentProgram, Architecture};
use slipway_protocol::desktop::{Failure, FailureKind, LocalAgent};

use crate::failures::Refusal;
use crate::shell_word::quoted;

/// Where Docker's engine listens, as the agent expects it.
const DOCKER_SOCKET: &str = "/var/run/docker.sock";
/// Who is in this group may reach the agent's socket.
const GROUP: &str = "slipway";
const GROUPS: &str = "/etc/group";
/// Where the agent's program is once it is installed.
const INSTALLED: &str = "/usr/local/bin/slipway-agent";
const START: &str = "sudo systemctl start slipway-agent";
/// Puts the person who runs it into that group.
const JOIN: &str = "sudo usermod -aG slipway \"$USER\"";

/// Where the agent of this machine listens; `SLIPWAY_LOCAL_AGENT` names another place.
pub fn socket() -> PathBuf {
    place("SLIPWAY_LOCAL_AGENT", DEFAULT_AGENT_SOCKET)
}

fn place(variable: &str, usual: &str) -> PathBuf {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| PathBuf::from(usual))
}

/// What can be offered. Elsewhere than on Linux there is no agent.
pub async fn look(socket: &Path) -> Option<LocalAgent> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    // `SLIPWAY_LOCAL_DOCKER` names another place.
    let docker = place("SLIPWAY_LOCAL_DOCKER", DOCKER_SOCKET);
    // The socket of one that is stopped is not there.
    let is_installed = socket == Path::new(DEFAULT_AGENT_SOCKET) && Path::new(INSTALLED).is_file();
    look_beside(socket, &docker, is_installed).await
}

/// The agent by its socket; where there is none, whether it is installed all the same, or there is Docker.
async fn look_beside(socket: &Path, docker: &Path, is_installed: bool) -> Option<LocalAgent> {
    if !is_socket(socket) {
        if is_installed {
            return Some(LocalAgent::Stopped {
                command: START.to_owned(),
            });
        }
        return is_socket(docker).then_some(LocalAgent::Absent);
    }
    if is_closed(socket).await {
        let groups = tokio::fs::read_to_string(GROUPS).await.unwrap_or_default();
        let user = std::env::var("USER").unwrap_or_default();
        return Some(LocalAgent::Closed {
            joined: has_joined(&groups, &user),
            command: JOIN.to_owned(),
        });
    }
    Some(LocalAgent::Listens {
        socket: socket.display().to_string(),
    })
}

#[cfg(unix)]
fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

#[cfg(not(unix))]
fn is_socket(_: &Path) -> bool {
    false
}

/// Whether this account may not connect. Who may, and finds nobody there, is told so when connecting.
#[cfg(unix)]
async fn is_closed(socket: &Path) -> bool {
    /// A socket of this machine takes a connection at once, or refuses it.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);
    let knock = tokio::time::timeout(PATIENCE, tokio::net::UnixStream::connect(socket)).await;
    matches!(knock, Ok(Err(error)) if error.kind() == std::io::ErrorKind::PermissionDenied)
}

#[cfg(not(unix))]
async fn is_closed(_: &Path) -> bool {
    false
}

/// Whether these lines of `/etc/group` have this user in the agent's group.
fn has_joined(groups: &str, user: &str) -> bool {
    groups.lines().any(|line| {
        let mut fields = line.split(':');
        let of_group = fields.next() == Some(GROUP);
        let mut members = fields.nth(2).unwrap_or_default().split(',');
        of_group && members.any(|member| !member.is_empty() && member == user)
    })
}

/// The command that sets this machine up and lets the person reach its agent.
///
/// # Errors
/// Where this app carries no agent for this machine, or there is no room for it.
pub async fn prepare(folder: &Path) -> Result<String, Refusal> {
    let Some(architecture) = Architecture::here() else {
        let sentence = "Slipway's agent runs on Linux on x86_64 and aarch64; this machine is another one.";
        return Err(Failure::new(FailureKind::Invalid, sentence).into());
    };
    let program = AgentProgram::find(architecture)?;
    let program = for_root(program.path(), folder).await?;
    let program = quoted(&program.display().to_string());
    Ok(format!("sudo {program} install && {JOIN}"))
}

/// The program where root can read it. What is in an AppImage only its own user sees, so it is copied into the folder of the settings.
async fn for_root(program: &Path, folder: &Path) -> Result<PathBuf, Refusal> {
    let mounted = std::env::var_os("APPDIR").filter(|mount| !mount.is_empty() && program.starts_with(mount));
    if mounted.is_none() {
        return Ok(std::fs::canonicalize(program).unwrap_or_else(|_| program.to_owned()));
    }
    copied(program, folder).await.map_err(|error| {
        let sentence = format!(
            "The agent's program could not be copied to {}: {error}; make room there and try again.",
            folder.display()
        );
        Refusal::from(Failure::new(FailureKind::App, sentence))
    })
}

/// Copies the program whole. The folder may be the first thing of the app's there is: it is the person's alone, as ever.
async fn copied(program: &Path, folder: &Path) -> std::io::Result<PathBuf> {
    let (copy, part) = (folder.join("slipway-agent"), folder.join("slipway-agent.part"));
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await?;
    tokio::fs::copy(program, &part).await?;
    tokio::fs::rename(&part, &copy).await?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-12: who has been let in and has not signed in to the desktop since is told that, and nobody else.
    #[test]
    fn members_of_the_agents_group_are_known() {
        let groups = "root:x:0:\nslipwayers:x:1000:ada\nslipway:x:998:bob,ada\n";
        assert!(has_joined(groups, "ada") && has_joined(groups, "bob"));
        for other in ["ad", "", "root", "998"] {
            assert!(!has_joined(groups, other), "{other}");
        }
        assert!(!has_joined("slipway:x:998:\n", "ada"));
    }

    /// FR-CON-12, FR-CON-03: what is copied for root can be run, and the folder of the settings is the person's alone from its beginning.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_copy_leaves_the_folder_private() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let (program, folder) = (home.path().join("agent"), home.path().join("config/slipway"));
        std::fs::write(&program, "#!").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let copy = copied(&program, &folder).await.unwrap();
        assert_eq!((mode(&folder), mode(&copy)), (0o700, 0o755));
        assert_eq!(copied(&program, &folder).await.unwrap(), copy, "once more");
        assert_eq!(
            std::fs::read_dir(&folder).unwrap().count(),
            1,
            "nothing is left over"
        );
    }

    /// FR-CON-12: where there is neither an agent nor Docker nothing is offered, and a socket that is there is.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_socket_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let (socket, docker) = (
            folder.path().join("agent.sock"),
            folder.path().join("docker.sock"),
        );
        assert_eq!(look_beside(&socket, &docker, false).await, None);
        std::fs::write(&docker, "a file is no engine").unwrap();
        assert_eq!(look_beside(&socket, &docker, false).await, None);
        std::fs::remove_file(&docker).unwrap();
        let _engine = tokio::net::UnixListener::bind(&docker).unwrap();
        assert_eq!(
            look_beside(&socket, &docker, false).await,
            Some(LocalAgent::Absent)
        );
        let stopped = look_beside(&socket, &docker, true).await;
        assert!(matches!(stopped, Some(LocalAgent::Stopped { .. })), "{stopped:?}");
        let _listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let path = socket.display().to_string();
        let listens = Some(LocalAgent::Listens { socket: path });
        assert_eq!(look_beside(&socket, &docker, true).await, listens);
        assert_eq!(look(&socket).await, listens);
    }
}
