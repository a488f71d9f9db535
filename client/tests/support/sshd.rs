//! A real sshd on a loopback port, with host keys, configuration and authorised keys of its own.

#![allow(clippy::disallowed_types)] // tests start the programs that they test against

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Sshd {
    pub port: u16,
    pub user: String,
    /// A private key that is let in.
    pub key: PathBuf,
    folder: PathBuf,
    child: Child,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a key pair with `ssh-keygen`; `path` is the private one.
pub fn make_key(path: &Path, kind: &str, passphrase: &str) {
    let done = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-C", "test", "-f"])
        .arg(path)
        .status();
    assert!(done.unwrap().success(), "ssh-keygen made {}", path.display());
}

impl Sshd {
    /// Starts it with more lines of configuration.
    pub fn start(folder: &Path, more: &str) -> Self {
        let key = folder.join("client_key");
        make_key(&key, "ed25519", "");
        std::fs::copy(folder.join("client_key.pub"), folder.join("authorized_keys")).unwrap();
        make_key(&folder.join("host_ed25519"), "ed25519", "");
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let at = folder.display();
        let text = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {at}/host_ed25519\nPidFile none\nStrictModes no\nUsePAM no\n\
             PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nLogLevel DEBUG2\n\
             AuthorizedKeysFile {at}/authorized_keys\nMaxStartups 100\n{more}\n"
        );
        std::fs::write(folder.join("sshd_config"), text).unwrap();
        let child = run(folder);
        let sshd = Self {
            port,
            user: own_name(),
            key,
            folder: folder.to_owned(),
            child,
        };
        sshd.wait();
        sshd
    }

    /// Lets another key in.
    pub fn authorise(&self, public: &Path) {
        let mut keys = std::fs::read_to_string(self.folder.join("authorized_keys")).unwrap();
        keys.push_str(&std::fs::read_to_string(public).unwrap());
        std::fs::write(self.folder.join("authorized_keys"), keys).unwrap();
    }

    /// The same server with another host key.
    pub fn restart_with_new_host_key(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        for name in ["host_ed25519", "host_ed25519.pub"] {
            std::fs::remove_file(self.folder.join(name)).unwrap();
        }
        make_key(&self.folder.join("host_ed25519"), "ed25519", "");
        std::fs::write(self.folder.join("log"), "").unwrap();
        self.child = run(&self.folder);
        self.wait();
    }

    /// The line of a `known_hosts` file for its key.
    pub fn host_key_line(&self) -> String {
        let public = std::fs::read_to_string(self.folder.join("host_ed25519.pub")).unwrap();
        format!("[127.0.0.1]:{} {public}", self.port)
    }

    /// `SHA256:…` as `ssh-keygen` says it.
    pub fn fingerprint(&self) -> String {
        let output = Command::new("ssh-keygen")
            .arg("-lf")
            .arg(self.folder.join("host_ed25519.pub"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout)
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .to_owned()
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.join("log")).unwrap_or_default()).into_owned()
    }

    fn wait(&self) {
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "sshd listens; its log: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn run(folder: &Path) -> Child {
    // Where systemd has not made it.
    let _ = std::fs::create_dir_all("/run/sshd");
    Command::new("/usr/sbin/sshd")
        .arg("-D")
        .arg("-f")
        .arg(folder.join("sshd_config"))
        .arg("-E")
        .arg(folder.join("log"))
        .stdin(Stdio::null())
        .spawn()
        .expect("openssh-server is installed")
}

fn own_name() -> String {
    String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

/// An `ssh-agent` that holds one key.
pub struct KeyAgent {
    pub socket: PathBuf,
    child: Child,
}

impl Drop for KeyAgent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl KeyAgent {
    pub fn holding(folder: &Path, key: &Path) -> Self {
        let socket = folder.join("key-agent.sock");
        let child = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(5);
        while !socket.exists() {
            assert!(Instant::now() < until, "ssh-agent listens");
            std::thread::sleep(Duration::from_millis(10));
        }
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(key)
            .env("SSH_AUTH_SOCK", &socket)
            .status();
        assert!(added.unwrap().success());
        Self { socket, child }
    }
}

/// A `slipway-agent` whose only art is `dial-stdio`: it joins its standard input and output to the socket.
pub fn dial_stdio_program(folder: &Path, socket: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("slipway-agent");
    let text = format!(
        "#!/usr/bin/perl\nuse strict; use IO::Socket::UNIX; use IO::Select;\n\
         my $s = IO::Socket::UNIX->new(Peer => '{}') or do {{ print STDERR \"The agent does not listen: $!.\\n\"; exit 1 }};\n\
         my $set = IO::Select->new(\\*STDIN, $s);\n\
         while (my @ready = $set->can_read) {{ for my $from (@ready) {{\n\
           my $n = sysread($from, my $data, 65536); exit 0 unless $n;\n\
           my $to = $from == $s ? \\*STDOUT : $s; my $at = 0;\n\
           while ($at < $n) {{ my $w = syswrite($to, $data, $n - $at, $at); exit 0 unless $w; $at += $w }}\n\
         }} }}\n",
        socket.display()
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}
