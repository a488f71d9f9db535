//! I2, I3, I7 and I8: what the deployments say of themselves.

use slipway_protocol::api;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView};

use crate::sentence;
use crate::stage::Stage;

/// So many of an application's newest deployments are looked at.
const NEWEST: usize = 12;
/// Of so many the whole log is read.
const READ: usize = 3;

/// Everything in the newest deployments that must not be.
pub async fn wrong(stage: &Stage) -> Vec<String> {
    let mut wrong = Vec::new();
    let applications = stage
        .connection
        .send(api::ListApplications { environment: None })
        .await
        .expect("the applications");
    for application in applications {
        let request = api::ListDeployments {
            application: application.id,
        };
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
            if let Some(what) = gap(stage, deployment).await {
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
    match (deployment.status, &deployment.failure) {
        (DeploymentStatus::Failed | DeploymentStatus::Stuck, None) => {
            Some("failed, and does not say why".to_owned())
        }
        (DeploymentStatus::Failed | DeploymentStatus::Stuck, Some(failure)) => {
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

async fn gap(stage: &Stage, deployment: &DeploymentView) -> Option<String> {
    let lines = stage.lines(deployment.id, None).await;
    let numbers = lines.iter().map(|line| line.sequence);
    let wrong = numbers.zip(1..).find(|(sequence, expected)| sequence != expected);
    wrong.map(|(sequence, expected)| format!("its log goes on with {sequence} instead of {expected}"))
}
