//! What is printed: text for people on standard output, or JSON; problems as one sentence on standard error.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde::Serialize;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView};

use crate::error::CliError;

/// Prints a line. A reader that went away (`| head`) ends the program quietly.
pub fn line(text: &str) {
    let mut out = io::stdout().lock();
    or_end(writeln!(out, "{text}").and_then(|()| out.flush()));
}

/// Ends the program where its output could not be written: quietly if nobody reads it any more, and as a failure where it would be cut off
/// unseen, on a full disk for one.
pub fn or_end(written: io::Result<()>) {
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            problem(&lost(&error));
            std::process::exit(1);
        }
    }
}

/// Why what was written is not whole.
pub fn lost(error: &io::Error) -> String {
    format!("The output could not be written: {error}. What was written of it is not whole.")
}

/// Prints bytes as they are, without a line's end. A reader that went away ends the program quietly.
pub fn exactly(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    or_end(out.write_all(bytes).and_then(|()| out.flush()));
}

/// What was done, where there is nothing else to show: a sentence for people, `null` as JSON.
pub fn done(as_json: bool, text: &str) -> Result<(), CliError> {
    if as_json {
        return json(&());
    }
    line(text);
    Ok(())
}

/// A remark for people that is no result.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A failure.
pub fn problem(text: &str) {
    let _ = writeln!(io::stderr(), "error: {}", plain(text));
}

/// Prints a value as JSON, indented.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CliError::Failed(format!("The answer cannot be printed: {error}.")))?;
    line(&seen(&text));
    Ok(())
}

/// Prints a value as one line of JSON.
pub fn json_line<T: Serialize + ?Sized>(value: &T) -> Result<(), CliError> {
    let text = serde_json::to_string(value)
        .map_err(|error| CliError::Failed(format!("The answer cannot be printed: {error}.")))?;
    line(&seen(&text));
    Ok(())
}

/// JSON with the same values, of which nothing steers a terminal or cannot be seen: serde escapes the first control characters only.
pub fn seen(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // Between the values stand line ends and nothing else that is hidden.
        if c == '\n' || !slipway_protocol::is_hidden(c) {
            out.push(c);
        } else {
            let escaped = |unit: &u16| format!("\\u{unit:04x}");
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(escaped));
        }
    }
    out
}

/// Text of others without what could steer the terminal or turn the text around.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            if slipway_protocol::is_hidden(c) && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// Prints rows under their heads, aligned; nothing to show is said in words.
pub fn table(heads: &[&str], rows: &[Vec<String>], if_empty: &str) {
    if rows.is_empty() {
        line(if_empty);
        return;
    }
    for text in aligned(heads, rows) {
        line(&text);
    }
}

fn aligned(heads: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let heads: Vec<String> = heads.iter().map(|head| head.to_uppercase()).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| plain(cell)).collect())
        .collect();
    let all = || std::iter::once(&heads).chain(&rows);
    let width = |column: usize| {
        all()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let render = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all().map(render).collect()
}

/// A moment, in the one way that all commands tell it.
pub fn time(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `12.3 s`, `4 min 5 s`.
pub fn duration(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    match seconds {
        0..60 => format!("{}.{} s", seconds, milliseconds.max(0) % 1000 / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// The status as people say it.
pub fn status(status: DeploymentStatus) -> &'static str {
    match status {
        DeploymentStatus::Queued => "queued",
        DeploymentStatus::Running => "running",
        DeploymentStatus::Unwinding => "being taken back",
        DeploymentStatus::Succeeded => "succeeded",
        DeploymentStatus::Failed => "failed",
        DeploymentStatus::Cancelled => "cancelled",
        DeploymentStatus::Superseded => "superseded",
        DeploymentStatus::Stuck => "stuck",
    }
}

/// `4b825dc first line of the message`, or the digest that was pinned, or a dash.
pub fn commit(view: &DeploymentView) -> String {
    match (&view.commit, &view.pinned) {
        (None, Some(pinned)) => {
            let (before, digest) = pinned.rsplit_once("sha256:").unwrap_or(("", pinned));
            let short: String = digest.chars().take(12).collect();
            format!("{before}sha256:{short}")
        }
        (Some(commit), _) => {
            let short: String = commit.hash.chars().take(8).collect();
            let message: String = commit.message.chars().take(50).collect();
            format!("{short} {message}")
        }
        (None, None) => "-".to_owned(),
    }
}

/// How long a deployment took, as far as it came.
pub fn took(view: &DeploymentView) -> String {
    match (view.started_at, view.ended_at) {
        (Some(from), Some(to)) => duration((to - from).num_milliseconds()),
        _ => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-API-03: columns line up, whatever they hold.
    #[test]
    fn columns_are_aligned() {
        let rows = vec![
            vec!["a".to_owned(), "long cell".to_owned()],
            vec!["bücher".to_owned(), "x\u{1b}[2J".to_owned()],
        ];
        assert_eq!(
            aligned(&["name", "what"], &rows),
            ["NAME    WHAT", "a       long cell", "bücher  x\u{fffd}[2J"]
        );
    }

    /// FR-API-03: JSON in a terminal steers it no more than a table does, and says the same.
    #[test]
    fn json_does_not_steer_a_terminal() {
        let value =
            serde_json::json!({ "message": "a\u{9b}2J\u{202e}b\u{e0001}\n\u{1b}", "bücher": [1, "ü"] });
        let text = serde_json::to_string_pretty(&value).unwrap();
        let shown = seen(&text);
        assert!(
            shown
                .chars()
                .all(|c| c == '\n' || !slipway_protocol::is_hidden(c)),
            "{shown:?}"
        );
        assert!(shown.contains(r"\u009b2J\u202eb\udb40\udc01"), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    /// FR-API-03: times are told in words.
    #[test]
    fn times_read_well() {
        assert_eq!(duration(1234), "1.2 s");
        assert_eq!(duration(65_000), "1 min 5 s");
        assert_eq!(duration(3_725_000), "1 h 2 min");
        assert_eq!(duration(-5), "0.0 s");
    }
}
