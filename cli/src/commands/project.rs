//! `slipway project`.

use slipway_client::Connection;
use slipway_protocol::api::{CreateProject, ListProjects};
use slipway_protocol::project::{DuplicateProject, ProjectDetails, ProjectView};
use slipway_protocol::{DisplayName, Tag, api};

use crate::commands::tags;
use crate::context::Context;
use crate::deletion::{Confirmation, agreed, report};
use crate::error::CliError;
use crate::output;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Create a project with a production environment.
    Create {
        name: String,
        #[arg(long, default_value = "")]
        description: String,
        /// A word by which the project and what is in it are found again; may be given several times.
        #[arg(long)]
        tag: Vec<String>,
    },
    /// Change a project's name, description or tags; what is not named stays. Nothing that runs changes.
    Edit(Edit),
    /// The projects with their environments.
    List,
    /// Copy a project with its environments, applications, variables and files; without domains, data and history.
    Duplicate { project: String, name: String },
    /// Remove a project with everything in it. What goes is shown first.
    Delete {
        project: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

#[derive(clap::Args)]
pub struct Edit {
    project: String,
    #[arg(long)]
    name: Option<String>,
    #[arg(long)]
    description: Option<String>,
    /// In the place of the tags that it has; may be given several times.
    #[arg(long)]
    tag: Vec<String>,
    /// Take all tags away.
    #[arg(long, conflicts_with = "tag")]
    no_tags: bool,
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Create {
            name,
            description,
            tag,
        } => {
            let body = ProjectDetails {
                name: DisplayName::parse(&name)?,
                description,
                tags: tags(&tag)?,
            };
            let view = context.connect().await?.send(CreateProject { body }).await?;
            if context.json {
                return output::json(&view);
            }
            output::line(&format!("Created the project “{}”.", view.name));
        }
        Command::Edit(arguments) => edit(context, arguments).await?,
        Command::Duplicate { project, name } => {
            let name = DisplayName::parse(&name)?;
            let connection = context.connect().await?;
            let project = find(&connection, Some(&project)).await?.id;
            let body = DuplicateProject { name };
            let view = connection.send(api::DuplicateProject { project, body }).await?;
            if context.json {
                return output::json(&view);
            }
            output::line(&format!(
                "Copied as “{}”; nothing of it runs until it is deployed.",
                view.name
            ));
        }
        Command::Delete {
            project,
            confirmation,
        } => {
            let connection = context.connect().await?;
            let project = find(&connection, Some(&project)).await?.id;
            let what = connection.send(api::PreviewProjectDeletion { project }).await?;
            let confirm = agreed(&what, confirmation)?;
            connection.send(api::DeleteProject { project, confirm }).await?;
            report(&what, context.json)?;
        }
        Command::List => {
            let projects = context.connect().await?.send(ListProjects {}).await?;
            if context.json {
                return output::json(&projects);
            }
            let row = |project: &ProjectView| {
                let environments: Vec<String> = project
                    .environments
                    .iter()
                    .map(|env| format!("{} ({})", env.name, env.application_count))
                    .collect();
                let tags: Vec<&str> = project.tags.iter().map(Tag::as_str).collect();
                vec![
                    project.name.to_string(),
                    environments.join(", "),
                    tags.join(" "),
                    project.description.clone(),
                ]
            };
            let rows: Vec<_> = projects.iter().map(row).collect();
            output::table(
                &["project", "environments (applications)", "tags", "description"],
                &rows,
                "There is no project yet; create one with “slipway project create”.",
            );
        }
    }
    Ok(())
}

async fn edit(context: &Context, arguments: Edit) -> Result<(), CliError> {
    let name = arguments.name.map(|name| DisplayName::parse(&name)).transpose()?;
    let words = tags(&arguments.tag)?;
    let connection = context.connect().await?;
    let before = find(&connection, Some(&arguments.project)).await?;
    let body = ProjectDetails {
        name: name.unwrap_or(before.name),
        description: arguments.description.unwrap_or(before.description),
        tags: if arguments.no_tags || !words.is_empty() {
            words
        } else {
            before.tags
        },
    };
    let project = before.id;
    let view = connection.send(api::UpdateProject { project, body }).await?;
    if context.json {
        return output::json(&view);
    }
    output::line(&format!("Changed the project “{}”.", view.name));
    Ok(())
}

/// The project of that name; the only one if none is named.
pub async fn find(connection: &Connection, name: Option<&str>) -> Result<ProjectView, CliError> {
    let mut projects = connection.send(ListProjects {}).await?;
    match name {
        Some(name) => {
            let found = projects.into_iter().find(|project| project.name.as_str() == name);
            found.ok_or_else(|| {
                CliError::Failed(format!(
                    "There is no project named “{name}”; “slipway project list” shows those that there are."
                ))
            })
        }
        None if projects.len() == 1 => Ok(projects.remove(0)),
        None => Err(CliError::Usage(format!(
            "There are {} projects; name one with --project.",
            projects.len()
        ))),
    }
}
