//! `.dockerignore`: what of a folder goes neither over the tunnel nor into a build.
//!
//! The rules are those of Docker's own client (docs.docker.com, “.dockerignore files”): the last pattern that matches a path,
//! or a folder above it, decides. Whatever a pattern is, looking at a path costs no more than their two lengths.

/// A larger file is no list that a person wrote.
pub const LARGEST: u64 = 1 << 20;
/// The file's name; a Dockerfile may have one of its own, with its name in front.
pub const NAME: &str = ".dockerignore";
/// A longer pattern, in letters, is none.
const LONGEST: usize = 4096;

/// More in all, in letters, are looked at for each file and would take a build's time.
const MOST: usize = 64 * 1024;

/// The patterns of a folder, in their order.
pub struct DockerIgnore {
    rules: Vec<Rule>,
    /// Sent whatever the patterns say: the build itself reads them.
    always: Vec<String>,
}

struct Rule {
    pattern: Vec<Token>,
    /// `!`: what matches is sent after all.
    exception: bool,
}

/// A part of a pattern.
enum Token {
    Letter(char),
    /// `?`: one letter of a name.
    One,
    /// `*`: any letters of a name.
    Name,
    /// `[…]`: one of these letters, or any other.
    Class {
        others: bool,
        ranges: Vec<(char, char)>,
    },
    /// `**` at the end: anything.
    Rest,
    /// `**` elsewhere: nothing, or …
    Folders,
    /// … anything that ends with `/`. Always behind [`Token::Folders`].
    Inside,
}

impl DockerIgnore {
    /// Reads a text; an error is the number of the line that is no pattern. `always` are paths that stay whatever it says.
    pub fn parse(text: &str, always: Vec<String>) -> Result<Self, usize> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (mut rules, mut all) = (Vec::new(), 0);
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
            let pattern = tokens(&pattern).ok_or(index + 1)?;
            all += pattern.len();
            if all > MOST {
                return Err(index + 1);
            }
            rules.push(Rule { pattern, exception });
        }
        let always = always.iter().map(|path| clean(path)).collect();
        Ok(Self { rules, always })
    }

    /// Patterns that leave nothing out.
    pub fn nothing() -> Self {
        Self {
            rules: Vec::new(),
            always: Vec::new(),
        }
    }

    /// Whether the file or folder stays behind.
    pub fn leaves_out(&self, path: &str) -> bool {
        if self.always.iter().any(|always| always == path) {
            return false;
        }
        let decides = self.rules.iter().rev().find(|rule| matches(&rule.pattern, path));
        decides.is_some_and(|rule| !rule.exception)
    }

    /// Whether something below a folder that stays behind may have to be sent.
    pub fn may_want_below(&self, folder: &str) -> bool {
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

fn tokens(pattern: &str) -> Option<Vec<Token>> {
    if pattern.len() > LONGEST {
        return None;
    }
    let mut tokens = Vec::new();
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '*' if letters.next_if_eq(&'*').is_some() => {
                letters.next_if_eq(&'/');
                if letters.peek().is_none() {
                    tokens.push(Token::Rest);
                } else {
                    tokens.extend([Token::Folders, Token::Inside]);
                }
            }
            '*' => tokens.push(Token::Name),
            '?' => tokens.push(Token::One),
            '[' => tokens.push(class(&mut letters)?),
            '\\' => tokens.push(Token::Letter(letters.next()?)),
            other => tokens.push(Token::Letter(other)),
        }
    }
    Some(tokens)
}

/// What stands behind `[`: letters and ranges, with `^` for the others.
fn class(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Token> {
    let others = letters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let first = match letters.next()? {
            ']' if !ranges.is_empty() => return Some(Token::Class { others, ranges }),
            '\\' => letters.next()?,
            letter => letter,
        };
        let mut ahead = letters.clone();
        let last = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) if last != ']' => {
                letters.next();
                match letters.next()? {
                    '\\' => letters.next()?,
                    letter => letter,
                }
            }
            _ => first,
        };
        if last < first {
            return None;
        }
        ranges.push((first, last));
    }
}

