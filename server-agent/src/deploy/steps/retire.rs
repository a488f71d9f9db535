//! Let the requests in flight end, then stop the old releases. They stay, without tasks, as targets of a roll back.

use std::time::Duration;

use serde_json::{Value, json};
use slipway_protocol::deployment::Step;

use super::{Context, StepError};
use crate::docker::DockerError;

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let (docker, plan) = (&context.app.docker, context.plan);
    let application = plan.application.to_string();
    let releases = docker.owned_releases().await?;
    let old: Vec<_> = releases
        .into_iter()
        .filter(|(name, of, _)| *of == application && *name != plan.service)
        .map(|(name, ..)| name)
        .collect();
    if !old.is_empty() {
        context.log.say(
            Step::Retire,
            &format!("Letting requests in flight end, for {} s", plan.limits.drain),
        );
        tokio::time::sleep(Duration::from_secs(plan.limits.drain)).await;
    }
    for service in &old {
        match docker.scale(service, 0).await {
            // Swept meanwhile: nothing is left to stop.
            Ok(()) | Err(DockerError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let _ = std::fs::remove_dir_all(context.folder());
    Ok(json!({ "stopped": old }))
}
