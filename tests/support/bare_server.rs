//! A server as it is delivered: Debian with systemd and an SSH server, and nothing else. It is a container of the tests' engine with
//! an engine of its own to come; what it fetches comes from a registry of the tests.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::command::Cli;
use crate::engine::{self, Engine};
use crate::git_repo::GitRepo;
use crate::git_server::GitServer;
use crate::process::Start;
use crate::registry::Registry;
use crate::{load, wait};

/// As `cargo xtask test` makes it.
const IMAGE: &str = "slipway-test/bare-server:1";
const SYSTEMD_LIMIT: Duration = Duration::from_secs(180);
/// The image of the edge, as Docker's own registry would have it.
const EDGE: (&str, &str) = ("traefik", "v3.6");

/// Removed with all it holds by [`BareServer::remove`]; one of a test that failed goes when it is dropped.
pub struct BareServer {
    engine: Engine,
    name: String,
    address: Ipv4Addr,
    folder: tempfile::TempDir,
    mirror: Mirror,
}

impl BareServer {
    /// Boots one, with a key for root.
    pub async fn boot() -> Self {
        let engine = Engine::from_environment();
        let name = wait::unique("t");
        let folder = tempfile::Builder::new()
            .prefix("sw-bare-")
            .tempdir()
            .expect("a folder");
        let mirror = Mirror::start(&engine).await;
        let created = engine
            .call(
                "POST",
                &format!("/containers/create?name={name}"),
                Some(container(&name)),
            )
            .await;
        assert_eq!(created.0, 201, "{}", String::from_utf8_lossy(&created.1));
        let mut server = Self {
            engine,
            name,
            address: Ipv4Addr::UNSPECIFIED,
            folder,
            mirror,
        };
        server.call("POST", "start").await;
        let facts = server.inspect().await;
        let address = engine::text(&facts["NetworkSettings"]["IPAddress"]);
        server.address = address.parse().expect("its address");
        let key = server.key();
        Start::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&key)
            .ok(Duration::from_secs(60))
            .await;
        let public = std::fs::read_to_string(key.with_extension("pub")).expect("the key");
        wait::until("systemd has booted the server", SYSTEMD_LIMIT, async || {
            let state = server.exec(&["systemctl", "is-system-running"]).await;
            state.contains("running") || state.contains("degraded")
        })
        .await;
        server.put("/root/.ssh/authorized_keys", &public).await;
        let daemon = json!({ "registry-mirrors": [format!("http://{}", server.mirror.address)] });
        server.put("/etc/docker/daemon.json", &daemon.to_string()).await;
        wait::until("its sshd answers", Duration::from_secs(120), async || {
            TcpStream::connect((server.address, 22)).await.is_ok()
        })
        .await;
        server
    }

    /// Where it is reached from this machine.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The private key that root takes.
    pub fn key(&self) -> std::path::PathBuf {
        self.folder.path().join("id")
    }

    /// `SHA256:…` of its host key.
    pub async fn fingerprint(&self) -> String {
        let told = self
            .exec(&["ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub"])
            .await;
        told.split_whitespace().nth(1).expect("a fingerprint").to_owned()
    }

    /// What a program on it writes; the arguments are a vector.
    pub async fn exec(&self, words: &[&str]) -> String {
        let body = json!({ "Cmd": words, "AttachStdout": true, "AttachStderr": true, "Tty": true });
        let (status, answer) = self.engine.call("POST", &self.path("exec"), Some(body)).await;
        assert_eq!(status, 201, "{words:?}: {}", String::from_utf8_lossy(&answer));
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let start = format!("/exec/{}/start", engine::text(&answer["Id"]));
        let body = json!({ "Detach": false, "Tty": true });
        let (_, output) = self.engine.call("POST", &start, Some(body)).await;
        String::from_utf8_lossy(&output).into_owned()
    }

    /// A program that goes on by itself there.
    pub async fn begin(&self, words: &[&str]) {
        let body = json!({ "Cmd": words });
        let (_, answer) = self.engine.call("POST", &self.path("exec"), Some(body)).await;
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let start = format!("/exec/{}/start", engine::text(&answer["Id"]));
        self.engine
            .call("POST", &start, Some(json!({ "Detach": true })))
            .await;
    }

    /// Writes a file there, with its folder.
    pub async fn put(&self, path: &str, text: &str) {
        let folder = path.rsplit_once('/').expect("an absolute path").0;
        self.exec(&["mkdir", "-p", "-m", "700", folder]).await;
        let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        // Newer engines begin a program without a umask, and sshd takes no keys that everybody may write.
        let write = "umask 022; open(F, '>', $ARGV[0]); print F pack('H*', $ARGV[1]); close F";
        let said = self.exec(&["perl", "-e", write, path, &digits]).await;
        assert!(said.is_empty(), "{path}: {said}");
    }

    /// Clones a repository to a path of the server, once git is there, as an application of its own would have it.
    pub async fn clone_there(&self, repo: &GitRepo, path: &str) {
        let git = GitServer::start(repo.path().to_owned(), None).await;
        let listener = TcpListener::bind((self.mirror.gateway, 0)).await.expect("a port");
        let url = format!("http://{}/repo.git", listener.local_addr().expect("its address"));
        let relay = tokio::spawn(relay(listener, (Ipv4Addr::LOCALHOST, git.port()).into()));
        let said = self
            .exec(&["git", "clone", "--quiet", "--bare", &url, path])
            .await;
        relay.abort();
        assert!(said.is_empty(), "{said}");
    }

    /// Who set it up becomes its owner, and makes the application “web” of that version, served at `host` once it is deployed. `installed` is
    /// what the set-up told.
    pub async fn make_web(&self, cli: &Cli<'_>, installed: &str, version: &str, host: &str) {
        let code = installed.split("good once: ").nth(1).expect("an invitation");
        let login = cli.become_owner(code.trim()).await;
        assert_eq!(login.code(), 0, "{}", login.stderr);
        let repo = GitRepo::echo(version).await;
        self.clone_there(&repo, "/srv/shop.git").await;
        cli.make_web("shop", "/srv/shop.git", &[]).await;
        cli.ok(&["domain", "add", "web", host]).await;
    }

    /// One GET of `/` through its edge: status and body.
    pub async fn get(&self, host: &str) -> Result<(u16, Vec<u8>), String> {
        let edge = self.edge().await;
        load::get(edge.port, host, "/").await
    }

    /// Its edge, on a port of this machine's loopback.
    pub async fn edge(&self) -> Edge {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let relay = tokio::spawn(relay(listener, (self.address, 80).into()));
        Edge { port, relay }
    }

    fn path(&self, what: &str) -> String {
        format!("/containers/{}/{what}", self.name)
    }

    async fn call(&self, method: &str, what: &str) {
        let (status, body) = self.engine.call(method, &self.path(what), None).await;
        assert!(status < 300, "{what}: {}", String::from_utf8_lossy(&body));
    }

    async fn inspect(&self) -> Value {
        let (_, body) = self.engine.call("GET", &self.path("json"), None).await;
        serde_json::from_slice(&body).expect("JSON")
    }

    /// Removes the container and what it kept.
    pub async fn remove(self) {
        let path = format!("/containers/{}?force=true&v=true", self.name);
        let (status, body) = self.engine.call("DELETE", &path, None).await;
        assert!(status < 300, "{}", String::from_utf8_lossy(&body));
    }
}

