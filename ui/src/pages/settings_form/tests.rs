//! The form shows and sends every setting that there is.

use super::*;
use serde_json::json;

fn everything() -> serde_json::Value {
    json!({
        "source": { "kind": "git", "url": "https://example.org/web.git", "ref": "main", "folder": "app", "submodules": true, "lfs": true },
        "build": { "kind": "dockerfile", "file": "Dockerfile.web", "target": "runtime", "arguments": { "MODE": "a b" },
                   "secrets": ["NPM_TOKEN", "OTHER"], "limits": { "memory": 2048, "cpu": 1500, "time": 600 }, "platform": "linux/arm64" },
        "port": 8080, "replicas": 3,
        "health": { "kind": "http", "path": "/healthz", "status": 204, "text": " ok " },
        "rollout": { "strategy": { "kind": "canary", "shares": [5, 25, 60], "pause": 45, "errors": 2, "latency_ms": 300 },
                     "gate": 90, "watch": 10, "drain": 60, "warm": 600, "heal": true },
        "hooks": { "before": ["npm", "run", "migrate it"], "after": ["true"], "limit": 5400 },
        "container": {
            "command": ["/bin/server", "--a b"], "arguments": ["--listen", "8080"], "user": "1000:1000",
            "resources": { "memory": 256, "reserved_memory": 128, "cpu": 500, "reserved_cpu": 250, "processes": 100, "gpus": 1 },
            "restart": { "when": "on_failure", "most": 5 }, "stop_signal": "int", "stop_grace": 45, "init": false, "read_only": true,
            "tmpfs": [{ "path": "/tmp", "size": 64 }, { "path": "/run/x" }],
            "volumes": [{ "name": "data", "path": "/data" }, { "name": "more", "path": "/more", "read_only": true }],
            "binds": [{ "source": "/srv/photos", "path": "/photos", "read_only": true }],
            "networks": ["shared-db"], "add_capabilities": ["NET_ADMIN"], "drop_capabilities": ["CHOWN", "KILL"],
            "ulimits": [{ "name": "nofile", "soft": 1024, "hard": 2048 }], "labels": { "team": "shop it" },
            "placement": ["node.labels.disk==ssd"], "host_ports": [{ "port": 2222, "target": 22, "protocol": "udp" }]
        }
    })
}

/// FR-DEP-12: every setting that there is can be seen and typed: what the form shows is what it would send.
#[test]
fn every_setting_goes_round() {
    let settings: ApplicationSettings = serde_json::from_value(everything()).unwrap();
    assert_eq!(
        serde_json::to_value(&settings).unwrap(),
        everything_with_defaults()
    );
    assert_eq!(read(&fill(&settings)), Ok(settings));
}

/// What the protocol writes for [`everything`]: the same, with what was left out.
fn everything_with_defaults() -> serde_json::Value {
    let mut all = everything();
    all["container"]["tmpfs"][1]["size"] = serde_json::Value::Null;
    all["container"]["volumes"][0]["read_only"] = json!(false);
    all
}

/// FR-DEP-08: every setting that can change has a name for people.
#[test]
fn every_setting_has_a_name() {
    fn leaves(path: &str, value: &serde_json::Value) {
        let below = |key: &str| {
            if path.is_empty() {
                key.to_owned()
            } else {
                format!("{path}.{key}")
            }
        };
        match value {
            serde_json::Value::Object(all) => all.iter().for_each(|(key, value)| leaves(&below(key), value)),
            serde_json::Value::Array(all) => {
                all.iter()
                    .enumerate()
                    .for_each(|(i, value)| leaves(&below(&(i + 1).to_string()), value));
            }
            _ => assert_ne!(crate::setting_words::name(path), path),
        }
    }
    leaves("", &everything_with_defaults());
}

/// FR-DEP-04, FR-DEP-05, FR-SRC-03, FR-BLD-01, FR-BLD-02, FR-BLD-03: each kind of source, builder, health check and strategy goes round.
#[test]
fn every_kind_goes_round() {
    let kinds = [
        ("source", json!({ "kind": "image", "image": "ghcr.io/a/b:1" })),
        ("source", json!({ "kind": "upload", "folder": "site" })),
        ("build", json!({ "kind": "automatic" })),
        (
            "build",
            json!({ "kind": "automatic", "platform": "linux/arm/v7", "limits": { "memory": 512, "cpu": 500, "time": 60 } }),
        ),
        (
            "build",
            json!({ "kind": "static", "publish": "dist", "fallback": true, "platform": "linux/arm64" }),
        ),
        ("build", json!({ "kind": "external", "builder": "nixpacks" })),
        ("build", json!({ "kind": "external", "builder": "railpack" })),
        (
            "build",
            json!({ "kind": "external", "builder": "buildpacks", "limits": { "time": 600 } }),
        ),
        ("health", json!({ "kind": "port" })),
        ("health", json!({ "kind": "tcp" })),
        ("health", json!({ "kind": "command", "command": ["true"] })),
        ("health", json!({ "kind": "stays_up", "seconds": 20 })),
        ("rollout", json!({ "strategy": { "kind": "rolling" } })),
        ("rollout", json!({ "strategy": { "kind": "blue_green" } })),
        ("rollout", json!({ "strategy": { "kind": "recreate" } })),
    ];
    for (key, value) in kinds {
        let mut all = everything();
        all[key] = value;
        let settings: ApplicationSettings = serde_json::from_value(all).unwrap();
        assert_eq!(read(&fill(&settings)), Ok(settings), "{key}");
    }
}

