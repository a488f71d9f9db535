//! What goes when an application, an environment or a project is deleted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ApplicationName, EnvironmentName, count, size};

/// Everything that a deletion removes.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Deletion {
    /// The name of what is deleted; it is typed where data is lost.
    pub name: String,
    pub environments: Vec<EnvironmentName>,
    pub applications: Vec<ApplicationName>,
    /// Swarm services: the serving release of each application, and those kept to go back to.
    pub services: Vec<String>,
    /// Host and path.
    pub domains: Vec<String>,
    /// The data in them is lost.
    pub volumes: Vec<String>,
    pub variables: u32,
    pub files: u32,
    pub deployments: u32,
    /// Files that are laid over a source.
    #[serde(default)]
    pub patches: u32,
    /// Folders that were sent, and how large those are together that came whole, in bytes.
    #[serde(default)]
    pub uploads: u32,
    #[serde(default)]
    pub upload_bytes: u64,
    /// What containers wrote, in bytes as it is kept.
    #[serde(default)]
    pub log_bytes: u64,
    #[serde(default)]
    pub deploy_urls: u32,
    /// Tokens with which a repository is read.
    #[serde(default)]
    pub git_tokens: u32,
    #[serde(default)]
    pub deploy_keys: u32,
    /// Commands that wait or run: they are ended.
    #[serde(default)]
    pub commands: u32,
    /// Applications of which a deployment runs. While there is one, nothing can be deleted.
    pub busy: Vec<ApplicationName>,
}

impl Deletion {
    /// Data is lost: the name has to be given.
    pub fn needs_name(&self) -> bool {
        !self.volumes.is_empty()
    }

    /// Each kind of thing that goes, in words.
    pub fn in_words(&self) -> Vec<String> {
        let named = |what: &str, names: Vec<&str>| match names.len() {
            0 => None,
            1 => Some(format!("the {what} {}", names[0])),
            _ => Some(format!("the {what}s {}", names.join(", "))),
        };
        let many = |number: u32, one: &str, many: &str| match number {
            0 => None,
            _ => Some(count::in_words(number as usize, one, many)),
        };
        let counted = |count: u32, what: &str| many(count, what, &format!("{what}s"));
        let log = (self.log_bytes > 0).then(|| format!("{} of logs", size::in_words(self.log_bytes)));
        let uploads = counted(self.uploads, "upload");
        let of = |what: &str, names: &[String]| named(what, names.iter().map(String::as_str).collect());
        [
            named(
                "environment",
                self.environments.iter().map(EnvironmentName::as_str).collect(),
            ),
            named(
                "application",
                self.applications.iter().map(ApplicationName::as_str).collect(),
            ),
            of("service", &self.services),
            of("domain", &self.domains),
            of("volume", &self.volumes).map(|text| format!("{text}, with the data")),
            counted(self.variables, "variable"),
            counted(self.files, "file"),
            counted(self.deployments, "deployment"),
            many(self.patches, "patch", "patches"),
            uploads.map(|text| match self.upload_bytes {
                // None has come to its end.
                0 => text,
                bytes => format!("{text} ({})", size::in_words(bytes)),
            }),
            log,
            counted(self.deploy_urls, "deploy URL").map(|text| format!("{text}; who calls it is refused")),
            counted(self.git_tokens, "access token").map(|text| format!("{text} for a repository")),
            counted(self.deploy_keys, "deploy key"),
            counted(self.commands, "running command"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-PRJ-03: what goes is said kind by kind, and a name is asked for exactly where data is lost.
    #[test]
    fn what_goes_is_said() {
        let mut deletion = Deletion {
            name: "web".to_owned(),
            domains: vec!["a.example.org/".to_owned(), "b.example.org/".to_owned()],
            variables: 1,
            deployments: 3,
            ..Deletion::default()
        };
        assert!(!deletion.needs_name());
        assert_eq!(
            deletion.in_words(),
            [
                "the domains a.example.org/, b.example.org/",
                "1 variable",
                "3 deployments"
            ]
        );
        let more = Deletion {
            patches: 2,
            uploads: 1,
            upload_bytes: 12_000_000,
            log_bytes: 1_500,
            deploy_urls: 1,
            git_tokens: 2,
            deploy_keys: 1,
            ..Deletion::default()
        };
        assert_eq!(
            more.in_words(),
            [
                "2 patches",
                "1 upload (12 MB)",
                "1.5 kB of logs",
                "1 deploy URL; who calls it is refused",
                "2 access tokens for a repository",
                "1 deploy key"
            ]
        );
        deletion.volumes.push("data".to_owned());
        assert!(deletion.needs_name());
        assert!(
            deletion
                .in_words()
                .contains(&"the volume data, with the data".to_owned())
        );
    }
}
