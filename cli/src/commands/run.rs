//! `slipway run`: a command once, in a new container of a release, with all that belongs to that release.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use futures_util::StreamExt;
use slipway_client::Connection;
use slipway_protocol::api::{CancelCommand, RunCommand};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::command::{CommandEvent, CommandStatus, CommandView, NewCommand};
use slipway_protocol::log_line::{ContainerLogLine, LogStream};
use slipway_protocol::settings::{CommandLimit, CommandLine};
use slipway_protocol::{CommandId, DeploymentId};

use super::history::numbered;
use super::logs::length;
use crate::context::Context;
use crate::error::CliError;
use crate::follow::tell_of_the_link;
use crate::here::HERE;
use crate::output;
use crate::signals::interrupted;

/// What a shell gives for a command that was ended by Ctrl-C.
const INTERRUPTED: u8 = 130;
/// What `timeout` gives for one that took too long.
const TIMED_OUT: u8 = 124;
/// So long somebody who has interrupted it waits to hear how it ended; once more, and he does not wait.
const GOODBYE: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub struct Arguments {
    #[arg(default_value = HERE)]
    app: String,
    /// In the release of this deployment (its number or id), which is kept; otherwise in the one that serves.
    #[arg(long, value_name = "DEPLOYMENT")]
    deployment: Option<String>,
    /// Do not wait for its end; `slipway runs` shows how it goes on.
    #[arg(long, short)]
    detach: bool,
    /// It is ended when it takes longer: 30s, 15m, 2h, at most 24h.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = limit)]
    limit: CommandLimit,
    /// The program and its arguments; nothing is expanded.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let command = CommandLine::try_from(arguments.command)
        .map_err(|reason| CliError::Usage(format!("The command is not valid: {reason}.")))?;
    let (connection, app) = context.application(&arguments.app).await?;
    let deployment = match &arguments.deployment {
        Some(text) => Some(deployment(&connection, &app, text).await?),
        None => None,
    };
    let request = RunCommand {
        application: app.id,
        body: NewCommand {
            command,
            deployment,
            deadline_seconds: arguments.limit,
        },
    };
    let view = connection.send(request).await?;
    if arguments.detach {
        if context.json {
            return output::json(&view);
        }
        output::line(&format!(
            "The command is {} in the release of deployment {}; “slipway runs {} --follow {}” shows what it writes.",
            view.outcome(),
            view.deployment_number,
            arguments.app,
            view.id
        ));
        return Ok(());
    }
    let id = view.id;
    let followed = follow(&connection, id, context.json);
    tokio::pin!(followed);
    let ended = tokio::select! {
        ended = &mut followed => ended?,
        () = interrupted() => {
            cancel(&connection, id).await?;
            let last = tokio::time::timeout(GOODBYE, &mut followed);
            tokio::select! {
                // What it still says is shown; how it ended may be its own end as well.
                ended = last => match ended {
                    Ok(ended) => ended?,
                    Err(_) => return Err(CliError::Command(INTERRUPTED)),
                },
                () = interrupted() => return Err(CliError::Command(INTERRUPTED)),
            }
        }
    };
    as_exit(&ended)
}

/// The deployment of that number or id.
async fn deployment(
    connection: &Connection,
    app: &ApplicationView,
    text: &str,
) -> Result<DeploymentId, CliError> {
    if let Ok(id) = text.parse::<DeploymentId>() {
        return Ok(id);
    }
    let number: u32 = text.parse().map_err(|_| {
        CliError::Usage(format!(
            "“{}” is no deployment; give the number that “slipway history” shows.",
            output::plain(text)
        ))
    })?;
    Ok(numbered(connection, app.id, number).await?.id)
}

/// Shows what it writes until it has ended; as it is then.
pub async fn follow(connection: &Connection, id: CommandId, json: bool) -> Result<CommandView, CliError> {
    let teller = tokio::spawn(tell_of_the_link(connection.clone()));
    let mut events = connection.follow_command(id, None);
    let mut last = None;
    while let Some(event) = events.next().await {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                teller.abort();
                return Err(error.into());
            }
        };
        if json {
            output::json_line(&event)?;
        }
        match event {
            CommandEvent::Lines(lines) if !json => print(&lines),
            CommandEvent::Changed(view) => last = Some(*view),
            CommandEvent::Lines(_) | CommandEvent::Ping => {}
        }
    }
    teller.abort();
    last.ok_or_else(|| CliError::Failed("The cluster did not say how the command ended.".to_owned()))
}

