//! Terminal codes in a line of a log: colours become classes, the other codes are dropped. What is left is text, in which no character
//! steers what stands around it: such a one is written out.

use std::iter::Peekable;
use std::str::Chars;

use crate::visible::instead;

/// How a part of a line looks. The style sheet knows the colours by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// The eight colours of a terminal: red is 1, white is 7. Bright ones are the same here.
    color: Option<u8>,
    bold: bool,
    faint: bool,
    italic: bool,
    underline: bool,
}

impl Style {
    pub fn class(self) -> Option<String> {
        let mut names = Vec::new();
        if let Some(color) = self.color {
            names.push(format!("ansi-{color}"));
        }
        let more = [
            (self.bold, "ansi-bold"),
            (self.faint, "ansi-faint"),
            (self.italic, "ansi-italic"),
            (self.underline, "ansi-underline"),
        ];
        names.extend(
            more.iter()
                .filter(|(on, _)| *on)
                .map(|(_, name)| (*name).to_owned()),
        );
        (!names.is_empty()).then(|| names.join(" "))
    }
}

/// Calls with each character that is shown, and how it looks.
pub fn each(text: &str, mut on: impl FnMut(char, Style)) {
    let mut style = Style::default();
    let mut chars = text.chars().peekable();
    let mut before = None;
    while let Some(c) = chars.next() {
        let after = chars.peek().copied();
        match c {
            '\u{1b}' if is_code(&chars) => escape(&mut chars, &mut style),
            '\t' => (0..4).for_each(|_| on(' ', style)),
            // Programs that write for a terminal end their lines with it.
            '\r' if after.is_none() => {}
            c => match instead(before, c, after) {
                None => on(c, style),
                Some(name) => name.chars().for_each(|c| on(c, style)),
            },
        }
        before = Some(c);
    }
}

/// The line without any codes.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    each(text, |c, _| out.push(c));
    out
}

/// How many characters are shown.
pub fn width(text: &str) -> u32 {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return text.len().try_into().unwrap_or(u32::MAX);
    }
    let mut count = 0;
    each(text, |_, _| count += 1);
    count
}

/// Whether what follows an escape is a code. The text of one without an end would swallow the rest of the line.
fn is_code(after: &Peekable<Chars>) -> bool {
    let mut after = after.clone();
    match after.next() {
        Some(']' | 'P' | '^' | '_' | 'X') => after.any(|c| matches!(c, '\u{7}' | '\u{1b}' | '\u{9c}')),
        Some('[') => after.any(|c| matches!(c, '\u{40}'..='\u{7e}')),
        _ => true,
    }
}

fn escape(chars: &mut Peekable<Chars>, style: &mut Style) {
    match chars.next() {
        // `ESC [ parameters letter`: colours end with `m`.
        Some('[') => {
            let mut parameters = String::new();
            for c in chars.by_ref() {
                match c {
                    'm' => return colour(&parameters, style),
                    '\u{40}'..='\u{7e}' => return,
                    c => parameters.push(c),
                }
            }
        }
        // `ESC ] text BEL` and its like: titles, links. Up to their end nothing is shown.
        Some(']' | 'P' | '^' | '_' | 'X') => {
            while let Some(c) = chars.next() {
                match c {
                    '\u{7}' | '\u{9c}' => return,
                    '\u{1b}' => {
                        chars.next_if_eq(&'\\');
                        return;
                    }
                    _ => {}
                }
            }
        }
        // A letter that chooses a set of characters has one behind it.
        Some('(' | ')' | '*' | '+') => {
            chars.next();
        }
        Some(_) | None => {}
    }
}

fn colour(parameters: &str, style: &mut Style) {
    let mut codes = parameters
        .split([';', ':'])
        .map(|code| code.parse::<u16>().unwrap_or(0));
    while let Some(code) = codes.next() {
        match code {
            0 => *style = Style::default(),
            1 => style.bold = true,
            2 => style.faint = true,
            3 => style.italic = true,
            4 => style.underline = true,
            22 => (style.bold, style.faint) = (false, false),
            23 => style.italic = false,
            24 => style.underline = false,
            30..=37 => style.color = Some((code - 30) as u8),
            90..=97 => style.color = Some((code - 90) as u8),
            39 => style.color = None,
            38 => style.color = extended(&mut codes),
            // A background of 256 colours has parameters of its own, which are no colours of the text.
            48 => {
                extended(&mut codes);
            }
            _ => {}
        }
    }
}

/// `5;n` of 256 colours; `2;r;g;b` is none of the eight and is left alone.
fn extended(codes: &mut impl Iterator<Item = u16>) -> Option<u8> {
    match codes.next() {
        Some(5) => codes
            .next()
            .filter(|color| *color < 16)
            .map(|color| (color % 8) as u8),
        Some(2) => {
            codes.by_ref().take(3).for_each(drop);
            None
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(String, Option<String>)> {
        let mut parts: Vec<(String, Option<String>)> = Vec::new();
        each(text, |c, style| {
            let class = style.class();
            match parts.last_mut() {
                Some((text, last)) if *last == class => text.push(c),
                _ => parts.push((c.to_string(), class)),
            }
        });
        parts
    }

    fn part(text: &str, class: &str) -> (String, Option<String>) {
        (text.to_owned(), (!class.is_empty()).then(|| class.to_owned()))
    }

    /// FR-OBS-01: colours become classes, and end where they are taken back.
    #[test]
    fn colours_become_classes() {
        let text = "\u{1b}[1;31mred\u{1b}[0m plain \u{1b}[38;5;10mgreen\u{1b}[39m\u{1b}[2m faint";
        assert_eq!(
            parts(text),
            [
                part("red", "ansi-1 ansi-bold"),
                part(" plain ", ""),
                part("green", "ansi-2"),
                part(" faint", "ansi-faint"),
            ]
        );
        assert_eq!(parts("\u{1b}[38;2;1;2;3;4mx"), [part("x", "ansi-underline")]);
        assert_eq!(parts("\u{1b}[48;5;9;3mx"), [part("x", "ansi-italic")]);
    }

    /// NFR-S7: what steers a terminal, or turns the text around, does not reach the page; markup stays text.
    #[test]
    fn codes_of_terminals_are_dropped() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m\ta\u{7}b\rc\r"), "red    a␇b␍c");
        assert_eq!(plain("<b>text</b>"), "<b>text</b>");
        assert_eq!(
            plain("\u{1b}]0;title\u{7}a\u{1b}]8;;http://x\u{1b}\\b\u{1b}(Bc"),
            "abc"
        );
        assert_eq!(plain("\u{202e}gnp.exe\u{2066}"), "‹U+202E›gnp.exe‹U+2066›");
        assert_eq!(plain("a\u{1b}]0;the rest is hidden"), "a␛]0;the rest is hidden");
        assert_eq!(plain("\u{1b}[2J\u{1b}[10;5Hx\u{1b}"), "x");
        assert_eq!(width("\u{1b}[31mred\u{1b}[0m\t"), 7);
        assert_eq!(width("plain"), 5);
    }
}
