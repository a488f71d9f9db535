//! A command before the release or after the cut-over, in a container of the new image with the release's variables.
//!
//! It is a Swarm service that is never restarted, with the deployment's name: started once, whatever happens to the agent. It is
//! removed when the deployment has ended, so that a killed agent finds it and does not run the command a second time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use slipway_protocol::deployment::{Step, Way};
use slipway_protocol::log_line::LogStream;
use slipway_protocol::settings::CommandLine;
use tokio::time::Instant;

use super::{Context, StepError, release};
use crate::docker::LogRequest;
use crate::domain::rollout::{ObservedTask, TaskState};

const LOOK: Duration = Duration::from_millis(200);
/// So long what it wrote is read once more after its end.
const LAST_LINES: Duration = Duration::from_secs(30);

pub async fn before(context: &Context<'_>) -> Result<Value, StepError> {
    match &context.plan.settings.hooks.before {
        Some(command) => run(context, Step::Before, command).await,
        None => Ok(json!({})),
    }
}

pub async fn after(context: &Context<'_>) -> Result<Value, StepError> {
    match &context.plan.settings.hooks.after {
        Some(command) => match run(context, Step::After, command).await {
            Err(StepError::Cancelled) => {
                undo(context, Step::After).await?;
                let said = format!(
                    "“{command}” was ended, because somebody cancelled it; the new release serves on"
                );
                Err(StepError::Failed(said))
            }
            ended => ended,
        },
        None => Ok(json!({})),
    }
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
    let docker = &context.app.docker;
    let name = name(context, step);
    let image = context.image()?;
    let needs = release::request(context, &image, 1).await?;
    context.log.say(step, &format!("Running {command}"));
    docker
        .ensure_hook(&needs.as_request(context, &name), command)
        .await?;
    let limit = Duration::from_secs(context.plan.limits.hook);
    let ended = tokio::time::timeout(limit, wait(context, step, &name)).await;
    match ended {
        Ok(ended) => ended.map(|()| json!({ "service": name })),
        Err(_) => Err(StepError::Failed(format!(
            "“{command}” took longer than {} s and was stopped",
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
    let begun = Instant::now();
    loop {
        if context.cancel.is_cancelled() {
            return Err(StepError::Cancelled);
        }
        let tasks = context
            .app
            .docker
            .tasks(name, &context.app.config.network)
            .await?;
        if let Some(ended) = tasks.first().and_then(end_of) {
            // Whoever follows is told late, and of a short command perhaps nothing.
            let rest = show(context, step, name, &told, false);
            let _ = tokio::time::timeout(LAST_LINES, rest).await;
            return ended.map_err(StepError::Failed);
        }
        if tasks.is_empty() && begun.elapsed() > Duration::from_secs(30) {
            return Err(StepError::Failed(
                "Docker scheduled no container for the command".to_owned(),
            ));
        }
        tokio::select! {
            () = &mut lines, if !shown => shown = true,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// How a command's only task ended; `None` while it has not.
fn end_of(task: &ObservedTask) -> Option<Result<(), String>> {
    if task.shut_down {
        return Some(Err(
            "the command was stopped before it had ended: its service was changed, or its node was drained; deploy again".to_owned(),
        ));
    }
    match (task.state, task.exit_code) {
        (TaskState::Starting | TaskState::Running, _) => None,
        (TaskState::Ended, Some(0) | None) => Some(Ok(())),
        (TaskState::Ended | TaskState::Failed, Some(code)) => Some(Err(format!(
            "the command ended with exit code {code}; its last lines are in the log"
        ))),
        (TaskState::Failed, None) | (TaskState::Rejected, _) => {
            let said = if task.message.is_empty() {
                "Docker gave no reason"
            } else {
                &task.message
            };
            Some(Err(format!("the command could not be started: {said}")))
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

    fn task(state: TaskState, exit_code: Option<i64>) -> ObservedTask {
        ObservedTask {
            id: "t".to_owned(),
            state,
            message: String::new(),
            exit_code,
            shut_down: false,
            wanted: false,
            address: None,
            container: None,
        }
    }

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

    /// FR-DEP-09: only an exit code of 0 is success, and what still runs has not ended.
    #[test]
    fn only_zero_is_success() {
        assert_eq!(end_of(&task(TaskState::Running, None)), None);
        assert_eq!(end_of(&task(TaskState::Ended, Some(0))), Some(Ok(())));
        assert!(
            end_of(&task(TaskState::Failed, Some(3)))
                .unwrap()
                .unwrap_err()
                .contains("exit code 3")
        );
        assert!(end_of(&task(TaskState::Rejected, None)).unwrap().is_err());
        // Whatever its process said when it was taken away: its work was not done.
        for exit_code in [None, Some(0)] {
            let stopped = ObservedTask {
                shut_down: true,
                ..task(TaskState::Ended, exit_code)
            };
            let said = end_of(&stopped).unwrap().unwrap_err();
            assert!(said.contains("stopped before"), "{said}");
        }
    }
}
