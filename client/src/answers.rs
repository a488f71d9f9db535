//! What the person has answered for one connection.

use std::collections::HashMap;

use slipway_protocol::Secret;
pub use slipway_protocol::desktop::JumpAnswers;

use crate::profiles::{Address, AuthMethod, Profile};

/// What the person has answered to a [`crate::ConnectError`]. Kept in memory for reconnecting; never written.
#[derive(Clone, Default)]
pub struct Answers {
    /// `SHA256:…`: this key is accepted for the cluster's own host, and recorded.
    pub accepted_host_key: Option<String>,
    pub password: Option<Secret<String>>,
    pub passphrase: Option<Secret<String>>,
    /// What was answered about each jump host, by [`crate::Hop::name`]: no answer is ever used for another host.
    pub jumps: HashMap<String, JumpAnswers>,
}

impl Answers {
    /// Whether a refused sign-in was tried with a password that was remembered, not typed just now: the person may type the present one. `jump`: the
    /// host on the way that refused, by [`crate::Hop::name`]; without one, the cluster's own.
    pub fn may_retype(&self, profile: &Profile, jump: Option<&str>) -> bool {
        let Address::Ssh { auth, jump: hops, .. } = &profile.address else {
            return false;
        };
        let (auth, typed) = match jump {
            None => (Some(auth), self.password.is_some()),
            Some(name) => {
                let hop = hops.iter().find(|hop| hop.name() == name);
                let given = self.jumps.get(name);
                let typed = given.is_some_and(|given| given.password.is_some());
                (hop.map(|hop| &hop.auth), typed)
            }
        };
        auth == Some(&AuthMethod::Password) && !typed
    }

    /// The same without what is answered for good once the host keys are on record.
    pub(crate) fn for_reconnecting(&self) -> Self {
        let mut again = self.clone();
        again.accepted_host_key = None;
        for jump in again.jumps.values_mut() {
            jump.accepted_host_key = None;
        }
        again
    }
}
