//! Pasting into a terminal: what could be more than it looks like is shown first, and asked about.

use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::modal::Dialog;

/// So much of a text is shown.
const SHOWN: usize = 4_000;

/// One line of what can be seen: it is typed at once.
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(slipway_protocol::names::is_hidden)
}

/// The text with everything that cannot be seen made visible.
fn visible(text: &str) -> String {
    let mut shown = String::new();
    let mut letters = text.chars();
    for letter in letters.by_ref().take(SHOWN) {
        match letter {
            '\n' => shown.push_str("⏎\n"),
            '\t' => shown.push('⇥'),
            '\r' => {}
            c if (c as u32) < 0x20 => shown.push(char::from_u32(0x2400 + c as u32).unwrap_or('�')),
            '\u{7f}' => shown.push('␡'),
            c if slipway_protocol::names::is_hidden(c) => shown.push_str(&format!("‹U+{:04X}›", c as u32)),
            c => shown.push(c),
        }
    }
    let rest = letters.count();
    if rest > 0 {
        shown.push_str(&format!("\n… and {rest} more characters"));
    }
    shown
}

#[derive(PartialEq, Properties)]
pub struct PasteProps {
    pub text: AttrValue,
    pub paste: Callback<()>,
    pub close: Callback<()>,
}

#[function_component]
pub fn PasteQuestion(props: &PasteProps) -> Html {
    let lines = props.text.lines().count();
    let why = if lines > 1 {
        format!("It has {lines} lines. Each of them may be run as soon as it is pasted.")
    } else if props.text.ends_with(['\n', '\r']) {
        "It ends with a line break: it may be run as soon as it is pasted.".to_owned()
    } else {
        "It has characters that cannot be seen, and that may do something.".to_owned()
    };
    let actions = html! {
        <>
            <Button label="Do not paste" onclick={props.close.clone()}/>
            <Button id="paste-confirm" label="Paste" look={Look::Primary} submit=true offline=true autofocus=true/>
        </>
    };
    html! {
        <Dialog id="paste-dialog" title="Paste this into the terminal?" onclose={props.close.clone()} onsubmit={props.paste.clone()} {actions}>
            <p>{ why }</p>
            <pre class="paste-text" data-testid="paste-text">{ visible(&props.text) }</pre>
        </Dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-02: one line that can be seen is pasted at once; more lines, and what hides, are asked about.
    #[test]
    fn what_is_more_than_it_looks_like_is_asked_about() {
        for plain in ["ls -la /", "naïve “quotes” 文字", ""] {
            assert!(is_plain(plain), "{plain}");
        }
        for asked in [
            "ls\n",
            "a\nb",
            "a\rb",
            "tab\there",
            "\u{1b}[201~; rm",
            "a\u{202e}b",
            "a\u{200b}b",
            "\u{7f}",
            "\u{9b}31m",
        ] {
            assert!(!is_plain(asked), "{asked:?}");
        }
    }

    /// FR-OBS-02: what is asked about is shown with everything in it.
    #[test]
    fn nothing_is_hidden_in_the_question() {
        assert_eq!(visible("a\n\u{1b}[1m\tb\u{202e}\u{7f}"), "a⏎\n␛[1m⇥b‹U+202E›␡");
        let long = visible(&"x".repeat(5_000));
        assert!(long.ends_with("and 1000 more characters"), "{long}");
    }
}
