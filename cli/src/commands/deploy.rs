//! `slipway deploy`.

use slipway_client::Connection;
use slipway_protocol::api::RequestDeployment;
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::Trigger;

use crate::context::{Context, application};
use crate::error::CliError;
use crate::{follow, output};

#[derive(clap::Args)]
pub struct Arguments {
    app: String,
    /// Show steps and log until the end; fail if the deployment fails.
    #[arg(long, short)]
    follow: bool,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let connection = context.connect().await?;
    let view = application(&connection, &arguments.app).await?;
    request(context, &connection, &view, Trigger::Deploy, arguments.follow).await
}

/// Asks for a deployment or a roll back, and follows it if wished.
pub async fn request(
    context: &Context,
    connection: &Connection,
    app: &ApplicationView,
    trigger: Trigger,
    follow: bool,
) -> Result<(), CliError> {
    let deployment = connection
        .send(RequestDeployment {
            application: app.id,
            revision: None,
            body: trigger,
        })
        .await?;
    if !follow {
        if context.json {
            return output::json(&deployment);
        }
        output::line(&format!(
            "Deployment {} of “{}” is {}.",
            deployment.number,
            app.name,
            output::status(deployment.status)
        ));
        return Ok(());
    }
    if !context.json {
        output::line(&format!("Deployment {} of “{}”", deployment.number, app.name));
    }
    let ended = follow::deployment(connection, deployment.id, context.json).await?;
    if !context.json {
        output::line(&format!(
            "Deployment {} succeeded in {}.",
            ended.number,
            output::took(&ended)
        ));
        for domain in application(connection, &app.id.to_string()).await?.domains {
            output::line(&format!("  {}", output::plain(&domain.url)));
        }
    }
    Ok(())
}
