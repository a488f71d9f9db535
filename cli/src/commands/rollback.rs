//! `slipway rollback`.

use slipway_protocol::api::ListDeployments;
use slipway_protocol::deployment::{DeploymentView, Trigger};

use super::deploy;
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
    let deployments = connection.send(ListDeployments { application: view.id }).await?;
    let serving = view.serving.as_ref().map(|serving| serving.number);
    let target = target(&deployments, arguments.to, serving).map_err(CliError::Failed)?;
    let trigger = Trigger::Rollback { to: target.id };
    deploy::request(context, &connection, &view, trigger, None, arguments.follow).await
}

/// The release to go back to. `deployments` are newest first.
fn target(
    deployments: &[DeploymentView],
    to: Option<u32>,
    serving: Option<u32>,
) -> Result<&DeploymentView, String> {
    match to {
        Some(number) => match deployments.iter().find(|view| view.number == number) {
            Some(view) if view.can_roll_back_to => Ok(view),
            Some(_) => Err(format!(
                "Deployment {number} left no release to go back to; “slipway history” marks those that did."
            )),
            None => Err(format!(
                "There is no deployment {number} any more, or not yet; “slipway history” shows those that there are."
            )),
        },
        None => {
            let before = |view: &&DeploymentView| {
                view.can_roll_back_to && serving.is_none_or(|number| view.number < number)
            };
            deployments
                .iter()
                .find(before)
                .ok_or_else(|| "There is no earlier release to go back to.".to_owned())
        }
    }
}
