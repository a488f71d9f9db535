//! `slipway runs`: the commands that were run beside an application, what one of them wrote, and ending one.

use slipway_protocol::CommandId;
use slipway_protocol::api::{CancelCommand, ListCommands};
use slipway_protocol::command::CommandView;

use super::run::{as_exit, follow};
use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;
use crate::output;

#[derive(clap::Args)]
pub struct Arguments {
    #[arg(default_value = HERE)]
    app: String,
    /// Show what this one wrote, and what follows until it has ended; its exit code becomes this program's.
    #[arg(long, value_name = "ID", conflicts_with = "cancel")]
    follow: Option<CommandId>,
    /// End this one.
    #[arg(long, value_name = "ID")]
    cancel: Option<CommandId>,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    if let Some(command) = arguments.follow {
        let connection = context.connect().await?;
        let ended = follow(&connection, command, context.json).await?;
        return as_exit(&ended);
    }
    if let Some(command) = arguments.cancel {
        let connection = context.connect().await?;
        let view = connection.send(CancelCommand { command }).await?;
        if context.json {
            return output::json(&view);
        }
        output::line(&format!(
            "“{}” is {}.",
            output::plain(&view.command),
            view.outcome()
        ));
        return Ok(());
    }
    let (connection, app) = context.application(&arguments.app).await?;
    let commands = connection.send(ListCommands { application: app.id }).await?;
    if context.json {
        return output::json(&commands);
    }
    let rows: Vec<_> = commands.iter().map(row).collect();
    output::table(
        &["id", "result", "release", "asked for", "took", "by", "command"],
        &rows,
        "No command was run beside it yet.",
    );
    Ok(())
}

fn row(view: &CommandView) -> Vec<String> {
    let took = match (view.started_at, view.ended_at) {
        (Some(from), Some(to)) => output::duration((to - from).num_milliseconds()),
        _ => "-".to_owned(),
    };
    vec![
        view.id.to_string(),
        view.outcome(),
        view.deployment_number.to_string(),
        output::time(&view.created_at),
        took,
        view.requested_by.clone(),
        view.command.clone(),
    ]
}
