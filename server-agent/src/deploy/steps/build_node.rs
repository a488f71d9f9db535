//! What a build needs besides where images are built on another engine: that engine has to be fit for it, and what it has made is moved here.
//!
//! Killed at any point, it goes on: an image that is there is not built again, and an engine makes nothing of an image that came in part. The
//! image goes from the build node once it is here; what the next build can use of it stays there, in BuildKit's cache.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use slipway_protocol::deployment::Step;
use slipway_protocol::settings::Limits;

use super::{Context, StepError, build, built};
use crate::build_place::{BuildNodeError, FarBuild};
use crate::disk;
use crate::docker::{Built, DockerError, TransferError};

/// How often the log says how far an image has come.
const TELL: Duration = Duration::from_secs(5);
/// Removing what is not needed any more holds a deployment up for no longer; the sweep does it then.
const TIDY: Duration = Duration::from_secs(3);

/// Before a build. The image, where it was built in an earlier life of the agent and still has to be moved.
pub async fn begin(context: &Context<'_>) -> Result<Option<Built>, StepError> {
    let (app, plan) = (context.app, context.plan);
    let (place, wanted) = (&app.build_place, &plan.settings.build);
    if place.node().is_none() {
        return Ok(None);
    }
    let facts = tokio::select! {
        seen = place.look(&app.docker, wanted.platform().is_some()) => seen?,
        () = context.cancel.cancelled() => return Err(StepError::Cancelled),
    };
    let found = place.docker().find_sized(&plan.image_tag).await;
    if let Some((image, size)) = found.map_err(|error| failed(context, error))? {
        return Ok(Some(built::before(image, size)));
    }
    let version = facts.version;
    context.log.say(
        Step::Build,
        &format!("Building on the build node (Docker {version})"),
    );
    Ok(None)
}

/// The limits of a build on another machine: before it begins a container there holds them, until what is given back is dropped. Where that
/// cannot be, the log says so.
pub async fn hold_limits(
    context: &Context<'_>,
    limits: Limits,
    time: Duration,
) -> Result<Option<FarBuild>, StepError> {
    let Some(far) = context.app.build_place.far_limits() else {
        return Ok(None);
    };
    let build = far.enter(limits, time);
    let settled = tokio::select! {
        settled = build.settle() => settled,
        () = context.cancel.cancelled() => return Err(StepError::Cancelled),
    };
    if limits.memory.is_some() || limits.cpu.is_some() {
        let said = match settled {
            Ok(()) => "The build's limits of memory and processor hold on the build node".to_owned(),
            Err(why) => format!(
                "The build's limits of memory and processor do not hold on the build node ({why}); that of time does"
            ),
        };
        context.log.say(Step::Build, &said);
    }
    Ok(Some(build))
}

/// After a build: the image comes here.
pub async fn fetch(context: &Context<'_>, built: &Built) -> Result<(), StepError> {
    let (place, here, tag) = (
        &context.app.build_place,
        &context.app.docker,
        &context.plan.image_tag,
    );
    let Some(node) = place.node().map(ToString::to_string) else {
        return Ok(());
    };
    insist_on_room(context, built.size).await?;
    let (begun, moved) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let size = megabytes(built.size);
    context.log.say(
        Step::Build,
        &format!("Moving the image here from the build node: {size} MB"),
    );
    let limit = context.plan.limits.build;
    let ended = tokio::select! {
        ended = place.docker().give_image(here, tag, Arc::clone(&moved)) => ended,
        never = tell(context, &moved, size) => match never {},
        () = tokio::time::sleep(Duration::from_secs(limit)) => return Err(BuildNodeError::too_slow(&node, limit).into()),
        () = context.cancel.cancelled() => return Err(StepError::Cancelled),
    };
    ended.map_err(|error| match error {
        TransferError::Giving(error) => failed(context, error),
        TransferError::Taking(error) => error.into(),
    })?;
    let came = here.find_image(tag).await?;
    if came.as_ref() != Some(&built.image) {
        here.remove_image(tag).await?;
        return Err(BuildNodeError::other_image(&node, &built.image, came.as_deref()).into());
    }
    tidy(context).await;
    let (moved, seconds) = (
        megabytes(moved.load(Ordering::Relaxed)),
        begun.elapsed().as_secs(),
    );
    context
        .log
        .say(Step::Build, &format!("Moved {moved} MB in {seconds} s"));
    Ok(())
}

/// An engine whose disk fills up while it takes an image may just hang up, and then nobody knows why: it is looked at beforehand. The image lies there
/// twice for a moment, as it came and unpacked.
async fn insist_on_room(context: &Context<'_>, size: u64) -> Result<(), StepError> {
    let root = context.app.docker.facts().await?.root.unwrap_or_default();
    if disk::has_room_for(&root, size.saturating_mul(2)) {
        Ok(())
    } else {
        Err(DockerError::DiskFull.into())
    }
}

/// Nothing of this deployment stays on the build node but the cache. What cannot be removed now is the sweep's.
pub async fn tidy(context: &Context<'_>) {
    let place = &context.app.build_place;
    if place.node().is_none() {
        return;
    }
    let work = async {
        match place.is_apart(&context.app.docker).await {
            Ok(true) => {}
            // It is this very server's engine, whose images are needed; the build has failed with that.
            Ok(false) => return Ok(true),
            Err(_) => return Ok(false),
        }
        for tag in [build::program_tag(context), context.plan.image_tag.clone()] {
            place.docker().remove_image(&tag).await?;
        }
        Ok::<_, DockerError>(true)
    };
    let removed = tokio::time::timeout(TIDY, work).await;
    if !matches!(removed, Ok(Ok(true))) {
        context.log.say(
            Step::Build,
            "What is left of this build on the build node is removed there a little later",
        );
    }
}

/// What an error of the engine that builds means for the step.
pub fn failed(context: &Context<'_>, error: DockerError) -> StepError {
    match error {
        DockerError::Cancelled => StepError::Cancelled,
        other => context.app.build_place.told(other).into(),
    }
}

async fn tell(context: &Context<'_>, moved: &AtomicU64, size: u64) -> Infallible {
    let mut told = 0;
    loop {
        tokio::time::sleep(TELL).await;
        let now = megabytes(moved.load(Ordering::Relaxed));
        if now != told {
            context
                .log
                .say(Step::Build, &format!("Moving: {now} of about {size} MB"));
            told = now;
        }
    }
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}
