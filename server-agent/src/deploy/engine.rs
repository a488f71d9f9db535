//! Driving one deployment: replay the step log, ask what is next, do it, record it, again.
//!
//! Promised: killed at any instant, the deployment goes on at the next start or is taken back, and the old release serves throughout.
//! An error of this function means that the *record* could not be kept (the database is away); the deployment stays as it is and
//! is claimed again. A step's own failure is not an error here: it is recorded and followed by undoing.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::Utc;
use slipway_protocol::deployment::{DeploymentStatus, Explanation, Step};
use slipway_protocol::event::Severity;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::attempt;
use super::failpoint::{self, Point};
use super::log::DeploymentLog;
use super::steps::{self, Context, StepError};
use crate::app::App;
use crate::db::deployments::{self, Claimed, Holding};
use crate::db::events;
use crate::db::step_events::{self, Details, Recorded};
use crate::domain::one_line::one_line;
use crate::domain::saga::{self, IllegalEvent, Next, Outcome, StepEvent, StepState};

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("the step log could not be kept")]
    Database(#[from] sqlx::Error),
    #[error("another worker has taken over")]
    LeaseLost,
    #[error("the deployment did not go on after a step")]
    Hangs,
}

/// Beyond a step's own time, for what is written down before and after it.
const RECORDING: Duration = Duration::from_secs(10);

/// An undo that fails is tried again so many times before the deployment is stuck.
const UNDO_ATTEMPTS: u32 = 8;
/// So long an undo waits for a Docker that is away, before its attempts count: an upgrade takes minutes.
const AWAY: Duration = Duration::from_secs(900);
/// How often it looks meanwhile.
const LOOK_FOR_DOCKER: Duration = Duration::from_secs(2);

/// Until the deployment has ended.
pub async fn drive(
    app: &App,
    worker: Uuid,
    claimed: Claimed,
    cancel: &CancellationToken,
) -> Result<(), EngineError> {
    let (log, writer) = DeploymentLog::open(app, claimed.id);
    let drive = Drive {
        app,
        worker,
        claimed: &claimed,
        log,
        cancel,
        never: CancellationToken::new(),
    };
    let (status, failure, step) = match drive.run().await {
        Ok((outcome, failure, step)) => {
            let (status, failure) = ending(outcome, failure, cancel.is_cancelled());
            (status, failure, step)
        }
        Err(error) => {
            drop(drive);
            let _ = writer.await;
            return Err(error);
        }
    };
    // The log is complete before the deployment says that it has ended. One without such a last line was cut off.
    let Drive { log, .. } = drive;
    if let Some(words) = last_words(status) {
        log.say(step, words);
    }
    drop(log);
    let _ = writer.await;
    finish(app, worker, claimed.holding(), status, failure).await
}

/// Why a deployment is parked that nobody can go on with.
const UNREADABLE: &str =
    "its plan in the agent's database cannot be read; it is damaged, or was made by a newer agent";

/// Out of the others' way: it is stuck, which is an end like others, with all that an end brings with it.
pub async fn park(app: &App, worker: Uuid, held: Holding) -> Result<(), EngineError> {
    let (log, writer) = DeploymentLog::open(app, held.id);
    log.say(Step::Source, &format!("Failed: {UNREADABLE}"));
    let status = DeploymentStatus::Stuck;
    if let Some(words) = last_words(status) {
        log.say(Step::Source, words);
    }
    drop(log);
    let _ = writer.await;
    finish(app, worker, held, status, Some(UNREADABLE.to_owned())).await
}

struct Drive<'a> {
    app: &'a App,
    worker: Uuid,
    claimed: &'a Claimed,
    log: DeploymentLog,
    cancel: &'a CancellationToken,
    /// Is not cancelled.
    never: CancellationToken,
}

