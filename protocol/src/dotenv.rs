//! Variables as a text, in the form of `.env` files: parsed and written.
//!
//! One `KEY=value` a line, with an optional `export` before it. A value is bare (up to a ` #` or the line's end, trimmed), in single quotes
//! (as it stands), or in double quotes (with `\n`, `\r`, `\t`, `\"`, `\\` and `\$`); quoted ones may span lines. `#` begins a comment.
//! Nothing is expanded. A key alone on its line stands for a variable whose value stays as it is: that is how a secret is written
//! without showing it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{Secret, VariableKey};

/// What a line says.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: VariableKey,
    /// `None` for one that stays as it is.
    pub value: Option<Secret<String>>,
}

/// Why a text is none. It never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Line {line}: {reason}")]
pub struct InvalidLine {
    /// From 1.
    pub line: usize,
    pub reason: String,
}

/// Reads a text. A key may stand in it once.
pub fn parse(text: &str) -> Result<Vec<Entry>, InvalidLine> {
    let mut reader = Reader {
        rest: text.strip_prefix('\u{feff}').unwrap_or(text),
        line: 1,
    };
    let mut entries = Vec::new();
    let mut lines: BTreeMap<VariableKey, usize> = BTreeMap::new();
    while let Some((line, entry)) = reader.entry()? {
        if let Some(before) = lines.insert(entry.key.clone(), line) {
            let reason = format!("{} stands in line {before} too; keep one of them", entry.key);
            return Err(InvalidLine { line, reason });
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Writes a text that [`parse`] reads as exactly these entries.
pub fn format<'a>(entries: impl IntoIterator<Item = (&'a VariableKey, Option<&'a str>)>) -> String {
    let mut text = String::new();
    for (key, value) in entries {
        text.push_str(key.as_str());
        if let Some(value) = value {
            text.push('=');
            push_value(&mut text, value);
        }
        text.push('\n');
    }
    text
}

fn push_value(text: &mut String, value: &str) {
    let bare = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=~".contains(c);
    if value.chars().all(bare) {
        text.push_str(value);
    } else if !value.contains(['\'', '\n', '\r']) {
        let _ = write!(text, "'{value}'");
    } else {
        text.push('"');
        for c in value.chars() {
            match c {
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '"' | '\\' | '$' => text.extend(['\\', c]),
                c => text.push(c),
            }
        }
        text.push('"');
    }
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
}

impl<'t> Reader<'t> {
    /// The next entry with the line on which it begins; `None` at the end.
    fn entry(&mut self) -> Result<Option<(usize, Entry)>, InvalidLine> {
        loop {
            self.skip_spaces();
            match self.rest.chars().next() {
                None => return Ok(None),
                Some('\n') => self.advance(1),
                Some('\r') => self.advance(1),
                Some('#') => self.skip_line(),
                Some(_) => break,
            }
        }
        let line = self.line;
        let mut word = self.word();
        let after = self.rest.trim_start_matches([' ', '\t']);
        if word == "export" && !after.starts_with(['=', '\n', '\r', '#']) && !after.is_empty() {
            self.skip_spaces();
            word = self.word();
        }
        let key = VariableKey::parse(word)
            .map_err(|error| self.refuse(&format!("the variable’s name is not valid: {}", error.reason)))?;
        self.skip_spaces();
        let value = match self.rest.strip_prefix('=') {
            Some(_) => {
                self.advance(1);
                self.skip_spaces();
                Some(Secret::new(self.value()?))
            }
            None => None,
        };
        self.end_of_line(&key)?;
        Ok(Some((line, Entry { key, value })))
    }

    fn value(&mut self) -> Result<String, InvalidLine> {
        match self.rest.chars().next() {
            Some('\'') => self.single_quoted(),
            Some('"') => self.double_quoted(),
            _ => Ok(self.bare()),
        }
    }

    /// Up to the end of the line, or to a comment that a space sets off.
    fn bare(&mut self) -> String {
        let line = &self.rest[..self.rest.find('\n').unwrap_or(self.rest.len())];
        let comment = line
            .char_indices()
            .find(|(at, c)| *c == '#' && (*at == 0 || line[..*at].ends_with([' ', '\t'])));
        let value = &line[..comment.map_or(line.len(), |(at, _)| at)];
        self.advance(value.len());
        value.trim_matches([' ', '\t', '\r']).to_owned()
    }

    fn single_quoted(&mut self) -> Result<String, InvalidLine> {
        let inner = &self.rest[1..];
        let end = inner
            .find('\'')
            .ok_or_else(|| self.refuse("a quote is not closed"))?;
        let value = inner[..end].to_owned();
        self.advance(end + 2);
        Ok(value)
    }

    fn double_quoted(&mut self) -> Result<String, InvalidLine> {
        let inner = &self.rest[1..];
        let mut value = String::new();
        let mut letters = inner.char_indices();
        while let Some((at, c)) = letters.next() {
            match c {
                '"' => {
                    self.advance(at + 2);
                    return Ok(value);
                }
                '\\' => match letters.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 'r')) => value.push('\r'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, c @ ('"' | '\\' | '$'))) => value.push(c),
                    Some((_, other)) => value.extend(['\\', other]),
                    None => break,
                },
                c => value.push(c),
            }
        }
        Err(self.refuse("a quote is not closed"))
    }

    /// After an entry only a comment may follow.
    fn end_of_line(&mut self, key: &VariableKey) -> Result<(), InvalidLine> {
        self.skip_spaces();
        match self.rest.chars().next() {
            None | Some('\n' | '\r') => Ok(()),
            Some('#') => {
                self.skip_line();
                Ok(())
            }
            Some(_) => Err(self.refuse(&format!(
                "after {key} there is more than a value; put a value with spaces or quotes in quotes"
            ))),
        }
    }

    /// What looks like a key.
    fn word(&mut self) -> &'t str {
        let end = self
            .rest
            .find(|c: char| c.is_whitespace() || c == '=' || c == '#')
            .unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        self.advance(end);
        word
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn skip_line(&mut self) {
        self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
    }

    fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes);
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }

    fn refuse(&self, reason: &str) -> InvalidLine {
        InvalidLine {
            line: self.line,
            reason: reason.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, Option<String>)> {
        let entries = parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let plain = |entry: Entry| (entry.key.to_string(), entry.value.map(Secret::into_exposed));
        entries.into_iter().map(plain).collect()
    }

    fn value(text: &str) -> String {
        read(&format!("K={text}"))[0].1.clone().unwrap()
    }

    /// FR-CFG-03: comments, `export`, quotes, escapes and several lines are read as people know them.
    #[test]
    fn the_usual_forms() {
        let text = "\u{feff}# a comment\r\n\r\nA=1\r\nexport B = two words \nC=\n  D='it # stays $HOME \\n'   # and goes\nE=\"a\\\"b\\n\\$c\"\nF=x#y\nexport=z\nG";
        let expected = [
            ("A", Some("1")),
            ("B", Some("two words")),
            ("C", Some("")),
            ("D", Some("it # stays $HOME \\n")),
            ("E", Some("a\"b\n$c")),
            ("F", Some("x#y")),
            ("export", Some("z")),
            ("G", None),
        ];
        let expected: Vec<_> = expected
            .map(|(key, value)| (key.to_owned(), value.map(str::to_owned)))
            .to_vec();
        assert_eq!(read(text), expected);
        assert_eq!(value("'one\ntwo\r\n'"), "one\ntwo\r\n");
        assert_eq!(value("\"-----BEGIN-----\nabc\n\""), "-----BEGIN-----\nabc\n");
        assert_eq!(value("a=b=c"), "a=b=c");
        assert_eq!(value("# nothing"), "");
        assert_eq!(value("\"\\d\\\\\""), "\\d\\");
        assert_eq!(value("$HOME ${X} $(id)"), "$HOME ${X} $(id)");
    }

    /// FR-CFG-03, NFR-U2: what cannot be read is named by its line, without any value.
    #[test]
    fn a_bad_line_is_named() {
        for (text, line, word) in [
            ("A=1\nB='secret", 2, "quote"),
            ("A=\"secret\n\n", 1, "quote"),
            ("A='x' secret", 1, "A"),
            ("\n2A=secret", 2, "digit"),
            ("A secret", 1, "A"),
            ("A=1\n\nB='\n'\nA=secret", 5, "line 1"),
            ("a-b=secret", 1, "letters"),
        ] {
            let Err(error) = parse(text) else {
                panic!("{text:?}")
            };
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(error.reason.contains(word), "{text:?}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    proptest! {
        /// FR-CFG-03: what is written is read again, byte for byte, whatever the values hold.
        #[test]
        fn written_and_read_are_the_same(values in prop::collection::vec(prop::option::of("(?s).{0,40}|[ '\"\\\\$#\n\r\t=a]{0,12}"), 0..6)) {
            let keys: Vec<VariableKey> = (0..values.len()).map(|i| VariableKey::parse(&format!("K{i}")).unwrap()).collect();
            let text = format(keys.iter().zip(&values).map(|(key, value)| (key, value.as_deref())));
            let entries = read(&text);
            let expected: Vec<_> = keys.iter().map(ToString::to_string).zip(values).collect();
            prop_assert_eq!(entries, expected);
        }

        /// FR-CFG-03, NFR-S2: any text is read or refused with a line that it has.
        #[test]
        fn any_text_ends(text in "(?s).{0,60}|[A='\"\\\\\n #]{0,30}") {
            if let Err(error) = parse(&text) {
                prop_assert!(error.line >= 1 && error.line <= text.matches('\n').count() + 1);
            }
        }
    }
}
