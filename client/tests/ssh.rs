//! The SSH link against a real sshd: host keys, ways to sign in, ways to the agent, many calls at once, lost links.

#[path = "ssh/jumps.rs"]
mod jumps;
#[path = "ssh/rogues.rs"]
mod rogues;
#[path = "ssh/sessions.rs"]
mod sessions;
mod support;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use slipway_client::{
    Address, Answers, AuthMethod, ClientError, ConnectError, Connection, Home, LinkState, Profile, StepName,
    test_connection,
};
use slipway_protocol::api::{FollowLogs, GetVersion, ListMembers, ListProjects, ReadDeploymentLog};
use slipway_protocol::identity::SignIn;
use slipway_protocol::log_line::{ContainerLogEvent, DeploymentEvent};
use slipway_protocol::server::{API_LEVEL, OLDEST_API_LEVEL};
use slipway_protocol::{EmailAddress, ErrorCode, Secret};
use support::fake_agent::{FakeAgent, LINES};
use support::proxy::Proxy;
use support::rogue::{PASSWORD, Rogue};
use support::sshd::{KeyAgent, Sshd, dial_stdio_program, make_key};
use support::{LONG, home, is_up, key_file, profile, state};

struct Stage {
    folder: tempfile::TempDir,
    agent: FakeAgent,
    sshd: Sshd,
    home: Home,
}

impl Stage {
    /// A server whose host key is on record already.
    fn known(more: &str) -> Self {
        let stage = Self::unknown(more);
        std::fs::write(
            stage.folder.path().join("user_known_hosts"),
            stage.sshd.host_key_line(),
        )
        .unwrap();
        stage
    }

    fn unknown(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let agent = FakeAgent::start(folder.path());
        let more = more.replace("FOLDER", &folder.path().display().to_string());
        let sshd = Sshd::start(folder.path(), &more);
        let home = home(folder.path());
        Self {
            folder,
            agent,
            sshd,
            home,
        }
    }

    fn profile(&self, auth: AuthMethod) -> Profile {
        profile(self.sshd.port, &self.sshd.user, auth, &self.agent.socket)
    }

    fn by_key(&self) -> Profile {
        self.profile(key_file(self.sshd.key.clone()))
    }

    async fn open(&self, profile: &Profile) -> Result<Connection, ConnectError> {
        Connection::open(&self.home, profile, Answers::default()).await
    }

    async fn signed_in(&self, profile: &Profile) -> Connection {
        let connection = self.open(profile).await.unwrap();
        let email = EmailAddress::parse("a@example.org").unwrap();
        connection
            .sign_in(SignIn {
                email,
                password: Secret::new("x".into()),
            })
            .await
            .unwrap();
        connection
    }
}

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

/// FR-CON-06: fifty calls at once over one SSH connection and one channel, where the server allows one session.
#[tokio::test(flavor = "multi_thread")]
async fn many_calls_over_one_channel() {
    let stage = Stage::known("MaxSessions 1");
    many_at_once(&stage).await;
}

/// FR-CON-06: the same through `slipway-agent dial-stdio`, where the account may do nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn many_calls_through_a_forced_command() {
    let stage = Stage::known(
        "MaxSessions 1\nAllowStreamLocalForwarding no\nAllowTcpForwarding no\nForceCommand FOLDER/slipway-agent dial-stdio",
    );
    dial_stdio_program(stage.folder.path(), &stage.agent.socket);
    many_at_once(&stage).await;
}

/// FR-CON-06: where only forwarding is forbidden, the command is found by its name.
#[tokio::test(flavor = "multi_thread")]
async fn many_calls_through_a_command_in_the_path() {
    let stage = Stage::known("AllowStreamLocalForwarding no\nSetEnv PATH=FOLDER:/usr/bin:/bin");
    dial_stdio_program(stage.folder.path(), &stage.agent.socket);
    many_at_once(&stage).await;
}

async fn many_at_once(stage: &Stage) {
    let connection = stage.signed_in(&stage.by_key()).await;
    // None is answered before all are there.
    stage.agent.seen.together.store(50, Ordering::SeqCst);
    let calls = (0..50).map(|_| connection.send(ListProjects {}));
    let answers = tokio::time::timeout(LONG, futures_util::future::join_all(calls)).await;
    for answer in answers.expect("they run side by side") {
        assert_eq!(answer.unwrap(), []);
    }
    assert_eq!(stage.agent.seen.connections.load(Ordering::SeqCst), 1);
}

