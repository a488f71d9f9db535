//! What was changed outside Slipway: a release's service as it should be, against the one that is there. Pure.

use std::collections::BTreeMap;

use serde_json::Value;
use slipway_protocol::drift::Difference;

/// Parts of a service's specification that are compared, with their names for people. What Docker fills in by itself is not among
/// them, nor what an engine of API 1.41 takes and does not tell (privileges).
const PARTS: &[(&str, &str)] = &[
    ("/Labels", "labels"),
    ("/TaskTemplate/ContainerSpec/Image", "image"),
    ("/TaskTemplate/ContainerSpec/Command", "command"),
    ("/TaskTemplate/ContainerSpec/Args", "arguments"),
    ("/TaskTemplate/ContainerSpec/Dir", "working folder"),
    ("/TaskTemplate/ContainerSpec/User", "user"),
    ("/TaskTemplate/ContainerSpec/Groups", "groups"),
    ("/TaskTemplate/ContainerSpec/Hostname", "host name"),
    ("/TaskTemplate/ContainerSpec/Hosts", "host entries"),
    ("/TaskTemplate/ContainerSpec/DNSConfig", "name servers"),
    ("/TaskTemplate/ContainerSpec/Sysctls", "kernel settings"),
    ("/TaskTemplate/ContainerSpec/Ulimits", "limits of processes"),
    ("/TaskTemplate/ContainerSpec/TTY", "terminal"),
    ("/TaskTemplate/ContainerSpec/OpenStdin", "standard input"),
    ("/TaskTemplate/ContainerSpec/ReadOnly", "read-only"),
    ("/TaskTemplate/ContainerSpec/Init", "init"),
    ("/TaskTemplate/ContainerSpec/StopSignal", "stop signal"),
    ("/TaskTemplate/ContainerSpec/StopGracePeriod", "stop grace"),
    ("/TaskTemplate/ContainerSpec/Mounts", "mounts"),
    ("/TaskTemplate/ContainerSpec/Secrets", "secret files"),
    ("/TaskTemplate/ContainerSpec/Configs", "config files"),
    ("/TaskTemplate/ContainerSpec/CapabilityAdd", "added capabilities"),
    (
        "/TaskTemplate/ContainerSpec/CapabilityDrop",
        "dropped capabilities",
    ),
    ("/TaskTemplate/ContainerSpec/Labels", "container labels"),
    ("/TaskTemplate/Resources/Limits/MemoryBytes", "memory"),
    ("/TaskTemplate/Resources/Limits/NanoCPUs", "processor"),
    ("/TaskTemplate/Resources/Limits/Pids", "processes"),
    (
        "/TaskTemplate/Resources/Reservations/MemoryBytes",
        "reserved memory",
    ),
    (
        "/TaskTemplate/Resources/Reservations/NanoCPUs",
        "reserved processor",
    ),
    ("/TaskTemplate/Placement/Constraints", "placement"),
    ("/TaskTemplate/RestartPolicy/Condition", "restarts"),
    ("/TaskTemplate/RestartPolicy/MaxAttempts", "most restarts"),
    ("/TaskTemplate/LogDriver/Name", "log driver"),
    ("/TaskTemplate/LogDriver/Options", "log options"),
    ("/EndpointSpec/Ports", "ports of the node"),
];

const ENVIRONMENT: &str = "/TaskTemplate/ContainerSpec/Env";
const REPLICAS: &str = "/Mode/Replicated/Replicas";

/// Everything that differs. Of variables only the names are told: their values are secret.
pub fn differences(wanted: &Value, found: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    if let Some(difference) = part(wanted, found, REPLICAS, TASKS) {
        all.push(difference);
    }
    all.extend(
        PARTS
            .iter()
            .filter_map(|(path, name)| part(wanted, found, path, name)),
    );
    all.extend(networks(wanted, found));
    all.extend(variables(wanted, found));
    all
}

/// Of networks only the number is compared: the wanted ones are named, and Docker tells those that it found by their ids.
fn networks(wanted: &Value, found: &Value) -> Option<Difference> {
    let count = |spec: &Value| {
        spec.pointer("/TaskTemplate/Networks")
            .and_then(Value::as_array)
            .map_or(0, Vec::len)
    };
    let (wanted, found) = (count(wanted), count(found));
    (wanted != found).then(|| Difference {
        what: "networks".to_owned(),
        wanted: wanted.to_string(),
        found: found.to_string(),
    })
}

