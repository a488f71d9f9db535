//! Commands that are run once beside an application: asking for one, looking at it, ending it, following it.

use std::time::Duration;

use futures_util::Stream;
use slipway_protocol::CommandId;
use slipway_protocol::api::{CancelCommand, FollowCommand, GetCommand, ListCommands, RunCommand};
use slipway_protocol::command::{CommandEvent, CommandView, MOST_COMMANDS};
use slipway_protocol::settings::CommandLine;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;

use super::applications::insist_on_reach;
use super::logs::{messages, read, unreadable};
use super::{ApiError, Call};
use crate::db::applications::{self, Application};
use crate::db::commands::{self, NewRun};
use crate::db::{Tx, deployments};
use crate::logs::{Filter, From, Reading, Wanted};

/// Messages that wait for a slow reader.
const WAITING: usize = 4;
/// A follower looks at least this often, whatever was notified.
const LOOK: Duration = Duration::from_secs(1);
/// After so many looks without news the follower is told that the link is alive.
const PING_AFTER: u32 = 5;
/// So much of a program's name stands in the audit log.
const LONGEST_PROGRAM: usize = 80;

pub async fn run_command(call: Call, request: RunCommand) -> Result<CommandView, ApiError> {
    call.insist_on_room()?;
    let mut tx = call.begin().await?;
    let gone = || ApiError::not_found("application");
    if !applications::lock(&mut tx, request.application).await? {
        return Err(gone());
    }
    let application = applications::find(&mut tx, request.application)
        .await?
        .ok_or_else(gone)?;
    let asked = request.body;
    let deployment = release(&call, &mut tx, &application, asked.deployment).await?;
    if commands::count_unfinished(&mut tx, application.id).await? >= MOST_COMMANDS {
        return Err(ApiError::conflict(format!(
            "{MOST_COMMANDS} commands of “{}” wait or run already; wait until one of them has ended, or cancel one.",
            application.name
        )));
    }
    let id = CommandId(Uuid::now_v7());
    let new = NewRun {
        id,
        team: call.team()?,
        application: application.id,
        deployment,
        command: &asked.command,
        deadline: asked.deadline_seconds,
        requested_by: call.caller()?.me.email.as_str(),
    };
    commands::insert(&mut tx, new).await?;
    call.audit(&mut tx, &subject(&application, &asked.command))
        .await?;
    let view = one(&mut tx, id).await?;
    tx.commit().await?;
    Ok(view)
}

/// The deployment whose release the command runs in.
async fn release(
    call: &Call,
    tx: &mut Tx,
    application: &Application,
    wanted: Option<slipway_protocol::DeploymentId>,
) -> Result<slipway_protocol::DeploymentId, ApiError> {
    let serving = deployments::serving(tx, application.id).await?;
    let Some(wanted) = wanted.or(serving) else {
        return Err(ApiError::conflict(format!(
            "Nothing of “{}” serves yet, so there is no release to run a command in; deploy it first.",
            application.name
        )));
    };
    let found = deployments::find(tx, wanted).await?;
    let found = found.filter(|view| view.application == application.id);
    let view = found.ok_or_else(|| ApiError::not_found("deployment"))?;
    if serving == Some(wanted) {
        return Ok(wanted);
    }
    if !view.can_roll_back_to {
        return Err(ApiError::conflict(format!(
            "The release of deployment {} is not kept; run the command in the one that serves, or in one that can be gone back to.",
            view.number
        )));
    }
    if let Some((plan, ..)) = deployments::find_plan(tx, wanted).await? {
        let (then, now) = (&plan.settings.container, &application.settings.container);
        if !then.reaches_no_further_than(now) {
            // What somebody has taken away from the application since does not come back by the way.
            insist_on_reach(call)?;
        }
    }
    Ok(wanted)
}

/// The program without its arguments: those may hold a secret, and the audit log is kept for ever.
fn subject(application: &Application, command: &CommandLine) -> String {
    let program = command
        .arguments()
        .first()
        .map(String::as_str)
        .unwrap_or_default();
    let program: String = program.chars().take(LONGEST_PROGRAM).collect();
    format!("{}: {program}", application.name)
}

pub async fn list_commands(call: Call, request: ListCommands) -> Result<Vec<CommandView>, ApiError> {
    let mut tx = call.begin().await?;
    applications::find(&mut tx, request.application)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    Ok(commands::list(&mut tx, request.application).await?)
}

