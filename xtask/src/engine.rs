//! A Docker engine of Slipway's own, with its data in the cache: for the tests, and for a local cluster on a machine
//! where no Docker runs. It is a Swarm of one node that listens on loopback only.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::mount::{MntFlags, umount2};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::progress::note;
use crate::run_program::{Run, last_lines};
use crate::{cache, engine29, packages};

/// Which engine: Debian's, or a current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Version {
    #[value(name = "20")]
    Debian,
    #[value(name = "29")]
    Current,
}

impl Version {
    fn name(self) -> &'static str {
        match self {
            Self::Debian => "20",
            Self::Current => "29",
        }
    }
}

/// The oldest level of the API that the current engine is told to take: Docker 29.0 to 29.2 take nothing older by themselves.
const OLDEST_OF_CURRENT: &str = "1.44";

/// A running engine.
pub struct Engine {
    pub socket: PathBuf,
    /// Of an engine of Slipway's own.
    version: Option<Version>,
    /// Only what this run started is stopped at its end.
    started: Option<OwnDaemon>,
}

struct OwnDaemon {
    folder: PathBuf,
}

impl Engine {
    /// `unix:///…`
    pub fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Where an engine of Slipway's own writes its process id; beside its socket.
    pub fn pid_file(&self) -> PathBuf {
        self.socket.with_file_name("dockerd.pid")
    }

    /// Nobody else's: it lives in Slipway's cache folder.
    pub fn is_own(&self) -> bool {
        self.socket.starts_with(cache::folder()) && self.pid_file().exists()
    }

    /// Whether this run started it: then no test uses it yet.
    pub fn is_fresh(&self) -> bool {
        self.started.is_some()
    }

    pub fn docker(&self) -> Run {
        let docker = Run::new("docker").arg("--host").arg(self.address());
        match self.version {
            // Debian's client would speak an older one.
            Some(Version::Current) => docker.env("DOCKER_API_VERSION", OLDEST_OF_CURRENT),
            _ => docker,
        }
    }

    /// Uses an engine that runs already.
    pub fn at(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
            version: None,
            started: None,
        }
    }

    /// Starts Slipway's own engine, or finds it running; it goes on after this task.
    pub fn own(version: Version) -> Result<Self> {
        let folder = cache::sub(&format!("engine-{}", version.name()))?;
        let mut engine = Self {
            version: Some(version),
            ..Self::at(&folder.join("docker.sock"))
        };
        if !answers(&engine.socket) {
            start(version, &folder, &engine)?;
            engine.started = Some(OwnDaemon { folder });
        }
        if let Err(error) = engine.ensure_swarm().and_then(|()| engine.bear_with_itself()) {
            engine.stop_if_started();
            return Err(error);
        }
        Ok(engine)
    }

    /// The id of the Swarm, where the engine manages one.
    pub fn swarm_id(&self) -> Option<String> {
        let told = self
            .docker()
            .args(["info", "--format", "{{with .Swarm.Cluster}}{{.ID}}{{end}}"])
            .quiet()
            .ok()?;
        Some(told.trim().to_owned()).filter(|id| !id.is_empty())
    }

    /// `inactive`, `active`, `pending`, `error` or `locked`.
    pub fn swarm_state(&self) -> Result<String> {
        let state = self
            .docker()
            .args(["info", "--format", "{{.Swarm.LocalNodeState}}"])
            .quiet()?;
        Ok(state.trim().to_owned())
    }

    /// Makes it a Swarm of one node if it is none.
    pub fn ensure_swarm(&self) -> Result<()> {
        match self.swarm_state()?.as_str() {
            "active" => return Ok(()),
            "inactive" => {}
            // Left by a machine that went down in the middle; nothing of value is in an own engine.
            _ => drop(self.docker().args(["swarm", "leave", "--force"]).quiet()),
        }
        self.docker()
            .args([
                "swarm",
                "init",
                "--advertise-addr",
                "127.0.0.1",
                "--listen-addr",
                "127.0.0.1:2377",
            ])
            .quiet()?;
        Ok(())
    }

    /// A Swarm gives up a node that says nothing for three times five seconds, and starts its tasks anew. On a machine that builds and tests
    /// with all cores the engine itself can be that late, and there is no other node.
    fn bear_with_itself(&self) -> Result<()> {
        self.docker()
            .args(["swarm", "update", "--dispatcher-heartbeat", "60s"])
            .quiet()?;
        Ok(())
    }

    /// Stops the engine if this run started it.
    pub fn stop_if_started(&mut self) {
        if let Some(own) = self.started.take() {
            stop(&own.folder);
        }
    }
}

/// Where an engine keeps what lives as long as it runs. A short path: containerd's sockets lie below it, and a socket's
/// path is at most 107 bytes long.
fn exec_root(folder: &Path) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    PathBuf::from(format!("/run/slipway-{name}"))
}

