//! Words of others (Docker's, git's, a build's) inside a sentence of ours.

use slipway_protocol::is_hidden;

/// The text on one line: what parts its words is a space, and what else splits a line, steers a terminal or hides is left out.
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_hidden(*c))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// NFR-S2, NFR-U2: whatever a command is called, what Docker says about it stays one line.
    #[test]
    fn a_name_with_a_line_break_splits_no_sentence() {
        let said = "exec: \"\\ntouch /x\": stat \ntouch /x: no such file\u{1b}[31m or \u{202e}directory";
        assert_eq!(
            one_line(said),
            "exec: \"\\ntouch /x\": stat  touch /x: no such file[31m or directory"
        );
    }

    proptest! {
        /// NFR-S2: nothing that hides or splits is left of any text, and a plain one stays as it is.
        #[test]
        fn any_text_becomes_one_line(text in any::<String>(), plain in "[ -~é語]{0,40}") {
            prop_assert!(!one_line(&text).contains(is_hidden));
            prop_assert_eq!(one_line(&plain), plain);
        }
    }
}
