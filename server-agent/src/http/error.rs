//! The one map from what went wrong to what the caller is told.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use slipway_protocol::{ErrorCode, Problem};

use crate::db;
use crate::docker::DockerError;

/// A problem for the caller, and the cause for the log.
#[derive(Debug)]
pub struct ApiError {
    pub problem: Problem,
    cause: Option<String>,
}

impl ApiError {
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            problem: Problem::new(code, detail),
            cause: None,
        }
    }

    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, detail)
    }

    /// There is no such thing in the caller's team. Whether another team has it is not said.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            ErrorCode::NotFound,
            format!("There is no such {what} in this team; it may have been deleted."),
        )
    }

    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, detail)
    }

    /// Anything unexpected: the cause goes to the log, the caller gets the request's id.
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        let detail = "Something went wrong in the agent; its log names the cause under this request's id.";
        Self {
            problem: Problem::new(ErrorCode::Internal, detail),
            cause: Some(error_chain(cause)),
        }
    }

    /// The answer, with the request's id; logs what the caller is not told.
    pub fn into_answer(mut self, request_id: &str) -> Response {
        if let Some(cause) = &self.cause {
            tracing::error!(request.id = request_id, %cause, "request failed");
        }
        request_id.clone_into(&mut self.problem.request_id);
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self.problem).unwrap_or_default();
        (status, [("content-type", "application/problem+json")], body).into_response()
    }
}

/// An error with its causes, each in its own layer's words.
pub fn error_chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        line.push_str(": ");
        line.push_str(&inner.to_string());
        cause = inner.source();
    }
    line
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        if !db::is_away(&error) {
            return Self::internal(&error);
        }
        tracing::error!(cause = error_chain(&error), "database away");
        Self::new(
            ErrorCode::Unavailable,
            "The agent's database does not answer; applications go on serving. Try again in a moment.",
        )
    }
}

impl ApiError {
    /// What Docker did not do, as a sentence of its own.
    pub fn sentence_of(error: &DockerError) -> String {
        let mut detail = error.to_string();
        if let Some(first) = detail.get(..1).map(str::to_uppercase) {
            detail.replace_range(..1, &first);
        }
        format!("{}.", detail.trim_end_matches('.'))
    }
}

impl From<DockerError> for ApiError {
    fn from(error: DockerError) -> Self {
        match &error {
            DockerError::Unreachable(_) | DockerError::NoSwarm | DockerError::DiskFull => {
                Self::new(ErrorCode::Unavailable, Self::sentence_of(&error))
            }
            _ => Self::internal(&error),
        }
    }
}

impl From<slipway_protocol::names::InvalidText> for ApiError {
    fn from(error: slipway_protocol::names::InvalidText) -> Self {
        Self::invalid(error.to_string())
    }
}
