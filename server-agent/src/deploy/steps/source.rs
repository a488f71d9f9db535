//! Pin the commit and check it out. Done when the folder's marker names the commit.

use std::time::Duration;

use serde_json::Value;
use slipway_protocol::deployment::{Commit, Step};

use super::{Context, StepError};
use crate::git::{Checkout, GitError};
use crate::process::ProcessError;

const MARKER: &str = "commit.json";

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let folder = context.folder();
    if let Some(done) = std::fs::read(folder.join(MARKER))
        .ok()
        .and_then(|text| serde_json::from_slice::<Commit>(&text).ok())
    {
        return output(&done);
    }
    undo(context)?;
    let Some(source) = context.plan.settings.source.git() else {
        return Err(StepError::Damaged(
            "the plan fetches a source that is no repository".to_owned(),
        ));
    };
    context.log.say(
        Step::Source,
        &format!("Fetching {} of {}", source.reference, source.url),
    );
    let checkout = Checkout {
        url: &source.url,
        reference: &source.reference,
        into: &folder.join("source"),
        data_dir: &context.app.config.data_dir,
        limit: Duration::from_secs(context.plan.limits.source),
        cancel: context.cancel,
    };
    let commit = checkout
        .run(|line| {
            context
                .log
                .line(Step::Source, slipway_protocol::log_line::LogStream::Stderr, line)
        })
        .await;
    let commit = commit.map_err(|error| match error {
        GitError::Process(ProcessError::Cancelled { .. }) => StepError::Cancelled,
        other => other.into(),
    })?;
    context.log.say(
        Step::Source,
        &format!("At {} by {}: {}", commit.hash, commit.author, commit.message),
    );
    let text = serde_json::to_vec(&commit).map_err(|error| StepError::Damaged(error.to_string()))?;
    std::fs::write(folder.join(MARKER), text)?;
    output(&commit)
}

pub fn undo(context: &Context<'_>) -> Result<(), StepError> {
    match std::fs::remove_dir_all(context.folder()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn output(commit: &Commit) -> Result<Value, StepError> {
    serde_json::to_value(commit).map_err(|error| StepError::Damaged(error.to_string()))
}
