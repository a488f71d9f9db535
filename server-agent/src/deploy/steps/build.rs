//! Build the image. Done when an image has this deployment's tag. What another engine than the agent's own needs besides is in
//! `build_node.rs`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use slipway_protocol::build::BuildStep;
use slipway_protocol::deployment::Step;
use slipway_protocol::log_line::LogStream;
use slipway_protocol::settings::{ExternalBuild, ExternalBuilder, Limits, Source};
use slipway_protocol::{RelativePath, Secret, VariableKey};
use tokio::sync::OwnedSemaphorePermit;

use super::{Context, StepError, build_node, built, pin_image, room};
use crate::builders::{self, ExternalError, ExternalRequest, Folder, Recipe, Work};
use crate::deploy::frozen::of_deployment;
use crate::docker::{BuildRequest, Built, DockerError, MADE};
use crate::process::Output;

/// Waiting for a turn is mentioned this often.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let (app, plan) = (context.app, context.plan);
    if let Source::Image(_) = plan.settings.source {
        return pin_image::run(context).await;
    }
    if let Some((image, size)) = app.docker.find_sized(&plan.image_tag).await? {
        // What a program has made for it goes when it is done; the agent may have ended in between.
        app.docker.remove_image(&program_tag(context)).await?;
        build_node::tidy(context).await;
        return Ok(built::output(context, built::before(image, size), None, None));
    }
    // How much a build writes shows when it has.
    let (stop, places) = (
        context.cancel.child_token(),
        room::places_of_images(context).await,
    );
    let stoppable = Context {
        cancel: &stop,
        ..context.clone()
    };
    room::while_there_is_room(make(&stoppable), &stop, &places)
        .await
        .unwrap_or_else(|| Err(DockerError::DiskFull.into()))
}

/// Builds it when its turn comes, and has it here.
async fn make(context: &Context<'_>) -> Result<Value, StepError> {
    let plan = context.plan;
    let folder = build_folder(context)?;
    let builder = builders::choose(&plan.settings.build);
    let work = builder
        .prepare(&Folder::new(&folder), &context.app.bases)
        .map_err(|refusal| StepError::Failed(refusal.to_string()))?;
    let by = built::by(&plan.settings.build, &work);
    let _turn = turn(context).await?;
    let (made, took) = match build_node::begin(context).await? {
        Some(made) => (made, None),
        None => {
            let begun = Instant::now();
            let made = match work {
                Work::BuildKit(recipe) => with_buildkit(context, &folder, &recipe).await?,
                Work::Program(external) => with_program(context, &folder, &external).await?,
            };
            let took = begun.elapsed();
            let (megabytes, seconds) = (made.size.div_ceil(1_000_000), took.as_secs());
            context.log.say(
                Step::Build,
                &format!("Built {} ({megabytes} MB) in {seconds} s", made.image),
            );
            (made, Some(took))
        }
    };
    build_node::fetch(context, &made).await?;
    compare_ports(context, &made.image).await?;
    Ok(built::output(context, made, took, Some(by)))
}

/// Says where the image's own word (EXPOSE) is not what the settings say: requests would be led to nobody, or to the wrong port.
pub async fn compare_ports(context: &Context<'_>, image: &str) -> Result<(), StepError> {
    let exposed = context.app.docker.exposed_ports(image).await?;
    let named = exposed.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    let said = match context.plan.settings.port {
        _ if exposed.is_empty() => return Ok(()),
        Some(port) if exposed.contains(&port.get()) => return Ok(()),
        Some(port) => format!(
            "The image says that it listens on {named}; requests go to port {}, as the settings say",
            port.get()
        ),
        None => format!(
            "The image says that it listens on {named}, and the settings name no port: no request goes to it until they do"
        ),
    };
    context.log.say(Step::Build, &said);
    Ok(())
}

pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    let docker = &context.app.docker;
    build_node::tidy(context).await;
    docker.remove_image(&program_tag(context)).await?;
    // An image that an ending container still holds is the sweep's, which comes when the deployment has ended.
    docker.remove_image(&context.plan.image_tag).await?;
    Ok(())
}

