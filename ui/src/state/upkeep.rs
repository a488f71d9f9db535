//! How somebody who may signed in to a cluster's server the last time, so that its agent is upgraded at one click: a name and a method, no secret.
//! And the wish for an upgrade, on its way to the page that does it.

use std::cell::Cell;

use serde::{Deserialize, Serialize};
use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{SshAuth, SshWay};

use super::stored;

const KEY: &str = "slipway-upkeep";
/// So many servers are remembered.
const MOST: usize = 100;

thread_local! {
    static WISHED: Cell<Option<ClusterId>> = const { Cell::new(None) };
}

/// The page that is opened next for this cluster's server upgrades it without another press.
pub fn wish(cluster: ClusterId) {
    WISHED.set(Some(cluster));
}

/// Whether that was wished; once.
pub fn was_wished(cluster: ClusterId) -> bool {
    WISHED.take() == Some(cluster)
}

/// How to sign in as somebody who may set the server up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignIn {
    pub user: String,
    pub auth: SshAuth,
}

impl SignIn {
    /// Where nothing is remembered: as everyday connections do, unless they are the account that may nothing else.
    pub fn usual(way: Option<&SshWay>) -> Self {
        match way.filter(|way| way.auth != SshAuth::KeptKey) {
            Some(way) => Self {
                user: way.user.clone(),
                auth: way.auth.clone(),
            },
            None => Self {
                user: "root".to_owned(),
                auth: SshAuth::Agent,
            },
        }
    }
}

/// How it was done the last time.
pub fn remembered(cluster: ClusterId) -> Option<SignIn> {
    let all = parse(&stored::read(KEY)?);
    all.into_iter()
        .find(|(one, _)| *one == cluster)
        .map(|(_, how)| how)
}

/// Remembers that it worked this way.
pub fn remember(cluster: ClusterId, how: SignIn) {
    let all = with(parse(&stored::read(KEY).unwrap_or_default()), cluster, how);
    if let Ok(text) = serde_json::to_string(&all) {
        stored::write(KEY, &text);
    }
}

/// What is nonsense is nothing.
fn parse(text: &str) -> Vec<(ClusterId, SignIn)> {
    serde_json::from_str(text).unwrap_or_default()
}

fn with(mut all: Vec<(ClusterId, SignIn)>, cluster: ClusterId, how: SignIn) -> Vec<(ClusterId, SignIn)> {
    all.retain(|(one, _)| *one != cluster);
    all.insert(0, (cluster, how));
    all.truncate(MOST);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(number: usize) -> ClusterId {
        format!("018f0000-0000-7000-8000-{number:012}").parse().unwrap()
    }

    fn of(user: &str) -> SignIn {
        SignIn {
            user: user.to_owned(),
            auth: SshAuth::KeyFile {
                path: "~/.ssh/id".to_owned(),
                more: Vec::new(),
            },
        }
    }

    /// FR-HST-05: how a server was signed in to is remembered for each cluster, the last way counts, and the list does not grow without end.
    #[test]
    fn a_sign_in_is_remembered() {
        let all = with(Vec::new(), cluster(1), of("root"));
        let all = with(all, cluster(2), of("ada"));
        let mut all = with(all, cluster(1), of("admin"));
        assert_eq!(all, [(cluster(1), of("admin")), (cluster(2), of("ada"))]);
        assert_eq!(parse(&serde_json::to_string(&all).unwrap()), all);
        assert!(parse("nonsense").is_empty());
        for number in 10..200 {
            all = with(all, cluster(number), of("root"));
        }
        assert_eq!(all.len(), MOST);
    }

    /// FR-HST-05: the account of everyday connections, which may nothing else, is not offered for setting up.
    #[test]
    fn the_everyday_account_is_not_offered() {
        let mut way = SshWay {
            host: "server".to_owned(),
            port: 22,
            user: "deploy".to_owned(),
            auth: SshAuth::Agent,
            agent_socket: None,
            jump: Vec::new(),
            entries: Vec::new(),
        };
        assert_eq!(SignIn::usual(Some(&way)).user, "deploy");
        way.auth = SshAuth::KeptKey;
        assert_eq!(SignIn::usual(Some(&way)).user, "root");
        assert_eq!(SignIn::usual(None).auth, SshAuth::Agent);
    }

    /// FR-HST-05, FR-DSK-04: an upgrade that was asked for begins once, and for no other cluster.
    #[test]
    fn an_upgrade_is_begun_once() {
        assert!(!was_wished(cluster(1)));
        wish(cluster(1));
        assert!(was_wished(cluster(1)));
        assert!(!was_wished(cluster(1)));
        wish(cluster(1));
        assert!(!was_wished(cluster(2)));
        assert!(!was_wished(cluster(1)));
    }
}
