//! apt's settings, as apt.conf(5) writes them: `A::B "value";`, or the same in nested braces.

use std::collections::HashMap;

/// The values by their whole names in small letters; a later one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AptConfig {
    values: HashMap<String, String>,
}

/// Names are nested at most so deep.
const DEEPEST: usize = 32;

impl AptConfig {
    /// Takes the settings of a further file.
    pub fn take(&mut self, text: &str) {
        let mut within: Vec<String> = Vec::new();
        let mut words: Vec<String> = Vec::new();
        for token in tokens(text) {
            match token {
                Token::Word(word) => words.push(word),
                Token::Open => {
                    if within.len() == DEEPEST {
                        return;
                    }
                    within.push(words.first().cloned().unwrap_or_default());
                    words.clear();
                }
                Token::Close => {
                    within.pop();
                    words.clear();
                }
                Token::End => {
                    if let [name, value] = words.as_slice() {
                        let parts = within.iter().map(String::as_str).chain([name.as_str()]);
                        let whole = parts
                            .filter(|part| !part.is_empty())
                            .collect::<Vec<_>>()
                            .join("::");
                        self.values.insert(whole.to_ascii_lowercase(), value.clone());
                    }
                    words.clear();
                }
            }
        }
    }

    /// Whether a number of days, or `always`, is set there and is not nothing; `None` where nothing is set.
    pub fn is_on(&self, name: &str) -> Option<bool> {
        let value = self.values.get(&name.to_ascii_lowercase())?;
        let number = value.trim().trim_end_matches(['s', 'm', 'h', 'd']);
        Some(!number.is_empty() && number.chars().any(|c| c != '0'))
    }
}

enum Token {
    Word(String),
    Open,
    Close,
    End,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        rest = match first {
            '{' | '}' | ';' => {
                tokens.push(match first {
                    '{' => Token::Open,
                    '}' => Token::Close,
                    _ => Token::End,
                });
                after
            }
            '"' => {
                let (word, after) = after.split_once('"').unwrap_or((after, ""));
                tokens.push(Token::Word(word.to_owned()));
                after
            }
            '#' => line_end(after),
            '/' if after.starts_with('/') => line_end(after),
            '/' if after.starts_with('*') => after.split_once("*/").map_or("", |(_, after)| after),
            c if c.is_whitespace() => after,
            _ => {
                let end = |c: char| c.is_whitespace() || matches!(c, '{' | '}' | ';' | '"');
                let (word, after) = rest.split_at(rest.find(end).unwrap_or(rest.len()));
                tokens.push(Token::Word(word.to_owned()));
                after
            }
        };
    }
    tokens
}

fn line_end(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, after)| after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// FR-HST-06: flat and nested names are one; comments are none; a later value counts.
    #[test]
    fn settings_are_read() {
        let mut config = AptConfig::default();
        config.take("APT::Periodic::Update-Package-Lists \"1\";\nAPT::Periodic::Unattended-Upgrade \"0\";\n");
        config.take(
            "// APT::Periodic::Enable \"0\";\n# APT::Periodic::Enable \"0\";\n/* APT::Periodic::Enable \"0\"; */\n\
             APT { Periodic { Unattended-Upgrade \"always\"; }; NeverAutoRemove { \"^linux-.*\"; }; };\n",
        );
        assert_eq!(config.is_on("APT::Periodic::Update-Package-Lists"), Some(true));
        assert_eq!(config.is_on("APT::Periodic::Unattended-Upgrade"), Some(true));
        assert_eq!(config.is_on("APT::Periodic::Enable"), None);
        for (value, on) in [
            ("0", false),
            ("00", false),
            ("", false),
            ("0d", false),
            ("7", true),
            ("12h", true),
        ] {
            config.take(&format!("APT::Periodic::Enable \"{value}\";"));
            assert_eq!(config.is_on("apt::periodic::enable"), Some(on), "{value}");
        }
    }

    proptest! {
        /// FR-HST-06: no text makes the reader panic.
        #[test]
        fn any_text_is_read(text in "(?s).{0,300}", odd in "[{}\";/*#a: \n]{0,120}") {
            let mut config = AptConfig::default();
            config.take(&text);
            config.take(&odd);
        }
    }
}
