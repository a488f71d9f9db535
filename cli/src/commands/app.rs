//! `slipway app`: applications.

use std::path::PathBuf;

use slipway_protocol::api::{
    CreateApplication, CreateDomain, DeleteApplication, DuplicateApplication, ListApplications, ListProjects,
    MoveApplication, PreviewApplicationDeletion, SetTags,
};
use slipway_protocol::application::{
    ApplicationView, DuplicateApplication as ApplicationCopy, MoveApplication as Destination, NewApplication,
    ObservedStatus, Tags,
};
use slipway_protocol::domain::NewDomain;
use slipway_protocol::git::{GitRef, GitUrl};
use slipway_protocol::settings::{
    ApplicationSettings, AutomaticBuild, Build, DockerfileBuild, GitSource, HealthCheck, ImageSource,
    Platform, Port, Replicas, Source, UploadSource,
};
use slipway_protocol::{ApplicationName, HostName, ImageReference, RelativePath, UrlPath, count};

use super::{access, settings};
use crate::context::{Context, application};
use crate::deletion::{Confirmation, agreed, report};
use crate::error::CliError;
use crate::here::HERE;
use crate::{output, scope};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Create an application; nothing runs until it is deployed.
    Create(Box<Create>),
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
    /// Every setting by its name, as plans and comparisons name it.
    Settings {
        #[arg(default_value = HERE)]
        app: String,
    },
    /// Change settings by their names, which “app settings” shows; they take effect with the next deployment or reload.
    ///
    /// container.resources.memory=512, container.volumes.1={"name":"data","path":"/data"}: what is JSON is taken as that, and port= takes the port away.
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

#[derive(clap::Args)]
pub struct Create {
    name: String,
    /// The project; not needed if there is only one.
    #[arg(long, short)]
    project: Option<String>,
    /// The project's environment.
    #[arg(long, default_value = "production")]
    env: String,
    #[command(flatten)]
    from: From,
    /// Branch, tag or commit.
    #[arg(long = "ref", default_value = "main")]
    reference: String,
    /// The folder of the repository or upload that is built.
    #[arg(long, default_value = ".")]
    folder: String,
    /// Check out the repository's submodules too.
    #[arg(long, requires = "git")]
    submodules: bool,
    /// Fetch the repository's files of Git LFS.
    #[arg(long, requires = "git")]
    lfs: bool,
    /// The Dockerfile, below that folder. Without it: the folder's Dockerfile, or what is found there.
    #[arg(long)]
    dockerfile: Option<PathBuf>,
    /// What the image is built for, like linux/arm64; without it, the server's own platform.
    #[arg(long, conflicts_with = "image", value_parser = Platform::named)]
    platform: Option<Platform>,
    /// The port on which the application listens. Without one it is a worker: nothing is routed to it.
    #[arg(long)]
    port: Option<u16>,
    #[arg(long, default_value_t = 1)]
    replicas: u16,
    /// A path that answers 2xx or 3xx once the application is healthy.
    #[arg(long, value_name = "PATH")]
    health: Option<String>,
    /// A host name that leads to it; may be given several times.
    #[arg(long, value_name = "HOST")]
    domain: Vec<String>,
}

/// Where it comes from; one of them.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub struct From {
    /// The git repository: https://…, ssh://…, user@host:path, or a path on the server.
    #[arg(long, value_name = "URL")]
    git: Option<String>,
    /// An image of a registry; each deployment pins its digest.
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// A folder of this machine, sent with “slipway deploy APP FOLDER”.
    #[arg(long)]
    upload: bool,
}

