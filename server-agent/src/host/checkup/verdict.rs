//! What a check comes to.

use slipway_protocol::checkup::{CheckState, CheckupTopic, ServerCheck};
use slipway_protocol::names::is_hidden;

/// Words of the server's own files are repeated so far, in characters.
const LONGEST_WORDS: usize = 80;

/// A state, what was found, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub state: CheckState,
    pub found: String,
    pub remedy: Option<String>,
}

impl Verdict {
    pub fn good(found: impl Into<String>) -> Self {
        Self {
            state: CheckState::Good,
            found: found.into(),
            remedy: None,
        }
    }

    pub fn advice(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state: CheckState::Advice,
            found: found.into(),
            remedy: Some(remedy.into()),
        }
    }

    pub fn bad(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state: CheckState::Bad,
            ..Self::advice(found, remedy)
        }
    }

    /// It could not be looked at; `why` is a sentence.
    pub fn not_known(why: impl Into<String>) -> Self {
        Self {
            state: CheckState::NotKnown,
            ..Self::good(why)
        }
    }

    /// The same with something to do.
    pub fn with_remedy(self, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..self
        }
    }

    pub fn on(self, topic: CheckupTopic) -> ServerCheck {
        ServerCheck {
            topic: topic.into(),
            state: self.state,
            found: self.found,
            remedy: self.remedy,
        }
    }
}

/// Words of a file or a program on this server, without what splits a line or hides, and not too many.
pub fn shown(words: &str) -> String {
    let mut letters = words.chars().filter(|c| !is_hidden(*c));
    let mut text: String = letters.by_ref().take(LONGEST_WORDS).collect();
    if letters.next().is_some() {
        text.push('…');
    }
    text
}

/// “a”, “a and b”, “a, b and c”.
pub fn listed(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}
