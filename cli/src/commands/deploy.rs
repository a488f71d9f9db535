//! `slipway deploy`.

use std::io::IsTerminal;
use std::path::PathBuf;

use slipway_client::Connection;
use slipway_client::upload::Folder;
use slipway_protocol::api::RequestDeployment;
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::plan::Revision;
use slipway_protocol::size;

use crate::context::{Context, application};
use crate::error::CliError;
use crate::{follow, output};

#[derive(clap::Args)]
pub struct Arguments {
    app: String,
    /// The folder to send, or an archive of it (.tar, .tar.gz, .tar.zst, .zip), for an application that is uploaded. Without one, what
    /// was sent last is deployed.
    folder: Option<PathBuf>,
    /// Deploy exactly what a plan has named, which “slipway plan” gives the revision of; refused if anything of it has changed since.
    #[arg(long, conflicts_with = "folder")]
    revision: Option<Revision>,
    /// Show steps and log until the end; fail if the deployment fails.
    #[arg(long, short)]
    follow: bool,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let connection = context.connect().await?;
    let view = application(&connection, &arguments.app).await?;
    if let Some(folder) = arguments.folder {
        send(&connection, &view, folder).await?;
    }
    let (revision, follow) = (arguments.revision, arguments.follow);
    request(context, &connection, &view, Trigger::Deploy, revision, follow).await
}

/// Sends a folder or an archive as the application's newest upload.
async fn send(connection: &Connection, app: &ApplicationView, path: PathBuf) -> Result<(), CliError> {
    let folder = Folder::of(path, &app.settings).ok_or_else(|| {
        CliError::Usage(format!(
            "“{}” is not uploaded; deploy it without a folder.",
            app.name
        ))
    })?;
    let mut shown = 0;
    let shows = std::io::stderr().is_terminal();
    let progress = |done: u64, all: u64| {
        let tenth = done * 10 / all.max(1);
        if shows && tenth > shown {
            shown = tenth;
            output::note(&format!(
                "sent {} of {}",
                size::in_words(done),
                size::in_words(all)
            ));
        }
    };
    connection.upload(app.id, &folder, progress).await?;
    Ok(())
}

/// Asks for a deployment or a roll back, as it was planned or as things are, and follows it if wished.
pub async fn request(
    context: &Context,
    connection: &Connection,
    app: &ApplicationView,
    trigger: Trigger,
    revision: Option<Revision>,
    follow: bool,
) -> Result<(), CliError> {
    let deployment = connection
        .send(RequestDeployment {
            application: app.id,
            revision,
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
