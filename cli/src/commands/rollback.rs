//! `slipway rollback`.

use slipway_protocol::api::ListDeployments;
use slipway_protocol::deployment::{DeploymentView, Trigger};

use super::deploy;
use super::history::numbered;
use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;

#[derive(clap::Args)]
pub struct Arguments {
    #[arg(default_value = HERE)]
    app: String,
    /// The deployment's number; without it, the release before the one that serves.
    #[arg(long, value_name = "NUMBER")]
    to: Option<u32>,
    /// Show steps and log until the end; fail if it fails.
    #[arg(long, short)]
    follow: bool,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let (connection, view) = context.application(&arguments.app).await?;
    let target = match arguments.to {
        Some(number) => left_a_release(numbered(&connection, view.id, number).await?)?,
        None => {
            let deployments = connection.send(ListDeployments::of(view.id)).await?;
            let serving = view.serving.as_ref().map(|serving| serving.number);
            before(&deployments, serving)?.clone()
        }
    };
    let trigger = Trigger::Rollback { to: target.id };
    deploy::request(context, &connection, &view, trigger, None, arguments.follow).await
}

fn left_a_release(view: DeploymentView) -> Result<DeploymentView, CliError> {
    if view.can_roll_back_to {
        return Ok(view);
    }
    Err(CliError::Failed(format!(
        "Deployment {} left no release to go back to; “slipway history” marks those that did.",
        view.number
    )))
}

/// The release before the one that serves. `deployments` are newest first.
fn before(deployments: &[DeploymentView], serving: Option<u32>) -> Result<&DeploymentView, CliError> {
    let is_before =
        |view: &&DeploymentView| view.can_roll_back_to && serving.is_none_or(|number| view.number < number);
    deployments
        .iter()
        .find(is_before)
        .ok_or_else(|| CliError::Failed("There is no earlier release to go back to.".to_owned()))
}
