//! A real sshd on a loopback port, with host keys, configuration and authorised keys of its own.

#![allow(clippy::disallowed_types)] // tests start the programs that they test against

use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;

use super::LONG;

pub struct Sshd {
    pub port: u16,
    pub user: String,
    /// A private key that is let in.
    pub key: PathBuf,
    folder: PathBuf,
    child: Child,
    /// How often [`Self::visits`] was there itself.
    looks: AtomicUsize,
    /// Keeps the port while nobody listens on it: nobody else gets it, and who names it may listen there.
    _place: TcpSocket,
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
        let place = TcpSocket::new_v4().unwrap();
        place.set_reuseaddr(true).unwrap();
        place.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = place.local_addr().unwrap().port();
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
            looks: AtomicUsize::new(0),
            _place: place,
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

    /// How many connections it has taken. They are taken in their order: when one more that is made here is in its log, all before it are.
    pub fn visits(&self) -> usize {
        let last = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let port = last.local_addr().unwrap().port();
        let looks = self.looks.fetch_add(1, Ordering::SeqCst) + 1;
        let own = format!("Connection from 127.0.0.1 port {port} on ");
        let (until, mut seen) = (Instant::now() + LONG, None);
        loop {
            let log = self.log();
            let count = log.contains(&own).then(|| self.forked(&log)).flatten();
            // The kernel's list of children is right once none of them ends meanwhile.
            if let Some(count) = count.filter(|_| count == seen) {
                return count - looks;
            }
            seen = count;
            assert!(Instant::now() < until, "sshd has taken it; its log: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How many children it has written of: one for each connection. `None` while one of those that there are is not among them: a child may
    /// write before it does.
    fn forked(&self, log: &str) -> Option<usize> {
        let own = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap();
        let is_told = |child: &str| log.contains(&format!("Forked child {child}."));
        let all = children.split_whitespace().all(is_told);
        all.then(|| log.matches("Forked child").count())
    }

    fn wait(&self) {
        let until = Instant::now() + LONG;
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
        let until = Instant::now() + LONG;
        // The file is there a moment before anybody listens.
        while UnixStream::connect(&socket).is_err() {
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
    let (path, source) = (folder.join("slipway-agent"), folder.join("slipway-agent.source"));
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
    std::fs::write(&source, text).unwrap();
    // Nobody runs what is open for writing, and a file that is written here is so for as long as a program that another test starts in that
    // moment has not begun. So another program writes it.
    let made = Command::new("install")
        .args(["-m", "755"])
        .arg(&source)
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    path
}
