//! `slipway history APP NUMBER`: all that the history keeps of one deployment.

use slipway_protocol::deployment::{DeploymentView, Explanation, Passed, StepStatus, StepView};

use crate::output;

/// Prints it for people.
pub fn print(view: &DeploymentView) {
    for (name, value) in facts(view) {
        output::line(&format!("{name:<12} {}", output::plain(&value)));
    }
    let rows: Vec<_> = view.steps.iter().map(step).collect();
    output::line("");
    output::table(&["step", "result", "took"], &rows, "There was nothing to do.");
    if let Some(receipt) = &view.receipt {
        let rows = [
            passed("before", &receipt.before),
            passed("during", &receipt.during),
            passed("after", &receipt.after),
        ];
        output::line("");
        output::table(&["cut-over", "requests", "failed", "mean"], &rows, "");
    }
}

fn facts(view: &DeploymentView) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("deployment", view.number.to_string()),
        ("status", output::status(view.status).to_owned()),
        ("kind", view.trigger.as_str().to_owned()),
        (
            "asked for",
            format!("{} by {}", output::time(&view.created_at), view.requested_by),
        ),
        ("took", output::took(view)),
        ("way", way(view)),
    ];
    if let Some(commit) = &view.commit {
        facts.push(("commit", commit.hash.clone()));
        facts.push(("author", commit.author.clone()));
        facts.push(("message", commit.message.clone()));
    }
    facts.extend(view.pinned.iter().map(|pinned| ("pinned", pinned.clone())));
    facts.extend(view.image.iter().map(|image| ("image", image.clone())));
    facts.extend(view.failure.iter().map(|failure| ("failure", failure.clone())));
    if let Some(Explanation { code, cause, remedy }) = view.explanation() {
        facts.push(("likely cause", format!("{cause} [{code}]")));
        facts.push(("what to do", remedy.clone()));
    }
    facts
}

/// An agent that is older than the reasons tells none.
fn way(view: &DeploymentView) -> String {
    match view.way_because.as_str() {
        "" => view.way.as_str().to_owned(),
        because => format!("{}, because {because}", view.way.as_str()),
    }
}

fn step(step: &StepView) -> Vec<String> {
    let result = match step.status {
        StepStatus::Pending => "not begun",
        StepStatus::Running => "runs",
        StepStatus::Done => "done",
        StepStatus::Failed => "failed",
        StepStatus::Undoing => "is taken back",
        StepStatus::Undone => "taken back",
        StepStatus::UndoFailed => "taking it back failed",
    };
    let took = match (step.started_at, step.ended_at) {
        (Some(from), Some(to)) => output::duration((to - from).num_milliseconds()),
        _ => "-".to_owned(),
    };
    vec![step.step.as_str().to_owned(), result.to_owned(), took]
}

fn passed(name: &str, passed: &Passed) -> Vec<String> {
    let mean = passed
        .mean_ms
        .map_or_else(|| "-".to_owned(), |mean| format!("{mean:.1} ms"));
    vec![
        name.to_owned(),
        passed.requests.to_string(),
        passed.failed.to_string(),
        mean,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// FR-DEP-13, FR-DEP-16: what is told of a deployment names who asked, the whole commit with its author and message, and why it failed.
    #[test]
    fn a_deployment_is_told_whole() {
        let id = "018f0000-0000-7000-8000-000000000001";
        let hash = "a".repeat(40);
        let view: DeploymentView = serde_json::from_value(json!({
            "id": id, "application": id, "number": 3, "status": "failed", "trigger": { "kind": "redeploy" },
            "requested_by": "a@example.org", "commit": { "hash": hash, "author": "Ada", "message": "Count the moons" },
            "image": "sha256:1", "failure": "it does not answer", "way_because": "the settings say so",
            "steps": [{ "step": "gate", "status": "failed", "started_at": null, "ended_at": null, "failure": "it does not answer",
                        "explanation": { "code": "port-mismatch", "cause": "It listens on 3000.", "remedy": "Set the port." } }],
            "created_at": "2026-01-02T03:04:05Z", "started_at": null, "ended_at": null, "can_roll_back_to": false
        }))
        .unwrap();
        let told: Vec<String> = facts(&view).into_iter().map(|(_, value)| value).collect();
        for part in [
            "2026-01-02 03:04:05 UTC by a@example.org",
            "redeploy",
            hash.as_str(),
            "Ada",
            "Count the moons",
            "sha256:1",
            "it does not answer",
            "It listens on 3000. [port-mismatch]",
            "Set the port.",
        ] {
            assert!(told.iter().any(|value| value == part), "{part} in {told:?}");
        }
        assert_eq!(step(&view.steps[0]), ["gate", "failed", "-"]);
    }

    /// FR-DEP-14: a part of the receipt without requests has no mean time.
    #[test]
    fn a_receipt_is_told() {
        let seen = Passed {
            requests: 12,
            failed: 1,
            mean_ms: Some(3.456),
        };
        assert_eq!(passed("before", &seen), ["before", "12", "1", "3.5 ms"]);
        assert_eq!(passed("after", &Passed::default()), ["after", "0", "0", "-"]);
    }
}