impl Drive<'_> {
    /// What came of it, why, and the step that was at work last.
    async fn run(&self) -> Result<(Outcome, Option<String>, Step), EngineError> {
        let mut taken_up_again = None;
        loop {
            let recorded = match self.recorded().await {
                Err(EngineError::Database(sqlx::Error::Decode(_))) => return Ok(self.damaged()),
                recorded => recorded?,
            };
            let interrupted = *taken_up_again.get_or_insert(!recorded.is_empty());
            let Ok(states) = self.states(&recorded) else {
                return Ok(self.damaged());
            };
            let plan = &self.claimed.plan;
            match saga::next(&states, self.cancel.is_cancelled(), plan.point_of_no_return()) {
                Next::Run(i) => {
                    let step = plan.steps[i];
                    // The new release serves: what is left is tidying up, which a late wish to cancel does not cut short. A command
                    // after it may take long, and is ended.
                    let cancel = if i < plan.point_of_no_return() || step == Step::After {
                        self.cancel
                    } else {
                        &self.never
                    };
                    let context = Context {
                        interrupted,
                        ..self.context(&recorded, cancel)
                    };
                    let limit = attempt::longest(&context, step) + RECORDING;
                    tokio::time::timeout(limit, self.run_step(step, &context))
                        .await
                        .map_err(|_| EngineError::Hangs)??;
                }
                Next::Undo(i) => {
                    let step = plan.steps[i];
                    self.undo_step(step, &recorded).await?;
                    let _ = failpoint::reach(step, Point::UndoRecorded, plan.application).await;
                }
                Next::Finish(outcome) => {
                    let failure = why(outcome, &recorded);
                    let step = recorded.last().map_or(Step::Source, |event| event.step);
                    return Ok((outcome, failure, step));
                }
            }
        }
    }

    /// The record is not what this agent writes: nobody can say what was done, so a person has to look.
    fn damaged(&self) -> (Outcome, Option<String>, Step) {
        tracing::error!(deployment.id = %self.claimed.id, "the step log is not legal; the deployment is parked");
        let failure = "its step log is damaged; look at it in the agent's database";
        (Outcome::Stuck, Some(failure.to_owned()), Step::Source)
    }

    async fn run_step(&self, step: Step, context: &Context<'_>) -> Result<(), EngineError> {
        self.record(step, StepEvent::Started, Details::default()).await?;
        let result = attempt::run(context, step).await;
        match result {
            Ok(output) => {
                let details = Details {
                    output: Some(&output),
                    ..Details::default()
                };
                self.record(step, StepEvent::Succeeded, details).await?;
            }
            // Stopped by wish: that is the end that was asked for, and no failure to be explained.
            Err(StepError::Cancelled) => {
                self.log.say(step, "Stopped: the deployment was cancelled");
                self.record(step, StepEvent::Failed, Details::default()).await?;
            }
            Err(error) => self.fail(step, context, &error).await?,
        }
        // A failpoint behind the record can only kill or hang: the step has ended.
        let _ = failpoint::reach(step, Point::Recorded, self.claimed.plan.application).await;
        Ok(())
    }

    /// Says and records why a step failed, and the likely cause where one shows.
    async fn fail(&self, step: Step, context: &Context<'_>, error: &StepError) -> Result<(), EngineError> {
        if let StepError::BuildNode(error) = error {
            // With what is not told to teams: where it is, and what the way there has to say.
            tracing::warn!(deployment.id = %self.claimed.id, %error, "a deployment fails by its build node");
        }
        let failure = error.to_string();
        let seen = error.seen().cloned().unwrap_or_default();
        let lines = self.log.recent(step);
        // Texts of others go through it: a bug there must cost no more than the explanation.
        let explain = AssertUnwindSafe(|| context.explain(step, &failure, lines, seen));
        let explanation = std::panic::catch_unwind(explain).unwrap_or_default();
        // It holds words of others, and is one sentence all the same.
        let failure = one_line(&failure);
        self.log.say(step, &format!("Failed: {failure}"));
        if let Some(Explanation { cause, remedy, .. }) = &explanation {
            self.log
                .say(step, &format!("Likely cause: {cause} What to do: {remedy}"));
        }
        let details = Details {
            failure: Some(&failure),
            explanation: explanation.as_ref(),
            ..Details::default()
        };
        self.record(step, StepEvent::Failed, details).await
    }

    async fn undo_step(&self, step: Step, recorded: &[Recorded]) -> Result<(), EngineError> {
        self.record(step, StepEvent::UndoStarted, Details::default())
            .await?;
        let (begun, mut waits, mut attempt) = (Instant::now(), false, 0);
        loop {
            let error = match attempt::undo(&self.context(recorded, self.cancel), step).await {
                Ok(()) => {
                    return self
                        .record(step, StepEvent::UndoFinished, Details::default())
                        .await;
                }
                Err(error) if error.is_left_to_the_sweep(&self.claimed.plan, step) => {
                    self.log.say(
                        step,
                        "Docker does not answer; what this step made is removed as soon as it does",
                    );
                    return self
                        .record(step, StepEvent::UndoFinished, Details::default())
                        .await;
                }
                Err(error) if error.is_docker_away() && begun.elapsed() < AWAY => {
                    if !std::mem::replace(&mut waits, true) {
                        self.log.say(
                            step,
                            "Docker does not answer; this is taken back as soon as it does",
                        );
                    }
                    tokio::time::sleep(LOOK_FOR_DOCKER).await;
                    continue;
                }
                Err(error) => one_line(&error.to_string()),
            };
            attempt += 1;
            if attempt == UNDO_ATTEMPTS {
                self.log.say(step, &format!("Could not be taken back: {error}"));
                let details = Details {
                    failure: Some(&error),
                    ..Details::default()
                };
                return self.record(step, StepEvent::UndoFailed, details).await;
            }
            tokio::time::sleep(Duration::from_millis(250 << attempt.min(6))).await;
        }
    }

    fn context<'c>(&'c self, recorded: &'c [Recorded], cancel: &'c CancellationToken) -> Context<'c> {
        Context {
            app: self.app,
            id: self.claimed.id,
            plan: &self.claimed.plan,
            log: &self.log,
            cancel,
            recorded,
            interrupted: false,
        }
    }

    async fn recorded(&self) -> Result<Vec<Recorded>, EngineError> {
        let mut connection = self.app.db.pool().acquire().await?;
        Ok(step_events::list(&mut connection, self.claimed.id).await?)
    }

    fn states(&self, recorded: &[Recorded]) -> Result<Vec<StepState>, IllegalEvent> {
        let state = |step: &Step| {
            let own = recorded.iter().filter(|event| event.step == *step);
            own.into_iter()
                .try_fold(StepState::Pending, |state, event| state.apply(event.event))
        };
        self.claimed.plan.steps.iter().map(state).collect()
    }

    /// Appends to the log, with what the event means for the row, while the lease is ours.
    async fn record(&self, step: Step, event: StepEvent, details: Details<'_>) -> Result<(), EngineError> {
        let (id, application) = (self.claimed.id, self.claimed.plan.application);
        let mut tx = self.app.db.begin().await?;
        let held = match (step, event) {
            // A new number of tasks becomes the application's own.
            (Step::CutOver, StepEvent::Succeeded) => {
                deployments::hold_with_application(&mut tx, application, id, self.worker).await?
            }
            _ => deployments::hold(&mut tx, id, self.worker).await?,
        };
        if !held {
            return Err(EngineError::LeaseLost);
        }
        step_events::append(&mut tx, id, step, event, details).await?;
        match (event, details.output) {
            (StepEvent::Failed, _) => {
                deployments::set_status(&mut tx, id, status_after_failure(step), details.failure).await?
            }
            (StepEvent::UndoStarted, _) => {
                deployments::set_status(&mut tx, id, DeploymentStatus::Unwinding, None).await?
            }
            (StepEvent::Succeeded, Some(output)) => steps::store_output(&mut tx, id, step, output).await?,
            (
                StepEvent::Started | StepEvent::Succeeded | StepEvent::UndoFinished | StepEvent::UndoFailed,
                _,
            ) => {}
        }
        deployments::notify(&mut tx, id).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Why it ended so. One that was taken back after all, at a later attempt, failed by its step, and not by the attempts before.
fn why(outcome: Outcome, recorded: &[Recorded]) -> Option<String> {
    let counts = |event: &&Recorded| outcome != Outcome::TakenBack || event.event == StepEvent::Failed;
    let mut last_first = recorded.iter().rev().filter(counts);
    last_first.find_map(|event| event.failure.clone())
}

/// Once the new release serves, a failure in tidying up changes nothing for the deployment.
fn status_after_failure(step: Step) -> DeploymentStatus {
    match step {
        Step::Retire | Step::After => DeploymentStatus::Running,
        Step::Source
        | Step::Build
        | Step::Before
        | Step::Stop
        | Step::Release
        | Step::Gate
        | Step::Canary
        | Step::Roll
        | Step::CutOver => DeploymentStatus::Unwinding,
    }
}

/// What the list of events says of a deployment's end.
fn said_of_the_end(
    number: u32,
    status: DeploymentStatus,
    failure: Option<&str>,
) -> Option<(Severity, String)> {
    let why = failure.map(|failure| format!(": {failure}")).unwrap_or_default();
    match status {
        DeploymentStatus::Succeeded => Some((Severity::Info, format!("Deployment {number} has succeeded."))),
        DeploymentStatus::Failed => Some((Severity::Bad, format!("Deployment {number} has failed{why}."))),
        DeploymentStatus::Stuck => Some((Severity::Bad, format!("Deployment {number} is stuck{why}."))),
        DeploymentStatus::Cancelled => Some((Severity::Info, format!("Deployment {number} was cancelled."))),
        DeploymentStatus::Queued
        | DeploymentStatus::Running
        | DeploymentStatus::Unwinding
        | DeploymentStatus::Superseded => None,
    }
}

/// The last line of its log.
fn last_words(status: DeploymentStatus) -> Option<&'static str> {
    match status {
        DeploymentStatus::Succeeded => Some("The deployment has succeeded"),
        DeploymentStatus::Failed => Some("The deployment has failed"),
        DeploymentStatus::Stuck => Some("The deployment is stuck"),
        DeploymentStatus::Cancelled => Some("The deployment was cancelled"),
        DeploymentStatus::Queued
        | DeploymentStatus::Running
        | DeploymentStatus::Unwinding
        | DeploymentStatus::Superseded => None,
    }
}

