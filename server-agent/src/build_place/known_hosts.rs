//! The keys of build nodes' SSH servers that somebody has accepted, in a file as OpenSSH has them (sshd(8), “SSH_KNOWN_HOSTS FILE FORMAT”).
//! ssh itself reads it at each connection, so what is accepted holds at once.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::SshAddress;
use crate::public_key::PublicKey;

/// Beside the list of git servers, and in a backup as that one is.
const FOLDER: &str = "ssh";
const FILE: &str = "build_node_known_hosts";

#[derive(Clone, Debug)]
pub struct KnownHosts {
    folder: PathBuf,
}

impl KnownHosts {
    /// Those of an agent.
    pub fn of(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.join(FOLDER),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// The key on record for this server.
    pub fn key_of(&self, address: &SshAddress) -> std::io::Result<Option<PublicKey>> {
        let name = name_of(address);
        let lines = self.lines()?;
        Ok(lines.iter().find_map(|line| key_in(line, &name)))
    }

    /// Records the key that somebody has accepted, in the place of another one.
    pub fn put(&self, address: &SshAddress, key: &PublicKey) -> std::io::Result<()> {
        let name = name_of(address);
        let mut lines = self.lines()?;
        lines.retain(|line| key_in(line, &name).is_none());
        lines.push(format!("{name} {key}"));
        match std::fs::create_dir(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
        // A name that no backup takes.
        let fresh = self.folder.join(format!(".{FILE}.new"));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&fresh)?;
        file.write_all(lines.join("\n").as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&fresh, self.path())
    }

    fn lines(&self) -> std::io::Result<Vec<String>> {
        match std::fs::read_to_string(self.path()) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// The name under which ssh looks a server up: in small letters, with its port where that is not the usual one.
fn name_of(address: &SshAddress) -> String {
    let host = address.host().to_ascii_lowercase();
    match address.port() {
        SshAddress::USUAL_PORT => host,
        port => format!("[{host}]:{port}"),
    }
}

/// The key of a line that names exactly this server, as those do that are written here.
fn key_in(line: &str, name: &str) -> Option<PublicKey> {
    let (host, key) = line.split_once(' ')?;
    (host == name).then(|| key.parse().ok())?
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::build_place::BuildNode;

    fn address(text: &str) -> SshAddress {
        match text.parse().unwrap() {
            BuildNode::Ssh(address) => address,
            BuildNode::Socket(_) => panic!("it is an address of SSH"),
        }
    }

    /// FR-BLD-03, NFR-S1: one key is on record for each server, under the name that ssh looks up, in a file that nobody else changes.
    #[test]
    fn one_key_for_each_server() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownHosts::of(folder.path());
        let key =
            |letter: &str| -> PublicKey { format!("ssh-ed25519 {}", letter.repeat(68)).parse().unwrap() };
        let (one, other) = (
            address("ssh://build@Example.org"),
            address("ssh://build@[2001:db8::7]:2222"),
        );
        assert_eq!(known.key_of(&one).unwrap(), None);
        known.put(&one, &key("A")).unwrap();
        known.put(&other, &key("B")).unwrap();
        known.put(&one, &key("C")).unwrap();
        assert_eq!(known.key_of(&one).unwrap(), Some(key("C")));
        assert_eq!(known.key_of(&other).unwrap(), Some(key("B")));
        assert_eq!(
            known.key_of(&address("ssh://build@example.org:2222")).unwrap(),
            None
        );
        let text = std::fs::read_to_string(known.path()).unwrap();
        assert_eq!(
            text,
            format!("[2001:db8::7]:2222 {}\nexample.org {}\n", key("B"), key("C"))
        );
        let mode = std::fs::metadata(known.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
