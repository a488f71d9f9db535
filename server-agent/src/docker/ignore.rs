//! `.dockerignore`: what of a folder does not go into a build.
//!
//! The rules are those of Docker's own client (docs.docker.com, “.dockerignore files”). They are applied here because BuildKit
//! takes a context that arrives as an archive as it is.

use std::path::Path;

use regex::{Regex, RegexBuilder};
use slipway_protocol::RelativePath;

const NAME: &str = ".dockerignore";
/// A larger file is no list that a person wrote.
const LARGEST: u64 = 1 << 20;
/// A bound for what one pattern may cost, in bytes of its program.
const PATTERN_LIMIT: usize = 256 * 1024;

#[derive(Debug, thiserror::Error)]
pub(super) enum IgnoreError {
    #[error("line {line} of {name} is not a pattern; see Docker's rules for .dockerignore files")]
    Pattern { name: String, line: usize },
    #[error("{name} is larger than 1 MiB; a list of patterns is short")]
    TooLarge { name: String },
    #[error("{name} could not be read: {source}")]
    Read { name: String, source: std::io::Error },
}

/// The patterns of a folder, in their order.
pub(super) struct Ignored {
    rules: Vec<Rule>,
    /// Sent whatever the patterns say: the build itself reads them.
    always: Vec<String>,
}

struct Rule {
    pattern: Regex,
    /// `!`: what matches is sent after all.
    exception: bool,
}

impl Ignored {
    /// Reads `<Dockerfile>.dockerignore` if there is one, else `.dockerignore`. Only a plain file counts: a link could lead
    /// out of the checkout. Without such a file these other patterns count.
    pub(super) fn read(
        folder: &Path,
        dockerfile: &RelativePath,
        otherwise: &[&str],
    ) -> Result<Self, IgnoreError> {
        let own = format!("{}{NAME}", dockerfile.as_str());
        let found = [own.as_str(), NAME].into_iter().find_map(|name| {
            let metadata = std::fs::symlink_metadata(folder.join(name)).ok()?;
            metadata.is_file().then(|| (name.to_owned(), metadata.len()))
        });
        let text = match &found {
            None => otherwise.join("\n"),
            Some((name, length)) if *length > LARGEST => {
                return Err(IgnoreError::TooLarge { name: name.clone() });
            }
            Some((name, _)) => {
                let bytes = std::fs::read(folder.join(name)).map_err(|source| IgnoreError::Read {
                    name: name.clone(),
                    source,
                })?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
        };
        let name = found.map_or_else(|| NAME.to_owned(), |(name, _)| name);
        let always = vec![clean(dockerfile.as_str()), NAME.to_owned()];
        Self::parse(&text, always).map_err(|line| IgnoreError::Pattern { name, line })
    }

    /// An error is the number of the line that is no pattern.
    fn parse(text: &str, always: Vec<String>) -> Result<Self, usize> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rules = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.starts_with('#') {
                continue;
            }
            let line = line.trim();
            let (exception, pattern) = match line.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, line),
            };
            let pattern = clean(pattern);
            if pattern.is_empty() {
                continue;
            }
            let pattern = translate(&pattern).ok_or(index + 1)?;
            rules.push(Rule { pattern, exception });
        }
        Ok(Self { rules, always })
    }

    /// Whether the file or folder stays behind. The last pattern that matches it, or a folder above it, decides.
    pub(super) fn leaves_out(&self, path: &str) -> bool {
        if self.always.iter().any(|always| always == path) {
            return false;
        }
        let with_parents: Vec<&str> = path
            .match_indices('/')
            .map(|(end, _)| &path[..end])
            .chain([path])
            .collect();
        let decides = self
            .rules
            .iter()
            .rev()
            .find(|rule| with_parents.iter().any(|part| rule.pattern.is_match(part)));
        decides.is_some_and(|rule| !rule.exception)
    }

    /// Whether something below a folder that stays behind may have to be sent.
    pub(super) fn may_want_below(&self, folder: &str) -> bool {
        let inside = format!("{folder}/");
        self.rules.iter().any(|rule| rule.exception)
            || self.always.iter().any(|always| always.starts_with(&inside))
    }
}

/// The path without empty parts, `.`, `..` and slashes at its ends, as Go's `filepath.Clean` makes it.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// A pattern as a regular expression over whole paths. `*` and `?` stay within a name; `**` goes through folders.
fn translate(pattern: &str) -> Option<Regex> {
    let mut expression = String::from("^");
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '*' if letters.next_if_eq(&'*').is_some() => {
                letters.next_if_eq(&'/');
                let rest = if letters.peek().is_none() { ".*" } else { "(.*/)?" };
                expression.push_str(rest);
            }
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '[' => expression.push_str(&class(&mut letters)?),
            '\\' => expression.push_str(&regex::escape(&letters.next()?.to_string())),
            other => expression.push_str(&regex::escape(&other.to_string())),
        }
    }
    expression.push('$');
    RegexBuilder::new(&expression)
        .dot_matches_new_line(true)
        .size_limit(PATTERN_LIMIT)
        .build()
        .ok()
}

