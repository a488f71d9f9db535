//! Where a variable is set: for the whole team, or for a part of what it has.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use crate::{ApplicationId, EnvironmentId, ProjectId};

/// A later scope overrides an earlier one. As text: `team`, `project:<id>`, `environment:<id>`, `application:<id>`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, schemars::JsonSchema, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    Team,
    Project(ProjectId),
    Environment(EnvironmentId),
    Application(ApplicationId),
}

impl Scope {
    /// What it is called in references and in sentences.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Project(_) => "project",
            Self::Environment(_) => "environment",
            Self::Application(_) => "application",
        }
    }
}

impl Display for Scope {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())?;
        match self {
            Self::Team => Ok(()),
            Self::Project(id) => write!(f, ":{id}"),
            Self::Environment(id) => write!(f, ":{id}"),
            Self::Application(id) => write!(f, ":{id}"),
        }
    }
}

impl FromStr for Scope {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const REFUSAL: &str = "a scope is team, project:<id>, environment:<id> or application:<id>";
        let id = |id: &str| id.parse().map_err(|_| REFUSAL);
        match text.split_once(':') {
            None if text == "team" => Ok(Self::Team),
            Some(("project", rest)) => id(rest).map(|id| Self::Project(ProjectId(id))),
            Some(("environment", rest)) => id(rest).map(|id| Self::Environment(EnvironmentId(id))),
            Some(("application", rest)) => id(rest).map(|id| Self::Application(ApplicationId(id))),
            _ => Err(REFUSAL),
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> String {
        scope.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CFG-01: a scope goes round through its text, and nothing else is one.
    #[test]
    fn a_scope_is_a_text() {
        let id = uuid::Uuid::from_u128(7);
        for scope in [
            Scope::Team,
            Scope::Project(ProjectId(id)),
            Scope::Environment(EnvironmentId(id)),
            Scope::Application(ApplicationId(id)),
        ] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        for bad in [
            "",
            "teams",
            "project",
            "project:",
            "application:1",
            "cluster:0",
            "team:",
        ] {
            assert!(bad.parse::<Scope>().is_err(), "{bad}");
        }
    }
}