/// Waits until this build may run. A wish to cancel ends the waiting.
async fn turn(context: &Context<'_>) -> Result<OwnedSemaphorePermit, StepError> {
    let turns = &context.app.turns;
    if let Some(turn) = turns.now() {
        return Ok(turn);
    }
    let others = match turns.most() {
        1 => "another build runs".to_owned(),
        most => format!("{most} other builds run"),
    };
    let place = match context.app.build_place.node() {
        Some(_) => "the build node",
        None => "this server",
    };
    let next = turns.next();
    tokio::pin!(next);
    loop {
        context
            .log
            .say(Step::Build, &format!("Waiting for its turn: {others} on {place}"));
        tokio::select! {
            turn = &mut next => {
                return turn.ok_or_else(|| StepError::Failed("the agent is ending; deploy again".to_owned()));
            }
            () = context.cancel.cancelled() => return Err(StepError::Cancelled),
            () = tokio::time::sleep(PATIENCE) => {}
        }
    }
}

async fn with_buildkit(context: &Context<'_>, folder: &Path, recipe: &Recipe) -> Result<Built, StepError> {
    for line in &recipe.said {
        context.log.say(Step::Build, line);
    }
    if let Some(platform) = recipe.platform {
        context
            .log
            .say(Step::Build, &format!("For {platform}, as the settings say"));
    }
    for line in recipe.text().into_iter().flat_map(str::lines) {
        context.log.say(Step::Build, &format!("    {line}"));
    }
    let secrets = secrets(context, &recipe.secrets).await?;
    let (plan, limit) = (context.plan, time(context, recipe.limits));
    let _held = build_node::hold_limits(context, recipe.limits, limit).await?;
    let request = BuildRequest {
        folder,
        dockerfile: &recipe.dockerfile,
        added: recipe.added.clone(),
        ignored: &recipe.ignored,
        target: recipe.target.as_ref(),
        platform: recipe.platform,
        arguments: &recipe.arguments,
        secrets: &secrets,
        tag: &plan.image_tag,
        application: plan.application.to_string(),
        deployment: context.id.to_string(),
        limit,
        cancel: context.cancel,
    };
    let mut on_line = |stream: LogStream, line: &str| context.log.line(Step::Build, stream, line);
    let built = tokio::select! {
        built = context.app.build_place.docker().build(request, &mut on_line) => built,
        never = guarded(context, recipe.limits) => match never {},
    };
    built.map_err(|error| build_node::failed(context, error))
}

/// Keeps a build's limits for as long as it is polled, where it is this kernel that keeps them.
async fn guarded(context: &Context<'_>, limits: Limits) -> Infallible {
    if !context.app.build_place.is_on_this_machine() {
        return std::future::pending().await;
    }
    let guarded = context.app.guard.begin(limits);
    guarded.keep(|trouble| unguarded(context, trouble)).await
}

fn unguarded(context: &Context<'_>, trouble: &str) {
    context.log.say(
        Step::Build,
        &format!("The build's limits of memory and processor cannot be set on this server: {trouble}"),
    );
}

fn time(context: &Context<'_>, limits: Limits) -> Duration {
    let own = limits.time.map(|time| u64::from(time.get()));
    Duration::from_secs(own.unwrap_or(context.plan.limits.build))
}

