//! What was changed outside Slipway: a release's service as it should be, against the one that is there. Pure.

use std::collections::BTreeMap;

use serde_json::Value;
use slipway_protocol::drift::Difference;

use super::adoption::{Adoptable, Reader};

/// Parts of a service's specification that are compared, with their names for people. What Docker fills in by itself is not among
/// them, nor what an engine of API 1.41 takes and does not tell (privileges).
const PARTS: &[Part] = &[
    Part::new("/Labels", "labels"),
    Part::new("/TaskTemplate/ContainerSpec/Image", "image"),
    Part::with_setting(
        "/TaskTemplate/ContainerSpec/Command",
        "command",
        Adoptable::command,
    ),
    Part::with_setting(
        "/TaskTemplate/ContainerSpec/Args",
        "arguments",
        Adoptable::arguments,
    ),
    Part::new("/TaskTemplate/ContainerSpec/Dir", "working folder"),
    Part::new("/TaskTemplate/ContainerSpec/User", "user"),
    Part::new("/TaskTemplate/ContainerSpec/Groups", "groups"),
    Part::new("/TaskTemplate/ContainerSpec/Hostname", "host name"),
    Part::new("/TaskTemplate/ContainerSpec/Hosts", "host entries"),
    Part::new("/TaskTemplate/ContainerSpec/DNSConfig", "name servers"),
    Part::new("/TaskTemplate/ContainerSpec/Sysctls", "kernel settings"),
    Part::new("/TaskTemplate/ContainerSpec/Ulimits", "limits of processes"),
    Part::new("/TaskTemplate/ContainerSpec/TTY", "terminal"),
    Part::new("/TaskTemplate/ContainerSpec/OpenStdin", "standard input"),
    Part::new("/TaskTemplate/ContainerSpec/ReadOnly", "read-only"),
    Part::new("/TaskTemplate/ContainerSpec/Init", "init"),
    Part::new("/TaskTemplate/ContainerSpec/StopSignal", "stop signal"),
    Part::new("/TaskTemplate/ContainerSpec/StopGracePeriod", "stop grace"),
    Part::new("/TaskTemplate/ContainerSpec/Mounts", "mounts"),
    Part::new("/TaskTemplate/ContainerSpec/Secrets", "secret files"),
    Part::new("/TaskTemplate/ContainerSpec/Configs", "config files"),
    Part::new("/TaskTemplate/ContainerSpec/CapabilityAdd", "added capabilities"),
    Part::new(
        "/TaskTemplate/ContainerSpec/CapabilityDrop",
        "dropped capabilities",
    ),
    Part::new("/TaskTemplate/ContainerSpec/Labels", "container labels"),
    Part::with_setting(
        "/TaskTemplate/Resources/Limits/MemoryBytes",
        "memory",
        Adoptable::memory,
    ),
    Part::with_setting(
        "/TaskTemplate/Resources/Limits/NanoCPUs",
        "processor",
        Adoptable::processor,
    ),
    Part::with_setting(
        "/TaskTemplate/Resources/Limits/Pids",
        "processes",
        Adoptable::processes,
    ),
    Part::with_setting(
        "/TaskTemplate/Resources/Reservations/MemoryBytes",
        "reserved memory",
        Adoptable::reserved_memory,
    ),
    Part::with_setting(
        "/TaskTemplate/Resources/Reservations/NanoCPUs",
        "reserved processor",
        Adoptable::reserved_processor,
    ),
    Part::new("/TaskTemplate/Placement/Constraints", "placement"),
    Part::with_setting(
        "/TaskTemplate/RestartPolicy/Condition",
        "restarts",
        Adoptable::restarts,
    ),
    Part::with_setting(
        "/TaskTemplate/RestartPolicy/MaxAttempts",
        "most restarts",
        Adoptable::most_restarts,
    ),
    Part::new("/TaskTemplate/LogDriver/Name", "log driver"),
    Part::new("/TaskTemplate/LogDriver/Options", "log options"),
    Part::new("/EndpointSpec/Ports", "ports of the node"),
];

/// A part that is compared.
struct Part {
    path: &'static str,
    name: &'static str,
    /// How what was found is taken into the settings, where these have a word for it.
    adopt: Option<Reader>,
}

impl Part {
    const fn new(path: &'static str, name: &'static str) -> Self {
        let adopt = None;
        Self { path, name, adopt }
    }

