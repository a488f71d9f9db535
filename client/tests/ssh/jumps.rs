//! The way over jump hosts and entry hosts against real SSH servers: each host verified on its own, nothing ever direct.

use std::path::Path;
use std::time::Duration;

use crate::support::fake_agent::FakeAgent;
use crate::support::proxy::Proxy;
use crate::support::rogue::{PASSWORD, Rogue};
use crate::support::sshd::Sshd;
use crate::support::{LONG, home, is_up, key_file, profile, state};
use slipway_client::keychain::SecretName;
use slipway_client::{
    Address, Answers, AuthMethod, ConnectError, Connection, Entry, Home, Hop, LinkState, Profile, SecretKind,
    StepName, test_connection,
};
use slipway_protocol::Secret;
use slipway_protocol::api::GetVersion;

/// A cluster's server behind two jump hosts, each a real sshd with a folder of its own. One key is let in everywhere.
struct Chain {
    folder: tempfile::TempDir,
    agent: FakeAgent,
    first: Sshd,
    second: Sshd,
    server: Sshd,
    home: Home,
}

impl Chain {
    fn new(first: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let start = |name: &str, more: &str| {
            let own = folder.path().join(name);
            std::fs::create_dir(&own).unwrap();
            Sshd::start(&own, more)
        };
        let (first, second, server) = (start("first", first), start("second", ""), start("server", ""));
        for jump in [&first, &second] {
            jump.authorise(&server.key.with_extension("pub"));
        }
        let agent = FakeAgent::start(folder.path());
        let home = home(folder.path());
        Self {
            folder,
            agent,
            first,
            second,
            server,
            home,
        }
    }

    /// With every key on record.
    fn known(first: &str) -> Self {
        let chain = Self::new(first);
        chain.record(&[&chain.first, &chain.second, &chain.server]);
        chain
    }

    fn record(&self, servers: &[&Sshd]) {
        let lines: String = servers.iter().map(|server| server.host_key_line()).collect();
        self.record_lines(&lines);
    }

    fn record_lines(&self, lines: &str) {
        std::fs::write(self.folder.path().join("user_known_hosts"), lines).unwrap();
    }

    fn hop(&self, port: u16) -> Hop {
        Hop {
            host: "127.0.0.1".into(),
            port,
            user: self.first.user.clone(),
            auth: key_file(self.server.key.clone()),
        }
    }

    fn through(&self, hops: Vec<Hop>) -> Profile {
        let auth = key_file(self.server.key.clone());
        way(
            profile(self.server.port, &self.server.user, auth, &self.agent.socket),
            hops,
            Vec::new(),
        )
    }

    fn whole(&self) -> Profile {
        self.through(vec![self.hop(self.first.port), self.hop(self.second.port)])
    }

    async fn open(&self, profile: &Profile, answers: Answers) -> Result<Connection, ConnectError> {
        Connection::open(&self.home, profile, answers).await
    }
}

fn way(mut profile: Profile, hops: Vec<Hop>, more: Vec<Entry>) -> Profile {
    if let Address::Ssh { jump, entries, .. } = &mut profile.address {
        *jump = hops;
        *entries = more;
    }
    profile
}

fn entry(port: u16) -> Entry {
    Entry {
        host: "127.0.0.1".into(),
        port,
    }
}

fn typed(password: &str) -> Option<Secret<String>> {
    Some(Secret::new(password.into()))
}

async fn settle() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}