impl Drop for BareServer {
    fn drop(&mut self) {
        let (engine, name) = (self.engine.clone(), self.name.clone());
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let path = format!("/containers/{name}?force=true&v=true");
            runtime.map(|runtime| runtime.block_on(engine.call("DELETE", &path, None)))
        });
        let _ = removal.join();
    }
}

/// The edge of a server as it is reached on this machine, as long as this is kept.
pub struct Edge {
    pub port: u16,
    relay: JoinHandle<()>,
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

/// systemd needs the capabilities of a machine. Where this one has them all that is `--privileged`, else all that it has.
fn container(name: &str) -> Value {
    let mut host = json!({
        "CgroupnsMode": "host",
        "Binds": ["/sys/fs/cgroup:/sys/fs/cgroup:rw"],
        "Tmpfs": { "/run": "exec", "/run/lock": "", "/tmp": "exec" },
        "SecurityOpt": ["seccomp=unconfined"],
        "Memory": 3u64 << 30,
    });
    match missing_capabilities() {
        false => host["Privileged"] = json!(true),
        true => host["CapAdd"] = json!(held_capabilities()),
    }
    json!({
        "Image": IMAGE,
        "Hostname": "bare",
        "Labels": { engine::INSTANCE: name },
        "StopSignal": "SIGRTMIN+3",
        "Volumes": { "/var/lib/docker": {} },
        "HostConfig": host,
    })
}

/// The names of capabilities by their number (capability.h). Those that a container engine of 2020 does not know are not asked for.
const CAPABILITIES: [&str; 38] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
];

fn bounding_set() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this process");
    let line = status.lines().find_map(|line| line.strip_prefix("CapBnd:"));
    u64::from_str_radix(line.expect("capabilities").trim(), 16).expect("a number")
}

fn held_capabilities() -> Vec<&'static str> {
    let held = bounding_set();
    let names = CAPABILITIES.iter().enumerate();
    names
        .filter(|(number, _)| held & (1 << number) != 0)
        .map(|(_, name)| *name)
        .collect()
}

fn missing_capabilities() -> bool {
    held_capabilities().len() < CAPABILITIES.len()
}

/// This machine's address on a bridge. An engine that has just made its first one says only which network that is; it took the first
/// address of it.
fn own_address(network: &Value) -> Ipv4Addr {
    if let Ok(gateway) = engine::text(&network["Gateway"]).parse() {
        return gateway;
    }
    let subnet = engine::text(&network["Subnet"]);
    let base: Option<Ipv4Addr> = subnet.split('/').next().and_then(|base| base.parse().ok());
    let base = base.expect("the bridge's network");
    Ipv4Addr::from_bits(base.to_bits() + 1)
}

/// A registry with the edge's image, on the engine's bridge: for servers in containers, which cannot reach this machine's loopback.
struct Mirror {
    gateway: Ipv4Addr,
    address: String,
    _registry: Registry,
    relay: JoinHandle<()>,
}

impl Mirror {
    async fn start(engine: &Engine) -> Self {
        let (_, body) = engine.call("GET", "/networks/bridge", None).await;
        let bridge: Value = serde_json::from_slice(&body).expect("JSON");
        let gateway = own_address(&bridge["IPAM"]["Config"][0]);
        let registry = Registry::start().await;
        let (name, tag) = EDGE;
        registry
            .put(engine, &format!("{name}:{tag}"), &format!("library/{name}"), tag)
            .await;
        let listener = TcpListener::bind((gateway, 0))
            .await
            .expect("a port on the bridge");
        let address = listener.local_addr().expect("its address").to_string();
        let relay = tokio::spawn(relay(listener, (Ipv4Addr::LOCALHOST, registry.port()).into()));
        Self {
            gateway,
            address,
            _registry: registry,
            relay,
        }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

/// Passes connections on to another address.
async fn relay(listener: TcpListener, to: SocketAddr) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((mut outside, _)) = listener.accept().await {
        connections.spawn(async move {
            if let Ok(mut inside) = TcpStream::connect(to).await {
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            }
        });
    }
}