fn source(create: &Create) -> Result<Source, CliError> {
    let folder = RelativePath::parse(&create.folder)?;
    Ok(match (&create.from.git, &create.from.image) {
        (Some(url), _) => Source::Git(GitSource {
            url: GitUrl::parse(url)?,
            reference: GitRef::parse(&create.reference)?,
            folder,
            submodules: create.submodules,
            lfs: create.lfs,
        }),
        (None, Some(image)) => Source::Image(ImageSource {
            image: ImageReference::parse(image)?,
        }),
        (None, None) => Source::Upload(UploadSource { folder }),
    })
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Create(create) => self::create(context, *create).await,
        Command::List { tag } => list(context, &tag).await,
        Command::Tags { app, tags, none } => self::tags(context, &app, &tags, none).await,
        Command::Show { app } => show(context, &app).await,
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

fn settings_of(create: &Create) -> Result<ApplicationSettings, CliError> {
    let usage = |reason: &str| CliError::Usage(format!("The value is not valid: {reason}."));
    let source = source(create)?;
    let port = create.port.map(|port| Port::try_from(u64::from(port)));
    let mut settings = ApplicationSettings::new(source, port.transpose().map_err(usage)?);
    let platform = create.platform;
    settings.build = match &create.dockerfile {
        Some(file) => Build::Dockerfile(DockerfileBuild {
            file: RelativePath::parse(&file.to_string_lossy())?,
            platform,
            ..DockerfileBuild::default()
        }),
        None => Build::Automatic(AutomaticBuild {
            platform,
            ..AutomaticBuild::default()
        }),
    };
    settings.replicas = Replicas::try_from(u64::from(create.replicas)).map_err(usage)?;
    if let Some(path) = &create.health {
        settings.health = HealthCheck::http(UrlPath::parse(path)?);
    }
    Ok(settings)
}

async fn create(context: &Context, create: Create) -> Result<(), CliError> {
    // Everything is parsed before anything is made.
    let name = ApplicationName::parse(&create.name)?;
    let settings = settings_of(&create)?;
    let hosts = create
        .domain
        .iter()
        .map(|host| HostName::parse(host))
        .collect::<Result<Vec<_>, _>>()?;
    let connection = context.connect().await?;
    let environment = scope::environment_of(&connection, create.project.as_deref(), &create.env).await?;
    let body = NewApplication { name, settings };
    let view = connection.send(CreateApplication { environment, body }).await?;
    for host in hosts {
        let body = NewDomain {
            host,
            path: UrlPath::parse("/")?,
        };
        let application = view.id;
        if let Err(error) = connection.send(CreateDomain { application, body }).await {
            // A second attempt would find the name taken.
            output::note(&format!(
                "“{}” was created, but not all of its domains; the rest can be added with “slipway domain add”.",
                view.name
            ));
            return Err(error.into());
        }
    }
    let view = application(&connection, &view.id.to_string()).await?;
    if context.json {
        return output::json(&view);
    }
    let folder = match view.settings.source {
        Source::Upload(_) => " .",
        Source::Git(_) | Source::Image(_) => "",
    };
    output::line(&format!(
        "Created “{}”; deploy it with “slipway deploy {}{folder} --follow”.",
        view.name, view.name
    ));
    Ok(())
}

async fn list(context: &Context, tags: &[String]) -> Result<(), CliError> {
    let wanted = super::tags(tags)?;
    let connection = context.connect().await?;
    let mut views = connection.send(ListApplications { environment: None }).await?;
    views.retain(|view| wanted.iter().all(|tag| view.tags.contains(tag)));
    if context.json {
        return output::json(&views);
    }
    let projects = connection.send(ListProjects {}).await?;
    let place = |view: &ApplicationView| {
        let project = projects.iter().find(|project| project.id == view.project);
        let environment =
            project.and_then(|project| project.environments.iter().find(|env| env.id == view.environment));
        match (project, environment) {
            (Some(project), Some(environment)) => format!("{}/{}", project.name, environment.name),
            _ => "-".to_owned(),
        }
    };
    let row = |view: &ApplicationView| {
        let url = view.domains.first().map_or("-", |domain| domain.url.as_str());
        vec![
            view.name.to_string(),
            place(view),
            observed(view).to_owned(),
            last(view),
            url.to_owned(),
            view.id.to_string(),
        ]
    };
    let rows: Vec<_> = views.iter().map(row).collect();
    output::table(
        &[
            "application",
            "environment",
            "now",
            "last deployment",
            "address",
            "id",
        ],
        &rows,
        if wanted.is_empty() {
            "There is no application yet; create one with “slipway app create”."
        } else {
            "No application has these tags; “slipway app list” shows all."
        },
    );
    Ok(())
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

fn observed(view: &ApplicationView) -> &'static str {
    match view.observed {
        ObservedStatus::Absent => "not deployed",
        ObservedStatus::Running => "running",
        ObservedStatus::Degraded => "degraded",
        ObservedStatus::Down => "down",
        ObservedStatus::Stopped => "stopped",
        ObservedStatus::Unknown => "unknown",
    }
}

/// Goes on after the number of tasks.
fn unhealthy(view: &ApplicationView) -> String {
    match &view.unhealthy {
        Some(unhealthy) => format!("; {} unhealthy: {}", unhealthy.tasks, unhealthy.said),
        None => String::new(),
    }
}

fn last(view: &ApplicationView) -> String {
    match &view.last_deployment {
        Some(deployment) => format!("{} {}", deployment.number, output::status(deployment.status)),
        None => "-".to_owned(),
    }
}

async fn show(context: &Context, app: &str) -> Result<(), CliError> {
    let (_, view) = context.application(app).await?;
    if context.json {
        return output::json(&view);
    }
    let settings = &view.settings;
    let mut fields = vec![
        ("name", view.name.to_string()),
        ("id", view.id.to_string()),
        (
            "now",
            format!(
                "{} ({} of {}{})",
                observed(&view),
                view.observed_tasks,
                count::in_words(usize::from(view.wanted_tasks), "task", "tasks"),
                unhealthy(&view)
            ),
        ),
        ("source", settings.source.to_string()),
        (
            "folder",
            settings
                .source
                .folder()
                .map_or("-".to_owned(), ToString::to_string),
        ),
        ("built from", settings.build.to_string()),
        (
            "port",
            settings
                .port
                .map_or("-".to_owned(), |port| port.get().to_string()),
        ),
        ("health", settings.health.in_words(settings.port)),
        ("last deployment", last(&view)),
        (
            "serving",
            view.serving.as_ref().map_or("-".to_owned(), |serving| {
                format!("{} {}", serving.number, output::commit(serving))
            }),
        ),
    ];
    fields.extend(view.domains.iter().map(|domain| ("address", domain.url.clone())));
    fields.extend(view.drift.iter().map(|one| {
        (
            "changed outside",
            format!("{}: {} instead of {}", one.what, one.found, one.wanted),
        )
    }));
    if view.pending_changes {
        fields.push(("changes", "wait for the next deployment".to_owned()));
    }
    for (name, value) in fields {
        output::line(&format!("{name:<16} {}", output::plain(&value)));
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
