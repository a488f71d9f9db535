//! The session over a real link: renewed once, whoever asks; and never lost where a keychain or a caller goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use slipway_client::keychain::{Keychain, KeychainError, MemoryKeychain, SecretName};
use slipway_client::{Address, AuthMethod, ClientError, ConnectError, Connection, Home, Profile, SecretKind};
use slipway_protocol::Secret;
use slipway_protocol::api::{GetMe, ListProjects};

use crate::stage::{Stage, behind_a_proxy};
use crate::support::{LONG, is_up, state};

/// FR-IAM-02: a refused token is renewed once however many calls meet it, and a spent session asks for a sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_renewed_once() {
    let stage = Stage::known("");
    let profile = stage.by_key();
    let connection = stage.signed_in(&profile).await;
    stage.agent.seen.generation.store(2, Ordering::SeqCst);
    // A second program of the same user, with the same keychain.
    let other = stage.open(&profile).await.unwrap();
    let calls = (0..20).map(|n| {
        if n % 2 == 0 {
            connection.send(ListProjects {})
        } else {
            other.send(ListProjects {})
        }
    });
    for answer in futures_util::future::join_all(calls).await {
        answer.unwrap();
    }
    assert_eq!(stage.agent.seen.refreshes.load(Ordering::SeqCst), 1);
    let third = stage.open(&profile).await.unwrap();
    third.send(ListProjects {}).await.unwrap();

    stage.agent.seen.generation.store(9, Ordering::SeqCst);
    let error = connection.send(ListProjects {}).await.unwrap_err();
    assert!(matches!(error, ClientError::NotSignedIn { .. }), "{error}");
    assert!(!connection.is_signed_in().await.unwrap());
    assert!(matches!(
        connection.send(GetMe {}).await.unwrap_err(),
        ClientError::NotSignedIn { .. }
    ));
}

/// A keychain that takes nothing, or does not answer, when it is told so.
#[derive(Default)]
struct Moody {
    inside: MemoryKeychain,
    full: AtomicBool,
    locked: AtomicBool,
}

fn refused() -> KeychainError {
    KeychainError::Refused {
        reason: "it is in a mood".to_owned(),
    }
}

#[async_trait]
impl Keychain for Moody {
    async fn get(&self, name: SecretName) -> Result<Option<Secret<String>>, KeychainError> {
        if self.locked.load(Ordering::SeqCst) {
            return Err(refused());
        }
        self.inside.get(name).await
    }
    async fn set(&self, name: SecretName, value: Secret<String>) -> Result<(), KeychainError> {
        if self.full.load(Ordering::SeqCst) || self.locked.load(Ordering::SeqCst) {
            return Err(refused());
        }
        self.inside.set(name, value).await
    }
    async fn remove(&self, name: SecretName) -> Result<(), KeychainError> {
        self.inside.remove(name).await
    }
    fn lasts(&self) -> bool {
        true
    }
}

impl Stage {
    /// With this keychain instead of the usual one, and somebody signed in.
    async fn signed_in_with(&mut self, keychain: Arc<Moody>, profile: &Profile) -> Connection {
        self.home = Home {
            keychain,
            ..self.home.clone()
        };
        self.signed_in(profile).await
    }

    /// The agent takes only the tokens of that number from now on.
    fn expects(&self, generation: u32) {
        self.agent.seen.generation.store(generation, Ordering::SeqCst);
    }
}

