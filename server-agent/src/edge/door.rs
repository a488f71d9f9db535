//! The agent's side: one call, `POST /deploy/{application}`, from the edge process. What it says is believed as little as
//! what a stranger says; the deploy URL's secret decides.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode, header};
use slipway_protocol::deploy_url::DeploymentAsked;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::{ApplicationId, ErrorCode, TeamId};
use uuid::Uuid;

use crate::app::App;
use crate::db::{applications, audit, deploy_urls, deployments};
use crate::deploy::request::{self, Asked};
use crate::http::{ApiError, tokens};

/// Who asks, in the history and in the audit log.
const BY: &str = "deploy URL";

pub fn router(app: App) -> Router {
    Router::new()
        .route("/deploy/{application}", post(deploy))
        .with_state(app)
}

async fn deploy(State(app): State<App>, Path(application): Path<String>, headers: HeaderMap) -> Response {
    let request_id = Uuid::new_v4().to_string();
    match ask(&app, &application, &headers, &request_id).await {
        Ok(asked) => (StatusCode::ACCEPTED, axum::Json(asked)).into_response(),
        Err(error) => error.into_answer(&request_id),
    }
}

async fn ask(
    app: &App,
    application: &str,
    headers: &HeaderMap,
    request_id: &str,
) -> Result<DeploymentAsked, ApiError> {
    // Whether the application exists is not told apart from a wrong secret.
    let refused = || {
        ApiError::new(
            ErrorCode::Unauthenticated,
            "This deploy URL does not know that secret; make a new one in Slipway.",
        )
    };
    let application: ApplicationId = application.parse().map_err(|_| refused())?;
    let secret = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(refused)?;
    let mut connection = app.db.pool().acquire().await?;
    let team = deploy_urls::take(&mut connection, application, &tokens::code_hash(secret)).await?;
    drop(connection);
    request(app, team.ok_or_else(refused)?, application, request_id).await
}

async fn request(
    app: &App,
    team: TeamId,
    application: ApplicationId,
    request_id: &str,
) -> Result<DeploymentAsked, ApiError> {
    let mut tx = app.db.begin_for(team).await?;
    if !applications::lock(&mut tx, application).await? {
        return Err(ApiError::not_found("application"));
    }
    let application = applications::find(&mut tx, application)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    // It reads the repository when its turn comes, so a second one would do the same again.
    if let Some(deployment) = deploy_urls::waiting(&mut tx, application.id, BY).await? {
        return Ok(DeploymentAsked { deployment });
    }
    let asked = Asked {
        team,
        by: BY,
        application: &application,
        trigger: &Trigger::Deploy,
        planned: None,
    };
    let id = request::request_deployment(app, &mut tx, asked).await?;
    let act = audit::Act {
        team: Some(team),
        actor: BY,
        action: "RequestDeployment",
        subject: application.name.as_str(),
        request_id,
    };
    audit::record(&mut tx, act).await?;
    let view = deployments::find(&mut tx, id).await?;
    tx.commit().await?;
    view.map(|view| DeploymentAsked {
        deployment: view.number,
    })
    .ok_or_else(|| ApiError::not_found("deployment"))
}
