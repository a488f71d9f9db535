//! A keychain for the local cluster where the session has none: D-Bus and GNOME's keyring, kept in the local cluster's folder. A
//! desktop's own keychain is used where there is one. Who comes over SSH often has a session bus and no keyring.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::packages;
use crate::run_program::Run;

/// The environment in which programs find a keychain; starts one if need be.
pub fn environment(folder: &Path, processes: &mut Vec<i32>) -> Result<Vec<(String, OsString)>> {
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some() && has_keyring() {
        return Ok(Vec::new());
    }
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    let socket = folder.join("bus");
    let address = format!("unix:path={}", socket.display());
    let environment: Vec<(String, OsString)> = vec![
        ("DBUS_SESSION_BUS_ADDRESS".into(), address.clone().into()),
        ("XDG_DATA_HOME".into(), folder.into()),
        ("XDG_RUNTIME_DIR".into(), folder.into()),
    ];
    if UnixStream::connect(&socket).is_ok() {
        return Ok(environment);
    }
    let _ = fs::remove_file(&socket);
    let bus = packages::find("dbus-daemon").context("dbus-daemon is not installed; install dbus")?;
    let bus = Run::new(bus)
        .args(["--session", "--nofork", "--nopidfile", "--nosyslog", "--address"])
        .arg(&address);
    processes.push(bus.daemon(&folder.join("bus.log"))?);
    let keyring = packages::find("gnome-keyring-daemon").context("gnome-keyring is not installed")?;
    wait_for(|| UnixStream::connect(&socket).is_ok(), "D-Bus")?;
    let keyring = Run::new(keyring)
        .args(["--foreground", "--unlock", "--components=secrets"])
        .envs(&environment)
        .input(&password(folder)?);
    processes.push(keyring.daemon(&folder.join("keyring.log"))?);
    wait_for(|| has_secret_service(&environment), "GNOME's keyring")?;
    Ok(environment)
}

/// What the keyring's file is encrypted with: random, in a file that only its owner reads.
fn password(folder: &Path) -> Result<String> {
    crate::local::secret_file(&folder.join("password"))
}

/// Whether the session's Secret Service has a keyring to keep secrets in: `ReadAlias` of the Secret Service specification answers `/` where
/// there is none.
fn has_keyring() -> bool {
    Run::new("dbus-send")
        .args(["--session", "--print-reply", "--reply-timeout=10000"])
        .args(["--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"])
        .args(["org.freedesktop.Secret.Service.ReadAlias", "string:default"])
        .quiet()
        .is_ok_and(|answer| answer.contains("object path \"/org/"))
}

fn has_secret_service(environment: &[(String, OsString)]) -> bool {
    Run::new("dbus-send")
        .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/"])
        .args([
            "org.freedesktop.DBus.NameHasOwner",
            "string:org.freedesktop.secrets",
        ])
        .envs(environment)
        .quiet()
        .is_ok_and(|answer| answer.contains("boolean true"))
}

fn wait_for(mut ready: impl FnMut() -> bool, what: &str) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(20);
    while !ready() {
        if Instant::now() > end {
            bail!("{what} did not start within 20 s");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
