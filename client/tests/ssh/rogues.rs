//! Servers that keep to no rule of SSH, and somebody on the way who changes what a server says.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use slipway_client::{Answers, AuthMethod, ConnectError, Connection, Home};
use slipway_protocol::Secret;
use slipway_protocol::api::GetVersion;

use crate::stage::Stage;
use crate::support::meddler::{Deed, Meddler, after_line, encrypted_from};
use crate::support::raw_peer::{RawPeer, Then, kex_init, packet};
use crate::support::rogue::{PASSWORD, Rogue};
use crate::support::{home, key_file, profile};

/// By then each attempt has ended: the longest wait of any stage before the sign-in, and much for a busy machine.
const LONGEST: Duration = Duration::from_secs(60);
/// What is taken from a server that never ends, with what the kernel holds for both looks at it.
const MOST_TAKEN: usize = 64 << 20;

const LINE: &[u8] = b"SSH-2.0-Peer\r\n";
const USER: &str = "a-name-that-is-told-to-nobody";

fn after(line: &[u8], rest: &[u8]) -> Vec<u8> {
    [line, rest].concat()
}

fn good_init() -> Vec<u8> {
    let (cipher, mac) = ("chacha20-poly1305@openssh.com", "hmac-sha2-256-etm@openssh.com");
    kex_init([
        "curve25519-sha256,kex-strict-s-v00@openssh.com",
        "ssh-ed25519",
        cipher,
        cipher,
        mac,
        mac,
        "none",
        "none",
        "",
        "",
    ])
}