/// The name of the difference in the number of tasks.
pub const TASKS: &str = "tasks";

fn part(wanted: &Value, found: &Value, path: &str, name: &str) -> Option<Difference> {
    let (wanted, found) = (at(wanted, path), at(found, path));
    (wanted != found).then(|| Difference {
        what: name.to_owned(),
        wanted: shown(&wanted),
        found: shown(&found),
    })
}

/// Docker leaves out what is empty or nothing.
fn at(value: &Value, path: &str) -> Value {
    match value.pointer(path) {
        None => Value::Null,
        Some(Value::Array(all)) if all.is_empty() => Value::Null,
        Some(Value::Object(all)) if all.is_empty() => Value::Null,
        Some(Value::Bool(false)) => Value::Null,
        Some(Value::String(text)) if text.is_empty() => Value::Null,
        Some(Value::Number(number)) if path != REPLICAS && number.as_i64() == Some(0) => Value::Null,
        Some(other) => cleaned(other),
    }
}

/// The same for what stands inside.
fn cleaned(value: &Value) -> Value {
    match value {
        Value::Object(all) => {
            let kept = all.iter().map(|(key, value)| (key.clone(), cleaned(value)));
            Value::Object(kept.filter(|(_, value)| !is_nothing(value)).collect())
        }
        Value::Array(all) => Value::Array(all.iter().map(cleaned).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Bool(true) => false,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn variables(wanted: &Value, found: &Value) -> Vec<Difference> {
    let (wanted, found) = (pairs(wanted), pairs(found));
    let keys: std::collections::BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let difference = |key: &String| {
        let (wanted, found) = (wanted.get(key), found.get(key));
        let word = |value: Option<&String>| if value.is_some() { "set" } else { "not set" };
        (wanted != found).then(|| Difference {
            what: format!("variable {key}"),
            wanted: word(wanted).to_owned(),
            found: match (wanted, found) {
                (Some(_), Some(_)) => "another value".to_owned(),
                _ => word(found).to_owned(),
            },
        })
    };
    keys.into_iter().filter_map(difference).collect()
}

fn pairs(spec: &Value) -> BTreeMap<String, String> {
    let all = spec
        .pointer(ENVIRONMENT)
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    all.iter()
        .filter_map(Value::as_str)
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(replicas: u64, env: &[&str]) -> Value {
        json!({
            "Mode": { "Replicated": { "Replicas": replicas } },
            "TaskTemplate": { "ContainerSpec": { "Image": "sha256:1", "Env": env, "Mounts": [] }, "Resources": { "Limits": {} } }
        })
    }

    /// FR-DEP-15: what Docker leaves out or fills in is no difference.
    #[test]
    fn dockers_own_habits_are_no_drift() {
        let mut found = spec(2, &["A=1"]);
        found["TaskTemplate"]["ContainerSpec"]
            .as_object_mut()
            .unwrap()
            .remove("Mounts");
        found["TaskTemplate"]["ContainerSpec"]["Isolation"] = json!("default");
        found["TaskTemplate"]["Resources"]["Limits"]["MemoryBytes"] = json!(0);
        assert_eq!(differences(&spec(2, &["A=1"]), &found), []);
    }

    /// FR-DEP-15, FR-CFG-02: a change is named with both sides, a variable without its value.
    #[test]
    fn changes_are_named() {
        let mut found = spec(5, &["A=other", "NEW=1"]);
        found["TaskTemplate"]["ContainerSpec"]["Image"] = json!("sha256:2");
        let all = differences(&spec(2, &["A=secret", "B=1"]), &found);
        let names: Vec<&str> = all.iter().map(|difference| difference.what.as_str()).collect();
        assert_eq!(
            names,
            ["tasks", "image", "variable A", "variable B", "variable NEW"]
        );
        assert_eq!((all[0].wanted.as_str(), all[0].found.as_str()), ("2", "5"));
        assert!(!format!("{all:?}").contains("secret") && !format!("{all:?}").contains("other\""));
    }
}
