//! I2, I3, I7 and I8: what the deployments say of themselves, and who still holds one.

use slipway_protocol::api;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView};

use crate::stage::Stage;
use crate::{postgres, sentence};

/// So many of an application's newest deployments are looked at.
const NEWEST: usize = 12;
/// Of so many the whole log is read.
const READ: usize = 3;
/// What the log says of lines that it does not hold.
const UNCOUNTED: [&str; 3] = [
    " more line was not kept.",
    " more lines were not kept.",
    " dropped: the output came faster",
];

/// Everything in the newest deployments that must not be.
pub async fn wrong(stage: &Stage) -> Vec<String> {
    let mut wrong = Vec::new();
    let applications = stage
        .connection
        .send(api::ListApplications { environment: None })
        .await
        .expect("the applications");
    for application in applications {
        let request = api::ListDeployments::of(application.id);
        let mut all = stage.connection.send(request).await.expect("the history");
        all.sort_by_key(|deployment| std::cmp::Reverse(deployment.number));
        all.truncate(NEWEST);
        let name = application.name.as_str();
        for deployment in &all {
            wrong.extend(ended(deployment).map(|what| format!("{name} #{}: {what}", deployment.number)));
        }
        // Between two that worked, others may stand that never did: superseded, or taken over from outside.
        let worked: Vec<&DeploymentView> = all.iter().filter(|one| has_worked(one)).collect();
        for pair in worked.windows(2) {
            if let [later, earlier] = pair
                && let Some(what) = overlap(earlier, later)
            {
                wrong.push(format!("{name}: {what}"));
            }
        }
        for deployment in worked.iter().take(READ) {
            for what in cut(stage, deployment).await {
                wrong.push(format!("{name} #{}: {what}", deployment.number));
            }
        }
    }
    wrong
}

fn ended(deployment: &DeploymentView) -> Option<String> {
    if !deployment.status.is_final() {
        return Some(format!("is still {:?}", deployment.status));
    }
    if deployment.ended_at.is_none() {
        return Some("has ended, but not when".to_owned());
    }
    if deployment.status == DeploymentStatus::Stuck {
        return Some(format!("is stuck: {:?}", deployment.failure));
    }
    match (deployment.status, &deployment.failure) {
        (DeploymentStatus::Failed, None) => Some("failed, and does not say why".to_owned()),
        (DeploymentStatus::Failed, Some(failure)) => {
            sentence::assert_clear(failure, &[]);
            None
        }
        _ => None,
    }
}

fn has_worked(deployment: &DeploymentView) -> bool {
    deployment.steps.iter().any(|step| step.started_at.is_some())
}

/// The later one's first step began before the earlier one's last had ended.
fn overlap(earlier: &DeploymentView, later: &DeploymentView) -> Option<String> {
    let ended = earlier.steps.iter().filter_map(|step| step.ended_at).max()?;
    let begun = later.steps.iter().filter_map(|step| step.started_at).min()?;
    (begun < ended).then(|| {
        format!(
            "#{} worked from {begun}, #{} until {ended}",
            later.number, earlier.number
        )
    })
}

/// Of its log nothing is missing, neither between two lines nor at its end.
async fn cut(stage: &Stage, deployment: &DeploymentView) -> Vec<String> {
    let lines = stage.lines(deployment.id, None).await;
    let numbers = lines.iter().map(|line| line.sequence);
    let wrong = numbers.zip(1..).find(|(sequence, expected)| sequence != expected);
    let gap =
        wrong.map(|(sequence, expected)| format!("its log goes on with {sequence} instead of {expected}"));
    // What had no place is counted behind the end.
    let told = lines
        .iter()
        .map(|line| line.text.as_str())
        .rfind(|text| !UNCOUNTED.iter().any(|words| text.contains(words)));
    let ends = told.is_some_and(|last| endings(deployment.status).contains(&last));
    let cut = (!ends).then(|| format!("its log is cut off behind {told:?}"));
    gap.into_iter().chain(cut).collect()
}

/// The last words of a deployment that has ended so; one that was stuck may have been left as it is.
fn endings(status: DeploymentStatus) -> &'static [&'static str] {
    match status {
        DeploymentStatus::Succeeded => &["The deployment has succeeded"],
        DeploymentStatus::Failed => &["The deployment has failed", "The deployment is stuck"],
        DeploymentStatus::Stuck => &["The deployment is stuck"],
        DeploymentStatus::Cancelled => &["The deployment was cancelled"],
        DeploymentStatus::Queued
        | DeploymentStatus::Running
        | DeploymentStatus::Unwinding
        | DeploymentStatus::Superseded => &[],
    }
}

/// Nobody works on what has ended. A worker gives up its lease at the end, or its heart stops beating.
pub async fn held(stage: &Stage) -> Option<String> {
    let query = "select count(*) from deployments where leased_until > now() and status not in ('queued', 'running', 'unwinding')";
    let answer = postgres::ask_that_of(&stage.agent, query).await?;
    match (answer.code(), answer.stdout.trim()) {
        (0, "0") => None,
        (0, count) => Some(format!("still held of deployments that have ended: {count}")),
        _ => Some(format!(
            "nobody can say who holds a deployment: {}",
            answer.stderr
        )),
    }
}
