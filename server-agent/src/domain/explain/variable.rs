//! The name of an environment variable that a program misses, as the usual runtimes and libraries say it.

use super::evidence::Evidence;
use super::text::{after, before};

/// The name follows these words.
const THEN_NAME: &[&str] = &[
    // Python's os.environ, Ruby's ENV.fetch.
    "keyerror: '",
    "key not found: \"",
    // Prisma, dotenv libraries, Rust's VarError with a name, shells.
    "environment variable not found: ",
    "missing required environment variable: ",
    "missing required environment variable ",
    "missing required environment variables: ",
    "missing environment variables: ",
    "missing environment variable: ",
    "missing environment variable ",
    "missing env var: ",
    "missing env variable: ",
    "required environment variable ",
    "required environment variables: ",
    "set the environment variable ",
    "you must specify ",
    "environment variable ",
    "env var ",
    // envconfig of Go, Spring.
    "required key ",
    "could not resolve placeholder '",
    // Django.
    "set the ",
];

/// The name precedes these words.
const NAME_THEN: &[&str] = &[
    " environment variable is ",
    " environment variable not ",
    " environment variable must ",
    " env variable is ",
    " env var is ",
    " is not set",
    " not set",
    " must be set",
    " must be defined",
    " is not defined",
    " is required",
    " is missing",
    " was not provided",
    " missing value",
    " setting must not be empty",
    // Shells with `set -u` or `${NAME:?}`; zod and t3-env.
    ": unbound variable",
    ": parameter not set",
    ": must be set",
    ": required",
];

/// A remark that it goes on without it is no reason for a failure.
const GOES_ON: &[&str] = &[
    "warn",
    "default",
    "using ",
    "fall back",
    "falling back",
    "fallback",
    "optional",
    "skip",
    "disabled",
    "ignor",
    "deprecat",
];

/// The name in the newest line that says so.
pub fn missing_variable(evidence: &Evidence) -> Option<String> {
    evidence.all().find_map(named)
}

fn named(line: &str) -> Option<String> {
    if GOES_ON.iter().any(|words| after(line, words).is_some()) {
        return None;
    }
    let following = THEN_NAME
        .iter()
        .filter_map(|words| first_name(after(line, words)?));
    let preceding = NAME_THEN
        .iter()
        .filter_map(|words| last_name(before(line, words)?));
    following.chain(preceding).next().map(str::to_owned)
}

fn first_name(text: &str) -> Option<&str> {
    text.split(|c: char| !is_letter(c))
        .find(|part| !part.is_empty())
        .filter(|name| is_variable(name))
}

fn last_name(text: &str) -> Option<&str> {
    let bare = text.trim_end_matches(['"', '\'', '`', ' ', ')', ']']);
    bare.rsplit(|c: char| !is_letter(c))
        .next()
        .filter(|name| is_variable(name))
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Capital letters, digits and underscores, as variables are written. A word that is merely shouted is none.
fn is_variable(name: &str) -> bool {
    const SHOUTED: [&str; 14] = [
        "ERROR",
        "FATAL",
        "WARN",
        "WARNING",
        "INFO",
        "DEBUG",
        "ENOENT",
        "EACCES",
        "ECONNREFUSED",
        "HTTP",
        "HTTPS",
        "SSL",
        "TLS",
        "JSON",
    ];
    (3..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && !SHOUTED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-16: a missing variable is found by its name in what runtimes, libraries and shells say.
    #[test]
    fn the_name_is_found() {
        for line in [
            "KeyError: 'DATABASE_URL'",
            "key not found: \"DATABASE_URL\" (KeyError)",
            "Error: Environment variable DATABASE_URL is not set",
            "error: Environment variable not found: DATABASE_URL.",
            "thread 'main' panicked at src/main.rs:9:10: DATABASE_URL must be set: NotPresent",
            "required key DATABASE_URL missing value",
            "Could not resolve placeholder 'DATABASE_URL' in value \"${DATABASE_URL}\"",
            "/entrypoint.sh: line 3: DATABASE_URL: unbound variable",
            "sh: 1: DATABASE_URL: parameter not set",
            "django.core.exceptions.ImproperlyConfigured: Set the DATABASE_URL environment variable",
            "  \"DATABASE_URL\": Required",
            "Error: `DATABASE_URL` is required",
            "Missing required environment variables: DATABASE_URL, OTHER",
            "[env] DATABASE_URL environment variable is missing",
        ] {
            assert_eq!(named(line).as_deref(), Some("DATABASE_URL"), "{line}");
        }
        assert_eq!(
            named("django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.")
                .as_deref(),
            Some("SECRET_KEY")
        );
    }

    /// FR-DEP-16: not every lack is a variable's.
    #[test]
    fn other_lacks_are_not_variables() {
        for line in [
            "fatal: the configuration of the moon is missing",
            "KeyError: 'user'",
            "FATAL is missing",
            "warning: REDIS_URL is not set",
            "REDIS_URL is not set, using memory",
            "The DATABASE_URL variable is not set. Defaulting to a blank string.",
            "ReferenceError: foo is not defined",
            "ERROR: connection is required",
            "the environment variable is fine",
            "key not found: \"id\"",
            "Error: ENOENT: no such file or directory",
            "",
        ] {
            assert_eq!(named(line), None, "{line}");
        }
    }
}
