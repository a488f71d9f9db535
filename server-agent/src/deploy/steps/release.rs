//! Create the next Swarm service beside the current one. Done when a service has its name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slipway_protocol::deployment::Step;
use slipway_protocol::{DeploymentId, Secret};

use super::{Context, StepError};
use crate::db::deployments;
use crate::deploy::request::environment_place;
use crate::docker::ServiceRequest;

/// Who served before: where a cut-over goes back to.
#[derive(Serialize, Deserialize)]
pub struct Output {
    pub before: Option<DeploymentId>,
}

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let (plan, app) = (context.plan, context.app);
    let mut connection = app.db.pool().acquire().await?;
    let before = deployments::serving(&mut connection, plan.application).await?;
    drop(connection);
    let image = image(context)?;
    if app.docker.find_image(&image).await?.is_none() {
        return Err(StepError::Failed(format!(
            "the image {image} is no longer on the server; deploy the commit again instead"
        )));
    }
    context.log.say(
        Step::Release,
        &format!(
            "Creating the service {} with {} task(s)",
            plan.service,
            plan.settings.replicas.get()
        ),
    );
    let request = ServiceRequest {
        name: &plan.service,
        application: plan.application.to_string(),
        deployment: context.id.to_string(),
        image: &image,
        network: &app.config.network,
        replicas: plan.settings.replicas.get(),
        environment: environment(context).await?.into_exposed(),
    };
    app.docker.ensure_release(request).await?;
    serde_json::to_value(Output { before }).map_err(|error| StepError::Damaged(error.to_string()))
}

pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    Ok(context.app.docker.remove_service(&context.plan.service).await?)
}

fn image(context: &Context<'_>) -> Result<String, StepError> {
    if let Some(image) = &context.plan.image {
        return Ok(image.clone());
    }
    let built: Value = context.output(Step::Build).unwrap_or_else(|| json!({}));
    let image = built["image"].as_str().map(str::to_owned);
    image.ok_or_else(|| StepError::Damaged("the build named no image".to_owned()))
}

/// The variables that the deployment was asked for with, and the port where the container should listen.
async fn environment(context: &Context<'_>) -> Result<Secret<Vec<String>>, StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    let sealed = deployments::environment(&mut connection, context.id).await?;
    let plain = context
        .app
        .sealer
        .open(environment_place(context.id), &sealed)
        .map_err(|error| StepError::Damaged(error.to_string()))?;
    let values: BTreeMap<String, String> =
        serde_json::from_slice(plain.expose()).map_err(|error| StepError::Damaged(error.to_string()))?;
    let port = (!values.contains_key("PORT")).then(|| format!("PORT={}", context.plan.settings.port.get()));
    Ok(Secret::new(
        values
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .chain(port)
            .collect(),
    ))
}
