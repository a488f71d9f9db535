//! The operating system's keychain, by a real Secret Service on a D-Bus session of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_types)] // tests start the programs that they test against

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use slipway_client::keychain::SecretName;
use slipway_client::{Keychain, KeychainError, OsKeychain, SecretKind};
use slipway_protocol::ClusterId;
use slipway_protocol::Secret;

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn bus(folder: &Path) -> (Ended, String) {
    let socket = folder.join("bus");
    let address = format!("unix:path={}", socket.display());
    // Without the machine's services, so that none is started by being asked for.
    let config = folder.join("bus.conf");
    let text = format!(
        "<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth><policy context=\"default\">\
         <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>"
    );
    std::fs::write(&config, text).unwrap();
    let child = Command::new("dbus-daemon")
        .args(["--nofork", "--nopidfile", "--nosyslog"])
        .arg(format!("--config-file={}", config.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("dbus is installed");
    // The file is there a moment before anybody listens.
    wait("the bus", || UnixStream::connect(&socket).is_ok());
    (Ended(child), address)
}

/// It takes calls and answers none.
fn stop(service: &Ended) {
    let stopped = Command::new("kill")
        .args(["-STOP", &service.0.id().to_string()])
        .status();
    assert!(stopped.unwrap().success());
}

fn service(folder: &Path, address: &str) -> Ended {
    let mut child = Command::new("gnome-keyring-daemon")
        .args(["--foreground", "--unlock", "--components=secrets"])
        .env("DBUS_SESSION_BUS_ADDRESS", address)
        .env("HOME", folder)
        .env("XDG_DATA_HOME", folder.join("data"))
        .env("XDG_RUNTIME_DIR", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("gnome-keyring is installed");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"a password of the tests")
        .unwrap();
    let child = Ended(child);
    let has_keyring = || {
        let path = "/org/freedesktop/secrets";
        let ask = "org.freedesktop.Secret.Service.ReadAlias";
        send(
            address,
            &["--dest=org.freedesktop.secrets", path, ask, "string:default"],
        )
        .contains("/collection/")
    };
    wait("the Secret Service", has_keyring);
    child
}

fn send(address: &str, args: &[&str]) -> String {
    let output = Command::new("dbus-send")
        .arg(format!("--bus={address}"))
        .arg("--print-reply")
        .args(args)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn wait(what: &str, ready: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !ready() {
        assert!(Instant::now() < until, "{what} is there");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[allow(unsafe_code)]
fn use_bus(address: &str) {
    // This binary has one test, so nothing else reads the environment meanwhile.
    unsafe { std::env::set_var("DBUS_SESSION_BUS_ADDRESS", address) }
}

/// What is answered to a question under which the service ends; and the service that the session starts then.
async fn asked_at_the_end_of(
    served: Ended,
    folder: &Path,
    address: &str,
    name: &SecretName,
) -> (Ended, Result<Option<Secret<String>>, KeychainError>) {
    stop(&served);
    let name = name.clone();
    let asked = tokio::spawn(async move { OsKeychain.get(name).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(served);
    let next = service(folder, address);
    (next, asked.await.unwrap())
}

/// FR-CON-03: no keychain, no entry, and a locked keychain are three different answers.
#[tokio::test(flavor = "multi_thread")]
async fn no_keychain_no_entry_and_a_locked_one_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let name = SecretName {
        profile: ClusterId(uuid::Uuid::new_v4()),
        kind: SecretKind::Session,
    };
    let keychain = OsKeychain;

    // The library reads the address once per process, so the bus appears where it was not.
    use_bus(&format!("unix:path={}/bus", folder.path().display()));
    let error = keychain.get(name.clone()).await.err().unwrap();
    assert!(matches!(error, KeychainError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("Secret Service"), "{error}");
    assert!(error.detail().is_some_and(|said| !said.is_empty()));

    let (_bus, address) = bus(folder.path());
    let error = keychain.get(name.clone()).await.err().unwrap();
    assert!(
        matches!(error, KeychainError::Unavailable { .. }),
        "a bus without the service: {error}"
    );

    let served = service(folder.path(), &address);
    assert!(
        keychain.get(name.clone()).await.unwrap().is_none(),
        "certainly nothing there"
    );
    keychain
        .set(name.clone(), Secret::new("first".into()))
        .await
        .unwrap();
    keychain
        .set(name.clone(), Secret::new("second “ü”".into()))
        .await
        .unwrap();
    assert_eq!(
        keychain.get(name.clone()).await.unwrap().unwrap().expose(),
        "second “ü”"
    );
    let other = SecretName {
        kind: SecretKind::SshPassword,
        ..name.clone()
    };
    assert!(keychain.get(other).await.unwrap().is_none());

    // One that ends under a call, as GNOME's does now and then, is asked again once the session has started the next.
    // On a machine that is held up the next one may come too late once.
    let (mut served, mut answer) = asked_at_the_end_of(served, folder.path(), &address, &name).await;
    for _ in 0..3 {
        if answer.is_ok() {
            break;
        }
        (served, answer) = asked_at_the_end_of(served, folder.path(), &address, &name).await;
    }
    let answer = answer.unwrap();
    assert_eq!(answer.expect("it is still there").expose(), "second “ü”");

    send(
        &address,
        &[
            "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            "array:objpath:/org/freedesktop/secrets/collection/login",
        ],
    );
    let started = Instant::now();
    let error = keychain
        .get(name.clone())
        .await
        .err()
        .expect("a locked keychain is not an empty one");
    eprintln!("locked: {error} ({:.1} s)", started.elapsed().as_secs_f64());
    assert!(
        keychain
            .set(name.clone(), Secret::new("third".into()))
            .await
            .is_err()
    );
}
