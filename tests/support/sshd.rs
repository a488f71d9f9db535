//! A real OpenSSH server on a loopback port, with a host key and an authorised client key of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::environment;
use crate::process::{self, Daemon, Start};
use crate::wait;

pub struct Sshd {
    folder: TempDir,
    port: u16,
    forwarding: bool,
    /// What it says to everybody before they sign in.
    banner: String,
    process: Option<Daemon>,
}

impl Sshd {
    /// Allows forwarding to Unix sockets, as OpenSSH does unless told otherwise.
    pub async fn start() -> Self {
        Self::start_with(true, "").await
    }

    /// Forbids all forwarding: only programs can be started.
    pub async fn start_without_forwarding() -> Self {
        Self::start_with(false, "").await
    }

    /// Greets everybody with these words before they sign in.
    pub async fn start_with_banner(banner: &str) -> Self {
        Self::start_with(true, banner).await
    }

    async fn start_with(forwarding: bool, banner: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sw-sshd-")
            .tempdir()
            .expect("a folder");
        let mut sshd = Self {
            folder,
            port: wait::free_port(),
            forwarding,
            banner: banner.to_owned(),
            process: None,
        };
        sshd.new_host_key().await;
        make_key(&sshd.client_key()).await;
        fs::copy(
            sshd.client_key().with_extension("pub"),
            sshd.path("authorized_keys"),
        )
        .expect("the authorised key");
        sshd.resume().await;
        sshd
    }

    /// Another host key, as a server that was set up anew (or somebody in between) would show.
    pub async fn change_host_key(&mut self) {
        self.pause();
        self.new_host_key().await;
        self.resume().await;
    }

    /// Stops listening and ends every open connection.
    pub fn pause(&mut self) {
        // Each open connection is a process of its own, started by the one that listens.
        let connections = self
            .process
            .as_ref()
            .map(|listener| process::descendants(listener.pid()));
        self.process = None;
        process::kill_all(&connections.unwrap_or_default());
    }

    /// Listens again on the same port.
    pub async fn resume(&mut self) {
        fs::create_dir_all("/run/sshd").ok();
        fs::write(self.path("banner"), &self.banner).expect("the banner");
        fs::write(self.path("sshd_config"), self.config()).expect("the configuration");
        let program = ["/usr/sbin/sshd", "/usr/bin/sshd"]
            .into_iter()
            .find(|path| Path::new(path).exists());
        let program = program.expect("sshd is not installed; run `cargo xtask test`");
        let log = self.path("sshd.log");
        let mut process = Start::new(program)
            .args(["-D", "-e", "-f"])
            .arg(self.path("sshd_config"))
            .daemon(&log);
        let port = self.port;
        wait::until("sshd listens", Duration::from_secs(120), async || {
            assert!(process.is_running(), "sshd ended: {}", process.output());
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await;
        self.process = Some(process);
    }

    async fn new_host_key(&self) {
        for name in ["host_key", "host_key.pub"] {
            let _ = fs::remove_file(self.path(name));
        }
        make_key(&self.path("host_key")).await;
    }

    fn config(&self) -> String {
        let agent_folder = environment::agent()
            .parent()
            .map(Path::to_owned)
            .unwrap_or_default();
        let forwarding = if self.forwarding {
            "AllowStreamLocalForwarding yes"
        } else {
            "DisableForwarding yes"
        };
        let banner = if self.banner.is_empty() {
            "none".to_owned()
        } else {
            self.path("banner").display().to_string()
        };
        format!(
            "Banner {banner}\nPort {port}\nListenAddress 127.0.0.1\nHostKey {key}\nPidFile none\nUsePAM no\nStrictModes no\n\
             AuthorizedKeysFile {authorized}\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\n\
             PermitRootLogin yes\nPrintMotd no\nLogLevel VERBOSE\n{forwarding}\nSetEnv PATH={agent}:/usr/bin:/bin\n",
            port = self.port,
            key = self.path("host_key").display(),
            authorized = self.path("authorized_keys").display(),
            agent = agent_folder.display(),
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The user who may sign in: the one that runs the tests.
    pub fn user(&self) -> String {
        nix::unistd::User::from_uid(nix::unistd::getuid())
            .ok()
            .flatten()
            .map_or_else(|| "root".to_owned(), |user| user.name)
    }

    pub fn client_key(&self) -> PathBuf {
        self.path("client_key")
    }

    /// Lets another key in, given as a line of `authorized_keys`.
    pub fn authorize(&self, line: &str) {
        let path = self.path("authorized_keys");
        let known = fs::read_to_string(&path).expect("the authorised keys");
        fs::write(&path, format!("{known}\n{line}\n")).expect("the authorised keys");
    }

    /// A key that this server does not know.
    pub async fn stranger_key(&self) -> PathBuf {
        let path = self.path(&wait::unique("stranger-"));
        make_key(&path).await;
        path
    }

    /// A key that it lets in, in a file that a passphrase protects.
    pub async fn key_with_passphrase(&self, passphrase: &str) -> PathBuf {
        let path = self.path(&wait::unique("protected-"));
        make_key_with(&path, passphrase).await;
        self.authorize(&fs::read_to_string(path.with_extension("pub")).expect("a key"));
        path
    }

    /// `SHA256:…` as ssh-keygen shows it: not computed by Slipway.
    pub async fn fingerprint(&self) -> String {
        let shown = Start::new("ssh-keygen")
            .args(["-l", "-E", "sha256", "-f"])
            .arg(self.path("host_key.pub"))
            .ok(SHORT)
            .await;
        shown
            .split_whitespace()
            .find(|word| word.starts_with("SHA256:"))
            .expect("a fingerprint")
            .to_owned()
    }

    /// The host key as a line of `known_hosts`.
    pub fn known_hosts_line(&self) -> String {
        let key = fs::read_to_string(self.path("host_key.pub")).expect("the host key");
        let words: Vec<&str> = key.split_whitespace().take(2).collect();
        format!("[127.0.0.1]:{} {}", self.port, words.join(" "))
    }

    /// How many TCP connections it has taken since it started.
    pub fn connections(&self) -> usize {
        self.log().matches("Connection from 127.0.0.1").count()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("sshd.log")).unwrap_or_default()
    }
}

const SHORT: Duration = Duration::from_secs(120);

async fn make_key(path: &Path) {
    make_key_with(path, "").await;
}

async fn make_key_with(path: &Path, passphrase: &str) {
    Start::new("ssh-keygen")
        .args([
            "-q",
            "-t",
            "ed25519",
            "-N",
            passphrase,
            "-C",
            "slipway-test",
            "-f",
        ])
        .arg(path)
        .ok(SHORT)
        .await;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("the key's mode");
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.pause();
    }
}
