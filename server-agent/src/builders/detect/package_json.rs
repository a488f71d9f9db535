//! `package.json`: what of it decides how an application is built and started.

use serde_json::Value;

use super::super::files::Files;

pub struct PackageJson(Value);

impl PackageJson {
    /// `None`: there is none. An error: it is no JSON object.
    pub fn read(files: &dyn Files) -> Option<Result<Self, String>> {
        let text = files.read("package.json")?;
        let value: Result<Value, _> = serde_json::from_str(text.trim_start_matches('\u{feff}'));
        Some(match value {
            Ok(value) if value.is_object() => Ok(Self(value)),
            Ok(_) => Err("package.json is no JSON object".to_owned()),
            Err(error) => Err(format!("package.json is no valid JSON (line {})", error.line())),
        })
    }

    pub fn text(&self, field: &str) -> Option<&str> {
        self.0[field].as_str()
    }

    pub fn node_range(&self) -> Option<&str> {
        self.0["engines"]["node"].as_str()
    }

    pub fn script(&self, name: &str) -> Option<&str> {
        self.0["scripts"][name]
            .as_str()
            .filter(|script| !script.trim().is_empty())
    }

    pub fn depends_on(&self, name: &str) -> bool {
        ["dependencies", "devDependencies"]
            .iter()
            .any(|field| self.0[*field][name].is_string())
    }

    /// Whether it is there for development only.
    pub fn for_development(&self, name: &str) -> bool {
        self.0["devDependencies"][name].is_string() && !self.0["dependencies"][name].is_string()
    }

    /// Whether installing needs more of the source than manifests: workspaces, local packages, scripts around the install.
    pub fn installs_with_source(&self) -> bool {
        let scripts = ["preinstall", "install", "postinstall", "prepare"];
        let local = |value: &Value| {
            let prefixes = ["file:", "link:", "portal:", "workspace:", "patch:", "."];
            value
                .as_str()
                .is_some_and(|version| prefixes.iter().any(|prefix| version.starts_with(prefix)))
        };
        let any_local = ["dependencies", "devDependencies", "optionalDependencies"]
            .iter()
            .filter_map(|field| self.0[*field].as_object())
            .any(|entries| entries.values().any(local));
        scripts.iter().any(|script| self.script(script).is_some())
            || !self.0["workspaces"].is_null()
            || any_local
            || self.depends_on("prisma")
            || self.depends_on("patch-package")
    }
}
