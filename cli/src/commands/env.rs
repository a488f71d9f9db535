//! `slipway env`: variables of an application, or of what it stands in.

use std::io::Read;
use std::path::PathBuf;

use slipway_client::Connection;
use slipway_protocol::api::{
    DeleteVariable, ImportVariables, ListConfigurationChanges, ListVariables, RevealVariable, SetVariable,
};
use slipway_protocol::configuration::{Changes, ConfigurationChange, ImportVariables as Text};
use slipway_protocol::dotenv;
use slipway_protocol::variable::{SetVariable as Value, VariableView};
use slipway_protocol::{Scope, Secret, VariableKey};

use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;
use crate::{ask, output, scope};

/// A text to import is at most this long, in bytes: what a request carries.
const LONGEST_TEXT: u64 = 900 * 1024;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Set variables; they take effect with the next deployment.
    ///
    /// In a value ${{team.NAME}}, ${{project.NAME}}, ${{environment.NAME}} and ${{NAME}} stand for other variables; $${{NAME}} is the text itself.
    Set {
        /// An application, team, project:NAME, or environment:PROJECT/NAME.
        scope: String,
        /// KEY=VALUE …
        #[arg(required_unless_present = "stdin")]
        pairs: Vec<String>,
        /// Read variables in the form of an .env file from standard input, so that no secret stands in a command line.
        #[arg(long, conflicts_with = "pairs")]
        stdin: bool,
        /// Those who may read variables see the value.
        #[arg(long, conflicts_with = "secret")]
        plain: bool,
        /// The value is not shown. New variables are secret anyway.
        #[arg(long)]
        secret: bool,
        /// Deliver it as the file /run/secrets/KEY instead of in the environment.
        #[arg(long, conflicts_with = "as_variable")]
        as_file: bool,
        /// Deliver it in the environment again.
        #[arg(long)]
        as_variable: bool,
    },
    /// The variables; of secret ones without the values.
    List {
        #[arg(default_value = HERE)]
        scope: String,
    },
    /// Remove variables; takes effect with the next deployment.
    Unset {
        scope: String,
        #[arg(required = true)]
        keys: Vec<String>,
    },
    /// Take variables from a text in the form of an .env file: what changes is shown first.
    Import {
        scope: String,
        /// The file; without it, standard input.
        file: Option<PathBuf>,
        /// Remove the variables that the text does not name.
        #[arg(long)]
        replace: bool,
        /// Only show what would change.
        #[arg(long)]
        preview: bool,
        /// Those who may read variables see the values of new ones.
        #[arg(long)]
        plain: bool,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Print the variables in the form of an .env file; secret ones as their name alone, which an import leaves as it is.
    Export {
        #[arg(default_value = HERE)]
        scope: String,
        /// Print the values of secret ones too; it stands in the audit log.
        #[arg(long)]
        reveal: bool,
    },
    /// Who changed which variables and files.
    History {
        #[arg(default_value = HERE)]
        scope: String,
    },
    /// Print the value of a variable, also of a secret one; it stands in the audit log.
    Reveal { scope: String, key: String },
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Set {
            scope,
            pairs,
            stdin,
            plain,
            secret,
            as_file,
            as_variable,
        } => {
            let mut values = if stdin { from_stdin()? } else { from_pairs(&pairs)? };
            for value in &mut values {
                value.secret = (plain || secret).then_some(secret);
                value.as_file = (as_file || as_variable).then_some(as_file);
            }
            set(context, &scope, values).await
        }
        Command::List { scope } => list(context, &scope).await,
        Command::Unset { scope, keys } => unset(context, &scope, keys).await,
        Command::Import {
            scope,
            file,
            replace,
            preview,
            plain,
            yes,
        } => {
            let text = Text {
                text: read(file)?,
                replace,
                preview: true,
                secret: !plain,
                previewed: None,
            };
            import(context, &scope, text, preview, yes).await
        }
        Command::Export { scope, reveal } => export(context, &scope, reveal).await,
        Command::History { scope } => history(context, &scope).await,
        Command::Reveal { scope, key } => reveal(context, &scope, &key).await,
    }
}

fn from_pairs(pairs: &[String]) -> Result<Vec<Value>, CliError> {
    let parse = |pair: &String| {
        // The text itself is not repeated: it may be a secret.
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| CliError::Usage("A variable is given as KEY=VALUE.".to_owned()))?;
        Ok(Value::new(
            VariableKey::parse(key)?,
            Secret::new(value.to_owned()),
        ))
    };
    pairs.iter().map(parse).collect()
}

fn from_stdin() -> Result<Vec<Value>, CliError> {
    let entries = dotenv::parse(read(None)?.expose());
    let entries = entries.map_err(|error| CliError::Usage(format!("{error}.")))?;
    let value = |entry: dotenv::Entry| match entry.value {
        Some(value) => Ok(Value::new(entry.key, value)),
        None => Err(CliError::Usage(format!(
            "{} has no value; give it as KEY=VALUE.",
            entry.key
        ))),
    };
    entries.into_iter().map(value).collect()
}

fn read(file: Option<PathBuf>) -> Result<Secret<String>, CliError> {
    let mut text = String::new();
    let done = match &file {
        Some(path) => {
            std::fs::File::open(path).and_then(|file| file.take(LONGEST_TEXT + 1).read_to_string(&mut text))
        }
        None => std::io::stdin()
            .lock()
            .take(LONGEST_TEXT + 1)
            .read_to_string(&mut text),
    };
    let from = file.map_or("Standard input".to_owned(), |path| path.display().to_string());
    let length = done.map_err(|error| CliError::Failed(format!("{from} could not be read: {error}.")))?;
    if u64::try_from(length).is_ok_and(|length| length > LONGEST_TEXT) {
        return Err(CliError::Usage(format!(
            "{from} has more than {} KiB.",
            LONGEST_TEXT / 1024
        )));
    }
    Ok(Secret::new(text))
}

