//! Text of others: made plain and short, searched, and quoted.

use slipway_protocol::is_hidden;

/// A quotation is at most this long, in characters.
const LONGEST_QUOTE: usize = 200;
/// A name (of a file, an image, a command) is at most this long, in characters.
const LONGEST_NAME: usize = 100;

/// One line with single spaces, without colours, control or invisible characters and credentials in addresses, at most `longest` characters
/// long: its beginning and its end, where the reason tends to stand.
pub fn plain(text: &str, longest: usize) -> String {
    let visible: String = without_colours(text)
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_hidden(*c))
        .collect();
    let words: Vec<&str> = visible.split(' ').filter(|word| !word.is_empty()).collect();
    let masked = without_credentials(&words.join(" "));
    let length = masked.chars().count();
    if length <= longest {
        return masked;
    }
    let half = longest / 2;
    let head: String = masked.chars().take(half).collect();
    let tail: String = masked.chars().skip(length - half.saturating_sub(1)).collect();
    format!("{head}…{tail}")
}

/// The beginning of a text, with a mark where something was cut off.
pub fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let head: String = text.chars().take(longest.saturating_sub(1)).collect();
    format!("{}…", head.trim_end())
}

/// A line between quotation marks.
pub fn quote(text: &str) -> String {
    format!("“{}”", shortened(text.trim(), LONGEST_QUOTE))
}

/// A name between quotation marks, without those that it came with.
pub fn name(text: &str) -> String {
    const QUOTES: [char; 5] = ['"', '\'', '`', '‘', '’'];
    let bare = text.trim().trim_start_matches(QUOTES);
    let bare = bare.trim_end_matches(|c: char| QUOTES.contains(&c) || matches!(c, '.' | ':' | ',' | ';'));
    let shown = if bare.is_empty() { text.trim() } else { bare };
    format!("“{}”", shortened(shown, LONGEST_NAME))
}

/// What follows a phrase; the phrase is in lower case, the text in any.
pub fn after<'t>(text: &'t str, phrase: &str) -> Option<&'t str> {
    // Only ASCII changes its case here, so positions stay.
    let at = text.to_ascii_lowercase().find(phrase)?;
    text.get(at + phrase.len()..)
}

/// What precedes a phrase.
pub fn before<'t>(text: &'t str, phrase: &str) -> Option<&'t str> {
    let at = text.to_ascii_lowercase().find(phrase)?;
    text.get(..at)
}

/// What stands between two phrases; to the end of the text where the second does not follow.
pub fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    let rest = after(text, from)?;
    Some(before(rest, to).unwrap_or(rest))
}

/// The first word that follows a phrase.
pub fn word_after<'t>(text: &'t str, phrase: &str) -> Option<&'t str> {
    after(text, phrase)?.split_whitespace().next()
}

/// The last word that precedes a phrase.
pub fn word_before<'t>(text: &'t str, phrase: &str) -> Option<&'t str> {
    before(text, phrase)?.split_whitespace().next_back()
}

/// The number that directly follows a phrase.
pub fn number_after(text: &str, phrase: &str) -> Option<i64> {
    let rest = after(text, phrase)?.trim_start();
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    rest.get(..digits)?.parse().ok()
}

/// Without the escape sequences that colour a terminal (ECMA-48: ESC, `[`, parameters, a letter).
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, sequence)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = sequence
            .find(|c: char| !matches!(c, '0'..='?' | ' '..='/'))
            .and_then(|end| sequence.get(end..))
            .map_or("", |end| {
                let mut letters = end.chars();
                letters.next();
                letters.as_str()
            });
    }
    plain.push_str(rest);
    plain
}

/// Without `user:password@` in addresses. A mere user's name, as in `ssh://git@…`, is no secret, but a token may look like one.
fn without_credentials(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, address)) = rest.split_once("://") {
        masked.push_str(before);
        masked.push_str("://");
        let end = address
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '`' | '?' | '#'))
            .unwrap_or(address.len());
        let (authority, path) = address.split_at(end);
        match authority.rsplit_once('@') {
            Some((user, host)) if user != "git" => {
                masked.push_str("…@");
                masked.push_str(host);
            }
            Some(_) | None => masked.push_str(authority),
        }
        rest = path;
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// FR-DEP-16: what is quoted has no colours, nothing invisible, and no password of an address.
    #[test]
    fn quotations_are_plain() {
        let text = plain(
            "\u{1b}[31;1merror\u{1b}[0m at\tpostgres://me:secret@db:5432/x\u{202e}\r\n",
            100,
        );
        assert_eq!(text, "error at postgres://…@db:5432/x");
        assert_eq!(
            plain("https://token@host and git://git@host", 100),
            "https://…@host and git://git@host"
        );
        assert_eq!(plain("\u{1b}[", 100), "");
        assert_eq!(quote("  a b "), "“a b”");
        assert_eq!(name("'bcrypt'."), "“bcrypt”");
        assert_eq!((name("./a").as_str(), name(".").as_str()), ("“./a”", "“.”"));
    }

    /// FR-DEP-16: of a long line the beginning and the end are kept.
    #[test]
    fn long_lines_keep_both_ends() {
        let text = plain(&format!("begin {} exit code: 7", "x".repeat(5000)), 60);
        assert!(
            text.starts_with("begin ") && text.ends_with("exit code: 7"),
            "{text}"
        );
        assert_eq!(text.chars().count(), 60);
    }

    /// FR-DEP-16: parts are found around a phrase, in any case of letters and beside any other ones.
    #[test]
    fn parts_are_found() {
        let text = "Ünït: Exit Code: 137 of “x”";
        assert_eq!(number_after(text, "exit code: "), Some(137));
        assert_eq!(word_after(text, "code:"), Some("137"));
        assert_eq!(word_before(text, " of"), Some("137"));
        assert_eq!(between(text, "“", "”"), Some("x"));
        assert_eq!(number_after(text, "of"), None);
        assert_eq!(number_after("port 99999999999999999999", "port "), None);
    }

    proptest! {
        /// FR-DEP-16: nothing that others write breaks this, and the bounds hold.
        #[test]
        fn any_text_becomes_plain(text in any::<String>(), phrase in "[a-z:/@ ]{1,4}") {
            let made = plain(&text, 50);
            prop_assert!(made.chars().count() <= 50 && !made.chars().any(is_hidden), "{made:?}");
            for part in [after(&text, &phrase), before(&text, &phrase), between(&text, &phrase, ":")] {
                prop_assert!(part.is_none_or(|part| part.len() <= text.len()));
            }
            prop_assert!(quote(&text).chars().count() <= LONGEST_QUOTE + 2);
            prop_assert!(name(&text).chars().count() <= LONGEST_NAME + 2);
        }

        /// FR-DEP-16: escapes and addresses in any order neither hang nor panic.
        #[test]
        fn hostile_pieces_are_no_trouble(pieces in proptest::collection::vec(prop_oneof![
            Just("\u{1b}[".to_owned()), Just("://".to_owned()), Just("@".to_owned()), Just("…".to_owned()), any::<String>(),
        ], 0..20)) {
            let made = plain(&pieces.concat(), 80);
            prop_assert!(made.chars().count() <= 80);
        }
    }
}
