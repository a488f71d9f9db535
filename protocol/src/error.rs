//! What a failed call answers: RFC 9457 problem details with a closed set of codes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kinds of failure that a screen or a program treats differently. Closed: text is never matched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A value was refused; `detail` says which and why.
    Invalid,
    /// Nobody is signed in, or the token has ended.
    Unauthenticated,
    /// E-mail or password is wrong, or the invitation is spent or unknown.
    BadCredentials,
    /// Signed in, but the role does not allow it.
    Forbidden,
    /// There is no such thing in this team.
    NotFound,
    /// The name is taken, or the thing changed meanwhile.
    Conflict,
    /// Too many attempts; try again later.
    TooManyAttempts,
    /// The request is larger than the agent accepts.
    TooLarge,
    /// A part that the agent needs (Docker, PostgreSQL, Traefik) does not answer.
    Unavailable,
    /// A bug or an unexpected failure; the cause is in the agent's log under the request id. Also what a newer agent says that its reader
    /// does not know.
    #[serde(other)]
    Internal,
}

impl ErrorCode {
    /// The HTTP status that carries this code.
    pub fn status(self) -> u16 {
        match self {
            Self::Invalid => 422,
            Self::Unauthenticated | Self::BadCredentials => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooManyAttempts => 429,
            Self::TooLarge => 413,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }

    /// The short, constant title of RFC 9457.
    pub fn title(self) -> &'static str {
        match self {
            Self::Invalid => "A value is not valid",
            Self::Unauthenticated => "Not signed in",
            Self::BadCredentials => "Sign-in refused",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Not found",
            Self::Conflict => "Conflict",
            Self::TooManyAttempts => "Too many attempts",
            Self::TooLarge => "Too large",
            Self::Unavailable => "Temporarily unavailable",
            Self::Internal => "Internal error",
        }
    }
}

/// The body of every failed call (`application/problem+json`, RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    pub code: ErrorCode,
    pub title: String,
    pub status: u16,
    /// One sentence for the person: what happened, to what, what to do next.
    pub detail: String,
    /// Names this request in the agent's log.
    #[serde(default)]
    pub request_id: String,
}

impl Problem {
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            request_id: String::new(),
        }
    }
}

impl From<crate::names::InvalidText> for Problem {
    fn from(error: crate::names::InvalidText) -> Self {
        Self::new(ErrorCode::Invalid, error.to_string())
    }
}
