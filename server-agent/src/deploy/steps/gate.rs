//! Wait until the release's tasks run and each answers through the edge. It only observes; killed and run again, it looks again.

use std::time::Duration;

use serde_json::{Value, json};
use slipway_protocol::application::HealthCheck;
use slipway_protocol::deployment::Step;
use tokio::time::Instant;

use super::{Context, StepError};
use crate::deploy::routes::apply_routes;
use crate::docker::LogRequest;
use crate::domain::rollout::{ObservedTask, TaskState, Verdict, judge};
use crate::domain::routes::{Probe, server_url};

const LOOK: Duration = Duration::from_millis(200);
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
    let mut last_answer = "it does not answer".to_owned();
    loop {
        if context.cancel.is_cancelled() {
            return Err(StepError::Cancelled);
        }
        let tasks = app.docker.tasks(&plan.service, &app.config.network).await?;
        match judge(&tasks, wanted, begun.elapsed(), limit) {
            Verdict::Failed(reason) => return Err(StepError::Failed(reason)),
            Verdict::Converging => {}
            Verdict::Up => {
                let probes = probes(context, &tasks);
                if probes != open {
                    app.probes.open(context.id, probes.clone());
                    apply_routes(app).await?;
                    open = probes;
                }
                match ask_all(context, &open).await {
                    None => return Ok(open.len()),
                    Some(answer) => last_answer = answer,
                }
            }
        }
        if begun.elapsed() >= limit {
            if let Err(error) = app.edge.alive().await {
                return Err(error.into());
            }
            let port = plan.settings.port.get();
            return Err(StepError::Failed(format!(
                "the new release runs, but on port {port} {last_answer} after {} s; check that the application listens on 0.0.0.0:{port}",
                limit.as_secs()
            )));
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
                token: format!("{}-{}", context.plan.probe_token, task.id),
                server,
            })
        })
        .collect();
    probes.sort_by(|a, b| a.name.cmp(&b.name));
    probes
}

/// `None` when every task is healthy; otherwise what the first that is not says.
async fn ask_all(context: &Context<'_>, probes: &[Probe]) -> Option<String> {
    let path = match &context.plan.settings.health {
        HealthCheck::Port => "/",
        HealthCheck::Http { path } => path.as_str(),
    };
    for probe in probes {
        let status = match context.app.edge.probe(&probe.token, path).await {
            Ok(Some(status)) => status,
            Ok(None) => return Some("the edge has not taken up the way to it".to_owned()),
            // The edge may just be starting; the deadline ends the patience.
            Err(error) => return Some(error.to_string()),
        };
        let healthy = match context.plan.settings.health {
            // 502 and 504 are the edge's own words for "nobody listens".
            HealthCheck::Port => !matches!(status.as_u16(), 502 | 504),
            HealthCheck::Http { .. } => status.is_success() || status.is_redirection(),
        };
        if !healthy {
            let answer = match status.as_u16() {
                502 | 504 => "nothing accepts connections".to_owned(),
                code => format!("GET {path} answers {code}"),
            };
            return Some(answer);
        }
    }
    None
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