async fn set(context: &Context, scope: &str, values: Vec<Value>) -> Result<(), CliError> {
    let (connection, scope) = scope::open(context, scope).await?;
    let mut done = Vec::new();
    for body in values {
        done.push(connection.send(SetVariable { scope, body }).await?);
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

async fn list(context: &Context, scope: &str) -> Result<(), CliError> {
    let (connection, scope) = scope::open(context, scope).await?;
    let variables = connection.send(ListVariables { scope }).await?;
    if context.json {
        return output::json(&variables);
    }
    let row = |variable: &VariableView| {
        let value = match &variable.value {
            Some(value) => value.chars().take(60).collect(),
            None => format!("secret, {} B", variable.length),
        };
        let delivered = if variable.as_file { "file" } else { "environment" };
        vec![
            variable.key.to_string(),
            value,
            delivered.to_owned(),
            output::time(&variable.updated_at),
        ]
    };
    let rows: Vec<_> = variables.iter().map(row).collect();
    output::table(
        &["variable", "value", "delivered in", "set"],
        &rows,
        "It has no variables.",
    );
    Ok(())
}

async fn unset(context: &Context, scope: &str, keys: Vec<String>) -> Result<(), CliError> {
    let keys = keys
        .iter()
        .map(|key| VariableKey::parse(key))
        .collect::<Result<Vec<_>, _>>()?;
    let (connection, scope) = scope::open(context, scope).await?;
    for key in keys {
        connection.send(DeleteVariable { scope, key }).await?;
    }
    if context.json {
        return output::json(&());
    }
    output::line("Removed; it takes effect with the next deployment.");
    Ok(())
}

async fn import(
    context: &Context,
    scope: &str,
    text: Text,
    preview: bool,
    yes: bool,
) -> Result<(), CliError> {
    let (connection, scope) = scope::open(context, scope).await?;
    let body = text.clone();
    let changes = connection.send(ImportVariables { scope, body }).await?;
    if preview && context.json {
        return output::json(&changes);
    }
    if !context.json {
        show(&changes);
    }
    if preview || changes.is_empty() {
        return if context.json {
            output::json(&changes)
        } else {
            Ok(())
        };
    }
    if !yes && !changes.removed.is_empty() {
        if !ask::somebody_is_there() {
            return Err(CliError::Usage(
                "Variables would be removed, and there is nobody to ask; confirm with --yes.".to_owned(),
            ));
        }
        if !ask::yes("Change them like this?")? {
            return Err(CliError::Failed("Nothing was changed.".to_owned()));
        }
    }
    let body = Text {
        preview: false,
        previewed: Some(changes),
        ..text
    };
    let changes = connection.send(ImportVariables { scope, body }).await?;
    if context.json {
        return output::json(&changes);
    }
    output::line("Done; it takes effect with the next deployment.");
    Ok(())
}

fn show(changes: &Changes) {
    if changes.is_empty() {
        output::line("Nothing changes.");
    }
    for (sign, names) in signs(changes) {
        for name in names {
            output::line(&format!("{sign} {}", output::plain(name)));
        }
    }
}

fn signs(changes: &Changes) -> [(char, &Vec<String>); 3] {
    [
        ('+', &changes.added),
        ('~', &changes.changed),
        ('-', &changes.removed),
    ]
}

async fn export(context: &Context, scope: &str, reveal: bool) -> Result<(), CliError> {
    let (connection, scope) = scope::open(context, scope).await?;
    let mut entries: Vec<(VariableKey, Option<String>)> = Vec::new();
    for variable in connection.send(ListVariables { scope }).await? {
        let value = match variable.value {
            None if reveal => Some(
                value(&connection, scope, variable.key.clone())
                    .await?
                    .into_exposed(),
            ),
            known => known,
        };
        entries.push((variable.key, value));
    }
    if context.json {
        return output::json(&entries);
    }
    let text = dotenv::format(entries.iter().map(|(key, value)| (key, value.as_deref())));
    output::exactly(text.as_bytes());
    Ok(())
}

async fn history(context: &Context, scope: &str) -> Result<(), CliError> {
    let (connection, scope) = scope::open(context, scope).await?;
    let changes = connection.send(ListConfigurationChanges { scope }).await?;
    if context.json {
        return output::json(&changes);
    }
    let row = |change: &ConfigurationChange| {
        let names = signs(&change.changes).into_iter();
        let names: Vec<String> = names
            .flat_map(|(sign, names)| names.iter().map(move |name| format!("{sign}{name}")))
            .collect();
        vec![
            output::time(&change.at),
            change.actor.clone(),
            change.what.as_str().to_owned(),
            names.join(" "),
        ]
    };
    let rows: Vec<_> = changes.iter().map(row).collect();
    output::table(
        &["when", "who", "what", "names"],
        &rows,
        "Nothing has been changed yet.",
    );
    Ok(())
}

async fn reveal(context: &Context, scope: &str, key: &str) -> Result<(), CliError> {
    let key = VariableKey::parse(key)?;
    let (connection, scope) = scope::open(context, scope).await?;
    let value = value(&connection, scope, key).await?;
    if context.json {
        return output::json(value.expose());
    }
    // As it is, so that it can be passed on to a program.
    output::exactly(value.expose().as_bytes());
    Ok(())
}

async fn value(connection: &Connection, scope: Scope, key: VariableKey) -> Result<Secret<String>, CliError> {
    Ok(connection.send(RevealVariable { scope, key }).await?.value)
}
