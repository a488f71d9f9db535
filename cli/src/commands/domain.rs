//! `slipway domain`: host names that lead to an application.

use slipway_protocol::api::{CreateDomain, DeleteDomain};
use slipway_protocol::domain::NewDomain;
use slipway_protocol::{HostName, UrlPath};

use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;
use crate::output;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Lead a host to the application, at once.
    Add {
        app: String,
        host: String,
        #[arg(long, default_value = "/")]
        path: String,
    },
    /// The application's domains.
    List {
        #[arg(default_value = HERE)]
        app: String,
    },
    /// Take a host away, at once.
    Remove {
        app: String,
        host: String,
        #[arg(long, default_value = "/")]
        path: String,
    },
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Add { app, host, path } => {
            let body = NewDomain {
                host: HostName::parse(&host)?,
                path: UrlPath::parse(&path)?,
            };
            let (connection, view) = context.application(&app).await?;
            let domain = connection
                .send(CreateDomain {
                    application: view.id,
                    body,
                })
                .await?;
            if context.json {
                return output::json(&domain);
            }
            output::line(&format!(
                "{} leads to “{}”.",
                output::plain(&domain.url),
                view.name
            ));
        }
        Command::List { app } => {
            let (_, view) = context.application(&app).await?;
            if context.json {
                return output::json(&view.domains);
            }
            let rows: Vec<_> = view
                .domains
                .iter()
                .map(|domain| {
                    vec![
                        domain.host.to_string(),
                        domain.path.to_string(),
                        domain.url.clone(),
                    ]
                })
                .collect();
            output::table(&["host", "path", "address"], &rows, "No host leads to it yet.");
        }
        Command::Remove { app, host, path } => {
            let (connection, view) = context.application(&app).await?;
            let found = view
                .domains
                .iter()
                .find(|domain| domain.host.as_str() == host && domain.path.as_str() == path);
            let absent = || CliError::Failed(format!("{host}{path} does not lead to “{}”.", view.name));
            let domain = found.ok_or_else(absent)?.id;
            connection
                .send(DeleteDomain {
                    application: view.id,
                    domain,
                })
                .await?;
            if context.json {
                return output::json(&());
            }
            output::line(&format!("{host}{path} leads nowhere now."));
        }
    }
    Ok(())
}
