//! What a plan stands on: everything that would make it another one, and the digest that stands for all of that.
//!
//! A deployment whose release serves already is no part of it: it only tidies up, and its end changes nothing of what a plan says.

use serde_json::json;
use sha2::{Digest, Sha256};
use slipway_protocol::DeploymentId;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::settings::ApplicationSettings;

use crate::db::deployments::{Stand, Unfinished};
use crate::secrets::hex;

/// The application at one moment, as far as a plan depends on it.
pub(super) struct Ground<'a> {
    /// What is asked for: what somebody has seen of a restart says nothing of a roll back.
    pub trigger: &'a Trigger,
    /// What would be built besides what the settings name: the upload and the patches.
    pub files: &'a [String],
    pub settings: &'a ApplicationSettings,
    /// A digest of variables and files, in hexadecimal.
    pub variables: &'a str,
    pub serving: Option<DeploymentId>,
    pub stopped: bool,
    /// Addresses that lead to the application.
    pub routes: &'a [String],
    pub unfinished: &'a [Unfinished],
    /// The number of the newest deployment: what somebody else has asked for since is worth a look, also where it has failed.
    pub newest: Option<u32>,
}

impl Ground<'_> {
    /// In hexadecimal.
    pub fn digest(&self) -> String {
        let state = json!({
            "trigger": self.trigger, "files": self.files, "settings": self.settings, "variables": self.variables, "serving": self.serving,
            "stopped": self.stopped, "routes": self.routes, "newest": self.newest,
            "taking_over": numbers(self.unfinished, Stand::TakesOver), "waiting": numbers(self.unfinished, Stand::Waits),
        });
        hex(&Sha256::digest(state.to_string().as_bytes()))
    }
}

/// The numbers of those that are so far.
pub(super) fn numbers(all: &[Unfinished], stand: Stand) -> Vec<u32> {
    let so_far = all.iter().filter(|one| one.stand == stand);
    so_far.map(|one| one.number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "018f0000-0000-7000-8000-000000000001";
    const SECOND: &str = "018f0000-0000-7000-8000-000000000002";

    fn settings(port: u16) -> ApplicationSettings {
        let value = json!({ "source": { "kind": "image", "image": "a" }, "port": port });
        serde_json::from_value(value).unwrap()
    }

    /// Of an application that has had two deployments.
    fn digest(serving: &str, stands: &[(u32, Stand)]) -> String {
        let unfinished: Vec<Unfinished> = stands
            .iter()
            .map(|&(number, stand)| Unfinished { number, stand })
            .collect();
        Ground {
            trigger: &Trigger::Deploy,
            files: &[],
            settings: &settings(80),
            variables: "ab",
            serving: serving.parse().ok(),
            stopped: false,
            routes: &[],
            unfinished: &unfinished,
            newest: Some(2),
        }
        .digest()
    }

    /// FR-DEP-08, FR-DEP-01: a plan outlives the end of a deployment that only tidies up, and not the switch to another release.
    #[test]
    fn only_who_will_serve_makes_a_plan_stale() {
        let at_rest = digest(SECOND, &[]);
        assert_eq!(digest(SECOND, &[(2, Stand::Tidies)]), at_rest);
        assert_ne!(digest(SECOND, &[(2, Stand::TakesOver)]), at_rest);
        assert_ne!(digest(SECOND, &[(2, Stand::Waits)]), at_rest);
        // The switch itself.
        let on_its_way = digest(FIRST, &[(2, Stand::TakesOver)]);
        assert_ne!(on_its_way, digest(SECOND, &[(2, Stand::Tidies)]));
        // It was taken back.
        assert_ne!(on_its_way, digest(FIRST, &[]));
        assert_ne!(digest(FIRST, &[]), at_rest);
        // Who waits behind it is told apart from who does not.
        let behind = [(2, Stand::Tidies), (3, Stand::Waits)];
        assert_ne!(digest(SECOND, &behind), at_rest);
        assert_eq!(digest(SECOND, &behind), digest(SECOND, &behind[1..]));
    }

    /// FR-DEP-08: what is asked for, settings, variables, what is built, addresses, a stop, and what somebody else has asked for since.
    #[test]
    fn whatever_a_plan_says_makes_it_stale() {
        let (settings, other) = (settings(80), settings(81));
        let ground = || Ground {
            trigger: &Trigger::Deploy,
            files: &[],
            settings: &settings,
            variables: "ab",
            serving: FIRST.parse().ok(),
            stopped: false,
            routes: &[],
            unfinished: &[],
            newest: Some(2),
        };
        let before = ground().digest();
        assert_eq!(ground().digest(), before);
        let one = ["a".to_owned()];
        let (first, second) = (FIRST.parse().unwrap(), SECOND.parse().unwrap());
        let back = [Trigger::Rollback { to: first }, Trigger::Rollback { to: second }];
        let digests = back
            .each_ref()
            .map(|trigger| Ground { trigger, ..ground() }.digest());
        assert_ne!(digests[0], digests[1], "the releases that are gone back to");
        let moved = [
            Ground {
                trigger: &Trigger::Redeploy,
                ..ground()
            },
            Ground {
                trigger: &back[0],
                ..ground()
            },
            Ground {
                files: &one,
                ..ground()
            },
            Ground {
                settings: &other,
                ..ground()
            },
            Ground {
                variables: "cd",
                ..ground()
            },
            Ground {
                serving: None,
                ..ground()
            },
            Ground {
                stopped: true,
                ..ground()
            },
            Ground {
                routes: &one,
                ..ground()
            },
            Ground {
                newest: Some(3),
                ..ground()
            },
        ];
        for (at, ground) in moved.iter().enumerate() {
            assert_ne!(ground.digest(), before, "{at}");
        }
    }
}