pub async fn get_command(call: Call, request: GetCommand) -> Result<CommandView, ApiError> {
    let mut tx = call.begin().await?;
    one(&mut tx, request.command).await
}

pub async fn cancel_command(call: Call, request: CancelCommand) -> Result<CommandView, ApiError> {
    let mut tx = call.begin().await?;
    let before = one(&mut tx, request.command).await?;
    let application = applications::find(&mut tx, before.application)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    if !commands::request_cancel(&mut tx, request.command).await? {
        return Err(ApiError::conflict(format!(
            "The command has already ended ({}).",
            before.outcome()
        )));
    }
    let command = commands::line(&mut tx, request.command).await?;
    call.audit(&mut tx, &subject(&application, &command)).await?;
    let view = one(&mut tx, request.command).await?;
    tx.commit().await?;
    Ok(view)
}

async fn one(tx: &mut Tx, id: CommandId) -> Result<CommandView, ApiError> {
    commands::find(tx, id)
        .await?
        .ok_or_else(|| ApiError::not_found("command"))
}

/// Sends what it wrote after line `after`, and itself at each change, until it has ended and all has been sent.
pub async fn follow_command(
    call: Call,
    request: FollowCommand,
) -> Result<impl Stream<Item = CommandEvent> + use<>, ApiError> {
    let mut tx = call.begin().await?;
    one(&mut tx, request.command).await?;
    drop(tx);
    let (logs, command) = (call.app.logs.clone(), request.command);
    let log = tokio::task::spawn_blocking(move || logs.of(command)).await;
    let log = log
        .map_err(|error| ApiError::internal(&error))?
        .map_err(|error| unreadable(&error))?;
    let filter = Filter::new(Wanted::default()).map_err(ApiError::invalid)?;
    let (sender, receiver) = mpsc::channel(WAITING);
    let follower = Follower {
        news: log.news(),
        changes: call.app.changes.subscribe(),
        call,
        command,
        sender,
    };
    let from = From::After(request.after.unwrap_or(0));
    let reading = Reading::new(log, filter, from, None, None);
    tokio::spawn(async move {
        // For a reader the stream ends, and it asks again.
        if let Err(error) = follower.run(reading).await {
            tracing::debug!(command.id = %command, error = %error.problem, "following a command ended");
        }
    });
    Ok(ReceiverStream::new(receiver))
}

struct Follower {
    call: Call,
    command: CommandId,
    sender: mpsc::Sender<CommandEvent>,
    news: watch::Receiver<u64>,
    changes: broadcast::Receiver<Uuid>,
}

impl Follower {
    async fn run(mut self, mut reading: Reading) -> Result<(), ApiError> {
        let (mut shown, mut quiet) = (None, 0);
        loop {
            self.news.mark_unchanged();
            let mut tx = self.call.begin().await?;
            // The state is read before the lines: when it says “ended”, no line can be missing.
            let view = one(&mut tx, self.command).await?;
            drop(tx);
            let mut silent = true;
            loop {
                let step;
                (reading, step) = read(reading).await.map_err(|error| ApiError::internal(&error))?;
                for lines in messages(step.lines) {
                    silent = false;
                    if !self.send(CommandEvent::Lines(lines)).await {
                        return Ok(());
                    }
                }
                if step.at_end || step.done {
                    break;
                }
            }
            if shown.as_ref() != Some(&view) {
                silent = false;
                if !self.send(CommandEvent::Changed(Box::new(view.clone()))).await {
                    return Ok(());
                }
            }
            if view.status.is_final() {
                return Ok(());
            }
            shown = Some(view);
            quiet = if silent { quiet + 1 } else { 0 };
            if quiet >= PING_AFTER {
                quiet = 0;
                if !self.send(CommandEvent::Ping).await {
                    return Ok(());
                }
            }
            self.wait().await;
        }
    }

    async fn send(&self, event: CommandEvent) -> bool {
        self.sender.send(event).await.is_ok()
    }

    /// Until it has written something or has changed, or it is time to look anyway, or nobody listens any more.
    async fn wait(&mut self) {
        let id = self.command.uuid();
        let changed = async {
            // Having missed some counts as a change.
            while matches!(self.changes.recv().await, Ok(changed) if changed != id) {}
        };
        tokio::select! {
            news = self.news.changed() => if news.is_err() { tokio::time::sleep(LOOK).await },
            () = changed => {}
            () = tokio::time::sleep(LOOK) => {}
            () = self.sender.closed() => {}
        }
    }
}
