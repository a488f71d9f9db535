//! The connection itself: host keys, sign-in, the two ways to the agent, and what is said when it does not work.

use acceptance::agent::Agent;
use acceptance::sentence;
use acceptance::sshd::Sshd;
use acceptance::stage::{EMAIL, Stage, home_in, profile_of};
use slipway_client::{Address, Answers, AuthMethod, ClientError, ConnectError, Connection, test_connection};
use slipway_protocol::identity::SignIn;
use slipway_protocol::{ErrorCode, Secret, api};

/// FR-CON-04: the first key is shown and must be accepted, a changed one is a full stop; nothing is sent before either.
#[tokio::test(flavor = "multi_thread")]
async fn host_keys_are_asked_for_once_and_never_change() {
    let mut sshd = Sshd::start().await;
    let folder = tempfile::tempdir().unwrap();
    let home = home_in(folder.path());
    let profile = profile_of(&sshd, "/run/nobody-listens.sock".as_ref());
    let first = sshd.fingerprint().await;
    match Connection::open(&home, &profile, Answers::default()).await.err() {
        Some(ConnectError::UnknownHostKey { fingerprint, .. }) => assert_eq!(fingerprint, first),
        other => panic!("{other:?}"),
    }
    assert!(!sshd.log().contains("Accepted"), "nothing was sent");
    let wrong = Answers {
        accepted_host_key: Some("SHA256:somethingelse".into()),
        ..Answers::default()
    };
    let refused = Connection::open(&home, &profile, wrong).await.err();
    assert!(
        matches!(refused, Some(ConnectError::UnknownHostKey { .. })),
        "{refused:?}"
    );

    let accepted = Answers {
        accepted_host_key: Some(first.clone()),
        ..Answers::default()
    };
    let absent = Connection::open(&home, &profile, accepted.clone())
        .await
        .err()
        .unwrap();
    assert!(matches!(absent, ConnectError::AgentAbsent { .. }), "{absent:?}");
    sentence::assert_clear(&absent.to_string(), &["agent"]);

    sshd.change_host_key().await;
    let sign_ins = sshd.log().matches("Accepted").count();
    let changed = Connection::open(&home, &profile, accepted).await.err().unwrap();
    sentence::assert_clear(
        &changed.to_string(),
        &["changed", &first, &sshd.fingerprint().await],
    );
    assert!(
        matches!(changed, ConnectError::ChangedHostKey { .. }),
        "{changed:?}"
    );
    assert_eq!(
        sshd.log().matches("Accepted").count(),
        sign_ins,
        "nothing was sent"
    );
}

/// FR-CON-02, NFR-U2: a key or password that the server does not take, and a server that is not there: one sentence each.
#[tokio::test(flavor = "multi_thread")]
async fn refused_sign_ins_say_so() {
    let mut sshd = Sshd::start().await;
    let folder = tempfile::tempdir().unwrap();
    let home = home_in(folder.path());
    let mut profile = profile_of(&sshd, "/run/nobody-listens.sock".as_ref());
    let mut answers = Answers {
        accepted_host_key: Some(sshd.fingerprint().await),
        ..Answers::default()
    };
    set_auth(
        &mut profile,
        AuthMethod::KeyFile {
            path: sshd.stranger_key().await,
            more: Vec::new(),
        },
    );
    let error = Connection::open(&home, &profile, answers.clone())
        .await
        .err()
        .unwrap();
    assert!(matches!(error, ConnectError::SignInRefused { .. }), "{error:?}");
    sentence::assert_clear(&error.to_string(), &["refused", &sshd.user()]);

    set_auth(&mut profile, AuthMethod::Password);
    let error = Connection::open(&home, &profile, answers.clone())
        .await
        .err()
        .unwrap();
    assert!(matches!(error, ConnectError::PasswordNeeded { .. }), "{error:?}");
    answers.password = Some(Secret::new("certainly not the password".into()));
    let error = Connection::open(&home, &profile, answers.clone())
        .await
        .err()
        .unwrap();
    assert!(matches!(error, ConnectError::SignInRefused { .. }), "{error:?}");
    sentence::assert_clear(&error.to_string(), &["refused", "password"]);
    assert!(!error.to_string().contains("certainly not"), "{error}");

    sshd.pause();
    let error = Connection::open(&home, &profile, answers).await.err().unwrap();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
    sentence::assert_clear(&error.to_string(), &["127.0.0.1", "reached"]);
}

fn set_auth(profile: &mut slipway_client::Profile, new: AuthMethod) {
    if let Address::Ssh { auth, .. } = &mut profile.address {
        *auth = new;
    }
}

/// FR-CON-06: forwarding to the socket, or `dial-stdio` where it is forbidden; more calls at once than sshd allows sessions.
/// FR-IAM-01: an invitation works once. FR-CON-07: each step of the connection is tested.
#[tokio::test(flavor = "multi_thread")]
async fn both_ways_carry_many_calls_over_one_connection() {
    for forwarding in [true, false] {
        let sshd = if forwarding {
            Sshd::start().await
        } else {
            Sshd::start_without_forwarding().await
        };
        let stage = Stage::around(Agent::start().await, sshd).await;
        let calls = (0..40).map(|_| stage.connection.send(api::GetMe {}));
        for answer in futures_util::future::join_all(calls).await {
            assert_eq!(answer.expect("an answer").email.as_str(), EMAIL);
        }
        assert_eq!(
            stage.sshd.connections(),
            2,
            "the first look at the port, and one for everything"
        );
        let report = test_connection(&stage.home, &stage.profile, Answers::default()).await;
        assert!(report.is_good(), "{report:?}");

        let body = SignIn {
            email: EMAIL.parse().unwrap(),
            password: Secret::new("not the password at all".into()),
        };
        match stage.connection.sign_in(body).await {
            Err(ClientError::Problem(problem)) => {
                assert_eq!(problem.code, ErrorCode::BadCredentials);
                sentence::assert_clear(&problem.detail, &["password"]);
            }
            other => panic!("{other:?}"),
        }
    }
}
