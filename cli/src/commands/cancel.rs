//! `slipway cancel`: a deployment that waits or runs is stopped, and what it began is taken back.

use slipway_protocol::api::{CancelDeployment, ListDeployments};
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView};

use super::history::numbered;
use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;
use crate::{follow, output};

#[derive(clap::Args)]
pub struct Arguments {
    #[arg(default_value = HERE)]
    app: String,
    /// The deployment's number; without it, the one that runs, or else the one that waits.
    number: Option<u32>,
    /// Show steps and log until it has ended; fail if the new release serves already, and stays.
    #[arg(long, short)]
    follow: bool,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let (connection, app) = context.application(&arguments.app).await?;
    let deployment = match arguments.number {
        Some(number) => numbered(&connection, app.id, number).await?.id,
        None => {
            let all = connection.send(ListDeployments::of(app.id)).await?;
            under_way(&all)
                .ok_or_else(|| CliError::Failed(format!("No deployment of “{}” waits or runs.", app.name)))?
                .id
        }
    };
    let view = connection.send(CancelDeployment { deployment }).await?;
    if !arguments.follow {
        if context.json {
            return output::json(&view);
        }
        output::line(&wished(&view));
        return Ok(());
    }
    let ended = stopped(follow::to_the_end(&connection, deployment, context.json).await?)?;
    if !context.json {
        output::line(&wished(&ended));
    }
    Ok(())
}

/// The one that is meant without a number: the one that runs, or else the one that waits for it.
fn under_way(all: &[DeploymentView]) -> Option<&DeploymentView> {
    let with = |status: DeploymentStatus| all.iter().find(|one| one.status == status);
    with(DeploymentStatus::Running).or_else(|| with(DeploymentStatus::Queued))
}

fn wished(view: &DeploymentView) -> String {
    let number = view.number;
    if view.status.is_final() {
        format!("Deployment {number} is {}.", output::status(view.status))
    } else {
        format!("Deployment {number} is being stopped; what it began is taken back.")
    }
}

/// A deployment that was cancelled and has ended; an error if it ended in another way.
fn stopped(view: DeploymentView) -> Result<DeploymentView, CliError> {
    match view.status {
        DeploymentStatus::Cancelled => Ok(view),
        DeploymentStatus::Succeeded => Err(CliError::Failed(format!(
            "The release of deployment {} served already, and stays; “slipway rollback” goes back to the one before.",
            view.number
        ))),
        _ => follow::outcome(view),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(number: u32, status: &str) -> DeploymentView {
        let id = "018f0000-0000-7000-8000-000000000001";
        let view = json!({
            "id": id, "application": id, "number": number, "status": status, "trigger": { "kind": "deploy" },
            "requested_by": "a@example.org", "commit": null, "image": null, "failure": null, "steps": [],
            "created_at": "2026-01-02T03:04:05Z", "started_at": null, "ended_at": null, "can_roll_back_to": false
        });
        serde_json::from_value(view).unwrap()
    }

    /// FR-DEP-02, FR-API-03: without a number the deployment is meant that runs, and the one that waits where none does.
    #[test]
    fn the_one_under_way_is_meant() {
        let of = |all: &[(u32, &str)]| {
            let all: Vec<_> = all
                .iter()
                .map(|(number, status)| deployment(*number, status))
                .collect();
            under_way(&all).map(|view| view.number)
        };
        assert_eq!(of(&[(3, "queued"), (2, "running"), (1, "succeeded")]), Some(2));
        assert_eq!(of(&[(3, "queued"), (2, "unwinding")]), Some(3));
        assert_eq!(of(&[(2, "failed"), (1, "succeeded")]), None);
    }

    /// FR-DEP-02, FR-API-03: a wish that came too late is told, with the way back.
    #[test]
    fn too_late_is_told() {
        assert!(stopped(deployment(2, "cancelled")).is_ok());
        let late = stopped(deployment(2, "succeeded")).unwrap_err();
        assert!(late.to_string().contains("slipway rollback"), "{late}");
        assert!(stopped(deployment(2, "failed")).is_err());
    }
}