/// FR-CON-06, FR-CON-07: an absent agent is told from an absent server, with the reason.
#[tokio::test(flavor = "multi_thread")]
async fn an_absent_agent_is_named() {
    let stage = Stage::known("");
    let mut profile = stage.by_key();
    let Address::Ssh { agent_socket, .. } = &mut profile.address else {
        unreachable!()
    };
    *agent_socket = slipway_client::AgentSocket::parse("/run/no-such-agent.sock").unwrap();
    let error = stage.open(&profile).await.err().unwrap();
    assert!(matches!(&error, ConnectError::AgentAbsent { .. }), "{error}");
    assert!(
        error.to_string().contains("systemctl start slipway-agent"),
        "{error}"
    );

    let stage = Stage::known("AllowStreamLocalForwarding no\nSetEnv PATH=FOLDER:/usr/bin:/bin");
    dial_stdio_program(stage.folder.path(), &stage.folder.path().join("nobody.sock"));
    let error = stage.open(&stage.by_key()).await.err().unwrap();
    assert!(error.to_string().contains("The agent does not listen"), "{error}");
}

/// FR-HST-05: the window of versions is checked at connect; an agent outside it is named, with what to update, and nothing tries again by itself.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_outside_the_window_is_named() {
    let stage = Stage::known("");
    let at = async |level: u32| {
        *stage.agent.seen.other_level.lock().unwrap() = Some(level);
        stage.open(&stage.by_key()).await.err()
    };
    let newer = at(API_LEVEL + 1).await.unwrap();
    assert!(matches!(newer, ConnectError::AgentTooNew { .. }), "{newer}");
    assert!(newer.to_string().contains("update the app"), "{newer}");
    let older = at(OLDEST_API_LEVEL - 1).await.unwrap();
    assert!(matches!(older, ConnectError::AgentTooOld { .. }), "{older}");
    assert!(
        older.to_string().contains("bring the server up to date"),
        "{older}"
    );
    assert!(newer.needs_a_person() && older.needs_a_person());
    assert!(at(OLDEST_API_LEVEL).await.is_none());
    assert!(at(API_LEVEL).await.is_none());
}

/// FR-CON-07: the test of a connection times each stage and names the one that fails.
#[tokio::test(flavor = "multi_thread")]
async fn each_stage_is_tested() {
    use StepName as S;
    let stage = Stage::known("");
    let report = test_connection(&stage.home, &stage.by_key(), Answers::default()).await;
    let names: Vec<StepName> = report.steps.iter().map(|step| step.step).collect();
    assert_eq!(
        names,
        [
            S::Resolve,
            S::Tcp,
            S::HostKey,
            S::SignIn,
            S::AgentSocket,
            S::AgentVersion,
            S::Docker
        ]
    );
    assert!(report.is_good(), "{report:?}");
    assert_eq!(report.steps[5].found.as_deref(), Some("1.2.3"));
    // There is no name to look up, and so no time that it took.
    let tried: Vec<bool> = report.steps[..2]
        .iter()
        .map(|step| step.milliseconds.is_some())
        .collect();
    assert_eq!(tried, [false, true]);

    let fails_at = async |profile: &Profile| {
        let report = test_connection(&stage.home, profile, Answers::default()).await;
        let last = report.steps.last().unwrap().clone();
        assert!(report.error.is_some() && last.failure.is_some());
        last.step
    };
    let stranger = stage.folder.path().join("stranger");
    make_key(&stranger, "ed25519", "");
    assert_eq!(fails_at(&stage.profile(key_file(stranger))).await, S::SignIn);
    let change = |edit: fn(&mut Address)| {
        let mut profile = stage.by_key();
        edit(&mut profile.address);
        profile
    };
    let nobody = change(|address| {
        if let Address::Ssh { host, .. } = address {
            *host = "no-such-host.invalid".into();
        }
    });
    assert_eq!(fails_at(&nobody).await, S::Resolve);
    let closed = change(|address| {
        if let Address::Ssh { port, .. } = address {
            *port = 1;
        }
    });
    assert_eq!(fails_at(&closed).await, S::Tcp);
    std::fs::write(stage.folder.path().join("user_known_hosts"), "").unwrap();
    assert_eq!(fails_at(&stage.by_key()).await, S::HostKey);
}