/// Network namespaces that an engine left behind hold its overlay networks' devices, and those are in the way of the next
/// engine's (“error creating vxlan interface: file exists”).
fn forget_networks(exec: &Path) {
    for entry in fs::read_dir(exec.join("netns")).into_iter().flatten().flatten() {
        let _ = umount2(&entry.path(), MntFlags::MNT_DETACH);
        let _ = fs::remove_file(entry.path());
    }
}

/// Whether an engine answers on this socket.
pub fn answers(socket: &Path) -> bool {
    let asked = UnixStream::connect(socket).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    asked.is_ok_and(|answer| answer.split(' ').nth(1) == Some("200"))
}

fn start(version: Version, folder: &Path, engine: &Engine) -> Result<()> {
    if !nix::unistd::geteuid().is_root() {
        bail!(
            "no Docker answers here and only root can start one; start it with `sudo systemctl start docker` and join its group with `sudo usermod -aG docker $USER`, or run this as root"
        );
    }
    stop(folder);
    let path = match version {
        Version::Debian => None,
        Version::Current => Some(engine29::programs()?),
    };
    let dockerd = match &path {
        Some(folder) => folder.join("dockerd"),
        None => packages::find("dockerd").context("dockerd is not installed; install docker.io")?,
    };
    let mut search = std::env::var_os("PATH").unwrap_or_default();
    if let Some(first) = &path {
        let folders =
            std::iter::once(first.clone()).chain(std::env::split_paths(&search).collect::<Vec<_>>());
        search = std::env::join_paths(folders)?;
    }
    note(&format!(
        "starting {} with its data in {}",
        dockerd.display(),
        folder.display()
    ));
    let log = folder.join("dockerd.log");
    let exec = exec_root(folder);
    forget_networks(&exec);
    let mut daemon = Run::new(dockerd);
    if version == Version::Current {
        daemon = daemon.env("DOCKER_MIN_API_VERSION", OLDEST_OF_CURRENT);
    }
    let pid = daemon
        .arg("--data-root")
        .arg(folder.join("data"))
        .arg("--exec-root")
        .arg(&exec)
        .arg("--pidfile")
        .arg(folder.join("dockerd.pid"))
        .arg("--host")
        .arg(engine.address())
        .env("PATH", search)
        // Hundreds of services come and go here, and memory is cheaper than the time in which it is collected.
        .env("GOGC", "400")
        .daemon(&log)?;
    let end = Instant::now() + Duration::from_secs(60);
    while !answers(&engine.socket) {
        if kill(Pid::from_raw(pid), None).is_err() || Instant::now() > end {
            let said = fs::read_to_string(&log).unwrap_or_default();
            bail!(
                "the Docker engine did not start ({}):\n{}\nIf another Docker runs here, stop it, or let the tests use it with SLIPWAY_TEST_DOCKER=unix:///var/run/docker.sock",
                log.display(),
                last_lines(&said, 8)
            );
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Stops the own engines of both versions.
pub fn stop_own() -> Result<()> {
    for version in [Version::Debian, Version::Current] {
        stop(&cache::folder().join(format!("engine-{}", version.name())));
    }
    Ok(())
}

/// Removes the own engines' data.
pub fn purge_own() -> Result<()> {
    for version in [Version::Debian, Version::Current] {
        let folder = cache::folder().join(format!("engine-{}", version.name()));
        if folder.exists() {
            unmount_below(&folder)?;
            Run::as_root("rm")
                .args(["-rf", "--one-file-system"])
                .arg(&folder)
                .quiet()?;
        }
    }
    Ok(())
}

/// An engine that was killed leaves its data mounted upon itself; the one after it finds that so and leaves it too.
fn unmount_below(folder: &Path) -> Result<()> {
    // proc_mounts(5): the second word is where; what was mounted last stands last.
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    let below: Vec<_> = places
        .filter(|place| Path::new(place).starts_with(folder))
        .collect();
    for place in below.into_iter().rev() {
        Run::as_root("umount").args([place]).quiet()?;
    }
    Ok(())
}

/// Asks the engine with its data here to end, with its containers, and waits for it.
fn stop(folder: &Path) {
    let pid = fs::read_to_string(folder.join("dockerd.pid"))
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let Some(pid) = pid.filter(|pid| is_dockerd(*pid)) else {
        return;
    };
    let pid = Pid::from_raw(pid);
    let _ = kill(pid, Signal::SIGTERM);
    let end = Instant::now() + Duration::from_secs(60);
    while kill(pid, None).is_ok() && !is_zombie(pid) {
        if Instant::now() > end {
            let _ = kill(pid, Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let _ = fs::remove_file(folder.join("docker.sock"));
    forget_networks(&exec_root(folder));
}

/// The number in a file of an earlier day may be another program's by now.
fn is_dockerd(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "dockerd")
}

fn is_zombie(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .any(|line| line.starts_with("State:") && line.contains('Z'))
}
