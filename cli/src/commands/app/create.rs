//! `slipway app create`.

use std::path::PathBuf;

use slipway_protocol::api::{CreateApplication, CreateDomain};
use slipway_protocol::application::NewApplication;
use slipway_protocol::domain::NewDomain;
use slipway_protocol::git::{GitRef, GitUrl};
use slipway_protocol::settings::{
    ApplicationSettings, AutomaticBuild, Build, DockerfileBuild, GitSource, HealthCheck, ImageSource,
    Platform, Port, Replicas, Source, UploadSource,
};
use slipway_protocol::{ApplicationName, HostName, ImageReference, RelativePath, UrlPath};

use crate::context::{Context, application};
use crate::error::CliError;
use crate::{output, scope};

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

fn settings(create: &Create) -> Result<ApplicationSettings, CliError> {
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

pub async fn run(context: &Context, create: Create) -> Result<(), CliError> {
    // Everything is parsed before anything is made.
    let name = ApplicationName::parse(&create.name)?;
    let settings = settings(&create)?;
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
