//! Host keys: asked about before anything is sent, and a full stop where they changed.

use std::time::Duration;

use slipway_client::{Answers, AuthMethod, ConnectError, Connection};
use slipway_protocol::Secret;

use crate::stage::Stage;
use crate::support::rogue::{PASSWORD, Rogue};
use crate::support::{key_file, profile};

/// FR-CON-04: an unknown key is asked about and nothing is sent before; accepted, it is recorded and never asked again.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_host_key_is_asked_about_first() {
    let stage = Stage::unknown("");
    let profile = stage.by_key();
    let error = stage.open(&profile).await.err().unwrap();
    let ConnectError::UnknownHostKey {
        host,
        port,
        key_type,
        fingerprint,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(
        (host.as_str(), port, key_type.as_str()),
        ("127.0.0.1", stage.sshd.port, "ssh-ed25519")
    );
    assert_eq!(fingerprint, stage.sshd.fingerprint());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(
        !stage.sshd.log().contains("userauth"),
        "no sign-in had begun: {}",
        stage.sshd.log()
    );

    let wrong = Answers {
        accepted_host_key: Some("SHA256:another".into()),
        ..Answers::default()
    };
    let refused = Connection::open(&stage.home, &profile, wrong)
        .await
        .err()
        .unwrap();
    assert!(matches!(refused, ConnectError::UnknownHostKey { .. }));

    let accepted = Answers {
        accepted_host_key: Some(fingerprint),
        ..Answers::default()
    };
    Connection::open(&stage.home, &profile, accepted).await.unwrap();
    stage.open(&profile).await.unwrap();
    assert!(
        stage.sshd.log().contains("userauth"),
        "the log would have shown a sign-in"
    );
}

/// FR-CON-04: a changed key is a full stop with both fingerprints, even if the new one is “accepted”.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_host_key_is_a_full_stop() {
    let mut stage = Stage::known("");
    let profile = stage.by_key();
    stage.open(&profile).await.unwrap();
    let before = stage.sshd.fingerprint();
    stage.sshd.restart_with_new_host_key();
    let answers = Answers {
        accepted_host_key: Some(stage.sshd.fingerprint()),
        ..Answers::default()
    };
    let error = Connection::open(&stage.home, &profile, answers)
        .await
        .err()
        .unwrap();
    let ConnectError::ChangedHostKey { expected, found, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!((expected, found), (&before, &stage.sshd.fingerprint()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(
        !stage.sshd.log().contains("userauth"),
        "nothing was sent: {}",
        stage.sshd.log()
    );
}

/// FR-CON-04: a server that stands in for another one sees no attempt to sign in, whichever way was chosen.
#[tokio::test(flavor = "multi_thread")]
async fn a_rogue_server_learns_nothing() {
    let stage = Stage::known("");
    let rogue = Rogue::start(stage.agent.socket.clone()).await;
    let line = stage
        .sshd
        .host_key_line()
        .replace(&stage.sshd.port.to_string(), &rogue.port.to_string());
    std::fs::write(stage.folder.path().join("user_known_hosts"), line).unwrap();
    for auth in [AuthMethod::Password, key_file(stage.sshd.key.clone())] {
        let profile = profile(rogue.port, "deploy", auth, &stage.agent.socket);
        let answers = Answers {
            password: Some(Secret::new(PASSWORD.into())),
            ..Answers::default()
        };
        let error = Connection::open(&stage.home, &profile, answers)
            .await
            .err()
            .unwrap();
        assert!(matches!(error, ConnectError::ChangedHostKey { .. }), "{error}");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(*rogue.connections.lock().unwrap(), 2);
    assert!(
        rogue.attempts.lock().unwrap().is_empty(),
        "{:?}",
        rogue.attempts.lock().unwrap()
    );
}
