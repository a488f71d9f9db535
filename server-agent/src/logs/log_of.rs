//! Whose log it is, and so the name of its folder.

use std::fmt;
use std::str::FromStr;

use slipway_protocol::{ApplicationId, CommandId};

/// An application has one log over all its tasks; a command that somebody runs has one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogOf {
    Application(ApplicationId),
    Command(CommandId),
}

/// Begins the names of commands' folders.
const COMMAND: &str = "command-";

impl fmt::Display for LogOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(id) => id.fmt(f),
            Self::Command(id) => write!(f, "{COMMAND}{id}"),
        }
    }
}

impl FromStr for LogOf {
    type Err = uuid::Error;

    fn from_str(name: &str) -> Result<Self, uuid::Error> {
        match name.strip_prefix(COMMAND) {
            Some(id) => id.parse().map(Self::Command),
            None => name.parse().map(Self::Application),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-09, FR-OBS-01: a command's log is not taken for an application's, and the other way round.
    #[test]
    fn folders_say_whose_they_are() {
        let id = "018f0000-0000-7000-8000-000000000001";
        let application = LogOf::Application(id.parse().unwrap());
        let command = LogOf::Command(id.parse().unwrap());
        for one in [application, command] {
            assert_eq!(one.to_string().parse::<LogOf>().unwrap(), one);
        }
        assert_ne!(application.to_string(), command.to_string());
        assert!("command-x".parse::<LogOf>().is_err() && "places".parse::<LogOf>().is_err());
    }
}
