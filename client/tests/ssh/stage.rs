//! What most tests of the link begin with: one server, one agent, one who connects.

use slipway_client::{Address, Answers, AuthMethod, ConnectError, Connection, Home, Profile};
use slipway_protocol::identity::SignIn;
use slipway_protocol::{EmailAddress, Secret};

use crate::support::fake_agent::FakeAgent;
use crate::support::proxy::Proxy;
use crate::support::sshd::Sshd;
use crate::support::{home, key_file, profile};

/// A server with an agent behind it, and the settings of whoever connects to it.
pub struct Stage {
    pub folder: tempfile::TempDir,
    pub agent: FakeAgent,
    pub sshd: Sshd,
    pub home: Home,
}

impl Stage {
    /// A server whose host key is on record already.
    pub fn known(more: &str) -> Self {
        let stage = Self::unknown(more);
        std::fs::write(
            stage.folder.path().join("user_known_hosts"),
            stage.sshd.host_key_line(),
        )
        .unwrap();
        stage
    }

    pub fn unknown(more: &str) -> Self {
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

    pub fn profile(&self, auth: AuthMethod) -> Profile {
        profile(self.sshd.port, &self.sshd.user, auth, &self.agent.socket)
    }

    pub fn by_key(&self) -> Profile {
        self.profile(key_file(self.sshd.key.clone()))
    }

    pub async fn open(&self, profile: &Profile) -> Result<Connection, ConnectError> {
        Connection::open(&self.home, profile, Answers::default()).await
    }

    pub async fn signed_in(&self, profile: &Profile) -> Connection {
        let connection = self.open(profile).await.unwrap();
        sign_in(&connection).await;
        connection
    }
}

pub async fn sign_in(connection: &Connection) {
    let email = EmailAddress::parse("a@example.org").unwrap();
    connection
        .sign_in(SignIn {
            email,
            password: Secret::new("x".into()),
        })
        .await
        .unwrap();
}

/// The way to the server by its key, over a network that can be cut.
pub async fn behind_a_proxy(stage: &Stage) -> (Proxy, Profile) {
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
