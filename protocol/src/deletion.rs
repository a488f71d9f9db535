//! What goes when an application, an environment or a project is deleted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ApplicationName, EnvironmentName};

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
        let counted = |count: u32, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what}")),
            _ => Some(format!("{count} {what}s")),
        };
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
        deletion.volumes.push("data".to_owned());
        assert!(deletion.needs_name());
        assert!(
            deletion
                .in_words()
                .contains(&"the volume data, with the data".to_owned())
        );
    }
}
