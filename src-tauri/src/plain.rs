//! Others' texts where the system shows them: in notifications and in the tray.

use slipway_protocol::is_hidden;

/// One line without what cannot be seen, of at most so many characters and a sign that there was more.
pub fn plain(text: &str, longest: usize) -> String {
    let seen = |c: char| if is_hidden(c) { ' ' } else { c };
    let mut rest = text.chars();
    let mut short: String = rest.by_ref().take(longest).map(seen).collect();
    if rest.next().is_some() {
        short.push('…');
    }
    short
}

/// Desktops take some texts for markup (Desktop Notifications Specification, “Markup”; StatusNotifierItem, “ToolTip”).
#[cfg(all(unix, not(target_os = "macos")))]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-03, NFR-S7: others' text is one line of what can be seen, neither markup nor more than a glance.
    #[test]
    fn others_text_is_plain() {
        assert_eq!(plain("a\u{202e}\n\u{2060}b", 10), "a   b");
        assert_eq!(plain(&"é".repeat(10), 10), "é".repeat(10));
        assert_eq!(plain(&"é".repeat(11), 10), format!("{}…", "é".repeat(10)));
        #[cfg(all(unix, not(target_os = "macos")))]
        assert_eq!(escaped("<b>&"), "&lt;b&gt;&amp;");
    }
}
