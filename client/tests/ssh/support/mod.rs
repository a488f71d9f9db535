//! What the tests of the SSH link stand on: a real sshd, a small agent, a network that can be cut, and an SSH server
//! of our own where the real one would need accounts with passwords.

pub mod fake_agent;
pub mod meddler;
pub mod proxy;
pub mod raw_peer;
pub mod rogue;
pub mod sshd;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use slipway_client::{
    Address, AgentSocket, AuthMethod, Connection, Home, KnownHosts, LinkState, MemoryKeychain, Profile,
};

/// A configuration folder with a keychain of its own and no `known_hosts` of the machine.
pub fn home(folder: &Path) -> Home {
    let mut home = Home::new(folder.join("config"), Arc::new(MemoryKeychain::default()));
    home.known_hosts = KnownHosts::with_files(
        folder.join("config/known_hosts"),
        vec![folder.join("user_known_hosts")],
    );
    home
}

pub fn profile(port: u16, user: &str, auth: AuthMethod, socket: &Path) -> Profile {
    let agent_socket = AgentSocket::parse(socket.to_str().unwrap()).unwrap();
    let address = Address::Ssh {
        host: "127.0.0.1".into(),
        port,
        user: user.into(),
        agent_socket,
        auth,
        jump: Vec::new(),
        entries: Vec::new(),
    };
    Profile::new("test", address).unwrap()
}

pub fn key_file(path: PathBuf) -> AuthMethod {
    AuthMethod::KeyFile {
        path,
        more: Vec::new(),
    }
}

/// Longer than anything takes that happens at all, also on a machine that is held up.
pub const LONG: Duration = Duration::from_secs(60);

/// Waits until the link's state is as wished.
pub async fn state(
    connection: &Connection,
    longest: Duration,
    wished: impl Fn(&LinkState) -> bool,
) -> LinkState {
    let mut state = connection.state();
    let seen = tokio::time::timeout(longest, state.wait_for(|now| wished(now))).await;
    seen.expect("the state comes in time")
        .expect("the connection lives")
        .clone()
}

pub fn is_up(state: &LinkState) -> bool {
    matches!(state, LinkState::Up { .. })
}
