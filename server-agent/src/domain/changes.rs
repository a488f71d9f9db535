//! What two sets of settings and variables differ in, as a list for people. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use slipway_protocol::plan::Change;
use slipway_protocol::settings::ApplicationSettings;

/// Leaves of the settings that differ, by their paths, in the paths' order.
pub fn of_settings(from: &ApplicationSettings, to: &ApplicationSettings) -> Vec<Change> {
    let (from, to) = (leaves(from), leaves(to));
    let paths: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let change = |path: &String| {
        let (from, to) = (from.get(path), to.get(path));
        (from != to).then(|| Change {
            what: path.clone(),
            from: from.cloned(),
            to: to.cloned(),
        })
    };
    paths.into_iter().filter_map(change).collect()
}

/// Variables and files that differ, by their names. What is in them is secret: only that they differ is told.
pub fn of_variables(from: &BTreeMap<String, String>, to: &BTreeMap<String, String>) -> Vec<Change> {
    let keys: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let word = |value: Option<&String>, other: Option<&String>| match (value, other) {
        (None, _) => None,
        (Some(_), None) => Some("set".to_owned()),
        (Some(_), Some(_)) => Some("another value".to_owned()),
    };
    let change = |key: &String| {
        let (before, after) = (from.get(key), to.get(key));
        (before != after).then(|| Change {
            what: key.clone(),
            from: before.map(|_| "set".to_owned()),
            to: word(after, before),
        })
    };
    keys.into_iter().filter_map(change).collect()
}

/// Files laid over the source that differ, by their paths; of two contents only that they differ is told.
pub fn of_patches(from: &BTreeMap<String, String>, to: &BTreeMap<String, String>) -> Vec<Change> {
    let named = |all: &BTreeMap<String, String>| {
        let named = all
            .iter()
            .map(|(path, text)| (format!("patch {path}"), text.clone()));
        named.collect::<BTreeMap<_, _>>()
    };
    of_variables(&named(from), &named(to))
}

fn leaves(settings: &ApplicationSettings) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    collect("", &serde_json::to_value(settings).unwrap_or_default(), &mut all);
    all
}

fn collect(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    let below = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    match value {
        Value::Null => {}
        Value::Object(all) => all
            .iter()
            .for_each(|(key, value)| collect(&below(key), value, into)),
        Value::Array(all) => {
            for (i, value) in all.iter().enumerate() {
                collect(&below(&(i + 1).to_string()), value, into);
            }
        }
        Value::String(text) => drop(into.insert(path.to_owned(), text.clone())),
        Value::Bool(_) | Value::Number(_) => drop(into.insert(path.to_owned(), value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(more: serde_json::Value) -> ApplicationSettings {
        let mut all = json!({ "source": { "kind": "image", "image": "a" }, "port": 80 });
        all.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    /// FR-DEP-08, FR-DEP-13: settings are compared leaf by leaf, and what is equal is not told.
    #[test]
    fn settings_differ_by_leaves() {
        let from = settings(json!({ "replicas": 1 }));
        let to = settings(json!({ "replicas": 3, "container": { "resources": { "memory": 64 } } }));
        let changes = of_settings(&from, &to);
        let told: Vec<_> = changes
            .iter()
            .map(|change| (change.what.as_str(), change.from.as_deref(), change.to.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("container.resources.memory", None, Some("64")),
                ("replicas", Some("1"), Some("3"))
            ]
        );
        assert_eq!(of_settings(&from, &from), []);
    }

    /// FR-CFG-02, FR-DEP-08, FR-DEP-13: of variables and patches names are told, values and contents never.
    #[test]
    fn variables_differ_without_values() {
        let map = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        };
        let changes = of_variables(
            &map(&[("A", "secret-1"), ("B", "x")]),
            &map(&[("A", "secret-2"), ("C", "y")]),
        );
        assert_eq!(changes.len(), 3);
        assert!(!format!("{changes:?}").contains("secret-"));
        let patches = of_patches(
            &map(&[("config/a", "secret-1"), ("b", "x")]),
            &map(&[("config/a", "secret-2"), ("b", "x")]),
        );
        let told: Vec<_> = patches
            .iter()
            .map(|one| (one.what.as_str(), one.to.as_deref()))
            .collect();
        assert_eq!(told, [("patch config/a", Some("another value"))]);
    }
}
