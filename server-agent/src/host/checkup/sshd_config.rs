//! The SSH server's settings, as sshd_config(5) reads them: the first value of a keyword counts, files are read where `Include` names
//! them, and what follows `Match` is for some only.

use std::collections::HashMap;

use super::read::Text;

/// The keywords that say who may sign in, and how.
const KEYWORDS: [&str; 8] = [
    "authenticationmethods",
    "kbdinteractiveauthentication",
    "listenaddress",
    "passwordauthentication",
    "permitrootlogin",
    "persourcepenalties",
    "port",
    "usepam",
];
/// OpenSSH's own bound for files within files.
const DEEPEST: usize = 16;
const MOST_FILES: usize = 200;
const MOST_EXCEPTIONS: usize = 100;

/// Gives the files of a pattern in their order; an error is a sentence without its end.
pub type Finder<'a> = dyn FnMut(&str) -> Result<Vec<Text>, String> + 'a;

/// The words behind a keyword, by its name in small letters.
pub type Values = HashMap<String, Vec<String>>;

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct SshdConfig {
    pub values: Values,
    /// What is otherwise for some.
    pub exceptions: Vec<Exception>,
    /// Files below `sshd_config.d` are read.
    pub drop_ins: bool,
    /// Why something that may matter was not read.
    pub unread: Option<String>,
    /// How many were included.
    files: usize,
}

/// What follows a `Match`.
#[derive(Clone, Debug)]
pub struct Exception {
    /// For whom: “User git”.
    pub condition: String,
    pub values: Values,
}

impl SshdConfig {
    /// From the text of the main file.
    pub fn read(main: &str, find: &mut Finder<'_>) -> Self {
        let mut config = Self::default();
        config.take(main, None, 0, find);
        config
    }

    /// From what `sshd -T` writes: every keyword with its value, where nobody in particular signs in.
    pub fn effective(text: &str) -> Self {
        Self::read(text, &mut |_| Ok(Vec::new()))
    }

    /// Of files that could not be read.
    pub fn unread(why: String) -> Self {
        Self {
            unread: Some(why),
            ..Self::default()
        }
    }

    fn take(&mut self, text: &str, outer: Option<&str>, depth: usize, find: &mut Finder<'_>) {
        let mut condition = outer.map(str::to_owned);
        for (keyword, words) in text.lines().filter_map(words) {
            match keyword.as_str() {
                // It ends with the file in which it stands.
                "match" => condition = narrowed(outer, &words),
                "include" => {
                    for pattern in &words {
                        self.include(pattern, condition.as_deref(), depth, find);
                    }
                }
                // A routing domain may follow.
                "listenaddress" => {
                    self.put(keyword, words.into_iter().take(1).collect(), condition.as_deref());
                }
                _ if KEYWORDS.contains(&keyword.as_str()) => self.put(keyword, words, condition.as_deref()),
                _ => {}
            }
        }
    }

    fn include(&mut self, pattern: &str, condition: Option<&str>, depth: usize, find: &mut Finder<'_>) {
        let pattern = if pattern.starts_with('/') {
            pattern.to_owned()
        } else {
            format!("/etc/ssh/{pattern}")
        };
        self.drop_ins |= condition.is_none() && pattern == "/etc/ssh/sshd_config.d/*.conf";
        if depth >= DEEPEST || self.files >= MOST_FILES {
            return self.miss("the SSH server's settings include too many files".to_owned());
        }
        let found = match find(&pattern) {
            Ok(found) => found,
            Err(why) => return self.miss(why),
        };
        self.files += found.len().max(1);
        for text in found {
            match text {
                Text::There(text) => self.take(&text, condition, depth + 1, find),
                Text::Absent => {}
                Text::Unreadable(why) => self.miss(why),
            }
        }
    }

    fn put(&mut self, keyword: String, words: Vec<String>, condition: Option<&str>) {
        let values = match condition {
            None => &mut self.values,
            Some(condition) => match self.exception(condition) {
                Some(exception) => &mut exception.values,
                None => return self.miss("the SSH server's settings have too many Match blocks".to_owned()),
            },
        };
        // What it listens on adds up; of everything else the first counts.
        match values.entry(keyword) {
            std::collections::hash_map::Entry::Occupied(mut there)
                if ["listenaddress", "port"].contains(&there.key().as_str()) =>
            {
                there.get_mut().extend(words);
            }
            entry => {
                entry.or_insert(words);
            }
        }
    }

    fn exception(&mut self, condition: &str) -> Option<&mut Exception> {
        let there = self.exceptions.iter().position(|one| one.condition == condition);
        if there.is_none() {
            if self.exceptions.len() == MOST_EXCEPTIONS {
                return None;
            }
            self.exceptions.push(Exception {
                condition: condition.to_owned(),
                values: Values::new(),
            });
        }
        match there {
            Some(at) => self.exceptions.get_mut(at),
            None => self.exceptions.last_mut(),
        }
    }

    fn miss(&mut self, why: String) {
        self.unread.get_or_insert(why);
    }
}

