//! What every failure owes to a person: one clear sentence, with nothing of the machinery in it.

/// Panics unless `text` is one line for people that holds each of `words`.
pub fn assert_clear(text: &str, words: &[&str]) {
    let text = text.trim();
    let lower = text.to_lowercase();
    assert!(!text.is_empty(), "nothing is said");
    assert!(!text.contains('\n'), "more than one line: {text}");
    assert!(text.chars().count() <= 400, "too long: {text}");
    assert!(text.contains(' '), "not a sentence: {text}");
    for machinery in [
        "panicked",
        "Error {",
        "Some(",
        "Err(",
        "RUST_BACKTRACE",
        "src/",
        "hyper::",
        "bollard",
        "(os error",
        "org.freedesktop",
    ] {
        assert!(
            !text.contains(machinery),
            "shows its machinery ({machinery}): {text}"
        );
    }
    for word in words {
        assert!(
            lower.contains(&word.to_lowercase()),
            "does not speak of “{word}”: {text}"
        );
    }
}
