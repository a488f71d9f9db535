//! Which way a release takes the place of the one before it, and why.

use slipway_protocol::deployment::Way;
use slipway_protocol::settings::{ApplicationSettings, Strategy};

/// A way with its reason, in words that follow “because”.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub way: Way,
    pub because: String,
}

/// Whether its containers write to what outlives them: a volume, or a folder of the node.
pub fn writes_to_what_stays(settings: &ApplicationSettings) -> bool {
    let container = &settings.container;
    container.volumes.iter().any(|volume| !volume.read_only)
        || container.binds.iter().any(|bind| !bind.read_only)
}

/// Chooses. What cannot work is not done even where it is asked for.
pub fn choose(settings: &ApplicationSettings) -> Choice {
    let of = |way: Way, because: &str| Choice {
        way,
        because: because.to_owned(),
    };
    let container = &settings.container;
    if let Some(port) = container.host_ports.first() {
        let because = format!(
            "port {} of the node can belong to one task only, so the old task has to let go of it first",
            port.port.get()
        );
        return of(Way::Recreate, &because);
    }
    match &settings.rollout.strategy {
        Strategy::Automatic if container.binds.iter().any(|bind| !bind.read_only) => of(
            Way::Recreate,
            "a folder of the node is written to, and two releases at once could damage what is in it",
        ),
        Strategy::Automatic => match container.volumes.iter().find(|volume| !volume.read_only) {
            Some(volume) => of(
                Way::Recreate,
                &format!(
                    "the volume {} is written to, and two releases at once could damage what is in it",
                    volume.name
                ),
            ),
            None => of(
                Way::BlueGreen,
                "nothing keeps two releases from running side by side for a moment",
            ),
        },
        Strategy::Canary(_) if settings.port.is_none() => of(
            Way::BlueGreen,
            "a canary shares out requests, and without a port there are none",
        ),
        Strategy::BlueGreen => of(Way::BlueGreen, "the settings say so"),
        Strategy::Canary(_) => of(Way::Canary, "the settings say so"),
        Strategy::Rolling => of(Way::Rolling, "the settings say so"),
        Strategy::Recreate => of(Way::Recreate, "the settings say so"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn way(more: serde_json::Value) -> Choice {
        let mut settings = json!({ "source": { "kind": "image", "image": "nginx" }, "port": 80 });
        settings
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        choose(&serde_json::from_value(settings).unwrap())
    }

    /// FR-DEP-05: the way is chosen from volumes and ports, and the reason is said.
    #[test]
    fn volumes_and_ports_decide() {
        assert_eq!(way(json!({})).way, Way::BlueGreen);
        let volume = way(json!({ "container": { "volumes": [{ "name": "data", "path": "/data" }] } }));
        assert!(
            volume.way == Way::Recreate && volume.because.contains("data"),
            "{volume:?}"
        );
        let read = way(
            json!({ "container": { "volumes": [{ "name": "data", "path": "/data", "read_only": true }] } }),
        );
        assert_eq!(read.way, Way::BlueGreen);
        let port = json!({ "container": { "host_ports": [{ "port": 25, "target": 25 }] }, "rollout": { "strategy": { "kind": "blue_green" } } });
        assert!(way(port.clone()).way == Way::Recreate && way(port).because.contains("25"));
    }

    /// FR-DEP-05: a canary of an application without requests is none.
    #[test]
    fn a_worker_has_no_canary() {
        let canary = way(json!({ "port": null, "rollout": { "strategy": { "kind": "canary" } } }));
        assert_eq!(canary.way, Way::BlueGreen);
    }
}