/// FR-IAM-04, FR-CON-03: a renewed session that the keychain does not take goes on; the spent token that it still holds is not sent again,
/// because that would end the session as stolen. Nor does a keychain that does not answer stop who is signed in.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_outlives_a_keychain_in_a_mood() {
    let mut stage = Stage::known("");
    let keychain = Arc::new(Moody::default());
    let profile = stage.by_key();
    let connection = stage.signed_in_with(keychain.clone(), &profile).await;
    keychain.full.store(true, Ordering::SeqCst);
    stage.expects(2);
    connection.send(ListProjects {}).await.unwrap();
    stage.expects(3);
    connection.send(ListProjects {}).await.unwrap();
    keychain.full.store(false, Ordering::SeqCst);
    stage.expects(4);
    connection.send(ListProjects {}).await.unwrap();
    // It is in the keychain again.
    let other = stage.open(&profile).await.unwrap();
    other.send(ListProjects {}).await.unwrap();

    keychain.locked.store(true, Ordering::SeqCst);
    stage.expects(5);
    connection.send(ListProjects {}).await.unwrap();
    assert_eq!(stage.agent.seen.refreshes.load(Ordering::SeqCst), 4);
}

/// FR-IAM-04: whoever asked may go away while the session is renewed, a closed page for one; what the agent answers is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_survives_who_asked_for_it() {
    let stage = Stage::known("");
    let profile = stage.by_key();
    let connection = stage.signed_in(&profile).await;
    stage.expects(2);
    let holds = &stage.agent.seen.holds_renewals;
    holds.store(true, Ordering::SeqCst);
    let refreshes = || stage.agent.seen.refreshes.load(Ordering::SeqCst);
    let asked = async {
        let _ = connection.send(ListProjects {}).await;
    };
    let gone = async {
        while refreshes() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = asked => panic!("nobody has answered yet"),
        () = gone => {}
    }
    holds.store(false, Ordering::SeqCst);
    connection.send(ListProjects {}).await.unwrap();
    assert_eq!(refreshes(), 1);
}

/// FR-IAM-04: where the answer to a renewal is lost, the same next token is asked for again, also by the next program, because
/// another question with the spent token would end the session; and each renewal has a next token of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_renewal_is_asked_for_again() {
    let stage = Stage::known("");
    let profile = stage.by_key();
    let connection = stage.signed_in(&profile).await;
    stage.expects(2);
    stage.agent.seen.loses_the_answer.store(true, Ordering::SeqCst);
    connection.send(ListProjects {}).await.unwrap_err();
    stage.agent.seen.loses_the_answer.store(true, Ordering::SeqCst);
    connection.send(ListProjects {}).await.unwrap_err();
    drop(connection);
    let other = stage.open(&profile).await.unwrap();
    other.send(ListProjects {}).await.unwrap();
    stage.expects(3);
    other.send(ListProjects {}).await.unwrap();
    let asked = stage.agent.seen.renewed_with.lock().unwrap().clone();
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert!(
        asked[0].1.as_str().is_some_and(|next| next.len() == 64),
        "{asked:?}"
    );
    assert_eq!((&asked[0], &asked[1]), (&asked[1], &asked[2]));
    assert_ne!(asked[2].1, asked[3].1);
}

/// FR-CON-03, FR-CON-08: a link that is lost while the keychain is locked comes back by itself: what the keychain gave is known.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_comes_back_while_the_keychain_is_locked() {
    let mut stage = Stage::known("");
    let (proxy, mut profile) = behind_a_proxy(&stage).await;
    let Address::Ssh { auth, .. } = &mut profile.address else {
        unreachable!()
    };
    *auth = AuthMethod::KeptKey;
    let keychain = Arc::new(Moody::default());
    let name = SecretName {
        profile: profile.id,
        kind: SecretKind::SshKey,
    };
    let key = std::fs::read_to_string(&stage.sshd.key).unwrap();
    keychain.set(name, Secret::new(key)).await.unwrap();
    stage.home = Home {
        keychain: keychain.clone(),
        ..stage.home.clone()
    };
    let connection = stage.open(&profile).await.unwrap();
    keychain.locked.store(true, Ordering::SeqCst);
    proxy.cut();
    state(&connection, LONG, |now| !is_up(now)).await;
    proxy.restore();
    connection.retry();
    state(&connection, LONG, is_up).await;
    // Who opens it for the first time has to unlock it.
    let refused = stage.open(&profile).await.err().unwrap();
    assert!(matches!(refused, ConnectError::Keychain(_)), "{refused}");
}
