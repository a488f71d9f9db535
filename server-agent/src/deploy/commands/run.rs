//! One command, from the row that asks for it to the row that says how it went.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use slipway_protocol::CommandId;
use slipway_protocol::command::CommandStatus;
use slipway_protocol::deployment::Way;
use tokio::sync::broadcast::Receiver;
use tokio::time::Instant;
use uuid::Uuid;

use super::outcome::{ended, outcome, sentence};
use super::output::Output;
use crate::app::App;
use crate::db::commands::{self, Outcome, Unfinished};
use crate::db::deployments;
use crate::deploy::once::{self, End, InRelease, LOOK, Seen, Watched};
use crate::deploy::steps::StepError;
use crate::docker::{DockerError, Once};
use crate::domain::plan::{Plan, writes_to_what_stays};
use crate::domain::rollout::ObservedTask;
use crate::logs::collect::Sources;

/// A command that goes on for longer than so long is looked at less often.
const SOON: Duration = Duration::from_secs(10);
const LATER: Duration = Duration::from_secs(1);
/// How often one that waits looks whether it may begin, and how long it waits at most.
const TURN: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// So long a command that was ended may take beyond the time that its release gives a task to end.
const GONE: Duration = Duration::from_secs(10);

/// `<instance>-<12 last digits of its id>-run`: as a command around a release is called, and as no release is.
fn service_name(instance: &str, command: CommandId) -> String {
    let id = command.uuid().simple().to_string();
    format!("{instance}-{}-run", &id[20..])
}

/// Brings it to its end. Where Docker or the database is away it is left as it is, and taken up again.
pub async fn drive(app: App, sources: Arc<Sources>, command: Unfinished) {
    let run = Run {
        service: service_name(app.docker.instance(), command.id),
        app,
        sources,
        command,
    };
    let Err(error) = run.go().await else { return };
    let id = run.command.id;
    if error.is_docker_away() || error.is_database_away() {
        tracing::debug!(command.id = %id, %error, "a command is looked at again later");
        return;
    }
    tracing::warn!(command.id = %id, %error, "a command could not be run");
    if let Err(error) = run.fail(&error.to_string()).await {
        tracing::warn!(command.id = %id, %error, "how a command ended is recorded later");
    }
}

struct Run {
    app: App,
    sources: Arc<Sources>,
    command: Unfinished,
    service: String,
}

impl Run {
    async fn go(&self) -> Result<(), StepError> {
        let (plan, image) = self.release().await?;
        let Some(started_at) = self.begin(&plan).await? else {
            return Ok(());
        };
        let limit = Duration::from_secs(u64::from(self.command.deadline.get()));
        let deadline = Instant::now() + left(started_at, Utc::now(), limit);
        let mut changes = self.app.changes.subscribe();
        let (begun, watched) = (Instant::now(), Watched::new(&self.app, &self.service));
        let (mut started, mut output) = (self.command.begun, None);
        loop {
            let late = Instant::now() >= deadline;
            match self.is_cancelled().await? {
                None => return self.leave().await,
                Some(cancelled) if cancelled || late => return self.stop(&plan, output, cancelled).await,
                Some(_) => {}
            }
            if !started {
                self.start(&plan, &image).await?;
                started = true;
            }
            match watched.look().await {
                Ok(Seen::Nothing) => {}
                Ok(Seen::Going(task)) => self.attend(&task, &mut output).await?,
                Ok(Seen::Ended(task, end)) => return self.settle(task, end, output).await,
                Err(DockerError::NotFound) => {
                    let said = "its service was removed outside Slipway before the command had ended; whether it did its work is not known";
                    return self.fail(said).await;
                }
                Err(error) => return Err(error.into()),
            }
            let pause = if begun.elapsed() < SOON { LOOK } else { LATER };
            let _ = tokio::time::timeout(pause, changed(&mut changes, self.command.id)).await;
        }
    }

