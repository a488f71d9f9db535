//! `slipway tasks`: the running tasks of an application, as `exec`, `forward` and `logs` name them.

use slipway_protocol::api::ListTasks;
use slipway_protocol::task::TaskView;

use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;
use crate::output;

#[derive(clap::Args)]
pub struct Arguments {
    #[arg(default_value = HERE)]
    app: String,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let (connection, app) = context.application(&arguments.app).await?;
    let all = connection.send(ListTasks { application: app.id }).await?;
    if context.json {
        return output::json(&all);
    }
    let row = |task: &TaskView| {
        let place = if task.here {
            "the agent's node"
        } else {
            "another node, which no terminal and no forward reaches"
        };
        vec![
            task.id.short().to_owned(),
            task.id.in_log().to_owned(),
            place.to_owned(),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    output::table(&["task", "in the log", "runs on"], &rows, "No task of it runs.");
    Ok(())
}
