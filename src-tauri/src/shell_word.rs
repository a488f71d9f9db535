//! Texts inside a command that the person reads and pastes into a terminal. This app itself starts no shell.

/// One word for a POSIX shell, whatever is in it.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-12, FR-DSK-07, NFR-S7: a folder's name is one word of the command that is shown, whatever is in it.
    #[test]
    fn a_path_is_one_word() {
        assert_eq!(
            quoted("/usr/lib/Slipway/agents/x-1"),
            "/usr/lib/Slipway/agents/x-1"
        );
        assert_eq!(quoted("/home/a b/$(x)"), "'/home/a b/$(x)'");
        assert_eq!(quoted("/it's"), r"'/it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
