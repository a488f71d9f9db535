//! One attempt at a step. Whatever the step does, the attempt ends: a bug costs no more than this step, one that hangs is given up,
//! and one that does not hear a wish to cancel is left. Where Docker, the build node or the database was away for a moment,
//! the step begins anew within it.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::Value;
use slipway_protocol::deployment::Step;

use super::failpoint::{self, Point};
use super::steps::{self, Context, StepError};

/// A step ends its programs and builds by itself when it is cancelled; what has not ended then is dropped.
const CANCELLING: Duration = Duration::from_secs(4);

/// So often a step begins anew because Docker or the database was away.
const OUTAGES: usize = 4;
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Does the step; its output.
pub async fn run(context: &Context<'_>, step: Step) -> Result<Value, StepError> {
    let application = context.plan.application;
    let work = async {
        failpoint::reach(step, Point::Before, application)
            .await
            .map_err(StepError::Failed)?;
        let output = through_outages(context, step).await?;
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

/// Every step looks first at what is there already, as it may run again in another life of the agent. So it may, too, when Docker
/// or the database was restarted beneath it.
async fn through_outages(context: &Context<'_>, step: Step) -> Result<Value, StepError> {
    let mut context = context.clone();
    let mut outages = 0;
    loop {
        // On the heap: each step's future is large, and this one is held in that of the whole deployment.
        let error = match Box::pin(steps::run(&context, step)).await {
            Err(error) if outages < OUTAGES => error,
            ended => return ended,
        };
        let who = if error.is_docker_away() {
            "Docker"
        } else if error.is_build_node_away() {
            "The build node"
        } else if error.is_database_away() {
            "The agent's database"
        } else {
            return Err(error);
        };
        outages += 1;
        let patience = Duration::from_secs(context.app.config.docker_patience);
        let seconds = patience.as_secs();
        let waiting = format!("{who} does not answer; waiting for it for {seconds} s");
        context.log.say(step, &waiting);
        let back = async {
            all_answer(&context).await;
            if error.is_build_node_away() {
                build_node_answers(&context).await;
            }
        };
        if tokio::time::timeout(patience, back).await.is_err() {
            return Err(error);
        }
        context.log.say(step, &format!("{who} answers again"));
        context.interrupted = true;
    }
}

/// Until Docker answers, and its Swarm too, and the database.
async fn all_answer(context: &Context<'_>) {
    let app = context.app;
    while app.docker.owned_services().await.is_err() || app.db.pool().acquire().await.is_err() {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn build_node_answers(context: &Context<'_>) {
    while context.app.build_place.reach().await.is_err() {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Takes the step back.
pub async fn undo(context: &Context<'_>, step: Step) -> Result<(), StepError> {
    let (limit, application) = (longest(context, step), context.plan.application);
    let reach = async |point| {
        failpoint::reach(step, point, application)
            .await
            .map_err(StepError::Failed)
    };
    let work = async {
        reach(Point::UndoBefore).await?;
        Box::pin(steps::undo(context, step)).await?;
        reach(Point::UndoAfter).await
    };
    match tokio::time::timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
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