/// FR-CON-04, FR-CON-05: each host on the way is asked about on its own, in its order, and nothing is sent to one before
/// its key is accepted; an answer about one is none about another. Then the way stands, and its test times each host.
#[tokio::test(flavor = "multi_thread")]
async fn each_host_on_the_way_is_verified() {
    let chain = Chain::new("");
    let profile = chain.whole();
    let hops: Vec<String> = profile.address.hops().iter().map(Hop::name).collect();
    let mut answers = Answers::default();
    for (index, sshd) in [&chain.first, &chain.second, &chain.server]
        .into_iter()
        .enumerate()
    {
        // The keys of the others are no answer for this one.
        answers.accepted_host_key = Some(chain.first.fingerprint()).filter(|_| index > 0);
        let error = chain.open(&profile, answers.clone()).await.err().unwrap();
        let (at, inside) = error.place();
        assert_eq!(at, hops.get(index).map(String::as_str), "{error}");
        let ConnectError::UnknownHostKey {
            port, fingerprint, ..
        } = inside
        else {
            panic!("{error}");
        };
        assert_eq!((*port, fingerprint), (sshd.port, &sshd.fingerprint()));
        settle().await;
        assert!(
            !sshd.log().contains("userauth"),
            "nothing was sent: {}",
            sshd.log()
        );
        match hops.get(index) {
            Some(hop) => {
                answers.jumps.entry(hop.clone()).or_default().accepted_host_key = Some(sshd.fingerprint())
            }
            None => answers.accepted_host_key = Some(sshd.fingerprint()),
        }
    }
    let connection = chain.open(&profile, answers).await.unwrap();
    connection.send(GetVersion {}).await.unwrap();
    assert!(
        chain.second.log().contains("userauth"),
        "the log would have shown a sign-in"
    );

    let report = test_connection(&chain.home, &profile, Answers::default()).await;
    assert!(report.is_good(), "{report:?}");
    let stages = |name: StepName| report.steps.iter().filter(|step| step.step == name).count();
    assert_eq!((stages(StepName::Resolve), stages(StepName::SignIn)), (1, 3));
    assert_eq!((stages(StepName::HostKey), stages(StepName::Docker)), (3, 1));
}

