//! The settings of the applications that live with hostile values. A text that settings get anew has to stand in one of them: a test sees to it.

use std::path::Path;

use serde_json::{Map, Value, json};
use slipway_protocol::settings::{ApplicationSettings, ContainerPath};

use super::carrier::{command, pairs};
use super::repository::{DOCKERFILE, FOLDER};

/// A branch that its repository has, as hostile as a branch's name may be.
pub const BRANCH: &str = "%s";
/// A folder of the node, below one that is the test's.
pub const GIVEN: &str = "$(touch x);`id`'\"&&{a} é";
/// A path in containers.
pub const MOUNTED: &str = "/mounted $(id);`id`";

/// What an application is made of, where it is not made by a Dockerfile of a repository.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Image,
    Upload,
    Site,
}

pub const KINDS: [(Kind, &str); 3] = [
    (Kind::Image, "image"),
    (Kind::Upload, "upload"),
    (Kind::Site, "site"),
];

/// `<prefix><number>` for each text.
fn named(prefix: &str, texts: &[String]) -> Value {
    let pair = |(number, text): (usize, &String)| (format!("{prefix}{number}"), json!(text));
    Value::Object(texts.iter().enumerate().map(pair).collect::<Map<_, _>>())
}

/// Everything that a text can stand in, of an application that a Dockerfile of a repository makes.
pub fn of_repository(texts: &[String], url: &Path) -> ApplicationSettings {
    let (first, second) = texts.split_at(texts.len().min(30));
    let arguments = [vec!["serve".to_owned()], texts.iter().take(60).cloned().collect()].concat();
    let settings = json!({
        "source": { "kind": "git", "url": url, "ref": BRANCH, "folder": FOLDER },
        "build": {
            "kind": "dockerfile", "file": DOCKERFILE, "secrets": ["T_0"], "arguments": named("A_", texts),
        },
        "port": 8080,
        "health": { "kind": "command", "command": command("is", pairs(first)) },
        "hooks": { "before": command("is", pairs(first)), "after": command("is", pairs(&second[..second.len().min(30)])) },
        "rollout": { "drain": 1 },
        "container": { "arguments": arguments, "labels": named("label.", texts) }
    });
    serde_json::from_value(settings).expect("settings")
}

/// Where an application of another shape comes from.
pub fn source(kind: Kind, registry: &str, repository: &str) -> Value {
    match kind {
        Kind::Image => json!({ "kind": "image", "image": format!("{registry}/shop/web:latest") }),
        Kind::Upload => json!({ "kind": "upload", "folder": FOLDER }),
        Kind::Site => json!({ "kind": "git", "url": repository, "ref": "main" }),
    }
}

/// The same settings with the texts wherever one of another shape can have them. `given` is a folder of the node with one named [`GIVEN`] in it.
pub fn of_shape(
    settings: &ApplicationSettings,
    kind: Kind,
    texts: &[String],
    given: &Path,
) -> ApplicationSettings {
    let mut all = json!(settings);
    all["rollout"] = json!({ "drain": 1 });
    all["container"]["labels"] = named("label.", texts);
    if kind != Kind::Site {
        all["hooks"]["before"] = command("is", pairs(texts));
    }
    match kind {
        Kind::Image => {
            // The same arguments in the end, in two parts.
            let (first, second) = texts.split_at(texts.len() / 2);
            let program = ["/app".to_owned(), "serve".to_owned()];
            all["container"]["command"] = json!([&program[..], first].concat());
            all["container"]["arguments"] = json!(second);
            all["health"] = json!({ "kind": "http", "path": "/variable/T_0", "text": texts[0] });
            let bind =
                json!({ "source": given.join(GIVEN), "path": path("given", texts), "read_only": true });
            all["container"]["binds"] = json!([bind]);
            all["container"]["tmpfs"] = json!([{ "path": path("tmpfs", texts), "size": 4 }]);
        }
        Kind::Upload => {
            all["container"]["arguments"] = json!([&["serve".to_owned()][..], texts].concat());
            all["container"]["volumes"] = json!([{ "name": "a--b", "path": path("volume", texts) }]);
        }
        Kind::Site => all["build"] = json!({ "kind": "static", "publish": FOLDER }),
    }
    serde_json::from_value(all).expect("settings")
}

/// The longest of the texts that can be a path, below this folder of a container.
pub fn path(below: &str, texts: &[String]) -> ContainerPath {
    let paths = texts
        .iter()
        .filter(|text| text.len() < 100)
        .filter_map(|text| ContainerPath::parse(&format!("/{below}/{text}")).ok());
    let longest = paths.max_by_key(|path| path.as_str().len());
    longest.unwrap_or_else(|| panic!("none of {texts:?} is a path"))
}
