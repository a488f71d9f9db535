//! Commands that run inside an application's own containers: vectors of arguments, never lines for a shell of ours.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantity::CommandLimit;

/// A program and its arguments, as the container gets them. At most 64 arguments of 4 KiB each; only NUL cannot be carried.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct CommandLine(Vec<String>);

const MOST: usize = 64;
const LONGEST: usize = 4096;

impl CommandLine {
    pub fn arguments(&self) -> &[String] {
        &self.0
    }

    /// Splits what a person typed at spaces; quotes keep a part together, as people know it from a terminal. Nothing is expanded.
    pub fn split(text: &str) -> Result<Self, &'static str> {
        let mut parts = Vec::new();
        let mut part: Option<String> = None;
        let mut quote = None;
        let mut letters = text.chars();
        while let Some(c) = letters.next() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some('"') | None, '\\') => {
                    let next = letters.next().ok_or("it ends with a backslash")?;
                    part.get_or_insert_default().push(next);
                }
                (Some(_), c) => part.get_or_insert_default().push(c),
                (None, '"' | '\'') => {
                    quote = Some(c);
                    part.get_or_insert_default();
                }
                (None, c) if c.is_whitespace() => parts.extend(part.take()),
                (None, c) => part.get_or_insert_default().push(c),
            }
        }
        if quote.is_some() {
            return Err("a quote is not closed");
        }
        parts.extend(part);
        Self::try_from(parts)
    }
}

impl TryFrom<Vec<String>> for CommandLine {
    type Error = &'static str;
    fn try_from(parts: Vec<String>) -> Result<Self, Self::Error> {
        if parts.first().is_none_or(String::is_empty) {
            return Err("a command needs a program");
        }
        if parts.len() > MOST || parts.iter().any(|part| part.len() > LONGEST) {
            return Err("a command has at most 64 parts of 4096 bytes each");
        }
        if parts.iter().any(|part| part.contains('\0')) {
            return Err("a command must not contain NUL");
        }
        Ok(Self(parts))
    }
}

impl From<CommandLine> for Vec<String> {
    fn from(command: CommandLine) -> Self {
        command.0
    }
}

/// As a person would type it.
impl std::fmt::Display for CommandLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, part) in self.0.iter().enumerate() {
            let space = if i == 0 { "" } else { " " };
            let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+".contains(c);
            if !part.is_empty() && part.chars().all(plain) {
                write!(f, "{space}{part}")?;
            } else {
                write!(
                    f,
                    "{space}\"{}\"",
                    part.replace('\\', "\\\\").replace('"', "\\\"")
                )?;
            }
        }
        Ok(())
    }
}

/// Commands around a cut-over, each in a container of the new release's image with its variables.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Hooks {
    /// Runs once before the new tasks start, for example a migration. Its failure ends the deployment.
    #[serde(default)]
    pub before: Option<CommandLine>,
    /// Runs once when the new release serves. Its failure is said, and changes nothing else.
    #[serde(default)]
    pub after: Option<CommandLine>,
    /// How long either may take: half an hour without it, and never longer than the server lets a step take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<CommandLimit>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// FR-DEP-09: a typed line becomes the arguments that a person means.
    #[test]
    fn a_line_is_split_as_people_expect() {
        let split = |text: &str| CommandLine::split(text).map(Vec::from);
        assert_eq!(split("npm run  migrate").unwrap(), ["npm", "run", "migrate"]);
        assert_eq!(
            split(r#"node -e "say \"a  b\"" '' '$HOME'"#).unwrap(),
            ["node", "-e", "say \"a  b\"", "", "$HOME"]
        );
        assert!(
            split("  ").is_err() && split("a 'b").is_err() && split("a\\").is_err() && split("'' a").is_err()
        );
    }

    proptest! {
        /// FR-DEP-09, NFR-S2: what is shown of a command is what would be typed for it again.
        #[test]
        fn shown_and_typed_are_the_same(parts in prop::collection::vec("[^\\x00]{0,12}", 1..6)) {
            if let Ok(command) = CommandLine::try_from(parts) {
                prop_assert_eq!(CommandLine::split(&command.to_string()).unwrap(), command);
            }
        }
    }
}
