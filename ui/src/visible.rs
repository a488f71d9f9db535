//! Foreign text as it is shown: what hides, steers a terminal or turns the direction of the text around it is written out, so that a
//! line can neither look like another one nor hide a part of itself. Pure.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use slipway_protocol::is_hidden;

/// Fields of answers that a person edits and sends back: they stay as they are, and the page that shows one makes it visible.
const EDITED: [&str; 3] = ["settings", "value", "content"];

/// The text with each hidden character written out. Ends of lines and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| is_hidden(c) && !is_layout(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    each(text, |c, name| match name {
        None => out.push(c),
        Some(name) => out.push_str(&name),
    });
    Cow::Owned(out)
}

/// The hidden characters of a text by their names, each once, at most eight.
pub fn unseen(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    each(text, |_, name| {
        if let Some(name) = name
            && names.len() < 8
            && !names.contains(&name)
        {
            names.push(name);
        }
    });
    names
}

/// Every text of a JSON document made visible, but for those that are edited. What is no JSON stays as it is.
pub fn in_json(json: &str) -> Cow<'_, str> {
    let escaped = ["\\u", "\\b", "\\f", "\\r"];
    if !json.contains(is_hidden) && !escaped.iter().any(|one| json.contains(one)) {
        return Cow::Borrowed(json);
    }
    let Ok(mut value) = serde_json::from_str::<Value>(json) else {
        return Cow::Borrowed(json);
    };
    walk(&mut value);
    Cow::Owned(value.to_string())
}

/// The same for a value that was read already.
pub fn all_of<T: Serialize + DeserializeOwned>(value: T) -> T {
    let written = serde_json::to_string(&value).unwrap_or_default();
    match in_json(&written) {
        Cow::Borrowed(_) => value,
        Cow::Owned(json) => serde_json::from_str(&json).unwrap_or(value),
    }
}

/// What stands in the place of a character that must not be obeyed, seen between its neighbours.
pub fn instead(before: Option<char>, c: char, after: Option<char>) -> Option<String> {
    if !is_hidden(c) || joins(before, c, after) {
        return None;
    }
    Some(match c {
        '\u{7f}' => "␡".to_owned(),
        // Unicode has a picture for each of the others, in their order.
        c if c < ' ' => char::from_u32(0x2400 + u32::from(c)).map_or_else(String::new, String::from),
        c => format!("‹U+{:04X}›", u32::from(c)),
    })
}

/// Joiners make one sign of several in some scripts and in emoji.
fn joins(before: Option<char>, c: char, after: Option<char>) -> bool {
    let foreign = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !is_hidden(c));
    matches!(c, '\u{200c}' | '\u{200d}') && foreign(before) && foreign(after)
}

fn is_layout(c: char) -> bool {
    matches!(c, '\n' | '\t')
}

fn each(text: &str, mut on: impl FnMut(char, Option<String>)) {
    let mut chars = text.chars().peekable();
    let mut before = None;
    while let Some(c) = chars.next() {
        let after = chars.peek().copied();
        let ends_line = c == '\r' && after == Some('\n');
        if !ends_line {
            let name = if is_layout(c) {
                None
            } else {
                instead(before, c, after)
            };
            on(c, name);
        }
        before = Some(c);
    }
}

fn walk(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(shown) = visible(text) {
                *text = shown;
            }
        }
        Value::Array(all) => all.iter_mut().for_each(walk),
        Value::Object(all) => {
            let shown = all.iter_mut().filter(|(key, _)| !EDITED.contains(&key.as_str()));
            shown.for_each(|(_, value)| walk(value));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-S7: what would be obeyed is written out; lines, tabs and signs of several parts stay.
    #[test]
    fn nothing_hides() {
        assert_eq!(visible("\u{202e}gpj.exe"), "‹U+202E›gpj.exe");
        assert_eq!(visible("a\u{1b}[31m\u{7}\u{7f}\u{85}"), "a␛[31m␇␡‹U+0085›");
        assert_eq!(
            visible("a\u{200b}d\u{200d}min\u{e0041}"),
            "a‹U+200B›d‹U+200D›min‹U+E0041›"
        );
        assert_eq!(visible("one\r\n\ttwo\rthree"), "one\n\ttwo␍three");
        for plain in ["plain", "a\n\tb", "👩\u{200d}👧", "می\u{200c}خواهم", "<b>"] {
            assert_eq!(visible(plain), plain);
        }
        assert_eq!(unseen("a\u{200b}b\u{200b}\u{202e}\n"), ["‹U+200B›", "‹U+202E›"]);
    }

    /// NFR-S7: each text of an answer is made visible, but for those that are sent back.
    #[test]
    fn answers_are_made_visible() {
        let json = "[{\"message\":\"\\u001b[2J\u{202e}x\",\"n\":18446744073709551615,\"settings\":{\"a\":\"\u{202e}\"},\"value\":\"\\r\"}]";
        let shown = "[{\"message\":\"␛[2J‹U+202E›x\",\"n\":18446744073709551615,\"settings\":{\"a\":\"\u{202e}\"},\"value\":\"\\r\"}]";
        assert_eq!(in_json(json), shown);
        assert_eq!(in_json("no JSON \u{202e}"), "no JSON \u{202e}");
        assert_eq!(all_of(vec!["\u{202e}".to_owned()]), ["‹U+202E›"]);
    }

    /// NFR-S7: no character that hides is left between others, but for ends of lines and tabs; what is written out is not again.
    #[test]
    fn no_character_is_left() {
        for c in '\0'..=char::MAX {
            let shown = visible(&format!("a{c}b")).into_owned();
            assert!(!shown.contains(|c| is_hidden(c) && !is_layout(c)), "{c:?}");
            assert_eq!(visible(&shown), shown);
        }
    }
}
