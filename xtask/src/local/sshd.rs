//! The local cluster's SSH server, on loopback: the app reaches the local agent the way it reaches any server's.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::state::State;
use crate::run_program::{Run, last_lines};
use crate::{cache, packages};

fn folder(state: &State) -> PathBuf {
    state.folder.join("sshd")
}

/// The key with which the person signs in.
pub fn client_key(state: &State) -> PathBuf {
    folder(state).join("client_key")
}

/// `SHA256:…` of the server's own key.
pub fn fingerprint(state: &State) -> Result<String> {
    let shown = Run::new("ssh-keygen")
        .args(["-l", "-E", "sha256", "-f"])
        .arg(folder(state).join("host_key.pub"))
        .quiet()?;
    let word = shown.split_whitespace().find(|word| word.starts_with("SHA256:"));
    Ok(word.context("ssh-keygen shows no fingerprint")?.to_owned())
}

/// Sees that the server runs.
pub fn ensure(state: &mut State) -> Result<()> {
    if answers(state.ssh_port) {
        return Ok(());
    }
    let folder = folder(state);
    fs::create_dir_all(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    for name in ["host_key", "client_key"] {
        make_key(&folder.join(name))?;
    }
    fs::copy(folder.join("client_key.pub"), folder.join("authorized_keys"))?;
    if nix::unistd::geteuid().is_root() {
        // Where sshd as root puts itself away; a package's service makes it at its start.
        fs::create_dir_all("/run/sshd")?;
    }
    let config = folder.join("sshd_config");
    fs::write(&config, configuration(state, &folder))?;
    let program = packages::find("sshd").context("sshd is not installed; install openssh-server")?;
    let log = folder.join("sshd.log");
    let pid = Run::new(program)
        .args(["-D", "-e", "-f"])
        .arg(&config)
        .daemon(&log)?;
    state.processes.push(pid);
    let end = Instant::now() + Duration::from_secs(10);
    while !answers(state.ssh_port) {
        if Instant::now() > end {
            let said = fs::read_to_string(&log).unwrap_or_default();
            bail!(
                "sshd did not start ({}):\n{}",
                log.display(),
                last_lines(&said, 8)
            );
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn make_key(path: &Path) -> Result<()> {
    if !path.exists() {
        Run::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "slipway-local", "-f"])
            .arg(path)
            .quiet()?;
    }
    Ok(())
}

fn configuration(state: &State, folder: &Path) -> String {
    let programs = cache::target().join("debug");
    format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\nPidFile none\nUsePAM no\nStrictModes no\n\
         AuthorizedKeysFile {folder}/authorized_keys\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PermitRootLogin prohibit-password\nPrintMotd no\nAllowStreamLocalForwarding yes\nAllowTcpForwarding no\n\
         SetEnv PATH={programs}:/usr/bin:/bin\n",
        port = state.ssh_port,
        folder = folder.display(),
        programs = programs.display(),
    )
}
