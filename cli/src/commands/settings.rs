//! `slipway app settings` and `slipway app set`: every setting of an application by its name, as plans and comparisons name it.

use serde_json::{Map, Value};
use slipway_protocol::api::UpdateApplication;
use slipway_protocol::settings::ApplicationSettings;

use crate::context::Context;
use crate::error::CliError;
use crate::output;

/// All settings, one a line.
pub async fn show(context: &Context, app: &str) -> Result<(), CliError> {
    let (_, view) = context.application(app).await?;
    if context.json {
        return output::json(&view.settings);
    }
    let mut rows = Vec::new();
    collect("", &as_value(&view.settings)?, &mut rows);
    output::table(&["setting", "value"], &rows, "It has no settings.");
    Ok(())
}

/// Changes settings, all or none of them.
pub async fn set(context: &Context, app: &str, pairs: &[String]) -> Result<(), CliError> {
    let (connection, view) = context.application(app).await?;
    let body = changed(&view.settings, pairs)?;
    let application = view.id;
    let view = connection.send(UpdateApplication { application, body }).await?;
    if context.json {
        return output::json(&view.settings);
    }
    output::line(&if view.pending_changes {
        format!(
            "Changed “{}”; it takes effect with its next deployment or reload, which “slipway plan” shows.",
            view.name
        )
    } else {
        format!("“{}” has these settings.", view.name)
    });
    Ok(())
}

/// The settings with these `NAME=VALUE` in their places.
fn changed(settings: &ApplicationSettings, pairs: &[String]) -> Result<ApplicationSettings, CliError> {
    let mut wanted = as_value(settings)?;
    for pair in pairs {
        let (name, text) = pair
            .split_once('=')
            .ok_or_else(|| CliError::Usage(format!("“{pair}” is no NAME=VALUE.")))?;
        let place = place_of(&mut wanted, name)?;
        *place = value(place, text);
    }
    let parsed: ApplicationSettings = serde_json::from_value(wanted.clone())
        .map_err(|error| CliError::Usage(format!("These settings do not fit together: {error}.")))?;
    match unknown("", &wanted, &as_value(&parsed)?) {
        Some(name) => Err(CliError::Usage(format!(
            "There is no setting “{name}” here; “slipway app settings” shows those that there are. Where a kind is changed, give all of it, as in health={{\"kind\":\"tcp\"}}."
        ))),
        None => Ok(parsed),
    }
}

fn as_value(settings: &ApplicationSettings) -> Result<Value, CliError> {
    serde_json::to_value(settings)
        .map_err(|error| CliError::Failed(format!("The settings cannot be read: {error}.")))
}

/// The place of that name, made where nothing is there yet. The parts of a list count from 1, and the one behind the last adds to it.
fn place_of<'a>(settings: &'a mut Value, name: &str) -> Result<&'a mut Value, CliError> {
    let mut place = settings;
    for part in name.split('.') {
        let absent = || CliError::Usage(format!("There is no setting “{name}”."));
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        place = match place {
            Value::Object(all) => all.entry(part).or_insert(Value::Null),
            Value::Array(all) => {
                let at = part
                    .parse::<usize>()
                    .ok()
                    .and_then(|number| number.checked_sub(1));
                let at = at.filter(|at| *at <= all.len()).ok_or_else(absent)?;
                if at == all.len() {
                    all.push(Value::Null);
                }
                all.get_mut(at).ok_or_else(absent)?
            }
            _ => return Err(absent()),
        };
    }
    Ok(place)
}

/// What was typed, as JSON where it is some: a number, `true`, a list. What holds a text already holds it as it is typed, and nothing takes
/// the setting away.
fn value(now: &Value, text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::String(quoted)) => Value::String(quoted),
        Ok(whole @ (Value::Object(_) | Value::Array(_))) => whole,
        _ if text.is_empty() => Value::Null,
        Ok(parsed) if !now.is_string() => parsed,
        _ => Value::String(text.to_owned()),
    }
}

