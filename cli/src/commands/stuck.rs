//! `slipway stuck`: the two ways out of a deployment that could not take back what it began.

use slipway_client::Connection;
use slipway_protocol::api::{LeaveAsIs, ListDeployments, RetryUndo};
use slipway_protocol::deployment::DeploymentStatus;
use slipway_protocol::{ApplicationId, DeploymentId};

use super::history::numbered;
use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;
use crate::output;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Try once more to take back what it began; do it once the cause is gone.
    Retry(Which),
    /// Leave it as it is: it counts as failed, and what it began is cleaned up where nothing uses it.
    Leave(Which),
}

#[derive(clap::Args)]
pub struct Which {
    #[arg(default_value = HERE)]
    app: String,
    /// The deployment's number; without it, the one that is stuck.
    number: Option<u32>,
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    let (Command::Retry(which) | Command::Leave(which)) = &command;
    let (connection, app) = context.application(&which.app).await?;
    let deployment = find(&connection, app.id, which.number).await?;
    let (view, said) = match command {
        Command::Retry(_) => (
            connection.send(RetryUndo { deployment }).await?,
            "is being taken back once more",
        ),
        Command::Leave(_) => (
            connection.send(LeaveAsIs { deployment }).await?,
            "is left as it is, and counts as failed",
        ),
    };
    if context.json {
        return output::json(&view);
    }
    output::line(&format!("Deployment {} {said}.", view.number));
    Ok(())
}

async fn find(
    connection: &Connection,
    application: ApplicationId,
    number: Option<u32>,
) -> Result<DeploymentId, CliError> {
    if let Some(number) = number {
        return Ok(numbered(connection, application, number).await?.id);
    }
    let all = connection.send(ListDeployments::of(application)).await?;
    let stuck = all.iter().find(|one| one.status == DeploymentStatus::Stuck);
    let stuck = stuck.ok_or_else(|| CliError::Failed("No deployment of it is stuck.".to_owned()))?;
    Ok(stuck.id)
}