/// FR-CON-05: a jump host that forbids the way, does not answer or refuses the sign-in ends the attempt; the cluster's
/// server, which this machine could reach by itself, sees nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_chain_never_goes_direct() {
    let chain = Chain::known("AllowTcpForwarding no");
    let before = chain.server.visits();
    let error = chain
        .open(&chain.whole(), Answers::default())
        .await
        .err()
        .unwrap();
    assert!(
        matches!(error.place().1, ConnectError::JumpRefused { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("forbids forwarding"), "{error}");

    let absent = chain.through(vec![chain.hop(1)]);
    let error = chain.open(&absent, Answers::default()).await.err().unwrap();
    assert!(
        matches!(error.place(), (Some(_), ConnectError::Unreachable { .. })),
        "{error}"
    );

    let mut stranger = chain.hop(chain.second.port);
    stranger.user = "nobody-of-this-name".into();
    let error = chain
        .open(&chain.through(vec![stranger]), Answers::default())
        .await
        .err()
        .unwrap();
    assert!(
        matches!(error.place(), (Some(_), ConnectError::SignInRefused { .. })),
        "{error}"
    );

    let beyond = chain.through(vec![chain.hop(chain.second.port), chain.hop(1)]);
    let error = chain.open(&beyond, Answers::default()).await.err().unwrap();
    assert!(error.to_string().contains("cannot connect to it"), "{error}");
    assert_eq!(chain.server.visits(), before, "{}", chain.server.log());
    assert!(before > 0, "the log would have shown one");
}

/// FR-CON-04, FR-CON-05: a server that stands in for a jump host, or for the cluster behind a real or a lying jump host,
/// sees no attempt to sign in: the key on record is another one, and that is a full stop.
#[tokio::test(flavor = "multi_thread")]
async fn a_rogue_on_the_way_learns_nothing() {
    let chain = Chain::known("");
    let rogue = Rogue::start(chain.agent.socket.clone()).await;
    let instead_of = |sshd: &Sshd| {
        let line = sshd.host_key_line();
        line.replace(&sshd.port.to_string(), &rogue.port.to_string())
    };
    let known = |more: String| {
        let real: String = [&chain.first, &chain.second, &chain.server]
            .iter()
            .map(|sshd| sshd.host_key_line())
            .collect();
        chain.record_lines(&(real + &more));
    };
    let by_password = |port: u16| Hop {
        auth: AuthMethod::Password,
        ..chain.hop(port)
    };
    let mut answers = Answers {
        password: typed(PASSWORD),
        ..Answers::default()
    };
    for hop in [by_password(rogue.port), by_password(chain.first.port)] {
        answers.jumps.entry(hop.name()).or_default().password = typed(PASSWORD);
    }

    known(instead_of(&chain.first));
    for hops in [
        vec![by_password(rogue.port)],
        vec![chain.hop(chain.first.port), by_password(rogue.port)],
    ] {
        let error = chain
            .open(&chain.through(hops), answers.clone())
            .await
            .err()
            .unwrap();
        assert!(
            matches!(error.place(), (Some(_), ConnectError::ChangedHostKey { .. })),
            "{error}"
        );
    }

    known(instead_of(&chain.server));
    let at_the_end = way(
        profile(rogue.port, "deploy", AuthMethod::Password, &chain.agent.socket),
        vec![chain.hop(chain.first.port)],
        Vec::new(),
    );
    let error = chain.open(&at_the_end, answers.clone()).await.err().unwrap();
    assert!(matches!(error, ConnectError::ChangedHostKey { .. }), "{error}");

    // A jump host that lies about where it leads: it is signed in to, and what it leads to is not.
    let liar = Rogue::start(chain.agent.socket.clone()).await;
    *liar.leads_to.lock().unwrap() = Some(rogue.port);
    known(String::new());
    chain
        .home
        .known_hosts
        .add("127.0.0.1", liar.port, &liar.key)
        .unwrap();
    let lied_to = Hop {
        user: "deploy".into(),
        ..by_password(liar.port)
    };
    answers.jumps.entry(lied_to.name()).or_default().password = typed(PASSWORD);
    let error = chain
        .open(&chain.through(vec![lied_to]), answers)
        .await
        .err()
        .unwrap();
    assert!(matches!(error, ConnectError::ChangedHostKey { .. }), "{error}");
    settle().await;
    assert_eq!(*rogue.connections.lock().unwrap(), 4, "it was really met");
    assert!(rogue.learned_nothing(), "{:?}", rogue.attempts.lock().unwrap());
}

/// FR-CON-04: a file of host keys that cannot be read stops the way at its first host, and so does a revoked key.
#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_record_stops_at_the_first_hop() {
    let chain = Chain::known("");
    let revoked = format!("@revoked {}", chain.second.host_key_line());
    chain.record_lines(&(chain.first.host_key_line() + &revoked));
    let error = chain
        .open(&chain.whole(), Answers::default())
        .await
        .err()
        .unwrap();
    let second = chain.whole().address.hops()[1].name();
    assert_eq!(error.place().0, Some(second.as_str()), "{error}");
    assert!(
        matches!(error.place().1, ConnectError::RevokedHostKey { .. }),
        "{error}"
    );

    let file = chain.folder.path().join("user_known_hosts");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let error = chain
        .open(&chain.whole(), Answers::default())
        .await
        .err()
        .unwrap();
    assert!(
        matches!(error.place(), (Some(_), ConnectError::KnownHosts { .. })),
        "{error}"
    );
    settle().await;
    assert!(!chain.second.log().contains("userauth"), "{}", chain.second.log());
    assert!(!chain.server.log().contains("userauth"), "{}", chain.server.log());
}

/// FR-CON-03, FR-CON-05: a jump host has a password of its own. The cluster's is never tried there, and what is kept in
/// the keychain is found again, and found for removal.
#[tokio::test(flavor = "multi_thread")]
async fn a_jump_host_has_its_own_secret() {
    let chain = Chain::known("");
    let gate = Rogue::start(chain.agent.socket.clone()).await;
    chain
        .home
        .known_hosts
        .add("127.0.0.1", gate.port, &gate.key)
        .unwrap();
    let hop = Hop {
        user: "deploy".into(),
        auth: AuthMethod::Password,
        ..chain.hop(gate.port)
    };
    let profile = chain.through(vec![hop.clone()]);
    let mut answers = Answers {
        password: typed(PASSWORD),
        ..Answers::default()
    };
    let error = chain.open(&profile, answers.clone()).await.err().unwrap();
    let name = hop.name();
    assert!(
        matches!(error.place(), (Some(at), ConnectError::PasswordNeeded { .. }) if at == name),
        "{error}"
    );
    assert!(gate.learned_nothing(), "{:?}", gate.attempts.lock().unwrap());
    answers.jumps.entry(name.clone()).or_default().password = typed(PASSWORD);
    let connection = chain.open(&profile, answers).await.unwrap();
    connection.remember_answers(|_| true).await.unwrap();
    chain.open(&profile, Answers::default()).await.unwrap();
    let kept = SecretKind::JumpPassword(name);
    assert!(SecretName::all_of(&profile).iter().any(|one| one.kind == kept));
}

