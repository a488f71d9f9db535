//! Wait until the release's tasks run and each answers through the edge. It only observes; killed and run again, it looks again.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use slipway_protocol::application::HealthCheck;
use slipway_protocol::deployment::Step;
use tokio::time::Instant;

use super::{Context, StepError, witness};
use crate::deploy::routes::apply_routes;
use crate::docker::LogRequest;
use crate::domain::explain::seen::Answer;
use crate::domain::rollout::{ObservedTask, TaskState, Verdict, judge};
use crate::domain::routes::{Probe, server_url};
use crate::traefik::EdgeApi;

/// The last answer of each task, by the task's id.
type Answers = BTreeMap<String, Answer>;

const LOOK: Duration = Duration::from_millis(200);
/// A release that runs, but is not healthy for so long, is looked at: who waits at the log may know what is wrong.
const PATIENCE: Duration = Duration::from_secs(15);
/// A failed release's last lines in the deployment's log.
const LAST_LINES: u32 = 30;

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    context
        .log
        .say(Step::Gate, "Waiting until the new tasks are healthy");
    let ended = wait(context).await;
    close(context).await;
    match ended {
        Ok(tasks) => {
            context.log.say(Step::Gate, "Every new task answers");
            Ok(json!({ "tasks": tasks }))
        }
        Err(error) => {
            show_last_lines(context).await;
            Err(error)
        }
    }
}

pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    close(context).await;
    Ok(())
}

