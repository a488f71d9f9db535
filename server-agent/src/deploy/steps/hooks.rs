//! A command before the release or after the cut-over, in a container of the new image with the release's variables.
//!
//! It runs once ([`crate::deploy::once`]) and has the deployment's name. It is removed when the deployment has ended.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use slipway_protocol::deployment::{Step, Way};
use slipway_protocol::log_line::LogStream;
use slipway_protocol::settings::CommandLine;

use super::drain::LOOK_BEHIND;
use super::{Context, StepError, release};
use crate::db::applications;
use crate::deploy::once::{self, InRelease, LAST_LINES, LOOK, Seen, Watched};
use crate::docker::{LogRequest, Once};

pub async fn before(context: &Context<'_>) -> Result<Value, StepError> {
    match &context.plan.settings.hooks.before {
        Some(command) => run(context, Step::Before, command).await,
        None => Ok(json!({})),
    }
}

/// Part of a release that runs: somebody who stops the application ends it too, as one who cancels the deployment does.
pub async fn after(context: &Context<'_>) -> Result<Value, StepError> {
    let Some(command) = &context.plan.settings.hooks.after else {
        return Ok(json!({}));
    };
    // One that an earlier life has begun may have ended by now.
    if !context.interrupted && is_stopped(context).await? {
        return Err(StepError::Failed(format!(
            "“{command}” was not run, because somebody stopped the application; deploy it again to have it run"
        )));
    }
    let why = tokio::select! {
        ended = run(context, Step::After, command) => match ended {
            Err(StepError::Cancelled) => "somebody cancelled it; the new release serves on",
            ended => return ended,
        },
        () = until_stopped(context) => "somebody stopped the application",
    };
    undo(context, Step::After).await?;
    Err(StepError::Failed(format!("“{command}” was ended, because {why}")))
}

async fn until_stopped(context: &Context<'_>) {
    // Where the database cannot be asked, it can be in a moment.
    while !matches!(is_stopped(context).await, Ok(true)) {
        tokio::time::sleep(LOOK_BEHIND).await;
    }
}

async fn is_stopped(context: &Context<'_>) -> Result<bool, sqlx::Error> {
    let mut connection = context.app.db.pool().acquire().await?;
    applications::is_stopped(&mut connection, context.plan.application).await
}

/// Ends the command. What it did to a database cannot be taken back: such a command has to suit the old release as well.
pub async fn undo(context: &Context<'_>, step: Step) -> Result<(), StepError> {
    context.app.docker.remove_service(&name(context, step)).await?;
    if step == Step::Before && context.plan.way == Way::Recreate {
        // It may have the volumes open that the old release opens again.
        release::wait_until_gone(context).await?;
    }
    Ok(())
}

fn name(context: &Context<'_>, step: Step) -> String {
    service_name(context.app.docker.instance(), &context.plan.service, step)
}

/// `<instance>-<12 last characters of the release's service>-before`: Swarm's names have at most 63 characters. It ends as the service of no
/// release does, whatever its application is called.
fn service_name(instance: &str, release: &str, step: Step) -> String {
    let tail = release.get(release.len().saturating_sub(12)..).unwrap_or(release);
    format!("{instance}-{tail}-{}", step.as_str())
}

async fn run(context: &Context<'_>, step: Step, command: &CommandLine) -> Result<Value, StepError> {
    let name = name(context, step);
    let image = context.image()?;
    context.log.say(step, &format!("Running {command}"));
    let release = InRelease {
        deployment: context.id,
        plan: context.plan,
        image: &image,
    };
    once::start(context.app, release, &name, &Once { command, run: None }).await?;
    let limit = Duration::from_secs(context.plan.limits.hook);
    let ended = tokio::time::timeout(limit, wait(context, step, &name)).await;
    match ended {
        Ok(ended) => ended.map(|()| json!({ "service": name })),
        Err(_) => Err(StepError::Failed(format!(
            "“{command}” took longer than {} s and was stopped; give the commands around a release more time in the settings, or let it do less",
            limit.as_secs()
        ))),
    }
}

/// Shows what it writes until it ends.
async fn wait(context: &Context<'_>, step: Step, name: &str) -> Result<(), StepError> {
    let told = Told::default();
    let lines = show(context, step, name, &told, true);
    tokio::pin!(lines);
    let mut shown = false;
    let watched = Watched::new(context.app, name);
    loop {
        if context.cancel.is_cancelled() {
            return Err(StepError::Cancelled);
        }
        if let Seen::Ended(_, end) = watched.look().await? {
            // Whoever follows is told late, and of a short command perhaps nothing.
            let rest = show(context, step, name, &told, false);
            let _ = tokio::time::timeout(LAST_LINES, rest).await;
            return end
                .failure("deploy again")
                .map_or(Ok(()), |failure| Err(StepError::Failed(failure)));
        }
        tokio::select! {
            () = &mut lines, if !shown => shown = true,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// How many lines of each stream are in the deployment's log.
#[derive(Default)]
struct Told {
    out: AtomicUsize,
    err: AtomicUsize,
}

impl Told {
    fn of(&self, stream: LogStream) -> &AtomicUsize {
        match stream {
            LogStream::Stderr => &self.err,
            _ => &self.out,
        }
    }
}

/// Puts into the deployment's log what the command wrote and what is not there yet.
async fn show(context: &Context<'_>, step: Step, name: &str, told: &Told, follow: bool) {
    let request = LogRequest {
        service: name.to_owned(),
        tail: None,
        follow,
    };
    let seen = Told::default();
    let mut lines = Box::pin(context.app.docker.logs(request));
    while let Some(Ok(line)) = lines.next().await {
        let number = seen.of(line.stream).fetch_add(1, Ordering::Relaxed) + 1;
        if told.of(line.stream).fetch_max(number, Ordering::Relaxed) < number {
            context.log.line(step, line.stream, &line.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-09: a command is no release, also of an application that is called like a command's step.
    #[test]
    fn commands_have_names_of_their_own() {
        let release = |name: &str| format!("slipway-{name}-0123456789ab");
        for name in ["web", "before", "after"] {
            let release = release(name);
            let names = [Step::Before, Step::After].map(|step| service_name("slipway", &release, step));
            assert_ne!(names[0], names[1]);
            for other in ["web", "before", "after"] {
                assert!(
                    !names.contains(&format!("slipway-{other}-0123456789ab")),
                    "{names:?}"
                );
            }
        }
    }
}