/// What peers say, and what they do then.
fn peers() -> Vec<(&'static str, Vec<u8>, Then)> {
    let length = |length: u32| after(LINE, &length.to_be_bytes());
    let weak = kex_init([
        "diffie-hellman-group1-sha1",
        "ssh-dss",
        "3des-cbc",
        "3des-cbc",
        "hmac-md5",
        "hmac-md5",
        "none",
        "none",
        "",
        "",
    ]);
    let zlib = kex_init([
        "curve25519-sha256",
        "ssh-ed25519",
        "aes128-ctr",
        "aes128-ctr",
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-256-etm@openssh.com",
        "zlib",
        "zlib",
        "",
        "",
    ]);
    // A list that says it is as long as nothing can be.
    let endless_list = [&[20_u8][..], &[7; 16], &[0xff; 4], b"curve25519-sha256"].concat();
    let init = packet(&good_init());
    let then = |payload: &[u8]| [LINE, &init, &packet(payload)].concat();
    let zeros = || Then::Repeat(vec![0; 64 * 1024]);
    vec![
        (
            "lines without an end",
            Vec::new(),
            Then::Repeat(b"a banner\r\n".repeat(4096)),
        ),
        (
            "one line without an end",
            Vec::new(),
            Then::Repeat(vec![b'a'; 64 * 1024]),
        ),
        ("a version of its own", b"SSH-9.9-Peer\r\n".to_vec(), Then::Wait),
        (
            "another protocol",
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            Then::Close,
        ),
        ("nothing", Vec::new(), Then::Wait),
        ("an end at once", Vec::new(), Then::Close),
        ("half a line", b"SSH-2.0-".to_vec(), Then::Close),
        ("a line and no more", LINE.to_vec(), Then::Close),
        ("a line and silence", LINE.to_vec(), Then::Wait),
        ("a packet of 4 GiB", length(u32::MAX), zeros()),
        ("a packet of 2 GiB", length(1 << 31), zeros()),
        ("a packet of nothing", length(0), zeros()),
        ("a packet of one byte", length(1), zeros()),
        (
            "more padding than packet",
            after(LINE, &[0, 0, 0, 12, 255, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            Then::Wait,
        ),
        ("half a packet", after(LINE, &init[..init.len() / 2]), Then::Close),
        ("an empty packet", after(LINE, &packet(&[])), Then::Close),
        ("a list of 4 GiB", after(LINE, &packet(&endless_list)), Then::Wait),
        (
            "half of what it can",
            after(LINE, &packet(&good_init()[..40])),
            Then::Wait,
        ),
        ("nothing modern", after(LINE, &packet(&weak)), Then::Wait),
        ("only compressed", after(LINE, &packet(&zlib)), Then::Wait),
        (
            "the sign-in has succeeded",
            after(LINE, &packet(&[52])),
            Then::Close,
        ),
        ("new keys at once", after(LINE, &packet(&[21])), Then::Close),
        ("new keys without an exchange", then(&[21]), Then::Close),
        ("a success within the exchange", then(&[52]), Then::Close),
        (
            "what is to be ignored within a strict exchange",
            then(&[2, 0, 0, 0, 0]),
            Then::Wait,
        ),
        ("an answer that is cut off", then(&[31, 0, 0, 0, 51]), Then::Wait),
        (
            "an answer with a key of 4 GiB",
            then(&[31, 255, 255, 255, 255, 1, 2, 3]),
            Then::Wait,
        ),
        (
            "an answer of zeros",
            then(&[&[31_u8][..], &[0; 200]].concat()),
            Then::Wait,
        ),
        (
            "the beginning again and again",
            after(LINE, &init),
            Then::Repeat(init.repeat(64)),
        ),
        (
            "a message that is none, again and again",
            after(LINE, &init),
            Then::Repeat(packet(&[255; 1000]).repeat(64)),
        ),
        (
            "what is to be ignored, without an end",
            LINE.to_vec(),
            Then::Repeat(packet(&[2, 0, 0, 0, 0]).repeat(4096)),
        ),
        (
            "farewells without an end",
            LINE.to_vec(),
            Then::Repeat(packet(&[1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]).repeat(1024)),
        ),
        ("noise", after(LINE, &[0x5a; 4096]), Then::Close),
    ]
}

/// Opens with a key and a password at hand; what comes of it, in time and in a sentence.
async fn refused(home: &Home, stage: &Stage, port: u16, what: &str) -> ConnectError {
    let auth = key_file(stage.sshd.key.clone());
    let profile = profile(port, USER, auth, &stage.agent.socket);
    let answers = Answers {
        password: Some(Secret::new(PASSWORD.into())),
        ..Answers::default()
    };
    let opened = tokio::time::timeout(LONGEST, Connection::open(home, &profile, answers)).await;
    let error = opened
        .unwrap_or_else(|_| panic!("{what}: it goes on for ever"))
        .err()
        .unwrap_or_else(|| panic!("{what}: it was taken for a server"));
    assert_sentence(&error, what);
    error
}

fn assert_sentence(error: &ConnectError, what: &str) {
    let said = error.to_string();
    let whole = said.ends_with('.') && said.chars().count() < 500;
    let plain = !said.contains(slipway_protocol::is_hidden) && !said.contains("panicked");
    assert!(whole && plain, "{what}: {said:?}");
}

/// FR-CON-04, NFR-S5: whatever listens in the place of a server, however much it says and in whatever order, the attempt ends soon and
/// with a sentence and leaves no connection behind; no more is taken than a little, and nobody is told who wanted to come in.
#[tokio::test(flavor = "multi_thread")]
async fn peers_without_rules_are_refused() {
    let stage = Stage::unknown("");
    let home = home(stage.folder.path());
    let (home, stage) = (&home, &stage);
    let attempts = peers().into_iter().map(|(what, words, then)| async move {
        let peer = RawPeer::saying(words, then).await;
        let error = refused(home, stage, peer.port, what).await;
        assert!(
            matches!(
                error,
                ConnectError::Protocol { .. }
                    | ConnectError::BrokenOff { .. }
                    | ConnectError::Unreachable { .. }
            ),
            "{what}: {error:?}"
        );
        // What may come at any time comes until the time is over.
        let is_bounded = !what.starts_with("what is to be ignored, without");
        let said = peer.said();
        assert!(
            !is_bounded || said < MOST_TAKEN,
            "{what}: {said} bytes were taken"
        );
        for told in [USER, "ssh-userauth", PASSWORD] {
            assert!(!peer.heard(told), "{what}: “{told}” was told");
        }
        // Nothing of the attempt stays behind, whether the peer minds or not.
        let until = Instant::now() + LONGEST;
        while !peer.is_alone() {
            assert!(Instant::now() < until, "{what}: the connection is kept");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        peer.heard("SSH-2.0-")
    });
    // They were peers that were refused, and not the ways to them. One that ends in the middle may have heard nothing.
    let heard = join_all(attempts).await;
    let count = heard.iter().filter(|heard| **heard).count();
    assert!(count > heard.len() / 2, "only {count} were spoken to");
}

/// A stage with the meddler's own port on record for the server's key: what is changed on the way looks like the server.
async fn before(stage: &Stage, deed: Deed) -> (Meddler, slipway_client::Profile) {
    let meddler = Meddler::before(stage.sshd.port, deed).await;
    let line = stage.sshd.host_key_line().replace(
        &format!("]:{} ", stage.sshd.port),
        &format!("]:{} ", meddler.port),
    );
    let path = stage.folder.path().join("user_known_hosts");
    let mut known = std::fs::read_to_string(&path).unwrap_or_default();
    known.push_str(&line);
    std::fs::write(&path, known).unwrap();
    let auth = key_file(stage.sshd.key.clone());
    let profile = profile(meddler.port, &stage.sshd.user, auth, &stage.agent.socket);
    (meddler, profile)
}

/// What the server says on a whole way, from its line to the agent's first answer.
async fn whole_way(stage: &Stage) -> Vec<u8> {
    let (meddler, profile) = before(stage, Deed::Nothing).await;
    let connection = stage.open(&profile).await.unwrap();
    let said = meddler.longest();
    drop(connection);
    said
}

/// FR-CON-05, FR-CON-04: a connection that ends after any part of what a server says ends the attempt with a sentence, never with a
/// wait, and the next one works.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_anywhere_is_told() {
    let stage = Stage::known("");
    let length = whole_way(&stage).await.len();
    let stage = &stage;
    let mut ways = Vec::new();
    for part in 0..25 {
        let place = length * part / 25;
        ways.push((place, before(stage, Deed::CutAfter(place)).await));
    }
    let attempts = ways.iter().map(|(place, (_, profile))| async move {
        let begun = Instant::now();
        let error = stage.open(profile).await.err();
        assert!(
            begun.elapsed() < LONGEST,
            "cut after {place}: {:?}",
            begun.elapsed()
        );
        // Near the end the agent's answer may have come already.
        match error {
            Some(error) => assert_sentence(&error, &format!("cut after {place}")),
            None => assert!(
                *place > length / 2,
                "cut after {place} of {length}, and nobody minds"
            ),
        }
    });
    join_all(attempts).await;
    stage.open(&stage.by_key()).await.unwrap();
}

/// FR-CON-04: what somebody on the way changes of what the server says, or lays between, is noticed: the attempt ends, and nothing
/// comes of it. So does a packet whose length becomes 2 GiB after the keys are made.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_on_the_way_is_noticed() {
    let stage = Stage::known("");
    let said = whole_way(&stage).await;
    let let_in = |stage: &Stage| stage.sshd.log().matches("Accepted").count();
    let before_all = let_in(&stage);
    let (line, encrypted) = (after_line(&said), encrypted_from(&said));
    // Before the first packet of a strict exchange: what is to be ignored may not stand there (Terrapin).
    let mut deeds = vec![
        Deed::Insert(line, packet(&[2, 0, 0, 0, 0])),
        Deed::Insert(line, packet(&[4, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        // The line itself is part of what is signed.
        Deed::Flip(10),
        // The random part and the lists of what the server can are, too.
        Deed::Flip(line + 8),
        Deed::Flip(line + 30),
    ];
    deeds.extend([0, 1, 4, 5, 8, 12, 16, 20].map(|place| Deed::Flip(encrypted + place)));
    deeds.push(Deed::Insert(encrypted, packet(&[2, 0, 0, 0, 0])));
    let stage = &stage;
    let mut ways = Vec::new();
    for deed in deeds {
        ways.push((deed.clone(), before(stage, deed).await));
    }
    let attempts = ways.iter().map(|(deed, (_, profile))| async move {
        let opened = tokio::time::timeout(LONGEST, stage.open(profile)).await;
        let error = opened
            .unwrap_or_else(|_| panic!("{deed:?}: it goes on for ever"))
            .err()
            .unwrap_or_else(|| panic!("{deed:?} is not noticed"));
        assert_sentence(&error, &format!("{deed:?}"));
    });
    join_all(attempts).await;
    assert_eq!(
        let_in(stage),
        before_all,
        "somebody was let in over a changed way"
    );
}

/// FR-CON-06: a server that wants new keys after every few packets gets them, and the calls go on.
#[tokio::test(flavor = "multi_thread")]
async fn new_keys_after_every_few_packets_are_given() {
    let stage = Stage::known("");
    let server = Rogue::start_with(
        stage.agent.socket.clone(),
        russh::Limits::new(2048, 2048, Duration::from_secs(3600)),
    )
    .await;
    stage
        .home
        .known_hosts
        .add("127.0.0.1", server.port, &server.key)
        .unwrap();
    let profile = profile(server.port, "deploy", AuthMethod::Password, &stage.agent.socket);
    let answers = Answers {
        password: Some(Secret::new(PASSWORD.into())),
        ..Answers::default()
    };
    let connection = Connection::open(&stage.home, &profile, answers).await.unwrap();
    for _ in 0..200 {
        let sent = tokio::time::timeout(LONGEST, connection.send(GetVersion {})).await;
        sent.expect("an answer in time").unwrap();
    }
}