/// NFR-U2: a new application's form misses only its source, and what is wrong is said of its own field and section.
#[test]
fn what_is_wrong_is_said_in_its_place() {
    let mut draft = fill_new();
    let errors = read(&draft).unwrap_err();
    assert_eq!(errors.keys().copied().collect::<Vec<_>>(), [source::GIT_URL]);
    assert!(Section::Source.is_wrong(&errors) && !Section::Build.is_wrong(&errors));
    draft.put(source::GIT_URL, "/srv/a.git");
    draft.put(resources::MEMORY, "lots");
    draft.put_rows(
        storage::VOLUMES,
        vec![vec!["data".into(), "nowhere".into(), String::new()]],
    );
    let errors = read(&draft).unwrap_err();
    assert!(errors[resources::MEMORY].contains("256 MiB"));
    assert!(errors[storage::VOLUMES].starts_with("Row 1: "));
    assert_eq!(Section::Storage.changed(&fill_new(), &draft), 1);
}

/// FR-DEP-12: what somebody else has changed meanwhile comes into the form, but not over what is being typed.
#[test]
fn a_change_from_elsewhere_does_not_undo_what_is_typed() {
    let settings = |replicas: u64, port: u64| -> ApplicationSettings {
        let source = json!({ "kind": "image", "image": "a" });
        serde_json::from_value(json!({ "source": source, "port": port, "replicas": replicas })).unwrap()
    };
    let (before, now) = (fill(&settings(1, 80)), fill(&settings(2, 80)));
    let typed = fill(&settings(1, 8080));
    assert_eq!(read(&typed.rebased(&before, &now)), Ok(settings(2, 8080)));
}

/// FR-DEP-12, FR-CON-08: what is typed between the press on *Save* and the answer stays, also where it is what was stored before; what was
/// sent is shown as it is stored.
#[test]
fn what_is_typed_while_it_is_saved_stays() {
    let mut stored = fill_new();
    stored.put(source::GIT_URL, "/srv/a.git");
    let mut sent = stored.clone();
    sent.put(resources::MEMORY, "128 MB");
    sent.put(hooks::FIELDS[0], "migrate");
    let mut now = sent.clone();
    now.put(resources::MEMORY, "122.1 MiB");
    let mut typed = sent.clone();
    typed.put(hooks::FIELDS[0], "");
    typed.put(source::GIT_URL, "/srv/b.git");
    let answered = typed.rebased(&sent, &now);
    assert_eq!(answered.text(resources::MEMORY), "122.1 MiB");
    assert_eq!(answered.text(source::GIT_URL), "/srv/b.git");
    // The lists tell of the same settings a moment later; by then they are the ones that are compared with.
    assert_eq!(answered.rebased(&now, &now).text(hooks::FIELDS[0]), "");
}

/// FR-DEP-12: no two sections have the same field.
#[test]
fn fields_belong_to_one_section() {
    let mut seen = std::collections::BTreeSet::new();
    for section in Section::ALL {
        assert!(
            section.fields().iter().all(|field| seen.insert(*field)),
            "{section:?}"
        );
    }
}

/// NFR-S8, NFR-U2: what the agent would refuse from somebody who may not set what reaches the node is refused in its field, and nothing else is:
/// neither what is stored already nor the rest.
#[test]
fn what_reaches_the_node_is_said_before_it_is_sent() {
    let with =
        |url: &str, build: serde_json::Value, capabilities: serde_json::Value| -> ApplicationSettings {
            let mut all = everything();
            all["source"]["url"] = json!(url);
            all["build"] = build;
            all["container"]["add_capabilities"] = capabilities;
            serde_json::from_value(all).unwrap()
        };
    let (elsewhere, dockerfile) = ("https://example.org/web.git", json!({ "kind": "dockerfile" }));
    let nixpacks = json!({ "kind": "external", "builder": "nixpacks" });
    let mut other_limits = nixpacks.clone();
    other_limits["limits"] = json!({ "time": 60 });
    let all = [
        with(elsewhere, dockerfile.clone(), json!([])),
        with(elsewhere, json!({ "kind": "automatic" }), json!(["NET_ADMIN"])),
        with("/srv/git/web.git", dockerfile.clone(), json!([])),
        with(
            "http://127.0.0.1/web.git",
            dockerfile.clone(),
            json!(["SYS_NICE"]),
        ),
        with(elsewhere, nixpacks.clone(), json!([])),
        with(elsewhere, other_limits, json!(["NET_RAW"])),
        with(
            elsewhere,
            json!({ "kind": "external", "builder": "railpack" }),
            json!([]),
        ),
        with(elsewhere, dockerfile.clone(), json!(["SYS_TIME", "NET_ADMIN"])),
    ];
    for (one, other) in all
        .iter()
        .flat_map(|one| all.iter().map(move |other| (one, other)))
    {
        let said = refused(&fill(one), &fill(other));
        assert_eq!(
            said.is_empty(),
            one.reaches_as_far_as(other),
            "{one:?} over {other:?}: {said:?}"
        );
    }
    let far = refused(
        &fill(&with("/srv/git/web.git", nixpacks, json!(["SYS_TIME"]))),
        &fill_new(),
    );
    let fields: Vec<&str> = far.keys().copied().collect();
    assert_eq!(fields, [security::ADD, build::KIND, source::GIT_URL]);
    assert!(far.values().all(|said| said.ends_with("ask one of them.")));
}
