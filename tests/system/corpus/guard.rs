//! That no text of an application's settings is left out of the lives with hostile values.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use slipway_protocol::git::GitRef;
use slipway_protocol::settings::{
    ApplicationSettings, LabelKey, NetworkName, PlacementConstraint, StageName, UserSpec, VolumeName,
};
use slipway_protocol::{ImageReference, UrlPath, VariableKey, openapi};

use super::settings::{BRANCH, KINDS, of_repository, of_shape, source};
use super::shape::{Document, Field, Step};
use super::values;

type Parses = fn(&str) -> bool;

/// Types whose letters are so few that no hostile text is one of them.
const CLOSED: [(&str, Parses); 9] = [
    ("ImageReference", |text| ImageReference::parse(text).is_ok()),
    ("LabelKey", |text| LabelKey::parse(text).is_ok()),
    ("NetworkName", |text| NetworkName::parse(text).is_ok()),
    ("PlacementConstraint", |text| {
        PlacementConstraint::parse(text).is_ok()
    }),
    ("StageName", |text| StageName::parse(text).is_ok()),
    ("UrlPath", |text| UrlPath::parse(text).is_ok()),
    ("UserSpec", |text| UserSpec::parse(text).is_ok()),
    ("VariableKey", |text| VariableKey::parse(text).is_ok()),
    ("VolumeName", |text| VolumeName::parse(text).is_ok()),
];

/// It has a letter that means something to a shell, a template, a terminal or an address.
fn is_hostile(text: &str) -> bool {
    text.contains(|c: char| !c.is_ascii_alphanumeric() && !"-_./:@=+".contains(c))
}

/// The settings of every life, as JSON.
fn lives(texts: &[String]) -> Vec<Value> {
    let place = Path::new("/srv/a;b");
    let mut lives = vec![json!(of_repository(texts, place))];
    for (number, (kind, _)) in KINDS.into_iter().enumerate() {
        let own: Vec<String> = texts.iter().skip(number).step_by(KINDS.len()).cloned().collect();
        let plain = json!({ "source": source(kind, "127.0.0.1:9", "/srv/a;b"), "port": 8080 });
        let plain: ApplicationSettings = serde_json::from_value(plain).expect("settings");
        lives.push(json!(of_shape(&plain, kind, &own, place)));
    }
    lives
}

/// NFR-S2: every text of an application's settings holds a hostile value in one of the lives, or is of a type that cannot hold one: a field
/// that settings get anew is not forgotten.
#[test]
fn every_text_of_the_settings_lives() {
    let texts = values::carried(Path::new("/tmp/canary"));
    let lives = lives(&texts);
    let document = Document::new(openapi::document("0"));
    let operations = document.operations();
    let update = operations
        .iter()
        .find(|operation| operation.name == "UpdateApplication")
        .expect("the call that changes settings");
    let (mut wrong, mut met) = (Vec::new(), BTreeSet::new());
    for place in document.places(update).iter().filter(|place| place.is_text) {
        let Field::Body(steps) = &place.field else {
            continue;
        };
        // The names of entries are of the types that are met as values.
        if matches!(steps.last(), Some(Step::Name)) {
            continue;
        }
        let shown = format!("{steps:?} ({})", place.kind);
        if let Some((name, parses)) = CLOSED.iter().find(|(name, _)| *name == place.kind) {
            met.insert(*name);
            let taken = texts.iter().find(|text| is_hostile(text) && parses(text));
            wrong.extend(taken.map(|text| format!("{shown} can be {text:?}")));
            continue;
        }
        let held = lives
            .iter()
            .flat_map(|life| document.held(update, steps, life))
            .any(|text| is_hostile(&text));
        if !held {
            wrong.push(format!("{shown} holds no hostile text in any life"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unmet: Vec<&str> = CLOSED
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !met.contains(name))
        .collect();
    assert!(
        unmet.is_empty(),
        "{unmet:?}: no field of the settings is of this type any more"
    );
    assert!(GitRef::parse(BRANCH).is_ok() && is_hostile(BRANCH));
}
