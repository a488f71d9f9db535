//! One attempt at a step. Whatever the step does, the attempt ends: a bug costs no more than this step, one that hangs is given up,
//! and one that does not hear a wish to cancel is left.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::Value;
use slipway_protocol::deployment::Step;

use super::failpoint::{self, Point};
use super::steps::{self, Context, StepError};

/// A step ends its programs and builds by itself when it is cancelled; what has not ended then is dropped.
const CANCELLING: Duration = Duration::from_secs(4);

/// Does the step; its output.
pub async fn run(context: &Context<'_>, step: Step) -> Result<Value, StepError> {
    let application = context.plan.application;
    let work = async {
        failpoint::reach(step, Point::Before, application)
            .await
            .map_err(StepError::Failed)?;
        let output = steps::run(context, step).await?;
        failpoint::reach(step, Point::After, application)
            .await
            .map_err(StepError::Failed)?;
        Ok(output)
    };
    let cancelled = async {
        context.cancel.cancelled().await;
        tokio::time::sleep(CANCELLING).await;
    };
    let limit = longest(context, step);
    tokio::select! {
        done = AssertUnwindSafe(work).catch_unwind() => done.unwrap_or_else(|_| Err(bug())),
        () = cancelled => Err(StepError::Cancelled),
        () = tokio::time::sleep(limit) => Err(hangs(limit)),
    }
}

/// Takes the step back.
pub async fn undo(context: &Context<'_>, step: Step) -> Result<(), StepError> {
    let limit = longest(context, step);
    let work = AssertUnwindSafe(steps::undo(context, step)).catch_unwind();
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done.unwrap_or_else(|_| Err(bug())),
        Err(_) => Err(hangs(limit)),
    }
}

/// How long the step may take before it is given up.
pub fn longest(context: &Context<'_>, step: Step) -> Duration {
    let config = &context.app.config;
    context
        .plan
        .longest(step, config.deployments)
        .min(Duration::from_secs(config.longest_step))
}

fn bug() -> StepError {
    StepError::Failed("the agent has a bug in this step; its log says more".to_owned())
}

fn hangs(limit: Duration) -> StepError {
    StepError::Failed(format!(
        "it did not end within {} s and was given up; deploy again, and look at the server's disk and network if it happens again",
        limit.as_secs()
    ))
}