/// Each line to the stream that it was written to. On a terminal nothing of it steers the terminal.
fn print(lines: &[ContainerLogLine]) {
    let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
    for line in lines {
        let text = |screen: bool| match screen {
            true => output::plain(&line.text),
            false => line.text.clone(),
        };
        if line.missing.is_some() {
            output::note(&format!("slipway: {}", output::plain(&line.text)));
            continue;
        }
        match line.stream {
            LogStream::Stderr => output::or_end(writeln!(io::stderr(), "{}", text(err))),
            LogStream::Stdout | LogStream::System => output::line(&text(out)),
        }
    }
}

/// One that has ended meanwhile has ended.
async fn cancel(connection: &Connection, command: CommandId) -> Result<(), CliError> {
    let cancelling = connection.send(CancelCommand { command });
    match tokio::time::timeout(GOODBYE, cancelling).await {
        Ok(Err(slipway_client::ClientError::Problem(problem)))
            if problem.code == slipway_protocol::ErrorCode::Conflict =>
        {
            Ok(())
        }
        Ok(cancelled) => Ok(cancelled.map(|_| ())?),
        Err(_) => Err(CliError::Lost(
            "The connection is lost, and whether the command goes on is not known; “slipway runs” shows it."
                .to_owned(),
        )),
    }
}

/// Its exit code is this program's.
pub fn as_exit(view: &CommandView) -> Result<(), CliError> {
    if let Some(failure) = &view.failure {
        output::note(&format!("slipway: {}", output::plain(failure)));
    }
    match (view.status, view.exit_code) {
        (CommandStatus::Succeeded, _) => Ok(()),
        // Codes are bytes; a longer one is shortened as shells do it.
        (_, Some(code)) => Err(CliError::Command((code & 0xff) as u8)),
        (CommandStatus::Cancelled, None) => Err(CliError::Command(INTERRUPTED)),
        (CommandStatus::TimedOut, None) => Err(CliError::Command(TIMED_OUT)),
        (CommandStatus::Failed | CommandStatus::Waiting | CommandStatus::Running, None) => {
            Err(CliError::Failed(format!(
                "The command did not run to its end ({}).",
                view.outcome()
            )))
        }
    }
}

/// A length of time as a command's limit.
fn limit(text: &str) -> Result<CommandLimit, String> {
    let seconds = length(text).and_then(|seconds| u64::try_from(seconds).ok());
    let seconds = seconds.ok_or("write how long it may take: 30s, 15m, 2h")?;
    CommandLimit::try_from(seconds).map_err(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// FR-DEP-09, FR-API-04: how a command ended is this program's exit code.
    #[test]
    fn an_end_is_an_exit_code() {
        let of = |status: &str, exit_code: Option<i64>| {
            let id = "018f0000-0000-7000-8000-000000000001";
            let view = json!({
                "id": id, "application": id, "deployment": id, "deployment_number": 3, "command": "a", "status": status, "ending": false,
                "exit_code": exit_code, "failure": null, "requested_by": "a@example.org", "deadline_seconds": 60,
                "created_at": "2026-01-02T03:04:05Z", "started_at": null, "ended_at": null
            });
            let view: CommandView = serde_json::from_value(view).unwrap();
            as_exit(&view).map_or_else(|error| error.exit_code(), |()| 0)
        };
        assert_eq!(of("succeeded", Some(0)), 0);
        assert_eq!((of("failed", Some(7)), of("failed", Some(259))), (7, 3));
        assert_eq!((of("cancelled", None), of("timed_out", None)), (130, 124));
        assert_eq!(of("failed", None), 1);
    }

    /// FR-DEP-09: a limit is a length of time, up to a day.
    #[test]
    fn limits_are_read() {
        assert_eq!(limit("2h").unwrap().get(), 7200);
        assert!(limit("25h").is_err() && limit("0s").is_err() && limit("soon").is_err());
    }
}
