//! Create the next Swarm service beside the current one; or let an earlier release's run again. Done when it has its tasks.

use std::time::Duration;

use serde_json::{Value, json};
use slipway_protocol::deployment::{Step, Way};
use slipway_protocol::settings::HealthCheck;
use slipway_protocol::{DeploymentId, Secret};
use tokio::time::Instant;

use super::{Context, StepError, meter, stop};
use crate::app::App;
use crate::db::{applications, deployments};
use crate::deploy::compared::compared;
use crate::deploy::frozen::{Delivery, of_deployment};
use crate::docker::{DockerError, ServiceRequest};
use crate::domain::plan::Plan;
use crate::domain::step_output::Released;

/// How long to wait until the tasks of a service that was removed are gone, beyond the time that they were given to end.
const GONE: Duration = Duration::from_secs(15);

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let (plan, app) = (context.plan, context.app);
    let mut connection = app.db.pool().acquire().await?;
    let before = deployments::serving(&mut connection, plan.application).await?;
    let stopped = applications::is_stopped(&mut connection, plan.application).await?;
    drop(connection);
    let image = context.image()?;
    if app.docker.find_image(&image).await?.is_none() {
        return Err(StepError::Failed(format!(
            "the image {image} is no longer on the server; deploy the commit again instead"
        )));
    }
    let request = request(context, &image, plan.first_tasks()).await?;
    let earlier_tasks = match plan.tasks_of {
        Some(_) => {
            put_back(context, &request).await?;
            ended_tasks(context).await?
        }
        None => Vec::new(),
    };
    let (tasks, act) = (
        plan.first_tasks(),
        if plan.tasks_of.is_some() {
            "Starting"
        } else {
            "Creating"
        },
    );
    context.log.say(
        Step::Release,
        &format!(
            "{act} the service {} with {tasks} {}",
            plan.service,
            if tasks == 1 { "task" } else { "tasks" }
        ),
    );
    let others = stop::others(context).await?;
    let healthy = stop::healthy_before(context, &others).await?;
    app.docker
        .ensure_release(&request.as_request(context, &plan.service))
        .await?;
    let output = Released {
        before,
        stopped,
        healthy,
        earlier_tasks,
        traffic: meter::read(app, plan.application).await,
    };
    serde_json::to_value(output).map_err(|error| StepError::Damaged(error.to_string()))
}

/// A kept release serves again as it was: what somebody changed of its service since is put right while it has no tasks. The one that
/// serves already gets more tasks only, and is left as it is.
async fn put_back(context: &Context<'_>, needs: &Needs) -> Result<(), StepError> {
    let (plan, docker) = (context.plan, &context.app.docker);
    if plan.is_in_place() {
        return Ok(());
    }
    let request = ServiceRequest {
        replicas: 0,
        ..needs.as_request(context, &plan.service)
    };
    let Some(found) = compared(docker, &request).await? else {
        return Ok(());
    };
    let changed: Vec<&str> = found
        .differing
        .iter()
        .filter(|one| !one.is_tasks())
        .map(|one| one.difference.what.as_str())
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let told = format!(
        "The service {} was changed outside Slipway since it served ({}); it is put back first",
        plan.service,
        changed.join(", ")
    );
    context.log.say(Step::Release, &told);
    docker.put_back(&request, found.version).await?;
    wait_until_gone(context).await
}

pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    let (plan, docker) = (context.plan, &context.app.docker);
    if plan.tasks_of.is_none() {
        docker.remove_service(&plan.service).await?;
    } else {
        // It was there before: back to as many tasks as it had, which is none unless it serves.
        let tasks = tasks_before(context).await?;
        match docker.scale(&plan.service, tasks).await {
            Ok(()) | Err(DockerError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if plan.way == Way::Recreate {
        wait_until_gone(context).await?;
    }
    Ok(())
}

async fn tasks_before(context: &Context<'_>) -> Result<u16, StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    let serving = deployments::serving_plan(&mut connection, context.plan.application).await?;
    let stopped = applications::is_stopped(&mut connection, context.plan.application).await?;
    Ok(serving
        .filter(|plan| !stopped && plan.service == context.plan.service)
        .map_or(0, |plan| plan.settings.replicas.get()))
}

async fn ended_tasks(context: &Context<'_>) -> Result<Vec<String>, StepError> {
    let app = context.app;
    let tasks = match app.docker.tasks(&context.plan.service, &app.config.network).await {
        // Somebody removed it: it is made again.
        Err(DockerError::NotFound) => Vec::new(),
        tasks => tasks?,
    };
    Ok(tasks
        .into_iter()
        .filter(|task| !task.wanted)
        .map(|task| task.id)
        .collect())
}

/// The old release must not open what this one still has open.
pub async fn wait_until_gone(context: &Context<'_>) -> Result<(), StepError> {
    let grace = Duration::from_secs(u64::from(context.plan.settings.container.stop_grace.get()));
    let end = Instant::now() + grace + GONE;
    let maker = context.plan.tasks_of(context.id).to_string();
    while !context.app.docker.running_containers(&maker).await?.is_empty() {
        if Instant::now() >= end {
            return Err(StepError::Failed("its containers did not end".to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// Everything that a service of this deployment needs, held for as long as it is asked for.
pub struct Needs {
    image: String,
    tasks: u16,
    delivery: Secret<Delivery>,
}

pub async fn request(context: &Context<'_>, image: &str, tasks: u16) -> Result<Needs, StepError> {
    Ok(Needs {
        image: image.to_owned(),
        tasks,
        delivery: delivery(context.app, context.id, context.plan).await?,
    })
}

impl Needs {
    pub fn as_request<'a>(&'a self, context: &'a Context<'_>, name: &'a str) -> ServiceRequest<'a> {
        service_request(
            context.plan,
            context.id,
            &self.image,
            &context.app.config.network,
            name,
            self.tasks,
            self.delivery.expose().clone(),
        )
    }
}

/// The service of a plan.
pub fn service_request<'a>(
    plan: &'a Plan,
    id: DeploymentId,
    image: &'a str,
    network: &'a str,
    name: &'a str,
    replicas: u16,
    delivery: Delivery,
) -> ServiceRequest<'a> {
    ServiceRequest {
        name,
        application: plan.application,
        deployment: plan.tasks_of(id).to_string(),
        image,
        network,
        replicas,
        environment: delivery.environment,
        files: delivery.files,
        container: &plan.settings.container,
        health: match &plan.settings.health {
            HealthCheck::Command { command } => Some(command),
            HealthCheck::Port | HealthCheck::Http { .. } | HealthCheck::Tcp | HealthCheck::StaysUp { .. } => {
                None
            }
        },
    }
}

impl Context<'_> {
    /// The image that this deployment runs: its own, or the one that its plan names.
    pub fn image(&self) -> Result<String, StepError> {
        if let Some(image) = &self.plan.image {
            return Ok(image.clone());
        }
        let built: Value = self.output(Step::Build).unwrap_or_else(|| json!({}));
        let image = built["image"].as_str().map(str::to_owned);
        image.ok_or_else(|| StepError::Damaged("the build named no image".to_owned()))
    }
}

/// The variables and files that a deployment was asked for with, and the port where the container should listen.
pub async fn delivery(app: &App, id: DeploymentId, plan: &Plan) -> Result<Secret<Delivery>, StepError> {
    let mut connection = app.db.pool().acquire().await?;
    let frozen = of_deployment(&app.sealer, &mut connection, id).await?;
    drop(connection);
    let delivery = frozen.delivery(&app.sealer, app.docker.instance(), plan.settings.port)?;
    Ok(Secret::new(delivery))
}
