//! Commands that are run once beside an application: asking for one, looking at it, ending it, following it.

use futures_util::Stream;
use slipway_protocol::CommandId;
use slipway_protocol::api::{CancelCommand, FollowCommand, GetCommand, ListCommands, RunCommand};
use slipway_protocol::command::{CommandEvent, CommandView, MOST_COMMANDS};
use slipway_protocol::log_line::ContainerLogLine;
use slipway_protocol::settings::CommandLine;
use uuid::Uuid;

use super::applications::{insist_on_reach, row};
use super::broken_off::BrokenOff;
use super::following::{Followed, follow};
use super::{ApiError, Call, logs};
use crate::db::applications::{self, Application};
use crate::db::commands::{self, NewRun};
use crate::db::{Tx, deployments};
use crate::logs::{Filter, From, Reading};

/// So much of a program's name stands in the audit log.
const LONGEST_PROGRAM: usize = 80;

pub async fn run_command(call: Call, request: RunCommand) -> Result<CommandView, ApiError> {
    call.insist_on_room()?;
    let mut tx = call.begin().await?;
    if !applications::lock(&mut tx, request.application).await? {
        return Err(ApiError::not_found("application"));
    }
    let application = row(&mut tx, request.application).await?;
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
    row(&mut tx, request.application).await?;
    Ok(commands::list(&mut tx, request.application).await?)
}

pub async fn get_command(call: Call, request: GetCommand) -> Result<CommandView, ApiError> {
    let mut tx = call.begin().await?;
    one(&mut tx, request.command).await
}

pub async fn cancel_command(call: Call, request: CancelCommand) -> Result<CommandView, ApiError> {
    let mut tx = call.begin().await?;
    let before = one(&mut tx, request.command).await?;
    let application = row(&mut tx, before.application).await?;
    if !commands::request_cancel(&mut tx, request.command).await? {
        return Err(ApiError::conflict(format!(
            "The command has already ended ({}), so there is nothing to cancel.",
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
) -> Result<impl Stream<Item = Result<CommandEvent, BrokenOff>> + use<>, ApiError> {
    let mut tx = call.begin().await?;
    one(&mut tx, request.command).await?;
    drop(tx);
    let log = logs::open(&call.app, request.command.into()).await?;
    let from = From::After(request.after.unwrap_or(0));
    let reading = Reading::new(log, Filter::default(), from, None, None);
    follow(call, Command(request.command), Some(reading))
}

struct Command(CommandId);

impl Followed for Command {
    type State = CommandView;
    type Event = CommandEvent;

    const WAITING: usize = logs::WAITING;
    const PING: CommandEvent = CommandEvent::Ping;

    fn id(&self) -> Uuid {
        self.0.uuid()
    }

    async fn look(&self, tx: &mut Tx) -> Result<CommandView, ApiError> {
        one(tx, self.0).await
    }

    async fn is_over(&self, tx: &mut Tx) -> Result<bool, ApiError> {
        Ok(self.has_ended(&self.look(tx).await?))
    }

    fn has_ended(&self, view: &CommandView) -> bool {
        view.status.is_final()
    }

    fn lines(&mut self, lines: Vec<ContainerLogLine>) -> Vec<CommandEvent> {
        let messages = logs::messages(lines).into_iter();
        messages.map(CommandEvent::Lines).collect()
    }

    fn changed(&self, view: &CommandView) -> Option<CommandEvent> {
        Some(CommandEvent::Changed(Box::new(view.clone())))
    }
}
