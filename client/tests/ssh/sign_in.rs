//! Ways to sign in to the server: key files, the desktop's SSH agent, passwords.

use slipway_client::{Answers, AuthMethod, ConnectError, Connection};
use slipway_protocol::Secret;

use crate::stage::Stage;
use crate::support::fake_agent::FakeAgent;
use crate::support::rogue::{PASSWORD, Rogue};
use crate::support::sshd::{KeyAgent, make_key};
use crate::support::{home, key_file, profile};

/// FR-CON-02: key files of each kind, with and without a passphrase; the wrong ones are told apart.
#[tokio::test(flavor = "multi_thread")]
async fn key_files() {
    let stage = Stage::known("");
    for (kind, passphrase) in [
        ("ed25519", ""),
        ("ecdsa", ""),
        ("rsa", ""),
        ("ed25519", "open sesame"),
    ] {
        let path = stage
            .folder
            .path()
            .join(format!("key_{kind}_{}", passphrase.len()));
        make_key(&path, kind, passphrase);
        let profile = stage.profile(key_file(path.clone()));
        let answers = Answers {
            passphrase: Some(Secret::new(passphrase.into())),
            ..Answers::default()
        };
        let error = Connection::open(&stage.home, &profile, answers.clone())
            .await
            .err()
            .unwrap();
        assert!(
            matches!(error, ConnectError::SignInRefused { .. }),
            "{kind}: {error}"
        );
        stage.sshd.authorise(&path.with_extension("pub"));
        Connection::open(&stage.home, &profile, answers)
            .await
            .unwrap_or_else(|error| panic!("{kind}: {error}"));
        if !passphrase.is_empty() {
            let error = stage.open(&profile).await.err().unwrap();
            assert_eq!(error, ConnectError::PassphraseNeeded { path: path.clone() });
            let wrong = Answers {
                passphrase: Some(Secret::new("wrong".into())),
                ..Answers::default()
            };
            let error = Connection::open(&stage.home, &profile, wrong)
                .await
                .err()
                .unwrap();
            assert_eq!(error, ConnectError::WrongPassphrase { path });
        }
    }
    let absent = stage.profile(key_file(stage.folder.path().join("no-such-key")));
    assert!(matches!(
        stage.open(&absent).await.err().unwrap(),
        ConnectError::KeyFile { .. }
    ));
}

/// FR-CON-02: several key files are tried in their order: one that is absent costs no attempt, one that the server does not take is followed by the
/// next, and a passphrase is asked for only where the server wants that very key. A server that hangs up over too many is quoted.
#[tokio::test(flavor = "multi_thread")]
async fn several_key_files_are_tried() {
    // It hangs up at the second key that it does not take.
    let stage = Stage::known("MaxAuthTries 2");
    let at = |name: &str| stage.folder.path().join(name);
    for (name, passphrase) in [
        ("stranger", ""),
        ("another", ""),
        ("locked_stranger", "not asked"),
        ("locked", "open sesame"),
    ] {
        make_key(&at(name), "ed25519", passphrase);
    }
    stage.sshd.authorise(&at("locked.pub"));
    // Its public half is read from the private file itself.
    std::fs::remove_file(at("locked.pub")).unwrap();
    let by = |names: &[&str]| {
        stage.profile(AuthMethod::KeyFile {
            path: at(names[0]),
            more: names[1..].iter().map(|name| at(name)).collect(),
        })
    };
    let good = "client_key";
    stage.open(&by(&["absent", good])).await.unwrap();
    stage
        .open(&by(&["absent", "stranger", "gone", good]))
        .await
        .unwrap();

    let error = stage
        .open(&by(&["stranger", "another", good]))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, ConnectError::SignInRefused { .. }), "{error}");
    assert!(error.to_string().contains("another"), "{error}");
    let error = stage.open(&by(&["absent", "gone"])).await.err().unwrap();
    let path = at("absent");
    assert!(
        matches!(&error, ConnectError::KeyFile { path: named, .. } if *named == path),
        "{error}"
    );
    let error = stage.open(&by(&["absent", "stranger"])).await.err().unwrap();
    assert!(matches!(error, ConnectError::SignInRefused { .. }), "{error}");

    let profile = by(&["locked_stranger", "locked"]);
    let with = |passphrase: &str| Answers {
        passphrase: Some(Secret::new(passphrase.into())),
        ..Answers::default()
    };
    let path = at("locked");
    let error = stage.open(&profile).await.err().unwrap();
    assert_eq!(error, ConnectError::PassphraseNeeded { path: path.clone() });
    let error = Connection::open(&stage.home, &profile, with("wrong"))
        .await
        .err()
        .unwrap();
    assert_eq!(error, ConnectError::WrongPassphrase { path });
    Connection::open(&stage.home, &profile, with("open sesame"))
        .await
        .unwrap();
}

