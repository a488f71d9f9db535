//! A D-Bus session with an unlocked GNOME keyring: the real Secret Service, apart from the machine's own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{Daemon, Start};
use crate::wait;

pub struct Keyring {
    // Dropped in this order: the service before the bus, the bus before the folder.
    _service: Daemon,
    _bus: Daemon,
    address: String,
    folder: TempDir,
}

impl Keyring {
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sw-keys-")
            .tempdir()
            .expect("a folder");
        let socket = folder.path().join("bus");
        let address = format!("unix:path={}", socket.display());
        let bus = Start::new(find("dbus-daemon"))
            .args(["--session", "--nofork", "--nopidfile", "--nosyslog", "--address"])
            .arg(&address)
            .daemon(&folder.path().join("bus.log"));
        wait::until(
            "the D-Bus session is there",
            Duration::from_secs(10),
            async || socket.exists(),
        )
        .await;
        let service = Start::new(find("gnome-keyring-daemon"))
            .args(["--foreground", "--unlock", "--components=secrets"])
            .envs(session(&address, folder.path()))
            .input("a password of the tests")
            .daemon(&folder.path().join("keyring.log"));
        let keyring = Self {
            _service: service,
            _bus: bus,
            address,
            folder,
        };
        keyring.until_ready().await;
        keyring
    }

    async fn until_ready(&self) {
        wait::until(
            "the Secret Service answers",
            Duration::from_secs(20),
            async || {
                let asked = Start::new(find("dbus-send"))
                    .args([
                        "--session",
                        "--print-reply",
                        "--dest=org.freedesktop.DBus",
                        "/",
                        "org.freedesktop.DBus.NameHasOwner",
                    ])
                    .arg("string:org.freedesktop.secrets")
                    .envs(self.environment())
                    .run(Duration::from_secs(5))
                    .await;
                asked.stdout.contains("boolean true")
            },
        )
        .await;
    }

    /// What a program needs in its environment to find it.
    pub fn environment(&self) -> Vec<(String, OsString)> {
        session(&self.address, self.folder.path())
    }

    /// The keyring's files: they hold nothing readable.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
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