/// Cuts the link, and lets it come back once it is known to be lost. Streams say their lines up to one from then on: what is behind that comes
/// over another link, however far the lines are ahead of who reads them.
async fn lose(stage: &Stage, connection: &Connection, proxy: &Proxy, up_to: u64) {
    proxy.cut();
    state(connection, LONG, |now| !is_up(now)).await;
    stage.agent.seen.up_to.store(up_to, Ordering::SeqCst);
    proxy.restore();
}

/// FR-CON-08: a cut link comes back by itself, and a followed deployment goes on without gap or repeat.
#[tokio::test(flavor = "multi_thread")]
async fn a_followed_deployment_survives_lost_links() {
    let stage = Stage::known("");
    let (proxy, profile) = behind_a_proxy(&stage).await;
    let connection = stage.signed_in(&profile).await;
    stage.agent.seen.up_to.store(45, Ordering::SeqCst);
    let mut events =
        connection.follow_deployment("018f0000-0000-7000-8000-000000000002".parse().unwrap(), None);
    let mut lines = Vec::new();
    let mut ended = false;
    while let Some(event) = events.next().await {
        match event.unwrap() {
            DeploymentEvent::Line(line) => {
                lines.push(line.sequence);
                if line.sequence % 40 == 0 {
                    lose(&stage, &connection, &proxy, line.sequence + 45).await;
                }
            }
            DeploymentEvent::Changed(view) => ended = view.status.is_final(),
            DeploymentEvent::Ping => {}
        }
    }
    assert!(ended);
    assert_eq!(lines, (1..=LINES).collect::<Vec<_>>());
    assert!(
        stage.agent.seen.asked_after.lock().unwrap().len() >= 3,
        "the link was really lost"
    );
}

/// FR-CON-08: the same for what containers write, with replicas that write at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn followed_logs_survive_lost_links() {
    let stage = Stage::known("");
    let (proxy, profile) = behind_a_proxy(&stage).await;
    let connection = stage.signed_in(&profile).await;
    stage.agent.seen.up_to.store(55, Ordering::SeqCst);
    let mut events = connection.follow_logs(
        "018f0000-0000-7000-8000-000000000003".parse().unwrap(),
        Some(1000),
        None,
    );
    let mut texts = Vec::new();
    while texts.len() < usize::try_from(LINES).unwrap() {
        match events.next().await.unwrap().unwrap() {
            ContainerLogEvent::Lines(lines) => texts.extend(lines.into_iter().map(|line| line.text)),
            ContainerLogEvent::Ping | ContainerLogEvent::Ended => {}
        }
        if texts.len() == 50 {
            lose(&stage, &connection, &proxy, LINES).await;
        }
    }
    assert_eq!(
        texts,
        (1..=LINES).map(|n| format!("line {n}")).collect::<Vec<_>>()
    );
    assert!(
        stage.agent.seen.asked_after.lock().unwrap().len() >= 2,
        "the link was really lost"
    );
}

/// FR-CON-08, FR-OBS-01: the same for what is looked for in a deployment's log, until the deployment has ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_followed_search_survives_lost_links_and_ends() {
    let stage = Stage::known("");
    let (proxy, profile) = behind_a_proxy(&stage).await;
    let connection = stage.signed_in(&profile).await;
    let deployment = "018f0000-0000-7000-8000-000000000002".parse().unwrap();
    let search = ReadDeploymentLog {
        contains: Some("line".to_owned()),
        tail: Some(1000),
        ..ReadDeploymentLog::of(deployment)
    };
    stage.agent.seen.up_to.store(55, Ordering::SeqCst);
    let mut events = connection.follow_deployment_log(search);
    let (mut sequences, mut ended) = (Vec::new(), false);
    while let Some(event) = events.next().await {
        match event.unwrap() {
            ContainerLogEvent::Lines(lines) => sequences.extend(lines.iter().map(|line| line.sequence)),
            ContainerLogEvent::Ping => {}
            ContainerLogEvent::Ended => ended = true,
        }
        if sequences.len() == 50 && !ended {
            lose(&stage, &connection, &proxy, LINES).await;
        }
    }
    assert!(ended);
    assert_eq!(sequences, (1..=LINES).collect::<Vec<_>>());
    assert!(
        stage.agent.seen.asked_after.lock().unwrap().len() >= 2,
        "the link was really lost"
    );
}