/// The program makes an image of its own name; one more build gives it the labels that say whose it is.
async fn with_program(
    context: &Context<'_>,
    folder: &Path,
    external: &ExternalBuild,
) -> Result<Built, StepError> {
    let (app, config) = (context.app, &context.app.config);
    let docker = app.build_place.docker();
    let (home, tag) = (context.folder().join("builder"), program_tag(context));
    std::fs::create_dir_all(&home)?;
    let limit = time(context, external.limits);
    let name = external.builder.program();
    context.log.say(Step::Build, &format!("Building with {name}"));
    let mut caches = Vec::new();
    if external.builder == ExternalBuilder::Buildpacks {
        for kind in ["build", "launch"] {
            let volume = docker.ensure_cache(context.plan.application, kind).await;
            caches.push((kind, volume.map_err(|error| build_node::failed(context, error))?));
        }
    }
    let request = ExternalRequest {
        builder: external.builder,
        programs: config.builders_dir.as_deref(),
        folder,
        tag: &tag,
        docker: &app.build_place.docker_address(),
        buildkit: config.buildkit_host.as_deref(),
        home: &home,
        bases: &app.bases,
        caches: &caches,
        limit,
        cancel: context.cancel,
    };
    let held = build_node::hold_limits(context, external.limits, limit).await?;
    let begun = Instant::now();
    let ran = request.run(|output, line| {
        let stream = match output {
            Output::Stdout => LogStream::Stdout,
            Output::Stderr => LogStream::Stderr,
        };
        context.log.line(Step::Build, stream, line);
    });
    let ran = tokio::select! {
        ran = ran => ran,
        never = guarded(context, external.limits) => match never {},
    };
    ran.map_err(|error| match error {
        ExternalError::Cancelled => StepError::Cancelled,
        other => StepError::Failed(other.to_string()),
    })?;
    let took = begun.elapsed();
    drop(held);
    let found = docker.find_image(&tag).await;
    if found
        .map_err(|error| build_node::failed(context, error))?
        .is_none()
    {
        return Err(StepError::Failed(format!(
            "{name} reported no error, but there is no image in Docker; look at what it wrote in the log"
        )));
    }
    let empty = home.join("empty");
    std::fs::create_dir_all(&empty)?;
    let built = with_buildkit(context, &empty, &Recipe::of_image(&tag)).await?;
    let removed = docker.remove_image(&tag).await;
    removed.map_err(|error| build_node::failed(context, error))?;
    // What the program did is one step; putting the labels on is nobody's.
    let step = BuildStep {
        name: format!("{name} build"),
        milliseconds: built::in_milliseconds(took),
        cached: false,
        added: Some(built.size),
    };
    Ok(Built {
        steps: vec![step],
        more_steps: 0,
        ..built
    })
}

pub(super) fn program_tag(context: &Context<'_>) -> String {
    format!("{}{MADE}", context.plan.image_tag)
}

/// The values of the variables that the build may read.
async fn secrets(
    context: &Context<'_>,
    wanted: &[VariableKey],
) -> Result<BTreeMap<VariableKey, Secret<String>>, StepError> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut connection = context.app.db.pool().acquire().await?;
    let frozen = of_deployment(&context.app.sealer, &mut connection, context.id).await?;
    drop(connection);
    let found = wanted.iter().map(|key| match frozen.value(key.as_str()) {
        Some(value) => Ok((key.clone(), Secret::new(value.to_owned()))),
        None => Err(StepError::Failed(format!(
            "the build wants the variable {key} as a secret, and the application has none of that name; set it, or take \
             it out of the build's secrets"
        ))),
    });
    found.collect()
}

/// The folder to build, which a hostile repository cannot point elsewhere with a link.
fn build_folder(context: &Context<'_>) -> Result<PathBuf, StepError> {
    let settings = &context.plan.settings;
    let here = RelativePath::here();
    let source = settings.source.folder().unwrap_or(&here);
    let checkout = context.folder().join("source").canonicalize()?;
    let folder = below(&checkout, source)?;
    match builders::folder_below(&settings.build) {
        inner if inner == here => Ok(folder),
        inner => below(&folder, &inner),
    }
}

fn below(outer: &Path, wanted: &RelativePath) -> Result<PathBuf, StepError> {
    let absent = || {
        StepError::Failed(format!(
            "the repository has no folder {wanted} at this commit; check the application's settings"
        ))
    };
    let folder = outer.join(wanted.as_str()).canonicalize().map_err(|_| absent())?;
    if !folder.starts_with(outer) || !folder.is_dir() {
        return Err(absent());
    }
    Ok(folder)
}
