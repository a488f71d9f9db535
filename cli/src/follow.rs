//! A deployment live on the terminal: its steps as they begin and end, and its log.

use std::collections::HashMap;

use futures_util::StreamExt;
use slipway_client::{ClientError, Connection, LinkState};
use slipway_protocol::api::GetDeployment;
use slipway_protocol::deployment::{
    DeploymentStatus, DeploymentView, Explanation, Step, StepStatus, StepView,
};
use slipway_protocol::log_line::DeploymentEvent;
use slipway_protocol::{DeploymentId, Told};

use crate::error::CliError;
use crate::output;

/// Follows until the end; anything but success is an error.
pub async fn deployment(
    connection: &Connection,
    id: DeploymentId,
    json: bool,
) -> Result<DeploymentView, CliError> {
    outcome(to_the_end(connection, id, json).await?)
}

/// Follows until the end, whatever that is.
pub async fn to_the_end(
    connection: &Connection,
    id: DeploymentId,
    json: bool,
) -> Result<DeploymentView, CliError> {
    let teller = tokio::spawn(tell_of_the_link(connection.clone()));
    let followed = print_events(connection, id, json).await;
    teller.abort();
    followed?;
    Ok(connection.send(GetDeployment { deployment: id }).await?)
}

/// What a deployment that has ended has come to: anything but success is an error.
pub fn outcome(view: DeploymentView) -> Result<DeploymentView, CliError> {
    match view.status {
        DeploymentStatus::Succeeded => Ok(view),
        other => Err(CliError::Failed(format!(
            "Deployment {} {}: {}",
            view.number,
            output::status(other),
            reason(&view)
        ))),
    }
}

/// Why it failed, and the likely cause with its code where one is known.
fn reason(view: &DeploymentView) -> String {
    let failure = view.failure.as_deref().unwrap_or("no reason was given");
    let failure = failure.trim_end_matches('.');
    match view.explanation() {
        Some(Explanation { code, cause, remedy }) => {
            format!("{failure}. Likely cause: {cause} What to do: {remedy} [{code}]")
        }
        None => format!("{failure}."),
    }
}

async fn print_events(connection: &Connection, id: DeploymentId, json: bool) -> Result<(), ClientError> {
    let mut events = connection.follow_deployment(id, None);
    let mut shown = HashMap::new();
    while let Some(event) = events.next().await {
        let event = event?;
        if json {
            // A value that came as JSON goes as JSON.
            let _ = output::json_line(&event);
            continue;
        }
        match event {
            DeploymentEvent::Line(line) => output::line(&format!("    {}", output::plain(&line.text))),
            DeploymentEvent::Changed(view) => print_changes(&view, &mut shown),
            DeploymentEvent::Ping => {}
        }
    }
    Ok(())
}

/// `shown` has the steps by their place: of several that are newer than this program each is one of its own.
fn print_changes(view: &DeploymentView, shown: &mut HashMap<usize, StepStatus>) {
    for (place, step) in view.steps.iter().enumerate() {
        let before = shown.insert(place, step.status);
        if before != Some(step.status)
            && let Some(text) = step_line(step)
        {
            output::line(&text);
        }
    }
}

fn step_line(step: &StepView) -> Option<String> {
    let name = title(step.step);
    let time = match (step.started_at, step.ended_at) {
        (Some(from), Some(to)) => format!("  {}", output::duration((to - from).num_milliseconds())),
        _ => String::new(),
    };
    match step.status {
        StepStatus::Pending => None,
        StepStatus::Running => Some(format!("→ {name}")),
        StepStatus::Done => Some(format!("✓ {name}{time}")),
        StepStatus::Failed => Some(format!(
            "✗ {name}{time}: {}",
            output::plain(step.failure.as_deref().unwrap_or("failed"))
        )),
        StepStatus::Undoing => Some(format!("← {name}: taking it back")),
        StepStatus::Undone => Some(format!("← {name}: taken back")),
        StepStatus::UndoFailed => Some(format!("✗ {name}: taking it back failed")),
    }
}

fn title(step: Told<Step>) -> &'static str {
    let Told::Known(step) = step else {
        return step.as_str();
    };
    match step {
        Step::Source => "source",
        Step::Build => "build",
        Step::Before => "command before",
        Step::Stop => "stop",
        Step::Release => "release",
        Step::Gate => "health gate",
        Step::Canary => "canary",
        Step::Roll => "roll",
        Step::CutOver => "cut-over",
        Step::Retire => "retire",
        Step::After => "command after",
    }
}

/// A lost link is said, and so is its return.
pub async fn tell_of_the_link(connection: Connection) {
    let mut state = connection.state();
    let mut lost = false;
    while state.changed().await.is_ok() {
        let now = state.borrow_and_update().clone();
        match now {
            LinkState::BackingOff { sentence, .. } if !lost => {
                lost = true;
                output::note(&output::plain(&sentence));
            }
            LinkState::Up { .. } if lost => {
                lost = false;
                output::note("Connected again.");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn failed(explanation: serde_json::Value) -> DeploymentView {
        let id = "018f0000-0000-7000-8000-000000000001";
        let view = json!({
            "id": id, "application": id, "number": 3, "status": "failed", "trigger": { "kind": "deploy" }, "requested_by": "a@example.org",
            "commit": null, "image": null, "failure": "the new release runs, but it does not answer",
            "steps": [{ "step": "gate", "status": "failed", "started_at": null, "ended_at": null, "failure": "it does not answer",
                        "explanation": explanation }],
            "created_at": "2026-01-02T03:04:05Z", "started_at": null, "ended_at": null, "can_roll_back_to": false
        });
        serde_json::from_value(view).unwrap()
    }

    /// FR-DEP-16: the last words of a failed deployment name the likely cause, what to do, and the cause's code.
    #[test]
    fn the_likely_cause_is_said() {
        let explanation =
            json!({ "code": "port-mismatch", "cause": "It listens on 3000.", "remedy": "Set the port." });
        assert_eq!(
            reason(&failed(explanation)),
            "the new release runs, but it does not answer. Likely cause: It listens on 3000. What to do: Set the port. [port-mismatch]"
        );
        assert_eq!(
            reason(&failed(json!(null))),
            "the new release runs, but it does not answer."
        );
    }
}
