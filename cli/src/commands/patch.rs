//! `slipway patch`: small files that are laid over an application's source.

use std::io::Read;
use std::path::{Path, PathBuf};

use slipway_protocol::RelativePath;
use slipway_protocol::api::{DeletePatch, ListPatches, SetPatch};
use slipway_protocol::patch::{LARGEST_PATCH, NewPatch, PatchView};

use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;
use crate::output;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Lay a file over the source, from the next deployment on.
    Set {
        app: String,
        /// Where it goes, below the source's top folder.
        path: String,
        /// The file with the content; standard input without one.
        #[arg(long)]
        from: Option<PathBuf>,
    },
    /// The files, with their length.
    List {
        #[arg(default_value = HERE)]
        app: String,
    },
    /// Take a file away, from the next deployment on.
    Remove { app: String, path: String },
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Set { app, path, from } => set(context, &app, &path, from.as_deref()).await,
        Command::List { app } => list(context, &app).await,
        Command::Remove { app, path } => remove(context, &app, &path).await,
    }
}

fn content(from: Option<&Path>) -> Result<String, CliError> {
    let unread = |error: std::io::Error| CliError::Failed(format!("The content could not be read: {error}."));
    let source: Box<dyn Read> = match from {
        Some(path) => Box::new(std::fs::File::open(path).map_err(unread)?),
        None => Box::new(std::io::stdin().lock()),
    };
    let mut text = String::new();
    source
        .take(LARGEST_PATCH as u64 + 1)
        .read_to_string(&mut text)
        .map_err(unread)?;
    if text.len() > LARGEST_PATCH {
        let most = LARGEST_PATCH >> 10;
        return Err(CliError::Usage(format!(
            "A patch has at most {most} KiB; change the source itself."
        )));
    }
    Ok(text)
}

async fn set(context: &Context, app: &str, path: &str, from: Option<&Path>) -> Result<(), CliError> {
    let path = RelativePath::parse(path)?;
    let body = NewPatch {
        content: content(from)?,
    };
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    let view = connection
        .send(SetPatch {
            application,
            path,
            body,
        })
        .await?;
    if context.json {
        return output::json(&view);
    }
    output::line(&format!(
        "{} is laid over the source with the next deployment.",
        view.path
    ));
    Ok(())
}

async fn list(context: &Context, app: &str) -> Result<(), CliError> {
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    let all = connection.send(ListPatches { application }).await?;
    if context.json {
        return output::json(&all);
    }
    let row = |view: &PatchView| {
        vec![
            view.path.to_string(),
            format!("{} B", view.content.len()),
            output::time(&view.updated_at),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    output::table(&["file", "content", "set"], &rows, "It has no patches.");
    Ok(())
}

async fn remove(context: &Context, app: &str, path: &str) -> Result<(), CliError> {
    let path = RelativePath::parse(path)?;
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    let request = DeletePatch {
        application,
        path: path.clone(),
    };
    connection.send(request).await?;
    if context.json {
        return output::json(&());
    }
    output::line(&format!(
        "{path} is no longer laid over the source, from the next deployment on."
    ));
    Ok(())
}