/// FR-CON-05: entry hosts are tried in their order. One that is not reached is passed over; a question or a changed key
/// is not, and where none is reached each is named with its reason.
#[tokio::test(flavor = "multi_thread")]
async fn entry_hosts_are_tried_in_turn() {
    let chain = Chain::known("");
    let by_key = || key_file(chain.server.key.clone());
    let at = |port: u16, socket: &Path| profile(port, &chain.server.user, by_key(), socket);
    let here = way(
        at(1, &chain.agent.socket),
        Vec::new(),
        vec![entry(chain.server.port)],
    );
    let connection = chain.open(&here, Answers::default()).await.unwrap();
    connection.send(GetVersion {}).await.unwrap();
    let report = test_connection(&chain.home, &here, Answers::default()).await;
    assert!(report.is_good(), "{report:?}");
    assert!(
        report.steps.iter().any(|step| step.failure.is_some()),
        "the first one is told"
    );

    // An agent that is not there is passed over as well: another manager may have one.
    let nobody = chain.folder.path().join("nobody.sock");
    let absent = way(
        at(chain.first.port, &nobody),
        Vec::new(),
        vec![entry(chain.server.port), entry(1)],
    );
    let error = chain.open(&absent, Answers::default()).await.err().unwrap();
    let ConnectError::NoEntryHost { tried } = &error else {
        panic!("{error}");
    };
    assert!(tried.contains("nothing listens on port 1"), "{tried}");
    assert!(!error.needs_a_person());

    let before = chain.server.visits();
    chain.record(&[&chain.first, &chain.server]);
    let unknown = way(
        at(chain.second.port, &chain.agent.socket),
        Vec::new(),
        vec![entry(chain.server.port)],
    );
    let error = chain.open(&unknown, Answers::default()).await.err().unwrap();
    assert!(matches!(error, ConnectError::UnknownHostKey { .. }), "{error}");
    let line = chain.server.host_key_line();
    chain.record_lines(
        &(line.replace(&chain.server.port.to_string(), &chain.second.port.to_string()) + &line),
    );
    let error = chain.open(&unknown, Answers::default()).await.err().unwrap();
    assert!(matches!(error, ConnectError::ChangedHostKey { .. }), "{error}");
    assert_eq!(chain.server.visits(), before, "no other entry was tried");
}

/// FR-CON-05, FR-CON-08: the first host goes away, and another one was never visited: nobody is there to accept its key, and the link waits for
/// the first one to come back instead of for a person.
#[tokio::test(flavor = "multi_thread")]
async fn an_unvisited_entry_host_stops_nothing() {
    let chain = Chain::new("");
    let proxy = Proxy::to(chain.server.port).await;
    let known = chain.server.host_key_line();
    chain.record_lines(&known.replace(&chain.server.port.to_string(), &proxy.port.to_string()));
    let by_key = key_file(chain.server.key.clone());
    let two = way(
        profile(proxy.port, &chain.server.user, by_key, &chain.agent.socket),
        Vec::new(),
        vec![entry(chain.second.port)],
    );
    let connection = chain.open(&two, Answers::default()).await.unwrap();
    proxy.cut();
    let waits = |now: &LinkState| {
        matches!(
            now,
            LinkState::BackingOff {
                error: ConnectError::UnknownHostKey { .. },
                ..
            }
        )
    };
    state(&connection, LONG, waits).await;
    proxy.restore();
    state(&connection, LONG, is_up).await;
    assert!(!chain.second.log().contains("Accepted"), "{}", chain.second.log());
}