/// The state that it ends in, and why.
fn ending(outcome: Outcome, failure: Option<String>, cancelled: bool) -> (DeploymentStatus, Option<String>) {
    match outcome {
        Outcome::Succeeded => (DeploymentStatus::Succeeded, None),
        Outcome::Stuck => (DeploymentStatus::Stuck, failure),
        Outcome::TakenBack if cancelled && failure.is_none() => (DeploymentStatus::Cancelled, None),
        Outcome::TakenBack => (DeploymentStatus::Failed, failure),
    }
}

async fn finish(
    app: &App,
    worker: Uuid,
    held: Holding,
    status: DeploymentStatus,
    failure: Option<String>,
) -> Result<(), EngineError> {
    let mut tx = app.db.begin().await?;
    let Holding {
        id,
        number,
        application,
    } = held;
    if !deployments::hold_with_application(&mut tx, application, id, worker).await? {
        return Err(EngineError::LeaseLost);
    }
    deployments::set_status(&mut tx, id, status, failure.as_deref()).await?;
    if status == DeploymentStatus::Succeeded {
        // The cut-over has done that, unless an agent recorded it that left it to the end.
        deployments::keep_scale(&mut tx, id).await?;
        deployments::keep_releases(&mut tx, application, steps::KEPT_RELEASES).await?;
        deployments::settle_succeeded(&mut tx, id).await?;
    } else if let Some(next) = deployments::drop_scale(&mut tx, id).await? {
        let text = format!(
            "Deployment {} brings as many tasks as are set, {}: the change of scale before it, deployment {}, has come to nothing.",
            next.number, next.tasks, number
        );
        let of = Some(next.id);
        events::record(&mut tx, application, of, Utc::now(), Severity::Info, &text).await?;
    }
    // The application's next one may begin.
    deployments::notify_workers(&mut tx, id).await?;
    if let Some((severity, text)) = said_of_the_end(number, status, failure.as_deref()) {
        events::record(&mut tx, application, Some(id), Utc::now(), severity, &text).await?;
    }
    tx.commit().await?;
    tracing::info!(deployment.id = %id, status = status.as_str(), "deployment ended");
    // What is no longer kept goes now.
    app.sweep_wanted.notify_one();
    app.keeper_wanted.notify_one();
    Ok(())
}
