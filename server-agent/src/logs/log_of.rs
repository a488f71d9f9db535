//! Whose log it is, and so the name of its folder.

use std::fmt;
use std::str::FromStr;

use slipway_protocol::{ApplicationId, CommandId, DeploymentId};

/// An application has one log over all its tasks; a deployment and a command that somebody runs have one of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogOf {
    Application(ApplicationId),
    Command(CommandId),
    Deployment(DeploymentId),
}

/// Begin the names of commands' and deployments' folders.
const COMMAND: &str = "command-";
const DEPLOYMENT: &str = "deployment-";

impl fmt::Display for LogOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(id) => id.fmt(f),
            Self::Command(id) => write!(f, "{COMMAND}{id}"),
            Self::Deployment(id) => write!(f, "{DEPLOYMENT}{id}"),
        }
    }
}

impl FromStr for LogOf {
    type Err = uuid::Error;

    fn from_str(name: &str) -> Result<Self, uuid::Error> {
        if let Some(id) = name.strip_prefix(COMMAND) {
            return id.parse().map(Self::Command);
        }
        if let Some(id) = name.strip_prefix(DEPLOYMENT) {
            return id.parse().map(Self::Deployment);
        }
        name.parse().map(Self::Application)
    }
}

impl From<ApplicationId> for LogOf {
    fn from(id: ApplicationId) -> Self {
        Self::Application(id)
    }
}

impl From<CommandId> for LogOf {
    fn from(id: CommandId) -> Self {
        Self::Command(id)
    }
}

impl From<DeploymentId> for LogOf {
    fn from(id: DeploymentId) -> Self {
        Self::Deployment(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-09, FR-DEP-13, FR-OBS-01: nobody's log is taken for another's.
    #[test]
    fn folders_say_whose_they_are() {
        let id = "018f0000-0000-7000-8000-000000000001";
        let application = LogOf::Application(id.parse().unwrap());
        let command = LogOf::Command(id.parse().unwrap());
        let deployment = LogOf::Deployment(id.parse().unwrap());
        for one in [application, command, deployment] {
            assert_eq!(one.to_string().parse::<LogOf>().unwrap(), one);
        }
        assert!("command-x".parse::<LogOf>().is_err() && "places".parse::<LogOf>().is_err());
    }
}
