//! How the SSH server of a build node is reached: the program, what it is told, and the files that it reads.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use slipway_protocol::Secret;

use super::{KnownHosts, SshAddress};
use crate::git::{DeployKey, KeyError};
use crate::process::{Invocation, Program};
use crate::public_key::PublicKey;
use crate::secrets::KeyFile;

/// The name under which a key that is a setting is looked up, whatever the machine is called.
const ALIAS: &str = "slipway-build-node";
/// What is run there. These are all words that any shell of that account gets to see.
const DIAL: [&str; 3] = ["docker", "system", "dial-stdio"];

/// The key pair by which this agent signs in to a build node. It is derived from the agent's own key: there is nothing more to keep.
pub fn own_key(key: &KeyFile) -> Result<DeployKey, KeyError> {
    let seed = key.derive("build-node");
    DeployKey::from_seed(Secret::new(seed.expose().to_vec()))
}

/// Its line for `authorized_keys` on the build node: it can reach Docker there, and nothing else (OpenSSH, sshd(8)).
pub fn line_of(key: &DeployKey) -> String {
    format!(
        "restrict,command=\"{}\" {}",
        DIAL.join(" "),
        key.public("slipway-build")
    )
}

/// Which key the SSH server has to have.
#[derive(Clone, Debug)]
pub(super) enum HostKey {
    /// It is a setting.
    Set(PublicKey),
    /// It is the one that somebody has accepted; perhaps nobody has yet.
    OnRecord(KnownHosts),
}

/// Everything that a connection needs.
pub(super) struct Ssh {
    address: SshAddress,
    folder: PathBuf,
    host_key: HostKey,
}

impl Ssh {
    /// Writes the files anew.
    pub fn prepare(
        folder: &Path,
        address: &SshAddress,
        host_key: HostKey,
        own: &DeployKey,
    ) -> std::io::Result<Self> {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let ssh = Self {
            address: address.clone(),
            folder: folder.to_owned(),
            host_key,
        };
        private(&ssh.key_path(), own.private().expose())?;
        if let HostKey::Set(key) = &ssh.host_key {
            private(&ssh.known_hosts_path(), &format!("{ALIAS} {key}\n"))?;
        }
        Ok(ssh)
    }

    /// Whether there is a key that the server may have. Nobody is connected to before.
    pub fn has_host_key(&self) -> std::io::Result<bool> {
        match &self.host_key {
            HostKey::Set(_) => Ok(true),
            HostKey::OnRecord(known) => Ok(known.key_of(&self.address)?.is_some()),
        }
    }

    /// The key that it has to have is a setting.
    pub fn host_key_is_set(&self) -> bool {
        matches!(self.host_key, HostKey::Set(_))
    }

    /// The socket behind which connections are made.
    pub fn socket_path(&self) -> PathBuf {
        socket_in(&self.folder)
    }

    fn key_path(&self) -> PathBuf {
        self.folder.join("key")
    }

    fn known_hosts_path(&self) -> PathBuf {
        match &self.host_key {
            HostKey::Set(_) => self.folder.join("known_hosts"),
            HostKey::OnRecord(known) => known.path(),
        }
    }

    /// One connection: nothing of the account's configuration, the one key that is trusted for the server, the agent's own key and no other way in.
    pub fn invocation(&self) -> Invocation {
        let address = &self.address;
        let alias = match &self.host_key {
            HostKey::Set(_) => Some(format!("HostKeyAlias={ALIAS}")),
            HostKey::OnRecord(_) => None,
        };
        Invocation::new(Program::Ssh)
            .args(["-F", "none", "-T"])
            .args([
                "-o",
                "BatchMode=yes",
                "-o",
                "StrictHostKeyChecking=yes",
                "-o",
                "UpdateHostKeys=no",
                "-o",
                "CheckHostIP=no",
                "-o",
                "GlobalKnownHostsFile=/dev/null",
                "-o",
                "PreferredAuthentications=publickey",
                "-o",
                "IdentitiesOnly=yes",
                "-o",
                "IdentityAgent=none",
                "-o",
                "ForwardAgent=no",
                "-o",
                "ConnectTimeout=10",
                "-o",
                "ServerAliveInterval=15",
                "-o",
                "ServerAliveCountMax=3",
                "-o",
                "LogLevel=ERROR",
            ])
            .args(alias.iter().flat_map(|alias| ["-o", alias.as_str()]))
            .arg("-o")
            .arg(format!(
                "UserKnownHostsFile={}",
                self.known_hosts_path().display()
            ))
            .arg("-i")
            .arg(self.key_path())
            .args(["-l", address.user(), "-p"])
            .arg(address.port().to_string())
            .args(["--", address.host()])
            .args(DIAL)
    }
}

/// The socket of a way whose files are there.
pub(super) fn socket_in(folder: &Path) -> PathBuf {
    folder.join("docker.sock")
}

fn private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::build_place::BuildNode;

    /// FR-BLD-03, NFR-S4: an agent's key for its build node stays the same, lies in a file that only the agent reads, and reaches Docker alone.
    #[test]
    fn the_key_is_the_agents_own() {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyFile::open_or_create(&folder.path().join("key")).unwrap();
        let own = own_key(&key).unwrap();
        let line = line_of(&own);
        assert_eq!(line, line_of(&own_key(&key).unwrap()));
        assert!(line.starts_with("restrict,command=\"docker system dial-stdio\" ssh-ed25519 AAAA"));
        let BuildNode::Ssh(address) = "ssh://build@example.org".parse().unwrap() else {
            panic!("it is an address of SSH");
        };
        let host_key: PublicKey = format!("ssh-ed25519 {}", "A".repeat(68)).parse().unwrap();
        let place = folder.path().join("build-node");
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("left-over"), "x").unwrap();
        let ssh = Ssh::prepare(&place, &address, HostKey::Set(host_key.clone()), &own).unwrap();
        assert!(!place.join("left-over").exists());
        for (path, mode) in [(place.clone(), 0o700), (ssh.key_path(), 0o600)] {
            assert_eq!(
                std::fs::metadata(path).unwrap().permissions().mode() & 0o777,
                mode
            );
        }
        let known = std::fs::read_to_string(ssh.known_hosts_path()).unwrap();
        assert_eq!(known, format!("slipway-build-node {host_key}\n"));
        assert!(ssh.has_host_key().unwrap() && ssh.host_key_is_set());
    }
}
