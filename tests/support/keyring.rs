//! A D-Bus session with a GNOME keyring: the real Secret Service, apart from the machine's own. It can be locked, absent, or out of reach.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::process::{Daemon, Start};
use crate::wait;

const PASSWORD: &str = "a password of the tests";
const SERVICE: &str = "org.freedesktop.secrets";

pub struct Keyring {
    // Dropped in this order: the service before the bus, the bus before the folder.
    service: Option<Service>,
    _bus: Daemon,
    address: String,
    folder: TempDir,
}

impl Keyring {
    /// Unlocked, as on a desktop where somebody has just signed in.
    pub async fn start() -> Self {
        let keyring = Self::on_a_bus("", true).await;
        keyring.until_ready().await;
        keyring
    }

    /// A session bus on which no Secret Service is, nor is started by being asked for.
    pub async fn absent() -> Self {
        Self::on_a_bus("", false).await
    }

    /// The service is there, and the bus lets nobody speak with it, as a sandbox does.
    pub async fn denied() -> Self {
        let rule = format!("<deny send_destination=\"{SERVICE}\"/>");
        let keyring = Self::on_a_bus(&rule, true).await;
        keyring.until_ready().await;
        keyring
    }

    async fn on_a_bus(rule: &str, with_service: bool) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sw-keys-")
            .tempdir()
            .expect("a folder");
        let socket = folder.path().join("bus");
        let address = format!("unix:path={}", socket.display());
        // Without the machine's own services.
        let config = folder.path().join("bus.conf");
        let text = format!(
            "<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/>{rule}</policy></busconfig>"
        );
        fs::write(&config, text).expect("the bus's configuration");
        let bus = Start::new(find("dbus-daemon"))
            .args(["--nofork", "--nopidfile", "--nosyslog"])
            .arg(format!("--config-file={}", config.display()))
            .daemon(&folder.path().join("bus.log"));
        wait::until(
            "the D-Bus session is there",
            Duration::from_secs(60),
            async || socket.exists(),
        )
        .await;
        let service = with_service.then(|| {
            let (address, folder) = (address.clone(), folder.path().to_owned());
            Service::start(move || {
                Start::new(find("gnome-keyring-daemon"))
                    .args(["--foreground", "--unlock", "--components=secrets"])
                    .envs(session(&address, &folder))
                    .input(PASSWORD)
                    .daemon(&folder.join("keyring.log"))
            })
        });
        Self {
            service,
            _bus: bus,
            address,
            folder,
        }
    }

    /// Of the session bus.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Locks it, as a desktop does after a while.
    pub async fn lock(&self) {
        let asked = self
            .send(&[
                "--dest=org.freedesktop.secrets",
                "/org/freedesktop/secrets",
                "org.freedesktop.Secret.Service.Lock",
                "array:objpath:/org/freedesktop/secrets/collection/login",
            ])
            .await;
        assert!(asked.contains("collection/login"), "{asked}");
    }

    /// Unlocks it, as signing in to a desktop does: by the daemon's own control socket.
    pub async fn unlock(&self) {
        const UNLOCK: u32 = 1;
        let length = |bytes: usize| u32::try_from(bytes).expect("short").to_be_bytes();
        let mut socket = UnixStream::connect(self.folder.path().join("keyring/control"))
            .await
            .expect("its control socket");
        // A byte for the credentials that go with it; then the packet's length, what to do, and the password.
        let mut packet = vec![0];
        packet.extend(length(12 + PASSWORD.len()));
        packet.extend(UNLOCK.to_be_bytes());
        packet.extend(length(PASSWORD.len()));
        packet.extend(PASSWORD.as_bytes());
        socket.write_all(&packet).await.expect("it is asked");
        let mut answer = [0; 8];
        let read = tokio::time::timeout(Duration::from_secs(60), socket.read_exact(&mut answer));
        read.await.expect("it answers in time").expect("an answer");
        assert_eq!(answer, [0, 0, 0, 8, 0, 0, 0, 0], "it is unlocked");
    }

    /// It takes calls and answers none, as one does that has a slow disk or waits for its person.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// It answers again, also what it was asked meanwhile.
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let service = self.service.as_ref().expect("a service");
        let pid = Pid::from_raw(service.daemon().pid().cast_signed());
        nix::sys::signal::kill(pid, signal).expect("the service takes it");
    }

    async fn send(&self, args: &[&str]) -> String {
        let asked = Start::new(find("dbus-send"))
            .args(["--session", "--print-reply", "--reply-timeout=110000"])
            .args(args.iter().copied())
            .envs(self.environment())
            .run(Duration::from_secs(120))
            .await;
        asked.stdout
    }

    async fn until_ready(&self) {
        wait::until(
            "the Secret Service answers",
            Duration::from_secs(180),
            async || {
                let asked = self
                    .send(&[
                        "--dest=org.freedesktop.DBus",
                        "/",
                        "org.freedesktop.DBus.NameHasOwner",
                        "string:org.freedesktop.secrets",
                    ])
                    .await;
                asked.contains("boolean true")
            },
        )
        .await;
    }

    /// What a program needs in its environment to find it.
    pub fn environment(&self) -> Vec<(String, OsString)> {
        session(&self.address, self.folder.path())
    }

    /// What the desktop keeps of its programs: the keyring's files, and the webview's own. They hold nothing readable.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The service as a session keeps it: where it ends by itself (this one does now and then), the next one is started.
struct Service {
    daemon: Arc<Mutex<Daemon>>,
    // Dropped, it ends the keeper.
    kept: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Service {
    fn start(start: impl Fn() -> Daemon + Send + 'static) -> Self {
        let daemon = Arc::new(Mutex::new(start()));
        let (kept, end) = mpsc::channel();
        let service = daemon.clone();
        let keeper = std::thread::spawn(move || {
            while end.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
                let mut daemon = held(&service);
                if !daemon.is_running() {
                    eprintln!("the keyring ended by itself: {}", daemon.output());
                    *daemon = start();
                }
            }
        });
        Self {
            daemon,
            kept: Some(kept),
            keeper: Some(keeper),
        }
    }

    fn daemon(&self) -> MutexGuard<'_, Daemon> {
        held(&self.daemon)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kept.take();
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

fn held(daemon: &Mutex<Daemon>) -> MutexGuard<'_, Daemon> {
    daemon.lock().unwrap_or_else(PoisonError::into_inner)
}

fn session(address: &str, folder: &Path) -> Vec<(String, OsString)> {
    let folder = folder.as_os_str().to_owned();
    vec![
        ("DBUS_SESSION_BUS_ADDRESS".into(), address.into()),
        ("XDG_DATA_HOME".into(), folder.clone()),
        ("XDG_CACHE_HOME".into(), folder.clone()),
        ("XDG_RUNTIME_DIR".into(), folder),
    ]
}

fn find(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.exists());
    found.unwrap_or_else(|| panic!("{program} is not installed; run `cargo xtask test`"))
}
