//! `slipway app settings` and `slipway app set`: every setting of an application by its name, as plans and comparisons name it.
//!
//! They are read and sent as the agent has them: what an agent newer than this program keeps beside stays as it is.

use serde_json::{Map, Value};
use slipway_client::Connection;
use slipway_protocol::api::{GetApplication, UpdateApplication};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::settings::ApplicationSettings;
use slipway_protocol::{ApplicationId, Endpoint, is_hidden};

use crate::context::Context;
use crate::error::CliError;
use crate::output;

/// What stands below these are names of the person's own, dots and all.
const OWN_NAMES: [&str; 2] = ["container.labels", "build.arguments"];

/// How what is not set is shown.
const NONE: &str = "-";

/// All settings, one a line.
pub async fn show(context: &Context, app: &str) -> Result<(), CliError> {
    let (connection, view) = context.application(app).await?;
    let settings = as_kept(&connection, view.id).await?;
    if context.json {
        return output::json(&settings);
    }
    let mut rows = Vec::new();
    collect("", &settings, &mut rows);
    output::table(&["setting", "value"], &rows, "It has no settings.");
    Ok(())
}

/// Changes settings, all or none of them.
pub async fn set(context: &Context, app: &str, pairs: &[String]) -> Result<(), CliError> {
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    let wanted = changed(&as_kept(&connection, application).await?, pairs)?;
    let body = read(&wanted).map_err(|error| unfit(&error))?;
    let mut request = UpdateApplication { application, body }
        .into_raw()
        .map_err(|error| unreadable(&error))?;
    request.body = Some(wanted);
    let answer = connection.send_raw(request).await?;
    if context.json {
        return output::json(&answer["settings"]);
    }
    let view: ApplicationView = serde_json::from_value(answer).map_err(|error| unreadable(&error))?;
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

/// The settings as the agent keeps them.
async fn as_kept(connection: &Connection, application: ApplicationId) -> Result<Value, CliError> {
    let request = GetApplication { application }.into_raw();
    let request = request.map_err(|error| unreadable(&error))?;
    let mut view = connection.send_raw(request).await?;
    Ok(view.get_mut("settings").map(Value::take).unwrap_or_default())
}

/// The settings with these `NAME=VALUE` in their places.
fn changed(settings: &Value, pairs: &[String]) -> Result<Value, CliError> {
    let mut wanted = settings.clone();
    for pair in pairs {
        let (name, text) = pair
            .split_once('=')
            .ok_or_else(|| CliError::Usage(format!("“{pair}” is no NAME=VALUE.")))?;
        put(&mut wanted, name, text)?;
    }
    take_away("", &mut wanted);
    let parsed = read(&wanted).map_err(|error| unfit(&error))?;
    let taken = serde_json::to_value(&parsed).map_err(|error| unreadable(&error))?;
    match unknown("", &wanted, &taken, settings) {
        Some(name) => Err(CliError::Usage(format!(
            "There is no setting “{name}” here; “slipway app settings” shows those that there are. Where a kind is changed, give all of it, as in health={{\"kind\":\"tcp\"}}."
        ))),
        None => Ok(wanted),
    }
}

fn read(settings: &Value) -> serde_json::Result<ApplicationSettings> {
    serde_json::from_value(settings.clone())
}

fn unfit(error: &serde_json::Error) -> CliError {
    CliError::Usage(format!("These settings do not fit together: {error}."))
}

fn unreadable(error: &serde_json::Error) -> CliError {
    CliError::Failed(format!("The settings cannot be read: {error}."))
}

/// Puts what was typed into the place of that name.
fn put(settings: &mut Value, name: &str, text: &str) -> Result<(), CliError> {
    let place = place_of(settings, name)?;
    let typed = value(place, text);
    let may_be_text = typed.is_number() || typed.is_boolean();
    *place = typed;
    if may_be_text && !fits(settings) {
        // Where nothing stands yet, the settings tell whether a text is wanted: a user, an argument of a command.
        let mut with_text = settings.clone();
        *place_of(&mut with_text, name)? = Value::String(text.to_owned());
        if fits(&with_text) {
            *settings = with_text;
        }
    }
    Ok(())
}

fn fits(settings: &Value) -> bool {
    let mut settings = settings.clone();
    take_away("", &mut settings);
    read(&settings).is_ok()
}

/// The place of that name, made where nothing is there yet. The parts of a list count from 1, and the one behind the last adds to it.
fn place_of<'a>(settings: &'a mut Value, name: &str) -> Result<&'a mut Value, CliError> {
    let absent = || CliError::Usage(format!("There is no setting “{name}”."));
    let (mut place, mut left) = (settings, Some(name));
    while let Some(rest) = left {
        let passed = name.strip_suffix(rest).unwrap_or_default().trim_end_matches('.');
        let (part, further) = match rest.split_once('.') {
            Some((part, further)) if !OWN_NAMES.contains(&passed) => (part, Some(further)),
            Some(_) | None => (rest, None),
        };
        left = further;
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

/// Of a list, and of what has names of the person's own, nothing is left where a part was taken away.
fn take_away(name: &str, settings: &mut Value) {
    match settings {
        Value::Object(all) => {
            if OWN_NAMES.contains(&name) {
                all.retain(|_, value| !value.is_null());
            }
            for (key, value) in all {
                take_away(&below(name, key), value);
            }
        }
        Value::Array(all) => {
            all.retain(|value| !value.is_null());
            for (at, value) in all.iter_mut().enumerate() {
                take_away(&below(name, &(at + 1).to_string()), value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The first name that was wanted and that no setting has taken. What was not touched is the agent's, who may know more settings.
fn unknown(name: &str, wanted: &Value, taken: &Value, before: &Value) -> Option<String> {
    match (wanted, taken) {
        (Value::Object(wanted), Value::Object(taken)) => wanted.iter().find_map(|(key, value)| {
            let (name, before) = (below(name, key), before.get(key));
            match taken.get(key) {
                Some(taken) => unknown(&name, value, taken, before.unwrap_or(&Value::Null)),
                None if value.is_null() || before == Some(value) => None,
                None => Some(name),
            }
        }),
        (Value::Array(wanted), Value::Array(taken)) => {
            let mut both = wanted.iter().zip(taken).enumerate();
            both.find_map(|(at, (wanted, taken))| {
                let (name, before) = (below(name, &(at + 1).to_string()), before.get(at));
                unknown(&name, wanted, taken, before.unwrap_or(&Value::Null))
            })
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
        Value::Null => rows.push(vec![name.to_owned(), NONE.to_owned()]),
        Value::String(text) => rows.push(vec![name.to_owned(), as_typed(text)]),
        other => rows.push(vec![name.to_owned(), other.to_string()]),
    }
}

/// A text as it can be typed again: in quotes where it would be taken for something else, or could not be seen.
fn as_typed(text: &str) -> String {
    let whole = Value::String(text.to_owned());
    let is_plain = text.trim() == text && text != NONE && !text.contains(is_hidden);
    if is_plain && value(&whole, text) == whole {
        text.to_owned()
    } else {
        output::seen(&whole.to_string())
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

    fn kept() -> Value {
        serde_json::to_value(settings()).unwrap()
    }

    fn strings(pairs: &[&str]) -> Vec<String> {
        pairs.iter().map(|&pair| pair.to_owned()).collect()
    }

    fn with(pairs: &[&str]) -> Result<ApplicationSettings, CliError> {
        let wanted = changed(&kept(), &strings(pairs))?;
        Ok(read(&wanted).unwrap())
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
        let text = serde_json::to_value(&changed).unwrap();
        assert_eq!(text["source"]["ref"], "2024");
        assert_eq!(text["container"]["resources"]["memory"], 512);
        assert_eq!(text["container"]["placement"][0], "node.labels.disk==ssd");
        assert_eq!((changed.replicas.get(), changed.port), (3, settings().port));
        assert_eq!(changed.rollout.strategy, Strategy::Rolling);
        assert_ne!(changed.health, HealthCheck::default());
        let none = with(&["port="]).unwrap();
        assert_eq!(none.port, None);
    }

    /// FR-DEP-12, FR-API-03: a label's name may have dots, a text may look like a number, and a part of a list or a label can be taken away.
    #[test]
    fn labels_and_lists_are_changed_by_their_names() {
        let pairs = [
            "container.labels.com.example.team=blue",
            "container.labels.rank=7",
            "container.user=1000",
            "hooks.before=[\"bin/migrate\"]",
            "hooks.before.2=5",
        ];
        let wanted = changed(&kept(), &strings(&pairs)).unwrap();
        let container = &wanted["container"];
        assert_eq!(
            container["labels"],
            json!({ "com.example.team": "blue", "rank": "7" })
        );
        assert_eq!(container["user"], "1000");
        assert_eq!(wanted["hooks"]["before"], json!(["bin/migrate", "5"]));
        let less = ["container.labels.com.example.team=", "hooks.before.2="];
        let wanted = changed(&wanted, &strings(&less)).unwrap();
        assert_eq!(wanted["container"]["labels"], json!({ "rank": "7" }));
        assert_eq!(wanted["hooks"]["before"], json!(["bin/migrate"]));
    }

    /// FR-DEP-12, FR-API-03: what a newer agent keeps, and this program does not know, stays as it is.
    #[test]
    fn settings_of_a_newer_agent_stay() {
        let mut newer = kept();
        newer["hooks"]["mood"] = json!({ "of": "day" });
        let wanted = changed(&newer, &strings(&["replicas=2"])).unwrap();
        assert_eq!(wanted["hooks"]["mood"], newer["hooks"]["mood"]);
        assert_eq!(wanted["replicas"], 2);
        assert!(changed(&newer, &strings(&["hooks.tune=2"])).is_err());
        assert!(changed(&newer, &strings(&["hooks.mood=2"])).is_err());
        // Of another kind, what belongs to the one before is not what was asked for either.
        let image = ["source.kind=image", "source.image=web:1", "source.ref=other"];
        assert!(changed(&kept(), &strings(&image)).is_err());
        assert!(changed(&kept(), &strings(&image[..2])).is_ok());
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

    /// FR-DEP-12, FR-API-03: what is shown can be set again, and changes nothing; also a text that looks like something else.
    #[test]
    fn what_is_shown_can_be_set() {
        let pairs = [
            "container.labels.com.example.team=blue",
            r#"container.arguments=["x","","[1]","\"x\"","7","-"," ","a\nb"]"#,
        ];
        let all = changed(&kept(), &strings(&pairs)).unwrap();
        let mut rows = Vec::new();
        collect("", &all, &mut rows);
        let again: Vec<String> = rows
            .iter()
            .filter(|row| row[1] != NONE)
            .map(|row| format!("{}={}", row[0], row[1]))
            .collect();
        assert_eq!(changed(&all, &again).unwrap(), all);
        assert!(
            rows.iter().all(|row| output::plain(&row[1]) == row[1]),
            "{rows:?}"
        );
    }
}
