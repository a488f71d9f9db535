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
use crate::here::HERE;
use crate::{follow, output};

#[derive(clap::Args)]
pub struct Arguments {
    /// Without one, that of the folder's slipway.toml; a path in its place is the folder to send to that one.
    app: Option<String>,
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
    let exact = arguments.revision.is_some();
    let (app, folder) = app_and_folder(arguments.app, arguments.folder, exact);
    let (connection, view) = context.application(&app).await?;
    if let Some(folder) = folder {
        send(&connection, &view, folder).await?;
    }
    let (revision, follow) = (arguments.revision, arguments.follow);
    request(context, &connection, &view, Trigger::Deploy, revision, follow).await
}

/// What was given, read again: a path where the application is left out is the folder, unless a plan says already what is deployed.
fn app_and_folder(app: Option<String>, folder: Option<PathBuf>, exact: bool) -> (String, Option<PathBuf>) {
    match (app, folder) {
        (None, folder) => (HERE.to_owned(), folder),
        // Neither names nor ids have any of these.
        (Some(path), None) if !exact && path.contains(['.', '/', '\\']) => {
            (HERE.to_owned(), Some(path.into()))
        }
        (Some(app), folder) => (app, folder),
    }
}

/// Sends a folder or an archive as the application's newest upload.
async fn send(connection: &Connection, app: &ApplicationView, path: PathBuf) -> Result<(), CliError> {
    let folder = Folder::of(path, &app.settings).ok_or_else(|| {
        CliError::Usage(format!(
            "“{}” is built from its own source, not from a folder that is sent; deploy it without one.",
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

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-SRC-04, FR-API-03: where the project's file names the application, a path alone is the folder that is sent.
    #[test]
    fn a_path_alone_is_the_folder() {
        let read = |app: Option<&str>, folder: Option<&str>, exact| {
            let (app, folder) = app_and_folder(app.map(str::to_owned), folder.map(PathBuf::from), exact);
            (app, folder.map(|folder| folder.display().to_string()))
        };
        let both = |app: &str, folder: Option<&str>| (app.to_owned(), folder.map(str::to_owned));
        assert_eq!(read(None, None, false), both(HERE, None));
        for path in [".", "./public", "site.zip", "dist\\web"] {
            assert_eq!(read(Some(path), None, false), both(HERE, Some(path)));
        }
        assert_eq!(read(Some("web"), None, false), both("web", None));
        assert_eq!(read(Some("web"), Some("."), false), both("web", Some(".")));
        assert_eq!(read(Some(HERE), None, true), both(HERE, None));
    }
}
