//! A PostgreSQL for an application to talk to: the machine's own binaries, reachable from containers of this machine only.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::{Uid, User};
use tempfile::TempDir;

use crate::agent::Agent;
use crate::engine::{Engine, text};
use crate::process::{Daemon, Finished, Start};
use crate::wait;

pub struct Postgres {
    process: Daemon,
    folder: TempDir,
    address: String,
    port: u16,
}

const PASSWORD: &str = "a-password-of-the-tests";
/// So long a query may take.
const PATIENCE: Duration = Duration::from_secs(120);

impl Postgres {
    pub async fn start(engine: &Engine) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sw-pg-")
            .tempdir()
            .expect("a folder");
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).expect("the password");
        let bin = binaries();
        let owner = owner();
        for path in [folder.path(), &password] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its mode");
            if let Some((user, group)) = owner {
                std::os::unix::fs::chown(path, Some(user), Some(group)).expect("its owner");
            }
        }
        let initdb =
            Start::new(bin.join("initdb")).args(["--auth=scram-sha-256", "--username=app", "--no-sync"]);
        let initdb = initdb.arg("--pwfile").arg(&password).arg("--pgdata").arg(&data);
        as_owner(initdb, owner).ok(Duration::from_secs(180)).await;
        let address = host_address(engine).await;
        append(&data.join("pg_hba.conf"), "host all all samenet scram-sha-256\n");
        let port = wait::free_port();
        let server = Start::new(bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-h")
            .arg(&address);
        let server = server.args(["-p", &port.to_string(), "-c", "fsync=off", "-k", ""]);
        let process = as_owner(server, owner).daemon(&folder.path().join("postgres.log"));
        let postgres = Self {
            process,
            folder,
            address,
            port,
        };
        wait::until("PostgreSQL listens", Duration::from_secs(120), async || {
            tokio::net::TcpStream::connect((postgres.address.as_str(), postgres.port))
                .await
                .is_ok()
        })
        .await;
        postgres
    }

    /// As an application reads it from a variable.
    pub fn url(&self) -> String {
        self.url_at(&self.address, self.port)
    }

    /// The same by another way to it.
    pub fn url_at(&self, host: &str, port: u16) -> String {
        format!("postgresql://app:{PASSWORD}@{host}:{port}/postgres")
    }

    /// Where it listens.
    pub fn place(&self) -> (&str, u16) {
        (&self.address, self.port)
    }

    pub fn log(&self) -> String {
        format!("{} {}", self.folder.path().display(), self.process.output())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once, whoever is connected. Killed, it would leave its shared memory behind.
        self.process.stop_by(Signal::SIGINT, Duration::from_secs(10));
    }
}

fn as_owner(start: Start, owner: Option<(u32, u32)>) -> Start {
    match owner {
        Some((user, group)) => start.user(user, group),
        None => start,
    }
}

/// PostgreSQL refuses to run as root: then it runs as the user that its package made.
fn owner() -> Option<(u32, u32)> {
    if !Uid::effective().is_root() {
        return None;
    }
    let user = ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| User::from_name(name).ok().flatten());
    user.map(|user| (user.uid.as_raw(), user.gid.as_raw()))
}

/// PostgreSQL's programs.
pub fn binaries() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let found = versions
        .map(|version| version.path().join("bin"))
        .find(|bin| bin.join("initdb").exists());
    found.expect("PostgreSQL is not installed; run `cargo xtask test`")
}

/// What the database that an agent runs for itself answers to a query; nothing where its database is somebody else's.
pub async fn ask_that_of(agent: &Agent, query: &str) -> Option<Finished> {
    let place = agent.data().join("postgres/run");
    if !place.exists() {
        return None;
    }
    let asked = Start::new(binaries().join("psql")).arg("-h").arg(&place).args([
        "-U", "slipway", "-d", "postgres", "-X", "-q", "-A", "-t", "-c", query,
    ]);
    Some(asked.run(PATIENCE).await)
}

/// This machine as a service's containers see it: the gateway of Swarm's own bridge.
async fn host_address(engine: &Engine) -> String {
    let (status, body) = engine.call("GET", "/networks/docker_gwbridge", None).await;
    assert_eq!(status, 200, "Swarm's bridge is there");
    let network: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    text(&network["IPAM"]["Config"][0]["Gateway"]).to_owned()
}

fn append(path: &Path, line: &str) {
    let old = fs::read_to_string(path).unwrap_or_default();
    fs::write(path, format!("{old}{line}")).expect("the configuration");
}
