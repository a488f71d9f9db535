//! How grave a line is, guessed from its own words, in a look at its beginning.
//!
//! Understood are a field `level` (or `severity`, `lvl`) in JSON or `key=value`, also with pino's numbers; and a word such as
//! `ERROR`, `[warn]` or `INFO:` in capitals, in brackets or before a colon. An ordinary word in a sentence says nothing.

use slipway_protocol::log_line::LogLevel;

/// So many bytes of a line are looked at.
const LOOKED_AT: usize = 200;

pub fn guess(text: &str) -> Option<LogLevel> {
    let bytes = text.as_bytes();
    let bytes = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let mut at = 0;
    let mut by_word = None;
    while at < bytes.len() {
        if !bytes[at].is_ascii_alphabetic() {
            at += 1;
            continue;
        }
        let begin = at;
        while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
            at += 1;
        }
        let word = &bytes[begin..at];
        if (3..=8).contains(&word.len()) {
            if is_key(word)
                && let Some(level) = field(&bytes[at..])
            {
                return Some(level);
            }
            if by_word.is_none() && stands_out(bytes, begin, at) {
                by_word = named(word);
            }
        }
    }
    by_word
}

fn is_key(word: &[u8]) -> bool {
    [b"level".as_slice(), b"lvl", b"severity"]
        .iter()
        .any(|key| word.eq_ignore_ascii_case(key))
}

/// The value behind `level`: `="warn"`, `: "warn"`, `=40`.
fn field(rest: &[u8]) -> Option<LogLevel> {
    let begin = rest
        .iter()
        .position(|byte| !matches!(byte, b'"' | b'\'' | b' ' | b':' | b'='))?;
    // Something has to part the name from its value.
    if !rest[..begin].iter().any(|byte| matches!(byte, b':' | b'=')) {
        return None;
    }
    let value = &rest[begin..];
    let end = value
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric())
        .unwrap_or(value.len());
    let value = &value[..end];
    match value {
        b"10" => Some(LogLevel::Trace),
        b"20" => Some(LogLevel::Debug),
        b"30" => Some(LogLevel::Info),
        b"40" => Some(LogLevel::Warn),
        b"50" => Some(LogLevel::Error),
        b"60" => Some(LogLevel::Fatal),
        word => named(word),
    }
}

/// In capitals, in brackets, or with a colon behind it.
fn stands_out(bytes: &[u8], begin: usize, end: usize) -> bool {
    let capitals = bytes[begin..end].iter().all(u8::is_ascii_uppercase);
    let bracket = begin > 0 && matches!(bytes[begin - 1], b'[' | b'<' | b'(');
    let colon = bytes.get(end) == Some(&b':') && bytes.get(end + 1).is_none_or(|byte| *byte == b' ');
    capitals || bracket || colon
}

fn named(word: &[u8]) -> Option<LogLevel> {
    let is = |names: &[&str]| {
        names
            .iter()
            .any(|name| word.eq_ignore_ascii_case(name.as_bytes()))
    };
    match word.first()?.to_ascii_lowercase() {
        b't' if is(&["trace"]) => Some(LogLevel::Trace),
        b'd' if is(&["debug"]) => Some(LogLevel::Debug),
        b'i' if is(&["info"]) => Some(LogLevel::Info),
        b'n' if is(&["notice"]) => Some(LogLevel::Info),
        b'w' if is(&["warn", "warning"]) => Some(LogLevel::Warn),
        b'e' if is(&["error", "err"]) => Some(LogLevel::Error),
        b's' if is(&["severe"]) => Some(LogLevel::Error),
        b'f' if is(&["fatal"]) => Some(LogLevel::Fatal),
        b'c' if is(&["critical", "crit"]) => Some(LogLevel::Fatal),
        b'p' if is(&["panic"]) => Some(LogLevel::Fatal),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-01: the level is found in what common libraries write, and not in ordinary sentences.
    #[test]
    fn levels_are_guessed() {
        use LogLevel as L;
        for (text, wanted) in [
            (r#"{"level":"error","msg":"x"}"#, Some(L::Error)),
            (r#"{"level":30,"time":1}"#, Some(L::Info)),
            (r#"{"time":"t","severity": "WARNING"}"#, Some(L::Warn)),
            ("time=1 level=debug msg=\"an ERROR\"", Some(L::Debug)),
            ("2026-01-02 03:04:05 ERROR main: no", Some(L::Error)),
            ("[warn] 12#0: slow", Some(L::Warn)),
            ("  \u{1b}[32m INFO\u{1b}[0m started", Some(L::Info)),
            ("fatal: the configuration of the moon is missing", Some(L::Fatal)),
            ("CRITICAL all is lost", Some(L::Fatal)),
            ("no error here", None),
            ("the level is high", None),
            ("information", None),
            ("", None),
        ] {
            assert_eq!(guess(text), wanted, "{text}");
        }
    }
}
