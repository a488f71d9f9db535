//! `slipway link`: writes the file by which commands in a folder go to one cluster and one application.

use serde::Serialize;
use slipway_client::project_file::FILE_NAME;
use slipway_client::{Connection, ProjectFile, ProjectNames};
use slipway_protocol::DisplayName;
use slipway_protocol::api::{GetMe, ListProjects};
use slipway_protocol::application::ApplicationView;

use crate::context::Context;
use crate::error::CliError;
use crate::output;

#[derive(clap::Args)]
pub struct Arguments {
    /// The application's name or id. Without one, the file names the cluster and the team alone.
    app: Option<String>,
    /// Write it in the place of the file that this folder has.
    #[arg(long)]
    replace: bool,
}

/// As it is printed.
#[derive(Serialize)]
struct Linked<'a> {
    path: String,
    #[serde(flatten)]
    names: &'a ProjectNames,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let folder = std::env::current_dir()
        .map_err(|error| CliError::Failed(format!("This folder cannot be linked: {}.", error.kind())))?;
    let (connection, view) = match &arguments.app {
        Some(app) => {
            let (connection, view) = context.application(app).await?;
            (connection, Some(view))
        }
        None => (context.connect().await?, None),
    };
    let file = ProjectFile {
        path: folder.join(FILE_NAME),
        names: names(&connection, view.as_ref()).await?,
    };
    file.write(arguments.replace)?;
    if context.json {
        return output::json(&Linked {
            path: file.path.display().to_string(),
            names: &file.names,
        });
    }
    let app = file.names.application_in_words();
    output::line(&output::plain(&format!(
        "Commands in this folder are about the cluster “{}”{} now; {} says so.",
        file.names.cluster,
        app.map_or_else(String::new, |app| format!(" and the application {app}")),
        file.place()
    )));
    Ok(())
}

/// How the cluster, and what is there, is called now.
async fn names(connection: &Connection, app: Option<&ApplicationView>) -> Result<ProjectNames, CliError> {
    let profile = connection.profile();
    let me = connection.send(GetMe {}).await?;
    let mut names = ProjectNames {
        cluster: DisplayName::parse(&profile.name)?,
        team: me.membership(connection.team()).map(|team| team.name.clone()),
        project: None,
        environment: None,
        application: None,
    };
    let Some(app) = app else { return Ok(names) };
    names.application = Some(app.name.clone());
    let projects = connection.send(ListProjects {}).await?;
    if let Some(project) = projects.into_iter().find(|project| project.id == app.project) {
        let environment = project
            .environments
            .into_iter()
            .find(|one| one.id == app.environment);
        names.environment = environment.map(|environment| environment.name);
        names.project = Some(project.name);
    }
    Ok(names)
}
