//! `slipway env`: an application's environment variables. Values are written, never read back.

use std::io::BufRead;

use slipway_protocol::api::{DeleteVariable, ListVariables, SetVariable};
use slipway_protocol::variable::{SetVariable as Value, VariableView};
use slipway_protocol::{Secret, VariableKey};

use crate::context::{Context, application};
use crate::error::CliError;
use crate::output;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Set variables; they take effect with the next deployment.
    Set {
        app: String,
        /// KEY=VALUE …
        #[arg(required_unless_present = "stdin")]
        pairs: Vec<String>,
        /// Read KEY=VALUE lines from standard input, so that no secret stands in a command line.
        #[arg(long, conflicts_with = "pairs")]
        stdin: bool,
    },
    /// The variables, without their values.
    List { app: String },
    /// Remove variables; takes effect with the next deployment.
    Unset {
        app: String,
        #[arg(required = true)]
        keys: Vec<String>,
    },
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Set { app, pairs, stdin } => {
            set(context, &app, if stdin { from_stdin()? } else { pairs }).await
        }
        Command::List { app } => list(context, &app).await,
        Command::Unset { app, keys } => unset(context, &app, keys).await,
    }
}

fn from_stdin() -> Result<Vec<String>, CliError> {
    let lines = std::io::stdin().lock().lines().collect::<Result<Vec<_>, _>>();
    let lines =
        lines.map_err(|error| CliError::Failed(format!("Standard input could not be read: {error}.")))?;
    Ok(lines
        .into_iter()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .collect())
}

fn parse(pair: &str) -> Result<Value, CliError> {
    // The text itself is not repeated: it may be a secret.
    let (key, value) = pair
        .split_once('=')
        .ok_or_else(|| CliError::Usage("A variable is given as KEY=VALUE.".to_owned()))?;
    Ok(Value {
        key: VariableKey::parse(key)?,
        value: Secret::new(value.to_owned()),
    })
}

async fn set(context: &Context, app: &str, pairs: Vec<String>) -> Result<(), CliError> {
    let values = pairs
        .iter()
        .map(|pair| parse(pair))
        .collect::<Result<Vec<_>, _>>()?;
    let connection = context.connect().await?;
    let view = application(&connection, app).await?;
    let mut done = Vec::new();
    for body in values {
        done.push(
            connection
                .send(SetVariable {
                    application: view.id,
                    body,
                })
                .await?,
        );
    }
    if context.json {
        return output::json(&done);
    }
    let keys: Vec<&str> = done.iter().map(|variable| variable.key.as_str()).collect();
    output::line(&format!(
        "Set {}; it takes effect with the next deployment.",
        keys.join(", ")
    ));
    Ok(())
}

async fn list(context: &Context, app: &str) -> Result<(), CliError> {
    let connection = context.connect().await?;
    let view = application(&connection, app).await?;
    let variables = connection.send(ListVariables { application: view.id }).await?;
    if context.json {
        return output::json(&variables);
    }
    let row = |variable: &VariableView| {
        vec![
            variable.key.to_string(),
            format!("{} B", variable.length),
            variable.updated_at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        ]
    };
    let rows: Vec<_> = variables.iter().map(row).collect();
    output::table(&["variable", "value", "set"], &rows, "It has no variables.");
    Ok(())
}

async fn unset(context: &Context, app: &str, keys: Vec<String>) -> Result<(), CliError> {
    let keys = keys
        .iter()
        .map(|key| VariableKey::parse(key))
        .collect::<Result<Vec<_>, _>>()?;
    let connection = context.connect().await?;
    let view = application(&connection, app).await?;
    for key in keys {
        connection
            .send(DeleteVariable {
                application: view.id,
                key,
            })
            .await?;
    }
    if context.json {
        return output::json(&());
    }
    output::line("Removed; it takes effect with the next deployment.");
    Ok(())
}
