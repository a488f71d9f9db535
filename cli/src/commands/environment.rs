//! `slipway environment`: the environments of a project.

use slipway_protocol::api::{
    CreateEnvironment, DeleteEnvironment, DuplicateEnvironment, PreviewEnvironmentDeletion, UpdateEnvironment,
};
use slipway_protocol::project::{DuplicateEnvironment as Copy, EnvironmentDetails};
use slipway_protocol::{DisplayName, EnvironmentName};

use super::project;
use crate::context::Context;
use crate::deletion::{Confirmation, agreed, report};
use crate::error::CliError;
use crate::{output, scope};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Create an environment in a project.
    Create { project: String, name: String },
    /// Give an environment another name. Nothing that runs changes.
    Rename {
        /// As PROJECT/NAME.
        environment: String,
        name: String,
    },
    /// Copy an environment with its applications, variables and files; without domains, data and history.
    Duplicate {
        /// As PROJECT/NAME.
        environment: String,
        name: String,
    },
    /// Remove an environment with everything in it. What goes is shown first.
    Delete {
        /// As PROJECT/NAME.
        environment: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Create { project, name } => {
            let (project, name) = (DisplayName::parse(&project)?, EnvironmentName::parse(&name)?);
            let connection = context.connect().await?;
            let project = project::find(&connection, Some(project.as_str())).await?.id;
            let body = EnvironmentDetails { name };
            let view = connection.send(CreateEnvironment { project, body }).await?;
            if context.json {
                return output::json(&view);
            }
            output::line(&format!("Created the environment “{}”.", view.name));
        }
        Command::Rename { environment, name } => {
            let name = EnvironmentName::parse(&name)?;
            let connection = context.connect().await?;
            let environment = scope::environment(&connection, &environment).await?;
            let body = EnvironmentDetails { name };
            let view = connection.send(UpdateEnvironment { environment, body }).await?;
            if context.json {
                return output::json(&view);
            }
            output::line(&format!("The environment is now “{}”.", view.name));
        }
        Command::Duplicate { environment, name } => {
            let name = EnvironmentName::parse(&name)?;
            let connection = context.connect().await?;
            let environment = scope::environment(&connection, &environment).await?;
            let body = Copy { name };
            let view = connection
                .send(DuplicateEnvironment { environment, body })
                .await?;
            if context.json {
                return output::json(&view);
            }
            output::line(&format!(
                "Copied as “{}”; nothing of it runs until it is deployed.",
                view.name
            ));
        }
        Command::Delete {
            environment,
            confirmation,
        } => {
            let connection = context.connect().await?;
            let environment = scope::environment(&connection, &environment).await?;
            let what = connection
                .send(PreviewEnvironmentDeletion { environment })
                .await?;
            let confirm = agreed(&what, confirmation)?;
            connection
                .send(DeleteEnvironment { environment, confirm })
                .await?;
            report(&what, context.json)?;
        }
    }
    Ok(())
}