/// FR-CON-08, FR-OBS-01: a log that is read whole, as for a file, has neither a gap nor a repeat where the link is lost under it, and ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_log_is_read_across_lost_links() {
    let stage = Stage::known("");
    let (proxy, profile) = behind_a_proxy(&stage).await;
    let connection = stage.signed_in(&profile).await;
    let of_application = FollowLogs {
        after: Some(0),
        ..FollowLogs::of("018f0000-0000-7000-8000-000000000003".parse().unwrap())
    };
    let of_deployment = ReadDeploymentLog {
        after: Some(0),
        ..ReadDeploymentLog::of("018f0000-0000-7000-8000-000000000002".parse().unwrap())
    };
    // Each is asked for when it is read.
    for mut events in [
        connection.read_logs(of_application),
        connection.read_deployment_log(of_deployment),
    ] {
        stage.agent.seen.up_to.store(45, Ordering::SeqCst);
        stage.agent.seen.asked_after.lock().unwrap().clear();
        let mut numbers = Vec::new();
        while let Some(event) = events.next().await {
            let ContainerLogEvent::Lines(lines) = event.unwrap() else {
                continue;
            };
            numbers.extend(lines.iter().map(|line| line.sequence));
            if numbers.len().is_multiple_of(40) {
                let up_to = u64::try_from(numbers.len()).unwrap() + 45;
                lose(&stage, &connection, &proxy, up_to).await;
            }
        }
        assert_eq!(numbers, (1..=LINES).collect::<Vec<_>>());
        let asked = stage.agent.seen.asked_after.lock().unwrap().clone();
        assert!(
            asked.len() >= 3 && asked[0] == Some(0) && asked[1..].iter().all(|after| *after >= Some(40)),
            "the link was really lost: {asked:?}"
        );
    }
}

/// FR-CON-08, FR-OBS-01: a log that the agent breaks off is read on behind its last line; where it breaks off there again and again that is said:
/// a part of a log never looks like all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_breaks_off_does_not_look_whole() {
    let stage = Stage::known("");
    let connection = stage.signed_in(&stage.by_key()).await;
    let seen = &stage.agent.seen;
    let of_application = FollowLogs {
        after: Some(0),
        ..FollowLogs::of("018f0000-0000-7000-8000-000000000003".parse().unwrap())
    };
    let of_deployment = ReadDeploymentLog {
        after: Some(0),
        ..ReadDeploymentLog::of("018f0000-0000-7000-8000-000000000002".parse().unwrap())
    };
    for times in [2, u32::MAX] {
        for mut events in [
            connection.read_logs(of_application.clone()),
            connection.read_deployment_log(of_deployment.clone()),
            connection.follow_deployment_log(of_deployment.clone()),
        ] {
            *seen.breaks_before.lock().unwrap() = (41, times);
            seen.asked_after.lock().unwrap().clear();
            let (mut numbers, mut error) = (Vec::new(), None);
            while let Some(event) = events.next().await {
                match event {
                    Ok(ContainerLogEvent::Lines(lines)) => {
                        numbers.extend(lines.iter().map(|line| line.sequence));
                    }
                    Ok(ContainerLogEvent::Ping | ContainerLogEvent::Ended) => {}
                    Err(broken) => error = Some(broken.to_string()),
                }
            }
            let asked = seen.asked_after.lock().unwrap().clone();
            assert!(asked.len() >= 3, "{asked:?}");
            if times == 2 {
                assert_eq!((numbers, error), ((1..=LINES).collect::<Vec<_>>(), None));
            } else {
                assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
                let error = error.expect("what came is not all");
                assert!(error.contains("broke off"), "{error}");
            }
        }
    }
}

