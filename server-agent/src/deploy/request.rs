//! Asking for a deployment: every choice is made and stored, then workers are told.

use slipway_protocol::deployment::Trigger;
use slipway_protocol::{DeploymentId, ErrorCode, TeamId};
use uuid::Uuid;

use crate::app::App;
use crate::db::applications::{self, Application};
use crate::db::deployments::{self, NewDeployment};
use crate::db::{Tx, variables};
use crate::domain::plan::{Facts, Plan, goes_back_to};
use crate::http::ApiError;
use crate::secrets::{Place, random_hex};

/// Who asks for what.
pub struct Asked<'a> {
    pub team: TeamId,
    pub by: &'a str,
    pub application: &'a Application,
    pub trigger: &'a Trigger,
}

/// Where a deployment's sealed variables are stored.
pub(super) fn environment_place(id: DeploymentId) -> Place<'static> {
    Place {
        table: "deployments",
        row: id.uuid(),
        column: "environment",
    }
}

/// Freezes the plan and stores the deployment behind those that there are. In the caller's transaction.
pub async fn request_deployment(app: &App, tx: &mut Tx, asked: Asked<'_>) -> Result<DeploymentId, ApiError> {
    let application = asked.application;
    if !applications::lock(tx, application.id).await? {
        return Err(ApiError::not_found("application"));
    }
    let id = DeploymentId(Uuid::now_v7());
    let mut commit = None;
    let (earlier, plain) = match goes_back_to(asked.trigger) {
        None => {
            let values = variables::open_all(tx, &app.sealer, application.id).await?;
            let plain = serde_json::to_vec(values.expose()).map_err(|error| ApiError::internal(&error))?;
            (None, plain)
        }
        Some(target) => {
            let view = deployments::find(tx, target)
                .await?
                .filter(|view| view.application == application.id);
            let view = view.ok_or_else(|| ApiError::not_found("deployment"))?;
            if !view.can_roll_back_to {
                let detail = format!(
                    "The release of deployment {} is no longer kept; choose a newer one, or deploy its commit.",
                    view.number
                );
                return Err(ApiError::conflict(detail));
            }
            let found = deployments::find_plan(tx, target).await?;
            let Some((plan, Some(image), target_commit)) = found else {
                return Err(ApiError::not_found("release"));
            };
            commit = target_commit;
            let sealed = deployments::environment(tx, target).await?;
            let plain = app
                .sealer
                .open(environment_place(target), &sealed)
                .map_err(|error| ApiError::internal(&error))?;
            (Some((plan, image)), plain.into_exposed())
        }
    };
    let environment = app
        .sealer
        .seal(environment_place(id), &plain)
        .map_err(|error| ApiError::internal(&error))?;
    let plan = Plan::make(Facts {
        instance: app.docker.instance(),
        deployment: id,
        application: application.id,
        application_name: application.name.clone(),
        settings: application.settings.clone(),
        probe_token: random_token()?,
        earlier,
    });
    let new = NewDeployment {
        id,
        team: asked.team,
        trigger: asked.trigger,
        plan: &plan,
        environment,
        requested_by: asked.by,
        commit: commit.as_ref(),
    };
    deployments::insert(tx, new).await?;
    Ok(id)
}

fn random_token() -> Result<String, ApiError> {
    random_hex().map_err(|_| {
        ApiError::new(
            ErrorCode::Unavailable,
            "The server gave no random bytes; try again.",
        )
    })
}
