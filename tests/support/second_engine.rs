//! A second Docker engine beside the one that serves: a build node. It has folders of its own and a network namespace of its own, so that it is in
//! nobody's way; from there what it builds reaches nobody.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::engine::{Engine, over_unix};
use crate::process::{Daemon, Start};
use crate::{environment, wait};

const START: Duration = Duration::from_secs(120);
const END: Duration = Duration::from_secs(180);

/// Fields are dropped in their order: the engine before its folder.
pub struct SecondEngine {
    engine: Engine,
    daemon: Daemon,
    exec: PathBuf,
    _folder: TempDir,
}

impl SecondEngine {
    /// Needs root, as the engine of the tests itself does.
    pub async fn start() -> Self {
        // Where the first one has its data: the same file system lets it keep images in the same way.
        fs::create_dir_all(environment::cache()).expect("the cache");
        let folder = tempfile::Builder::new()
            .prefix("engine-second-")
            .tempdir_in(environment::cache())
            .expect("a folder");
        // A socket's path is short, and containerd's lie below it.
        let exec = PathBuf::from("/run").join(wait::unique("slipway-second-"));
        let socket = exec.with_extension("sock");
        let (program, variables) = as_the_first_one();
        // In the machine's own namespace its bridge would be the first one's.
        let mut daemon = Start::new("unshare")
            .args(["--net", "--"])
            .arg(program)
            .envs(variables)
            .arg("--data-root")
            .arg(folder.path().join("data"))
            .arg("--exec-root")
            .arg(&exec)
            .arg("--pidfile")
            .arg(folder.path().join("dockerd.pid"))
            .arg("--host")
            .arg(format!("unix://{}", socket.display()))
            .args(["--iptables=false", "--ip-masq=false"])
            .daemon(&folder.path().join("dockerd.log"));
        wait::until("the second engine answers", START, async || {
            assert!(
                daemon.is_running(),
                "the second engine ended: {}",
                daemon.output()
            );
            matches!(over_unix(&socket, "GET", "/_ping", None).await, Ok((200, _)))
        })
        .await;
        Self {
            engine: Engine::at(socket),
            daemon,
            exec,
            _folder: folder,
        }
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// The program and the variables of the engine that serves, where it is one of the tests' own; else the machine's.
fn as_the_first_one() -> (PathBuf, Vec<(String, OsString)>) {
    let pid = fs::read_to_string(environment::docker_pid_file()).unwrap_or_default();
    let process = Path::new("/proc").join(pid.trim());
    let found = (
        fs::read_link(process.join("exe")),
        fs::read(process.join("environ")),
    );
    let (false, (Ok(program), Ok(variables))) = (pid.trim().is_empty(), found) else {
        return ("dockerd".into(), Vec::new());
    };
    let variables = String::from_utf8_lossy(&variables).into_owned();
    let pairs = variables.split('\0').filter_map(|variable| {
        let (key, value) = variable.split_once('=')?;
        Some((key.to_owned(), value.into()))
    });
    (program, pairs.collect())
}

impl Drop for SecondEngine {
    fn drop(&mut self) {
        let by_itself = self.daemon.stop(END);
        for left in [self.exec.clone(), self.exec.with_extension("sock")] {
            let _ = fs::remove_dir_all(&left).or_else(|_| fs::remove_file(&left));
        }
        if !std::thread::panicking() {
            assert!(by_itself, "the second engine did not end by itself");
        }
    }
}