async fn wait(context: &Context<'_>) -> Result<usize, StepError> {
    let (app, plan) = (context.app, context.plan);
    let (begun, limit) = (Instant::now(), Duration::from_secs(plan.limits.gate));
    let wanted = usize::from(plan.settings.replicas.get());
    let mut open: Vec<Probe> = Vec::new();
    let mut answers = Answers::new();
    let mut told = false;
    loop {
        if context.cancel.is_cancelled() {
            return Err(StepError::Cancelled);
        }
        let tasks = app.docker.tasks(&plan.service, &app.config.network).await?;
        match judge(&tasks, wanted, begun.elapsed(), limit) {
            Verdict::Failed(reason) => {
                let seen = Box::new(witness::of_ended(&app.docker, &tasks).await);
                return Err(StepError::Unhealthy { reason, seen });
            }
            Verdict::Converging => {}
            Verdict::Up => {
                let probes = probes(context, &tasks);
                if probes != open {
                    app.probes.open(context.id, probes.clone());
                    apply_routes(app).await?;
                    open = probes;
                }
                if ask_all(context, &open, &mut answers).await {
                    return Ok(open.len());
                }
                if !told && begun.elapsed() >= PATIENCE {
                    told = true;
                    tell_so_far(context, &tasks, &answers).await;
                }
            }
        }
        if begun.elapsed() >= limit {
            if let Err(error) = app.edge.alive().await {
                return Err(error.into());
            }
            return Err(no_answer(context, &tasks, &answers).await);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A way to each running task, each with a value of its own.
fn probes(context: &Context<'_>, tasks: &[ObservedTask]) -> Vec<Probe> {
    let running = tasks
        .iter()
        .filter(|task| task.wanted && task.state == TaskState::Running);
    let mut probes: Vec<Probe> = running
        .filter_map(|task| {
            let server = server_url(task.address.as_ref()?, context.plan.settings.port.get());
            Some(Probe {
                name: format!("probe-{}", task.id),
                task: task.id.clone(),
                token: format!("{}-{}", context.plan.probe_token, task.id),
                server,
            })
        })
        .collect();
    probes.sort_by(|a, b| a.name.cmp(&b.name));
    probes
}

/// Whether every task is healthy. It asks up to the first that is not, and notes the answers.
async fn ask_all(context: &Context<'_>, probes: &[Probe], answers: &mut Answers) -> bool {
    let health = &context.plan.settings.health;
    for probe in probes {
        let answer = ask(&context.app.edge, probe, asked_path(health)).await;
        answers.insert(probe.task.clone(), answer);
        if !is_healthy(health, answer) {
            return false;
        }
    }
    true
}

async fn ask(edge: &EdgeApi, probe: &Probe, path: &str) -> Answer {
    let ask = async || match edge.probe(&probe.token, path).await {
        Ok(Some(status)) => Answer::of_status(status.as_u16()),
        Ok(None) => Answer::NoWay,
        // No answer through the edge; or the edge may just be starting. The deadline ends the patience.
        Err(_) => Answer::Late,
    };
    let first = ask().await;
    if first != Answer::NoWay || !matches!(edge.servers(&probe.name).await, Ok(Some(_))) {
        return first;
    }
    // Programs in Go say “not found” in the very words of the edge. Now that the edge knows the way, they are the task's.
    let again = ask().await;
    if again == Answer::NoWay {
        Answer::Status(404)
    } else {
        again
    }
}

fn asked_path(health: &HealthCheck) -> &str {
    match health {
        HealthCheck::Port => "/",
        HealthCheck::Http { path } => path.as_str(),
    }
}

fn is_healthy(health: &HealthCheck, answer: Answer) -> bool {
    match (health, answer) {
        (_, Answer::NoWay | Answer::Refused | Answer::Late) => false,
        (HealthCheck::Port, Answer::Status(_)) => true,
        (HealthCheck::Http { .. }, Answer::Status(status)) => (200..400).contains(&status),
    }
}

/// The first task that still runs and is not healthy, and its last answer.
fn unhealthy<'a>(
    health: &HealthCheck,
    tasks: &[ObservedTask],
    answers: &'a Answers,
) -> Option<(&'a str, Answer)> {
    let runs = |id: &str| tasks.iter().any(|task| task.wanted && task.id == id);
    let mut all = answers.iter().map(|(id, answer)| (id.as_str(), *answer));
    all.find(|(id, answer)| runs(id) && !is_healthy(health, *answer))
}

/// What seems to be wrong, while there is still time.
async fn tell_so_far(context: &Context<'_>, tasks: &[ObservedTask], answers: &Answers) {
    let unhealthy = unhealthy(&context.plan.settings.health, tasks, answers);
    let seen = witness::of_running(&context.app.docker, tasks, unhealthy).await;
    if let Some(explanation) = context.explain(Step::Gate, "", Vec::new(), seen) {
        context
            .log
            .say(Step::Gate, &format!("So far: {}", explanation.cause));
    }
}

/// The deadline is over: says how each task answered, and looks where the one that is not healthy listens.
async fn no_answer(context: &Context<'_>, tasks: &[ObservedTask], answers: &Answers) -> StepError {
    let (plan, health) = (context.plan, &context.plan.settings.health);
    for (task, answer) in answers {
        let (short, path): (String, _) = (task.chars().take(8).collect(), asked_path(health));
        context
            .log
            .say(Step::Gate, &format!("Task {short}, asked for {path}: {answer}"));
    }
    let unhealthy = unhealthy(health, tasks, answers);
    let (port, seconds) = (plan.settings.port.get(), plan.limits.gate);
    let reason = match unhealthy.map(|(_, answer)| answer) {
        Some(answer @ Answer::Refused) => format!(
            "the new release runs, but on port {port} {answer} after {seconds} s; check that the application listens on 0.0.0.0:{port}"
        ),
        Some(answer @ (Answer::NoWay | Answer::Late | Answer::Status(_))) => {
            let path = asked_path(health);
            format!("the new release runs, but asked for {path} on port {port} {answer} after {seconds} s")
        }
        None => format!("the new release runs, but on port {port} it was not healthy within {seconds} s"),
    };
    let seen = Box::new(witness::of_running(&context.app.docker, tasks, unhealthy).await);
    StepError::Unhealthy { reason, seen }
}

async fn close(context: &Context<'_>) {
    context.app.probes.close(context.id);
    if let Err(error) = apply_routes(context.app).await {
        tracing::debug!(%error, "probes are closed with the next look");
    }
}

async fn show_last_lines(context: &Context<'_>) {
    use futures_util::StreamExt;
    let request = LogRequest {
        service: context.plan.service.clone(),
        after: None,
        tail: Some(LAST_LINES),
        follow: false,
    };
    let mut lines = Box::pin(context.app.docker.logs(request));
    let read = async {
        while let Some(Ok(line)) = lines.next().await {
            context.log.line(Step::Gate, line.stream, &line.text);
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(5), read).await;
}