    const fn with_setting(path: &'static str, name: &'static str, adopt: Reader) -> Self {
        let adopt = Some(adopt);
        Self { path, name, adopt }
    }
}

/// A difference, and the setting that says exactly what was found, where there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Drifted {
    pub difference: Difference,
    pub adopts: Option<Adoptable>,
}

impl Drifted {
    /// Of something that can only be put back.
    fn without_setting(what: String, wanted: String, found: String) -> Self {
        let difference = Difference {
            what,
            wanted,
            found,
            adoptable: false,
        };
        let adopts = None;
        Self { difference, adopts }
    }

    /// Whether it is the number of tasks.
    pub fn is_tasks(&self) -> bool {
        self.difference.what == TASKS
    }
}

const ENVIRONMENT: &str = "/TaskTemplate/ContainerSpec/Env";
const REPLICAS: &str = "/Mode/Replicated/Replicas";
/// The name of the difference in the number of tasks.
pub const TASKS: &str = "tasks";

/// Everything that differs. Of variables only the names are told: their values are secret.
pub fn differences(wanted: &Value, found: &Value) -> Vec<Drifted> {
    let tasks = Part::with_setting(REPLICAS, TASKS, Adoptable::tasks);
    let parts = std::iter::once(&tasks).chain(PARTS);
    let mut all: Vec<Drifted> = parts.filter_map(|part| differing(wanted, found, part)).collect();
    all.extend(networks(wanted, found));
    all.extend(variables(wanted, found));
    all
}

/// Of networks only the number is compared: the wanted ones are named, and Docker tells those that it found by their ids.
fn networks(wanted: &Value, found: &Value) -> Option<Drifted> {
    let count = |spec: &Value| {
        spec.pointer("/TaskTemplate/Networks")
            .and_then(Value::as_array)
            .map_or(0, Vec::len)
    };
    let (wanted, found) = (count(wanted), count(found));
    (wanted != found)
        .then(|| Drifted::without_setting("networks".to_owned(), wanted.to_string(), found.to_string()))
}

fn differing(wanted: &Value, found: &Value, part: &Part) -> Option<Drifted> {
    let (wanted, found) = (at(wanted, part.path), at(found, part.path));
    if wanted == found {
        return None;
    }
    let adopts = part.adopt.and_then(|read| read(&found));
    let difference = Difference {
        what: part.name.to_owned(),
        wanted: shown(&wanted),
        found: shown(&found),
        adoptable: adopts.is_some(),
    };
    Some(Drifted { difference, adopts })
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

fn variables(wanted: &Value, found: &Value) -> Vec<Drifted> {
    let (wanted, found) = (pairs(wanted), pairs(found));
    let keys: std::collections::BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let difference = |key: &String| {
        let (wanted, found) = (wanted.get(key), found.get(key));
        let word = |value: Option<&String>| if value.is_some() { "set" } else { "not set" };
        (wanted != found).then(|| {
            let changed = match (wanted, found) {
                (Some(_), Some(_)) => "another value",
                _ => word(found),
            };
            Drifted::without_setting(
                format!("variable {key}"),
                word(wanted).to_owned(),
                changed.to_owned(),
            )
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
        let names: Vec<&str> = all.iter().map(|one| one.difference.what.as_str()).collect();
        assert_eq!(
            names,
            ["tasks", "image", "variable A", "variable B", "variable NEW"]
        );
        let tasks = &all[0].difference;
        assert_eq!((tasks.wanted.as_str(), tasks.found.as_str()), ("2", "5"));
        // The image and variables are the deployment's own: they can only be put back.
        let adoptable: Vec<bool> = all.iter().map(|one| one.difference.adoptable).collect();
        assert_eq!(adoptable, [true, false, false, false, false]);
        assert!(!format!("{all:?}").contains("secret") && !format!("{all:?}").contains("other\""));
    }

    /// FR-DEP-15: a service without tasks differs in its tasks, as one with any other number does.
    #[test]
    fn no_task_is_a_number_of_tasks() {
        let all = differences(&spec(2, &[]), &spec(0, &[]));
        let [one] = all.as_slice() else {
            panic!("{all:?}");
        };
        assert!(one.is_tasks() && one.adopts == Some(Adoptable::NoTasks));
        let difference = &one.difference;
        assert_eq!(
            (difference.wanted.as_str(), difference.found.as_str()),
            ("2", "0")
        );
    }
}