/// FR-CON-02: the keys of the desktop's SSH agent, also that of a file whose passphrase nobody types; without an agent the usual files, and
/// without those, that is said.
#[tokio::test(flavor = "multi_thread")]
async fn ssh_agent() {
    let stage = Stage::known("");
    let rsa = stage.folder.path().join("key_rsa");
    make_key(&rsa, "rsa", "");
    stage.sshd.authorise(&rsa.with_extension("pub"));
    let agent = KeyAgent::holding(stage.folder.path(), &rsa);
    let profile = stage.profile(AuthMethod::Agent);
    let home = stage.folder.path().join("home");
    std::fs::create_dir_all(home.join(".ssh")).unwrap();
    // The only test of this binary that writes them; to the others an agent without their keys is none.
    #[allow(unsafe_code)]
    unsafe {
        std::env::set_var("SSH_AUTH_SOCK", &agent.socket);
        std::env::set_var("HOME", &home);
    }
    stage.open(&profile).await.unwrap();

    let by_file = stage.profile(key_file(rsa.clone()));
    // The agent has the key; what is in the file now opens nothing.
    std::fs::write(&rsa, "locked away").unwrap();
    stage.open(&by_file).await.unwrap();
    drop(agent);
    let error = stage.open(&by_file).await.err().unwrap();
    assert!(matches!(error, ConnectError::KeyFile { .. }), "{error}");

    let error = stage.open(&profile).await.err().unwrap();
    assert!(matches!(error, ConnectError::NoSshAgent { .. }), "{error}");
    let usual = home.join(".ssh/id_ecdsa");
    make_key(&usual, "ecdsa", "");
    let error = stage.open(&profile).await.err().unwrap();
    assert!(matches!(error, ConnectError::SignInRefused { .. }), "{error}");
    stage.sshd.authorise(&usual.with_extension("pub"));
    stage.open(&profile).await.unwrap();
}

/// FR-CON-02, FR-CON-03: a password is asked for, refused in one sentence without it, and kept in the keychain if wished.
#[tokio::test(flavor = "multi_thread")]
async fn passwords() {
    let folder = tempfile::tempdir().unwrap();
    let agent = FakeAgent::start(folder.path());
    let server = Rogue::start(agent.socket.clone()).await;
    let home = home(folder.path());
    home.known_hosts
        .add("127.0.0.1", server.port, &server.key)
        .unwrap();
    let profile = profile(server.port, "deploy", AuthMethod::Password, &agent.socket);
    let with = |password: &str| Answers {
        password: Some(Secret::new(password.into())),
        ..Answers::default()
    };

    let error = Connection::open(&home, &profile, Answers::default())
        .await
        .err()
        .unwrap();
    assert!(matches!(error, ConnectError::PasswordNeeded { .. }), "{error}");
    let error = Connection::open(&home, &profile, with("hunter2hunter2"))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, ConnectError::SignInRefused { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert_eq!(
        *server.attempts.lock().unwrap(),
        ["password deploy"],
        "attempts are seen where there are any"
    );
    let connection = Connection::open(&home, &profile, with(PASSWORD)).await.unwrap();
    connection.remember_answers(|_| true).await.unwrap();
    Connection::open(&home, &profile, Answers::default())
        .await
        .unwrap();
}

/// FR-CON-08: a connection that breaks in the middle of the sign-in is no refusal, so it is tried again.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_sign_in_is_not_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let server = Rogue::start(folder.path().join("none.sock")).await;
    let home = home(folder.path());
    home.known_hosts
        .add("127.0.0.1", server.port, &server.key)
        .unwrap();
    let profile = profile(
        server.port,
        "breaks",
        AuthMethod::Password,
        &folder.path().join("none.sock"),
    );
    let answers = Answers {
        password: Some(Secret::new(PASSWORD.into())),
        ..Answers::default()
    };
    let error = Connection::open(&home, &profile, answers).await.err().unwrap();
    assert!(matches!(error, ConnectError::BrokenOff { .. }), "{error}");
    assert!(!error.needs_a_person());
}