/// Whether the pattern is all of the path, or of a folder above it: every place in the pattern where one can be is kept, letter by letter.
fn matches(pattern: &[Token], path: &str) -> bool {
    let mut places = vec![false; pattern.len() + 1];
    enter(pattern, &mut places, 0);
    for letter in path.chars() {
        if letter == '/' && places[pattern.len()] {
            return true;
        }
        let mut next = vec![false; pattern.len() + 1];
        for (place, token) in pattern.iter().enumerate() {
            if !places[place] {
                continue;
            }
            let (stays, goes_on) = match token {
                Token::Letter(wanted) => (false, *wanted == letter),
                Token::One => (false, letter != '/'),
                Token::Name => (letter != '/', false),
                Token::Class { others, ranges } => {
                    let named = ranges
                        .iter()
                        .any(|(first, last)| (first..=last).contains(&&letter));
                    (false, named != *others)
                }
                Token::Rest => (true, false),
                Token::Folders => (false, false),
                Token::Inside => (true, letter == '/'),
            };
            if stays {
                enter(pattern, &mut next, place);
            }
            if goes_on {
                enter(pattern, &mut next, place + 1);
            }
        }
        if next.iter().all(|there| !there) {
            return false;
        }
        places = next;
    }
    places[pattern.len()]
}

/// Notes a place, and those behind it that ask for no letter. Behind one that is noted they are.
fn enter(pattern: &[Token], places: &mut [bool], mut place: usize) {
    loop {
        if places[place] {
            return;
        }
        places[place] = true;
        match pattern.get(place) {
            Some(Token::Name | Token::Rest) => place += 1,
            Some(Token::Folders) => {
                // Not a way on for `enter`: it waits for a “/”.
                places[place + 1] = true;
                place += 2;
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ignored(text: &str) -> DockerIgnore {
        DockerIgnore::parse(text, vec!["Dockerfile".to_owned(), NAME.to_owned()]).unwrap()
    }

    /// FR-BLD-01, FR-SRC-04: what a `.dockerignore` names stays out of the build, and of what is sent for it, by Docker's own rules.
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
            ("doc[]-]", "doc-", true),
            ("doc[a-]", "doc-", true),
            ("doc[a-c-e]", "docd", false),
            ("a**b", "a/x/b", true),
            ("a**b", "axb", false),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b", true),
            ("a/**/b", "a/xb", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
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
        let inside = DockerIgnore::parse("build", vec!["build/Dockerfile".to_owned()]).unwrap();
        assert!(inside.may_want_below("build") && !inside.leaves_out("build/Dockerfile"));
    }

    /// FR-BLD-01: a line that is no pattern is named instead of meaning something else.
    #[test]
    fn a_broken_pattern_is_named() {
        assert_eq!(DockerIgnore::parse("fine\nbroken[", Vec::new()).err(), Some(2));
        assert_eq!(DockerIgnore::parse("broken\\", Vec::new()).err(), Some(1));
        assert_eq!(DockerIgnore::parse("[z-a]", Vec::new()).err(), Some(1));
        assert_eq!(DockerIgnore::parse(&"*".repeat(5000), Vec::new()).err(), Some(1));
    }

    /// NFR-S2: a pattern that is made to be slow is not.
    #[test]
    fn a_hostile_pattern_is_quick() {
        let hostile = ignored(&"*a".repeat(200));
        assert!(!hostile.leaves_out(&"a".repeat(199)));
        assert!(hostile.leaves_out(&"a".repeat(400)));
    }

    proptest! {
        /// NFR-S2: whatever a repository writes there, it is read or refused.
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}", path in "[a-z/.*]{1,20}") {
            if let Ok(ignored) = DockerIgnore::parse(&text, Vec::new()) {
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