/// FR-CON-08: a link that goes silent is noticed within 15 seconds, and is back within 3 of the network's return.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_link_is_noticed() {
    let stage = Stage::known("");
    let (proxy, profile) = behind_a_proxy(&stage).await;
    // A machine that is held up is late now and then; what takes longer than it should is late each time.
    let mut late = Vec::new();
    while late.len() < 4 {
        let connection = stage.signed_in(&profile).await;
        let started = Instant::now();
        proxy.silence();
        state(&connection, LONG, |now| !is_up(now)).await;
        let noticed = started.elapsed();
        proxy.cut();
        tokio::time::sleep(Duration::from_millis(100)).await;
        proxy.restore();
        let restored = Instant::now();
        state(&connection, LONG, is_up).await;
        let back = restored.elapsed();
        connection.send(ListProjects {}).await.unwrap();
        eprintln!("noticed after {noticed:.1?}, back after {back:.1?}");
        if noticed <= Duration::from_secs(15) && back <= Duration::from_secs(3) {
            return;
        }
        late.push((noticed, back));
    }
    panic!("noticed and back too late: {late:?}");
}

/// So many attempts there are at most in this time: the shortest waits are 0.25, 0.5, 1, 2, 4 and then 6 seconds.
fn most_attempts(time: Duration) -> usize {
    let shortest = [250, 500, 1000, 2000, 4000].into_iter();
    let begins = shortest.chain(std::iter::repeat(6000)).scan(0, |sum, wait| {
        *sum += wait;
        Some(Duration::from_millis(*sum))
    });
    begins.take_while(|begin| *begin <= time).count()
}

/// FR-CON-08: an outage of some length is not answered with a storm of attempts; the state tells of it.
#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_spaced() {
    let stage = Stage::known("");
    let (proxy, profile) = behind_a_proxy(&stage).await;
    let connection = stage.open(&profile).await.unwrap();
    let attempts = || proxy.taken.load(Ordering::SeqCst);
    let (before, begun) = (attempts(), Instant::now());
    proxy.cut();
    tokio::time::sleep(Duration::from_secs(5)).await;
    while attempts() == before {
        assert!(begun.elapsed() < LONG, "nobody tries");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A door that opens is not knocked at.
    let made = attempts() - before;
    let time = begun.elapsed();
    assert!(made <= most_attempts(time), "{made} attempts in {time:.1?}");
    // Whoever asks for it does not wait for the next attempt; one that has begun too early counts for another round.
    for round in 0.. {
        let now = state(&connection, LONG, |now| {
            matches!(now, LinkState::BackingOff { .. })
        })
        .await;
        let LinkState::BackingOff { sentence, .. } = now else {
            unreachable!()
        };
        assert!(sentence.contains("127.0.0.1"), "{sentence}");
        proxy.restore();
        let asked = Instant::now();
        connection.retry();
        state(&connection, LONG, is_up).await;
        if asked.elapsed() <= Duration::from_secs(3) {
            return;
        }
        assert!(round < 3, "back after {:.1?}", asked.elapsed());
        proxy.cut();
    }
}

async fn behind_a_proxy(stage: &Stage) -> (Proxy, Profile) {
    let proxy = Proxy::to(stage.sshd.port).await;
    let line = stage
        .sshd
        .host_key_line()
        .replace(&stage.sshd.port.to_string(), &proxy.port.to_string());
    std::fs::write(stage.folder.path().join("user_known_hosts"), line).unwrap();
    let mut profile = stage.by_key();
    let Address::Ssh { port, .. } = &mut profile.address else {
        unreachable!()
    };
    *port = proxy.port;
    (proxy, profile)
}

/// FR-CON-12, FR-API-04: the local socket needs no SSH; the agent's problems arrive with their code.
#[tokio::test(flavor = "multi_thread")]
async fn a_local_agent_without_ssh() {
    let folder = tempfile::tempdir().unwrap();
    let agent = FakeAgent::start(folder.path());
    let home = home(folder.path());
    let connection = Connection::local(&home, agent.socket.clone()).await.unwrap();
    assert_eq!(connection.send(GetVersion {}).await.unwrap().agent, "1.2.3");
    let email = EmailAddress::parse("a@example.org").unwrap();
    connection
        .sign_in(SignIn {
            email,
            password: Secret::new("x".into()),
        })
        .await
        .unwrap();
    let ClientError::Problem(problem) = connection.send(ListMembers {}).await.unwrap_err() else {
        panic!("a problem");
    };
    assert_eq!(
        (problem.code, problem.detail.as_str()),
        (ErrorCode::Forbidden, "Your role does not allow this.")
    );
    let error = Connection::local(&home, folder.path().join("nobody.sock"))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, ConnectError::AgentAbsent { .. }), "{error}");
}
