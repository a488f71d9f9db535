//! What a command about variables is about, as people name it: `team`, `project:NAME`, `environment:PROJECT/NAME`, or an application.

use slipway_client::Connection;
use slipway_protocol::{EnvironmentId, Scope};

use crate::commands::project;
use crate::context::{Context, application};
use crate::error::CliError;
use crate::here::HERE;

/// A connection, and the scope of that name there; [`HERE`] is the application that the project's file names.
pub async fn open(context: &Context, text: &str) -> Result<(Connection, Scope), CliError> {
    if text == HERE {
        let (connection, view) = context.application(text).await?;
        return Ok((connection, Scope::Application(view.id)));
    }
    let connection = context.connect().await?;
    let scope = find(&connection, text).await?;
    Ok((connection, scope))
}

/// The scope of that name. An application is given by its name or id, with or without `app:` before it.
async fn find(connection: &Connection, text: &str) -> Result<Scope, CliError> {
    match text.split_once(':') {
        None if text == "team" => Ok(Scope::Team),
        Some(("project", name)) => Ok(Scope::Project(project::find(connection, Some(name)).await?.id)),
        Some(("environment" | "env", place)) => Ok(Scope::Environment(environment(connection, place).await?)),
        Some(("app" | "application", name)) => {
            Ok(Scope::Application(application(connection, name).await?.id))
        }
        None => Ok(Scope::Application(application(connection, text).await?.id)),
        Some(_) => Err(CliError::Usage(
            "A scope is team, project:NAME, environment:PROJECT/NAME, or the name of an application."
                .to_owned(),
        )),
    }
}

/// The environment named as `PROJECT/NAME`.
pub async fn environment(connection: &Connection, place: &str) -> Result<EnvironmentId, CliError> {
    let (project, name) = place
        .rsplit_once('/')
        .ok_or_else(|| CliError::Usage("An environment is given as PROJECT/NAME.".to_owned()))?;
    environment_of(connection, Some(project), name).await
}

/// The environment of that name in the project, or in the only one.
pub async fn environment_of(
    connection: &Connection,
    project: Option<&str>,
    name: &str,
) -> Result<EnvironmentId, CliError> {
    let project = project::find(connection, project).await?;
    let found = project.environments.iter().find(|env| env.name.as_str() == name);
    let absent = || {
        CliError::Failed(format!(
            "The project “{}” has no environment “{name}”.",
            project.name
        ))
    };
    Ok(found.ok_or_else(absent)?.id)
}
