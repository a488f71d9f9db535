//! `slipway file`: files with content that an application's containers find at a path.

use std::io::Read;
use std::path::PathBuf;

use slipway_protocol::Secret;
use slipway_protocol::api::{DeleteFile, ListFiles, RevealFile, SetFile};
use slipway_protocol::file::{FileMode, FileView, LARGEST_FILE, SetFile as Content};
use slipway_protocol::settings::ContainerPath;

use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;
use crate::output;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Set a file from standard input; it takes effect with the next deployment.
    Set {
        app: String,
        /// Where the containers find it: an absolute path.
        path: String,
        /// A file to read instead of standard input.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Its mode in octal; a new file has 0444. It belongs to the container's root.
        #[arg(long)]
        mode: Option<String>,
    },
    /// The files, without their content.
    List {
        #[arg(default_value = HERE)]
        app: String,
    },
    /// Remove a file; takes effect with the next deployment.
    Remove { app: String, path: String },
    /// Print a file's content; it stands in the audit log.
    Reveal { app: String, path: String },
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Set {
            app,
            path,
            from,
            mode,
        } => {
            let body = Content {
                path: ContainerPath::parse(&path)?,
                content: read(from)?,
                mode: mode.as_deref().map(FileMode::parse).transpose()?,
            };
            set(context, &app, body).await
        }
        Command::List { app } => list(context, &app).await,
        Command::Remove { app, path } => remove(context, &app, ContainerPath::parse(&path)?).await,
        Command::Reveal { app, path } => reveal(context, &app, ContainerPath::parse(&path)?).await,
    }
}

fn read(from: Option<PathBuf>) -> Result<Secret<Vec<u8>>, CliError> {
    let limit = u64::try_from(LARGEST_FILE).unwrap_or(u64::MAX) + 1;
    let mut content = Vec::new();
    let done = match &from {
        Some(path) => std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut content)),
        None => std::io::stdin().lock().take(limit).read_to_end(&mut content),
    };
    let name = from.map_or("Standard input".to_owned(), |path| path.display().to_string());
    done.map_err(|error| CliError::Failed(format!("{name} could not be read: {error}.")))?;
    if content.is_empty() || content.len() > LARGEST_FILE {
        return Err(CliError::Usage(format!(
            "{name} is empty or has more than {LARGEST_FILE} bytes; a file has between 1 and that many."
        )));
    }
    Ok(Secret::new(content))
}

async fn set(context: &Context, app: &str, body: Content) -> Result<(), CliError> {
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    let view = connection.send(SetFile { application, body }).await?;
    if context.json {
        return output::json(&view);
    }
    output::line(&format!(
        "Set {} ({} B, {}); it takes effect with the next deployment.",
        view.path, view.length, view.mode
    ));
    Ok(())
}

async fn list(context: &Context, app: &str) -> Result<(), CliError> {
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    let files = connection.send(ListFiles { application }).await?;
    if context.json {
        return output::json(&files);
    }
    let row = |file: &FileView| {
        vec![
            file.path.to_string(),
            format!("{} B", file.length),
            file.mode.to_string(),
            output::time(&file.updated_at),
        ]
    };
    let rows: Vec<_> = files.iter().map(row).collect();
    output::table(&["file", "content", "mode", "set"], &rows, "It has no files.");
    Ok(())
}

async fn remove(context: &Context, app: &str, path: ContainerPath) -> Result<(), CliError> {
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    connection.send(DeleteFile { application, path }).await?;
    if context.json {
        return output::json(&());
    }
    output::line("Removed; it takes effect with the next deployment.");
    Ok(())
}

async fn reveal(context: &Context, app: &str, path: ContainerPath) -> Result<(), CliError> {
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    let file = connection.send(RevealFile { application, path }).await?;
    if context.json {
        return output::json(&file);
    }
    output::exactly(file.content.expose());
    Ok(())
}