    /// The plan and the image of its release.
    async fn release(&self) -> Result<(Plan, String), StepError> {
        let mut connection = self.app.db.pool().acquire().await?;
        let found = deployments::find_plan(&mut connection, self.command.deployment).await?;
        let Some((plan, image, _)) = found else {
            return Err(StepError::Failed(
                "the release that it runs in is gone".to_owned(),
            ));
        };
        let image = image.or_else(|| plan.image.clone());
        let image = image.ok_or_else(|| StepError::Failed("the release has no image".to_owned()))?;
        Ok((plan, image))
    }

    /// Waits for its turn; when it began. None where it has ended before.
    async fn begin(&self, plan: &Plan) -> Result<Option<DateTime<Utc>>, StepError> {
        if let Some(at) = self.command.started_at {
            return Ok(Some(at));
        }
        let id = self.command.id;
        let patience = Instant::now() + left(self.command.created_at, Utc::now(), LONGEST_WAIT);
        loop {
            if self.is_cancelled().await? != Some(false) {
                return Ok(None);
            }
            if !self.must_wait(plan).await? {
                let mut tx = self.app.db.begin().await?;
                let at = commands::begin(&mut tx, id).await?;
                tx.commit().await?;
                // A deployment that has begun in the same moment has seen this command, or is seen here.
                if at.is_none() || !self.must_wait(plan).await? {
                    return Ok(at);
                }
                let mut tx = self.app.db.begin().await?;
                commands::wait_again(&mut tx, id).await?;
                tx.commit().await?;
            }
            if Instant::now() >= patience {
                let said = "a deployment of the application has its volumes to itself, and did not end within 10 minutes; run the command again when it has";
                self.fail(said).await?;
                return Ok(None);
            }
            tokio::time::sleep(TURN).await;
        }
    }

    /// A deployment that recreates the application sees to it that only one release at a time has its volumes open.
    async fn must_wait(&self, plan: &Plan) -> Result<bool, sqlx::Error> {
        if !writes_to_what_stays(&plan.settings) {
            return Ok(false);
        }
        let mut connection = self.app.db.pool().acquire().await?;
        let active = deployments::active_plan(&mut connection, self.command.application).await?;
        Ok(
            active
                .is_some_and(|active| active.way == Way::Recreate && writes_to_what_stays(&active.settings)),
        )
    }

    async fn is_cancelled(&self) -> Result<Option<bool>, sqlx::Error> {
        let mut connection = self.app.db.pool().acquire().await?;
        commands::is_cancelled(&mut connection, self.command.id).await
    }

    async fn start(&self, plan: &Plan, image: &str) -> Result<(), StepError> {
        if self.app.docker.find_image(image).await?.is_none() {
            return Err(StepError::Failed(format!(
                "the image {image} of the release is no longer on the server; deploy again, and run the command then"
            )));
        }
        let release = InRelease {
            deployment: self.command.deployment,
            plan,
            image,
        };
        let once = Once {
            command: &self.command.command,
            run: Some(self.command.id),
        };
        once::start(&self.app, release, &self.service, &once).await
    }

    /// Once its task is there, it is not started again, and what it writes is read.
    async fn attend(&self, task: &ObservedTask, output: &mut Option<Output>) -> Result<(), StepError> {
        if output.is_some() {
            return Ok(());
        }
        let mut connection = self.app.db.pool().acquire().await?;
        commands::note_task(&mut connection, self.command.id, &task.id).await?;
        drop(connection);
        *output = Output::of(&self.app, &self.sources, self.command.id, task).await?;
        Ok(())
    }

    /// It has ended by itself.
    async fn settle(
        &self,
        task: Option<ObservedTask>,
        end: End,
        mut output: Option<Output>,
    ) -> Result<(), StepError> {
        let mut killed = false;
        if let Some(task) = &task {
            self.attend(task, &mut output).await?;
            if let (End::Exited(_), Some(container)) = (&end, &task.container) {
                let facts = self.app.docker.container(container).await?;
                killed = facts.is_some_and(|facts| facts.out_of_memory);
            }
        }
        if let Some(output) = output {
            output.finish(&self.app).await;
        }
        let said = task.map(|task| task.message).unwrap_or_default();
        self.finish(outcome(&end, &said, killed)).await
    }

