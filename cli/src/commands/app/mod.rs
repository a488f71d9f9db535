//! `slipway app`: applications.

mod create;
mod settings;
mod shown;

use slipway_protocol::ApplicationName;
use slipway_protocol::api::{
    DeleteApplication, DuplicateApplication, MoveApplication, PreviewApplicationDeletion, SetTags,
};
use slipway_protocol::application::{
    DuplicateApplication as ApplicationCopy, MoveApplication as Destination, Tags,
};

use super::access;
use crate::context::Context;
use crate::deletion::{Confirmation, agreed, report};
use crate::error::CliError;
use crate::here::HERE;
use crate::{output, scope};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Create an application; nothing runs until it is deployed.
    Create(Box<create::Create>),
    /// The applications.
    List {
        /// Only those with this tag; of several, with all of them.
        #[arg(long)]
        tag: Vec<String>,
    },
    /// The words by which an application is found again; with some, sets them in the place of those that it has.
    Tags {
        app: String,
        tags: Vec<String>,
        /// Take all of them away.
        #[arg(long, conflicts_with = "tags")]
        none: bool,
    },
    /// One application: settings, domains, what is seen of it.
    Show {
        #[arg(default_value = HERE)]
        app: String,
    },
    /// Every setting by its name, as plans and comparisons name it; a few, as hooks.limit, stand there only once they are set.
    Settings {
        #[arg(default_value = HERE)]
        app: String,
    },
    /// Change settings by their names, which “app settings” shows; they take effect with the next deployment or reload.
    ///
    /// container.resources.memory=512, container.volumes.1={"name":"data","path":"/data"}: what is JSON is taken as that; port= takes the port away, and container.volumes.1= the first volume.
    Set {
        app: String,
        #[arg(required = true, value_name = "NAME=VALUE")]
        settings: Vec<String>,
    },
    /// A key for a private repository over SSH: makes one, and shows the public half to paste at the git server.
    Key {
        #[arg(default_value = HERE)]
        app: String,
        /// Make another key in the place of the one that there is.
        #[arg(long)]
        renew: bool,
        #[arg(long, conflicts_with = "renew")]
        remove: bool,
    },
    /// A token for a private repository over HTTPS, read from the first line of standard input.
    Token {
        #[arg(default_value = HERE)]
        app: String,
        /// The user name that the git server wants beside it.
        #[arg(long, default_value = "oauth2")]
        user: String,
        #[arg(long)]
        remove: bool,
    },
    /// A URL that asks for a deployment, for CI jobs: makes one, or shows the one that there is. Its secret is told once.
    DeployUrl {
        #[arg(default_value = HERE)]
        app: String,
        /// Give it another secret; the old one is of no use any more.
        #[arg(long)]
        renew: bool,
        #[arg(long, conflicts_with = "renew")]
        remove: bool,
    },
    /// Copy an application's settings, variables and files; not its domains, its data and its history.
    Duplicate {
        app: String,
        /// The copy's name.
        name: String,
        /// Where it goes, as PROJECT/ENVIRONMENT; without it, beside the original.
        #[arg(long, value_name = "PROJECT/NAME")]
        to: Option<String>,
    },
    /// Move an application to another environment. What runs goes on; the variables of its new place take effect with the next deployment.
    Move {
        app: String,
        /// The environment, as PROJECT/NAME.
        to: String,
    },
    /// Remove an application with its services, images, volumes, variables and history. What goes is shown first.
    Delete {
        app: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Create(create) => create::run(context, *create).await,
        Command::List { tag } => shown::list(context, &tag).await,
        Command::Tags { app, tags, none } => self::tags(context, &app, &tags, none).await,
        Command::Show { app } => shown::show(context, &app).await,
        Command::Settings { app } => settings::show(context, &app).await,
        Command::Set { app, settings } => settings::set(context, &app, &settings).await,
        Command::DeployUrl { app, renew, remove } => access::deploy_url(context, &app, renew, remove).await,
        Command::Key { app, renew, remove } => access::key(context, &app, renew, remove).await,
        Command::Token { app, user, remove } => access::token(context, &app, &user, remove).await,
        Command::Duplicate { app, name, to } => duplicate(context, &app, &name, to).await,
        Command::Move { app, to } => relocate(context, &app, &to).await,
        Command::Delete { app, confirmation } => delete(context, &app, confirmation).await,
    }
}

async fn tags(context: &Context, app: &str, tags: &[String], none: bool) -> Result<(), CliError> {
    let tags = super::tags(tags)?;
    let (connection, mut view) = context.application(app).await?;
    if none || !tags.is_empty() {
        let (application, body) = (view.id, Tags { tags });
        view = connection.send(SetTags { application, body }).await?;
    }
    if context.json {
        return output::json(&view.tags);
    }
    if view.tags.is_empty() {
        output::line(&format!("“{}” has no tags.", view.name));
    }
    for tag in &view.tags {
        output::line(tag.as_str());
    }
    Ok(())
}

async fn duplicate(context: &Context, app: &str, name: &str, to: Option<String>) -> Result<(), CliError> {
    let name = ApplicationName::parse(name)?;
    let (connection, original) = context.application(app).await?;
    let environment = match to {
        Some(place) => Some(scope::environment(&connection, &place).await?),
        None => None,
    };
    let body = ApplicationCopy { name, environment };
    let application = original.id;
    let view = connection
        .send(DuplicateApplication { application, body })
        .await?;
    if context.json {
        return output::json(&view);
    }
    output::line(&format!(
        "Copied as “{}” ({}), without domains; nothing of it runs until it is deployed.",
        view.name, view.id
    ));
    Ok(())
}

async fn relocate(context: &Context, app: &str, to: &str) -> Result<(), CliError> {
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    let body = Destination {
        environment: scope::environment(&connection, to).await?,
    };
    let view = connection.send(MoveApplication { application, body }).await?;
    if context.json {
        return output::json(&view);
    }
    output::line(&format!("Moved “{}” to {}.", view.name, output::plain(to)));
    Ok(())
}

async fn delete(context: &Context, app: &str, confirmation: Confirmation) -> Result<(), CliError> {
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    let what = connection
        .send(PreviewApplicationDeletion { application })
        .await?;
    let confirm = agreed(&what, confirmation)?;
    connection
        .send(DeleteApplication { application, confirm })
        .await?;
    report(&what, context.json)
}
