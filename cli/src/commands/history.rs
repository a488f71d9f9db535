//! `slipway history`.

use slipway_client::Connection;
use slipway_protocol::api::{GetDeployment, ListDeployments};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::DeploymentView;
use slipway_protocol::history::{LISTED, older_than};
use slipway_protocol::{ApplicationId, DeploymentId};

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
    /// Only deployments with a lower number than this one, the next hundred.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["number", "all"])]
    before: Option<u32>,
    /// All that are kept, not only the newest hundred.
    #[arg(long, conflicts_with = "number")]
    all: bool,
}

/// The application's deployment of that number, however old it is.
pub async fn numbered(
    connection: &Connection,
    application: ApplicationId,
    number: u32,
) -> Result<DeploymentView, CliError> {
    let found = connection
        .send(ListDeployments::only(application, number))
        .await?;
    found
        .into_iter()
        .find(|one| one.number == number)
        .ok_or_else(|| none_such(number))
}

fn none_such(number: u32) -> CliError {
    CliError::Failed(format!(
        "There is no deployment {number} any more, or not yet; “slipway history --all” shows all that there are."
    ))
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let (connection, view) = context.application(&arguments.app).await?;
    if let Some(number) = arguments.number {
        let deployment = numbered(&connection, view.id, number).await?.id;
        let whole = connection.send(GetDeployment { deployment }).await?;
        if context.json {
            return output::json(&whole);
        }
        record::print(&whole);
        return Ok(());
    }
    let (deployments, older) = listed(&connection, &view, &arguments).await?;
    if context.json {
        return output::json(&deployments);
    }
    let none = match arguments.before {
        Some(_) => "There is none before that.",
        None => "It was never deployed.",
    };
    print(
        &deployments,
        view.serving.as_ref().map(|serving| serving.id),
        none,
    );
    if let Some(number) = older {
        output::note(&how_to_see_older(&output::plain(&arguments.app), number));
    }
    Ok(())
}

/// The deployments that are asked for, and before which number there may be more.
async fn listed(
    connection: &Connection,
    view: &ApplicationView,
    arguments: &Arguments,
) -> Result<(Vec<DeploymentView>, Option<u32>), CliError> {
    if let Some(number) = arguments.before {
        return page(connection, view.id, number).await;
    }
    if !arguments.all {
        let newest = connection.send(ListDeployments::of(view.id)).await?;
        let older = older_than(&newest);
        return Ok((newest, older));
    }
    let (mut all, mut older) = page(connection, view.id, u32::MAX).await?;
    while let Some(number) = older {
        let (more, next) = page(connection, view.id, number).await?;
        all.extend(more);
        older = next;
    }
    Ok((all, None))
}

/// Those before a number, and before which one there may be more. A server that does not know of older ones answers with the newest again.
async fn page(
    connection: &Connection,
    application: ApplicationId,
    number: u32,
) -> Result<(Vec<DeploymentView>, Option<u32>), CliError> {
    let mut page = connection
        .send(ListDeployments::before(application, number))
        .await?;
    page.retain(|one| one.number < number);
    let is_full = page.len() >= LISTED as usize;
    let older = page.last().filter(|_| is_full).map(|last| last.number);
    Ok((page, older))
}

/// The application of the project's file needs no name.
fn how_to_see_older(app: &str, number: u32) -> String {
    let app = if app == HERE {
        String::new()
    } else {
        format!(" {app}")
    };
    format!("For older ones: slipway history{app} --before {number}, or --all")
}

fn print(deployments: &[DeploymentView], serving: Option<DeploymentId>, none: &str) {
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
            output::time(&deployment.created_at),
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
        none,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-13, FR-API-03: a list that is not whole says how to see the rest.
    #[test]
    fn the_way_to_older_ones_is_told() {
        let how = how_to_see_older("web", 101);
        assert_eq!(how, "For older ones: slipway history web --before 101, or --all");
        assert!(how_to_see_older(HERE, 101).contains("history --before 101"));
    }
}
