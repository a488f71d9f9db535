//! Build the image. Done when an image has this deployment's tag.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use slipway_protocol::RelativePath;
use slipway_protocol::deployment::Step;
use slipway_protocol::settings::Build;

use super::{Context, StepError};
use crate::docker::{BuildRequest, DockerError};

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let (docker, plan) = (&context.app.docker, context.plan);
    if let Some(image) = docker.find_image(&plan.image_tag).await? {
        return Ok(json!({ "image": image }));
    }
    let dockerfile = match &plan.settings.build {
        Build::Dockerfile(build) => build.file.clone(),
        Build::Automatic | Build::Static(_) | Build::External(_) => RelativePath::dockerfile(),
    };
    let folder = build_folder(context, &dockerfile)?;
    context
        .log
        .say(Step::Build, &format!("Building {dockerfile} with BuildKit"));
    let request = BuildRequest {
        folder: &folder,
        dockerfile: &dockerfile,
        tag: &plan.image_tag,
        application: plan.application.to_string(),
        deployment: context.id.to_string(),
        limit: Duration::from_secs(plan.limits.build),
        cancel: context.cancel,
    };
    let built = docker
        .build(request, &mut |stream, line| {
            context.log.line(Step::Build, stream, &line)
        })
        .await;
    let image = built.map_err(|error| match error {
        DockerError::Cancelled => StepError::Cancelled,
        other => other.into(),
    })?;
    context.log.say(Step::Build, &format!("Built {image}"));
    Ok(json!({ "image": image }))
}

pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    // An image that an ending container still holds is the sweep's, which comes when the deployment has ended.
    context.app.docker.remove_image(&context.plan.image_tag).await?;
    Ok(())
}

/// The folder to build, which a hostile repository cannot point elsewhere with a link; its Dockerfile must be a plain file in it.
fn build_folder(context: &Context<'_>, dockerfile: &RelativePath) -> Result<PathBuf, StepError> {
    let settings = &context.plan.settings;
    let checkout = context.folder().join("source").canonicalize()?;
    let absent = |what: &str, path: &str| {
        StepError::Failed(format!(
            "the repository has no {what} {path} at this commit; check the application's settings"
        ))
    };
    let wanted = settings.source.folder().map_or(".", RelativePath::as_str);
    let folder = checkout
        .join(wanted)
        .canonicalize()
        .map_err(|_| absent("folder", wanted))?;
    let dockerfile = dockerfile.as_str();
    let file = folder
        .join(dockerfile)
        .canonicalize()
        .map_err(|_| absent("Dockerfile", dockerfile))?;
    if !folder.starts_with(&checkout) || !folder.is_dir() {
        return Err(absent("folder", wanted));
    }
    if !file.starts_with(&folder) || !file.is_file() {
        return Err(absent("Dockerfile", dockerfile));
    }
    Ok(folder)
}