    /// Ends it by wish, or because its time is over. One that has just ended by itself has done so.
    async fn stop(&self, plan: &Plan, mut output: Option<Output>, cancelled: bool) -> Result<(), StepError> {
        match Watched::new(&self.app, &self.service).look().await {
            Ok(Seen::Ended(task @ Some(_), end)) => return self.settle(task, end, output).await,
            Ok(Seen::Going(task)) => self.attend(&task, &mut output).await?,
            Ok(Seen::Nothing | Seen::Ended(None, _)) | Err(DockerError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
        self.app.docker.remove_service(&self.service).await?;
        let grace = u64::from(plan.settings.container.stop_grace.get());
        let end = Instant::now() + Duration::from_secs(grace) + GONE;
        while Instant::now() < end && self.app.docker.is_command_here(self.command.id).await? {
            tokio::time::sleep(LOOK).await;
        }
        if let Some(output) = output {
            output.finish(&self.app).await;
        }
        let limit = self.command.deadline.get();
        self.finish(if cancelled {
            ended(CommandStatus::Cancelled, None)
        } else {
            let said = format!("It took longer than {limit} s and was ended.");
            ended(CommandStatus::TimedOut, Some(said))
        })
        .await
    }

    /// Its application was deleted: nobody asks for it any more.
    async fn leave(&self) -> Result<(), StepError> {
        self.app.docker.remove_service(&self.service).await?;
        self.app.sweep_wanted.notify_one();
        Ok(())
    }

    async fn fail(&self, failure: &str) -> Result<(), StepError> {
        self.finish(ended(CommandStatus::Failed, Some(sentence(failure))))
            .await
    }

    /// Records the end; then its service goes, which the next agent would otherwise look at again.
    async fn finish(&self, outcome: Outcome) -> Result<(), StepError> {
        let mut tx = self.app.db.begin().await?;
        commands::finish(&mut tx, self.command.id, &outcome).await?;
        tx.commit().await?;
        tracing::info!(command.id = %self.command.id, status = outcome.status.as_str(), "command ended");
        if let Err(error) = self.app.docker.remove_service(&self.service).await {
            tracing::warn!(command.id = %self.command.id, %error, "the service of a command that has ended is removed later");
            self.app.sweep_wanted.notify_one();
        }
        Ok(())
    }
}

/// What is left of a time that began then. Asked once in a life of the agent, and counted from there without the clock, which may jump; it is never
/// more than the whole.
fn left(began: DateTime<Utc>, now: DateTime<Utc>, whole: Duration) -> Duration {
    whole.saturating_sub((now - began).to_std().unwrap_or_default())
}

/// Until it was changed. Having missed some counts as a change.
async fn changed(changes: &mut Receiver<Uuid>, command: CommandId) {
    while matches!(changes.recv().await, Ok(id) if id != command.uuid()) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-R3, FR-DEP-09: an agent that takes a command up again gives it what is left of its time, and where the clock was set back no more than all
    /// of it.
    #[test]
    fn a_command_has_no_more_than_its_time() {
        let (began, whole) = (Utc::now(), Duration::from_secs(600));
        let after = |seconds| left(began, began + chrono::TimeDelta::seconds(seconds), whole).as_secs();
        assert_eq!((after(0), after(200), after(600)), (600, 400, 0));
        assert_eq!((after(86_400), after(-86_400)), (0, 600));
    }

    /// FR-DEP-09: a command's service is called as no release is, and as no other command's.
    #[test]
    fn its_service_is_its_own() {
        let name = |id: &str| service_name("slipway", id.parse().unwrap());
        let one = name("018f0000-0000-7000-8000-00000000abcd");
        assert_eq!(one, "slipway-00000000abcd-run");
        assert_ne!(one, name("018f0000-0000-7000-8000-00000000abce"));
        assert!(one.len() <= 63);
    }
}
