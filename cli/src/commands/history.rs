//! `slipway history`.

use slipway_protocol::api::{GetDeployment, ListDeployments};
use slipway_protocol::deployment::DeploymentView;

use super::record;
use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;
use crate::output;

#[derive(clap::Args)]
pub struct Arguments {
    #[arg(default_value = HERE)]
    app: String,
    /// All that is kept of the deployment of this number: who, what, why, its steps, and what users got meanwhile.
    number: Option<u32>,
}

/// The deployment of that number among those that are listed.
pub fn numbered(all: &[DeploymentView], number: u32) -> Result<&DeploymentView, CliError> {
    all.iter().find(|one| one.number == number).ok_or_else(|| {
        CliError::Failed(format!(
            "There is no deployment {number} any more, or not yet; “slipway history” shows those that there are."
        ))
    })
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let (connection, view) = context.application(&arguments.app).await?;
    let deployments = connection.send(ListDeployments { application: view.id }).await?;
    if let Some(number) = arguments.number {
        let deployment = numbered(&deployments, number)?.id;
        let whole = connection.send(GetDeployment { deployment }).await?;
        if context.json {
            return output::json(&whole);
        }
        record::print(&whole);
        return Ok(());
    }
    if context.json {
        return output::json(&deployments);
    }
    let serving = view.serving.as_ref().map(|serving| serving.id);
    let row = |deployment: &DeploymentView| {
        let mark = match (Some(deployment.id) == serving, deployment.can_roll_back_to) {
            (true, _) => "serving",
            (false, true) => "kept",
            (false, false) => "",
        };
        vec![
            deployment.number.to_string(),
            output::status(deployment.status).to_owned(),
            mark.to_owned(),
            deployment.trigger.as_str().to_owned(),
            output::commit(deployment),
            deployment.created_at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
            output::took(deployment),
            deployment.requested_by.clone(),
        ]
    };
    let rows: Vec<_> = deployments.iter().map(row).collect();
    output::table(
        &[
            "no",
            "status",
            "release",
            "kind",
            "commit",
            "asked for",
            "took",
            "by",
        ],
        &rows,
        "It was never deployed.",
    );
    Ok(())
}
