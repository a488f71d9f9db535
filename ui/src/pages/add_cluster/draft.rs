//! What was typed into “Add a cluster” and led to no cluster yet. No secret is among it.

use std::cell::RefCell;

use crate::components::ssh_way::WayBegun;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    pub name: String,
    pub way: WayBegun,
    pub tag: Option<String>,
    pub color: Option<String>,
    pub group: Option<String>,
}

thread_local! {
    static KEPT: RefCell<Draft> = RefCell::default();
}

pub fn keep(draft: Draft) {
    KEPT.set(draft);
}

pub fn kept() -> Draft {
    KEPT.with_borrow(Clone::clone)
}

/// It has become a cluster, or is not wanted.
pub fn forget() {
    KEPT.take();
}

/// This one has become a cluster; what has been typed since stays.
pub fn forget_this(sent: &Draft) {
    KEPT.with_borrow_mut(|kept| {
        if kept == sent {
            *kept = Draft::default();
        }
    });
}

/// The server of this host has become a cluster; what was typed for another one meanwhile stays.
pub fn forget_host(host: &str) {
    KEPT.with_borrow_mut(|kept| {
        if kept.way.host() == host {
            *kept = Draft::default();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::desktop::{SshAuth, SshWay};

    /// FR-CON-08, FR-HST-01: what was typed for another server than the one that has been set up meanwhile stays.
    #[test]
    fn what_was_typed_for_another_server_stays() {
        let way = SshWay {
            host: "second.example.org".to_owned(),
            port: 22,
            user: "root".to_owned(),
            auth: SshAuth::Agent,
            agent_socket: None,
            jump: Vec::new(),
            entries: Vec::new(),
        };
        let typed = Draft {
            way: WayBegun::of(&way),
            ..Draft::default()
        };
        keep(typed.clone());
        forget_host("first.example.org");
        assert_eq!(kept(), typed);
        forget_host("second.example.org");
        assert_eq!(kept(), Draft::default());
    }

    /// FR-CON-08: what was typed is let go when it has become a cluster, and what was typed for the next one meanwhile is not.
    #[test]
    fn what_was_typed_since_stays() {
        let named = |name: &str| Draft {
            name: name.to_owned(),
            ..Draft::default()
        };
        keep(named("second"));
        forget_this(&named("first"));
        assert_eq!(kept(), named("second"));
        forget_this(&named("second"));
        assert_eq!(kept(), Draft::default());
    }
}