/// The first name that was wanted and that no setting has taken.
fn unknown(name: &str, wanted: &Value, taken: &Value) -> Option<String> {
    match (wanted, taken) {
        (Value::Object(wanted), Value::Object(taken)) => wanted.iter().find_map(|(key, value)| {
            let name = below(name, key);
            match taken.get(key) {
                Some(taken) => unknown(&name, value, taken),
                None if value.is_null() => None,
                None => Some(name),
            }
        }),
        (Value::Array(wanted), Value::Array(taken)) => {
            let mut both = wanted.iter().zip(taken).enumerate();
            both.find_map(|(at, (wanted, taken))| unknown(&below(name, &(at + 1).to_string()), wanted, taken))
        }
        _ => None,
    }
}

fn below(name: &str, key: &str) -> String {
    if name.is_empty() {
        key.to_owned()
    } else {
        format!("{name}.{key}")
    }
}

fn collect(name: &str, value: &Value, rows: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(all) if !all.is_empty() => {
            for (key, value) in all {
                collect(&below(name, key), value, rows);
            }
        }
        Value::Array(all) if !all.is_empty() => {
            for (at, value) in all.iter().enumerate() {
                collect(&below(name, &(at + 1).to_string()), value, rows);
            }
        }
        Value::Null => rows.push(vec![name.to_owned(), "-".to_owned()]),
        Value::String(text) => rows.push(vec![name.to_owned(), text.clone()]),
        other => rows.push(vec![name.to_owned(), other.to_string()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use slipway_protocol::settings::{HealthCheck, Strategy};

    fn settings() -> ApplicationSettings {
        let little = json!({ "source": { "kind": "git", "url": "https://example.org/a.git", "ref": "main" }, "port": 8080 });
        serde_json::from_value(little).unwrap()
    }

    fn with(pairs: &[&str]) -> Result<ApplicationSettings, CliError> {
        let pairs: Vec<String> = pairs.iter().map(|&pair| pair.to_owned()).collect();
        changed(&settings(), &pairs)
    }

    /// FR-DEP-12, FR-API-03: settings are changed by their names, also those that are not set yet, and the others stay.
    #[test]
    fn settings_are_changed_by_their_names() {
        let changed = with(&[
            "source.ref=2024",
            "replicas=3",
            "container.resources.memory=512",
            "container.placement.1=node.labels.disk==ssd",
            "health={\"kind\":\"tcp\"}",
            "rollout.strategy={\"kind\":\"rolling\"}",
        ])
        .unwrap();
        let text = as_value(&changed).unwrap();
        assert_eq!(text["source"]["ref"], "2024");
        assert_eq!(text["container"]["resources"]["memory"], 512);
        assert_eq!(text["container"]["placement"][0], "node.labels.disk==ssd");
        assert_eq!((changed.replicas.get(), changed.port), (3, settings().port));
        assert_eq!(changed.rollout.strategy, Strategy::Rolling);
        assert_ne!(changed.health, HealthCheck::default());
        let none = with(&["port="]).unwrap();
        assert_eq!(none.port, None);
    }

    /// FR-DEP-12, FR-API-03, NFR-U2: a name that no setting has, and a value that is none, are refused with a sentence; nothing is passed over.
    #[test]
    fn what_is_no_setting_is_refused() {
        for pair in [
            "replica=3",
            "container.resources.ram=5",
            "rollout.strategy.kind.more=1",
            "container.placement.7=x",
            "replicas=many",
            "replicas",
        ] {
            let refused = with(&[pair]).unwrap_err();
            assert!(matches!(refused, CliError::Usage(_)), "{pair}: {refused}");
        }
        let said = with(&["container.resources.ram=5"]).unwrap_err().to_string();
        assert!(said.contains("“container.resources.ram”"), "{said}");
    }

    /// FR-DEP-12, FR-API-03: what is shown can be set again, and changes nothing.
    #[test]
    fn what_is_shown_can_be_set() {
        let mut rows = Vec::new();
        collect("", &as_value(&settings()).unwrap(), &mut rows);
        let pairs: Vec<String> = rows
            .iter()
            .filter(|row| row[1] != "-")
            .map(|row| format!("{}={}", row[0], row[1]))
            .collect();
        assert_eq!(changed(&settings(), &pairs).unwrap(), settings());
    }
}
