//! `.dockerignore`, so far as it says what need not be sent. The agent applies it again, to the build.
//!
//! Each pattern is anchored at the build's folder, and the last one that matches a path or a folder above it decides.

use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use slipway_protocol::RelativePath;

const NAME: &str = ".dockerignore";
/// A larger file is no list that a person wrote.
const LARGEST: u64 = 1 << 20;

pub(super) struct DockerRules {
    rules: Vec<Rule>,
    /// Sent whatever the patterns say: the build itself reads them.
    always: Vec<String>,
}

struct Rule {
    pattern: Gitignore,
    /// `!`: what matches is sent after all.
    exception: bool,
}

impl DockerRules {
    /// Reads `<Dockerfile>.dockerignore` if there is one, else `.dockerignore`. What cannot be read leaves nothing out.
    pub fn read(folder: &Path, dockerfile: &RelativePath) -> Self {
        let own = format!("{dockerfile}{NAME}");
        let text = [own.as_str(), NAME].into_iter().find_map(|name| {
            let path = folder.join(name);
            let meta = std::fs::symlink_metadata(&path).ok()?;
            (meta.is_file() && meta.len() <= LARGEST).then(|| std::fs::read(path).ok())?
        });
        let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
        Self::parse(&text, vec![dockerfile.to_string(), own, NAME.to_owned()])
    }

    fn parse(text: &str, always: Vec<String>) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let rules = lines.filter_map(rule).collect();
        Self { rules, always }
    }

    /// Whether the path below the build's folder need not be sent.
    pub fn leaves_out(&self, path: &str) -> bool {
        if self.always.iter().any(|always| always == path) {
            return false;
        }
        let decides = self.rules.iter().rev().find(|rule| {
            let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
            folders
                .chain([path])
                .any(|part| rule.pattern.matched(part, false).is_ignore())
        });
        decides.is_some_and(|rule| !rule.exception)
    }

    /// Whether something below a folder that is left out may have to be sent.
    pub fn may_want_below(&self, folder: &str) -> bool {
        let inside = format!("{folder}/");
        self.rules.iter().any(|rule| rule.exception)
            || self.always.iter().any(|always| always.starts_with(&inside))
    }
}

/// One line as a pattern of its own; `None` for one that is none.
fn rule(line: &str) -> Option<Rule> {
    let line = line.trim();
    let (exception, pattern) = match line.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, line),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    if parts.is_empty() {
        return None;
    }
    let mut builder = GitignoreBuilder::new("");
    builder.add_line(None, &format!("/{}", parts.join("/"))).ok()?;
    let pattern = builder.build().ok()?;
    Some(Rule { pattern, exception })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-SRC-04: patterns mean what they mean to Docker.
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
            ("**", "anything/at/all", true),
            ("doc[s1-3]", "doc2", true),
            ("# a comment\n\n   \n", "# a comment", false),
            ("a.b", "axb", false),
            ("*.md\n!README.md", "README.md", false),
            ("*.md\n!README.md", "CHANGES.md", true),
            ("!README.md\n*.md", "README.md", true),
            ("*\n!src", "src/main.rs", false),
            ("*\n!src", "target/x", true),
            ("*", "Dockerfile", false),
            ("*", ".dockerignore", false),
            ("\u{feff}key", "key", true),
        ] {
            let rules = DockerRules::parse(text, vec!["Dockerfile".to_owned(), NAME.to_owned()]);
            assert_eq!(rules.leaves_out(path), left_out, "{text:?} on {path:?}");
        }
    }
}
