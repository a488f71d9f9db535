//! Line ends of a text that is edited in a field of the browser, which knows only one kind.

/// With the field's line ends, and whether all of them were those of Windows. Where they are mixed they become the field's.
pub fn for_a_field(text: &str) -> (String, bool) {
    let windows = text.matches("\r\n").count();
    let all_windows =
        windows > 0 && windows == text.matches('\n').count() && windows == text.matches('\r').count();
    (text.replace("\r\n", "\n"), all_windows)
}

/// What was in the field, with the line ends that the text had.
pub fn from_a_field(text: &str, windows: bool) -> String {
    if windows {
        text.replace('\n', "\r\n")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CFG-01, FR-SRC-06: a text with Windows' line ends keeps them when a letter of it is changed.
    #[test]
    fn line_ends_are_kept() {
        for text in ["", "a", "a\nb\n", "a\r\nb\r\n", "\r\n"] {
            let (shown, windows) = for_a_field(text);
            assert!(!shown.contains('\r'), "{text:?}");
            assert_eq!(from_a_field(&shown, windows), text);
        }
        assert_eq!(for_a_field("a\r\nb\n"), ("a\nb\n".to_owned(), false));
        assert!(!for_a_field("a\rb\r\n").1);
    }
}