/// For whom, within for whom; `Match all` takes nobody out.
fn narrowed(outer: Option<&str>, words: &[String]) -> Option<String> {
    let everybody = words.len() == 1 && words[0].eq_ignore_ascii_case("all");
    let own = (!everybody).then(|| words.join(" "));
    match (outer, own) {
        (Some(outer), Some(own)) => Some(format!("{outer} {own}")),
        (Some(outer), None) => Some(outer.to_owned()),
        (None, own) => own,
    }
}

/// A line's keyword in small letters, under its present name, and its words. `None` for an empty line or a comment.
fn words(line: &str) -> Option<(String, Vec<String>)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line
        .find(|c: char| c.is_whitespace() || c == '=')
        .unwrap_or(line.len());
    let keyword = match line[..end].to_ascii_lowercase().as_str() {
        "challengeresponseauthentication" | "skeyauthentication" => "kbdinteractiveauthentication".to_owned(),
        keyword => keyword.to_owned(),
    };
    let rest = line[end..].trim_start();
    let mut rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
    let mut words = Vec::new();
    while !rest.is_empty() && !rest.starts_with('#') {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Some((keyword, words))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(main: &str, files: &[(&str, &str)]) -> SshdConfig {
        SshdConfig::read(main, &mut |pattern| {
            let found = files.iter().filter(|(name, _)| *name == pattern);
            Ok(found.map(|(_, text)| Text::There((*text).to_owned())).collect())
        })
    }

    fn of<'a>(values: &'a Values, keyword: &str) -> &'a [String] {
        values.get(keyword).map(Vec::as_slice).unwrap_or_default()
    }

    /// FR-HST-06: the first value counts, also one of a file that is included before; case, `=` and quotes do not matter.
    #[test]
    fn the_first_value_counts() {
        let main = "# PasswordAuthentication no\nInclude /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\n\
                    PERMITROOTLOGIN=\"no\" # not at all\nPermitRootLogin yes\n";
        let config = read(
            main,
            &[("/etc/ssh/sshd_config.d/*.conf", "passwordauthentication no\n")],
        );
        assert_eq!(of(&config.values, "passwordauthentication"), ["no"]);
        assert_eq!(of(&config.values, "permitrootlogin"), ["no"]);
        assert!(config.drop_ins && config.unread.is_none());
    }

    /// FR-HST-06: what follows Match is for some, as far as its file goes; `Match all` is for everybody.
    #[test]
    fn a_match_is_for_some() {
        let main = "Include extra.conf\nPasswordAuthentication no\nMatch User git,backup Address 10.0.0.0/8\n  PasswordAuthentication yes\n\
                    Match all\nPermitRootLogin no\n";
        let extra = "Match Group old\nPermitRootLogin yes\n";
        let config = read(main, &[("/etc/ssh/extra.conf", extra)]);
        assert_eq!(of(&config.values, "passwordauthentication"), ["no"]);
        assert_eq!(of(&config.values, "permitrootlogin"), ["no"]);
        let conditions: Vec<&str> = config
            .exceptions
            .iter()
            .map(|one| one.condition.as_str())
            .collect();
        assert_eq!(conditions, ["Group old", "User git,backup Address 10.0.0.0/8"]);
        assert_eq!(
            of(&config.exceptions[1].values, "passwordauthentication"),
            ["yes"]
        );
    }

    /// FR-HST-06: the old name of a keyword is the keyword; ports and addresses add up.
    #[test]
    fn old_names_and_ports_are_known() {
        let config = read(
            "ChallengeResponseAuthentication no\nPort 22\nPort 2222\nListenAddress [::]:22\nListenAddress 10.0.0.1 rdomain vrf1\n",
            &[],
        );
        assert_eq!(of(&config.values, "listenaddress"), ["[::]:22", "10.0.0.1"]);
        assert_eq!(of(&config.values, "kbdinteractiveauthentication"), ["no"]);
        assert_eq!(of(&config.values, "port"), ["22", "2222"]);
    }

    /// FR-HST-06: a file that includes itself ends, and that it was not read to its end is said.
    #[test]
    fn a_circle_ends() {
        let config = SshdConfig::read("Include a.conf", &mut |_| {
            Ok(vec![Text::There("Include a.conf\nInclude a.conf".to_owned())])
        });
        assert!(config.unread.is_some());
        let config = SshdConfig::read("Include a.conf", &mut |_| Err("it is away".to_owned()));
        assert_eq!(config.unread.as_deref(), Some("it is away"));
    }

    proptest! {
        /// FR-HST-06: no text of a file makes its reader panic, or grow without a bound.
        #[test]
        fn any_text_is_read(main in "(?s).{0,400}", included in "(?s)(Match|Include|Port)? ?.{0,80}") {
            let config = SshdConfig::read(&main, &mut |_| Ok(vec![Text::There(included.clone())]));
            prop_assert!(config.exceptions.len() <= MOST_EXCEPTIONS);
            let lines = format!("Include x\nMatch {main}\n{included}");
            SshdConfig::read(&lines, &mut |_| Ok(vec![Text::There(main.clone())]));
        }
    }
}