/// What stands behind `[`: letters and ranges, with `^` for the others.
fn class(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut class = String::from("[");
    if letters.next_if_eq(&'^').is_some() {
        class.push('^');
    }
    let mut empty = true;
    loop {
        match letters.next()? {
            ']' if !empty => break,
            '-' if !empty => class.push('-'),
            '\\' => class.push_str(&regex::escape(&letters.next()?.to_string())),
            other => {
                // Inside of brackets some letters mean more to a regular expression than they do here.
                if !other.is_alphanumeric() {
                    class.push('\\');
                }
                class.push(other);
            }
        }
        empty = false;
    }
    class.push(']');
    Some(class)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ignored(text: &str) -> Ignored {
        Ignored::parse(text, vec!["Dockerfile".to_owned(), NAME.to_owned()]).unwrap()
    }

    /// FR-BLD-01: what a `.dockerignore` names stays out of the build, by Docker's own rules.
    #[test]
    fn patterns_mean_what_they_mean_to_docker() {
        for (text, path, left_out) in [
            ("node_modules", "node_modules", true),
            ("node_modules", "node_modules/a/b.js", true),
            ("node_modules", "web/node_modules", false),
            ("**/node_modules", "web/node_modules/a.js", true),
            ("**/node_modules", "node_modules", true),
            ("/secret/", "secret/key", true),
            ("./a//b/../c", "a/c", true),
            ("*.env", "local.env", true),
            ("*.env", "config/local.env", false),
            ("**/*.env", "config/deep/local.env", true),
            ("*/temp*", "one/temporary.txt", true),
            ("*/temp*", "one/two/temporary.txt", false),
            ("temp?", "tempa", true),
            ("temp?", "temp", false),
            ("a/**", "a/b/c", true),
            ("a/**", "a", false),
            ("**", "anything/at/all", true),
            ("doc[s1-3]", "doc2", true),
            ("doc[^s]", "docs", false),
            ("doc[^s]", "doc9", true),
            ("# a comment\n\n   \n", "# a comment", false),
            ("  spaces around  ", "spaces around", true),
            ("a.b", "axb", false),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("*.md\n!README.md", "README.md", false),
            ("*.md\n!README.md", "CHANGES.md", true),
            ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true),
            ("!README.md\n*.md", "README.md", true),
            ("*\n!src", "src/main.rs", false),
            ("*\n!src", "target/x", true),
            ("*", "Dockerfile", false),
            ("*", ".dockerignore", false),
            ("\u{feff}key", "key", true),
        ] {
            assert_eq!(ignored(text).leaves_out(path), left_out, "{text:?} on {path:?}");
        }
    }

    /// FR-BLD-01: a folder that stays behind is still looked into where something of it may be wanted.
    #[test]
    fn exceptions_are_found_below_ignored_folders() {
        assert!(!ignored("secret").may_want_below("secret"));
        assert!(ignored("docs\n!docs/README.md").may_want_below("docs"));
        let inside = Ignored::parse("build", vec!["build/Dockerfile".to_owned()]).unwrap();
        assert!(inside.may_want_below("build") && !inside.leaves_out("build/Dockerfile"));
    }

    /// FR-BLD-01: a line that is no pattern is named instead of meaning something else.
    #[test]
    fn a_broken_pattern_is_named() {
        assert_eq!(Ignored::parse("fine\nbroken[", Vec::new()).err(), Some(2));
        assert_eq!(Ignored::parse("broken\\", Vec::new()).err(), Some(1));
    }

    proptest! {
        /// NFR-S2: whatever a repository writes there, it is read or refused.
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}", path in "[a-z/.*]{1,20}") {
            if let Ok(ignored) = Ignored::parse(&text, Vec::new()) {
                ignored.leaves_out(&path);
            }
        }

        /// FR-BLD-01: a plain name matches itself and nothing else.
        #[test]
        fn a_plain_name_matches_itself(name in "[a-z0-9._@+ -]{1,12}[a-z]", other in "[a-z0-9]{1,12}") {
            prop_assume!(!name.starts_with(['!', ' ']) && name != other && clean(&name) == name);
            let ignored = ignored(&name);
            prop_assert!(ignored.leaves_out(&name));
            prop_assert!(!ignored.leaves_out(&other));
        }
    }
}
