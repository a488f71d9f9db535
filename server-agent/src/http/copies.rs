//! Copies of applications, environments and projects, and moving an application. A copy has ids of its own, and so volumes of its own; its
//! values are sealed anew; domains stay where they are.

use slipway_protocol::api::{DuplicateApplication, DuplicateEnvironment, DuplicateProject, MoveApplication};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::configuration::{Changes, Configured};
use slipway_protocol::project::{EnvironmentView, ProjectDetails, ProjectView};
use slipway_protocol::{ApplicationId, ApplicationName, EnvironmentId, Scope, TeamId};

use super::applications::{Running, one, row};
use super::projects::{environment_named, new_project};
use super::{ApiError, Call};
use crate::db::applications::{Application, Which};
use crate::db::variables::{self, Of};
use crate::db::{Tx, applications, changes, files, patches, projects, violated_constraint};

pub async fn duplicate_application(
    call: Call,
    request: DuplicateApplication,
) -> Result<ApplicationView, ApiError> {
    call.insist_on_room()?;
    let (running, mut tx) = (Running::now(&call).await, call.begin().await?);
    let original = row(&mut tx, request.application).await?;
    let environment = request.body.environment.unwrap_or(original.environment);
    if !applications::environment_exists(&mut tx, environment).await? {
        return Err(ApiError::not_found("environment"));
    }
    let name = request.body.name;
    let id = copy_application(&call, &mut tx, &original, environment, &name).await?;
    call.audit(&mut tx, &format!("{} as {name}", original.name))
        .await?;
    let view = one(&call, &mut tx, id, &running).await?;
    tx.commit().await?;
    Ok(view)
}

pub async fn duplicate_environment(
    call: Call,
    request: DuplicateEnvironment,
) -> Result<EnvironmentView, ApiError> {
    call.insist_on_room()?;
    let (team, mut tx) = (call.team()?, call.begin().await?);
    let original = projects::environment(&mut tx, request.environment)
        .await?
        .ok_or_else(|| ApiError::not_found("environment"))?;
    let name = request.body.name;
    let copy = environment_named(&mut tx, team, original.project, &name).await?;
    copy_environment(&call, &mut tx, request.environment, copy.id).await?;
    call.audit(&mut tx, &format!("{} as {name}", original.name))
        .await?;
    let count = applications::list(&mut tx, Which::In(copy.id)).await?.len();
    tx.commit().await?;
    Ok(EnvironmentView {
        application_count: u32::try_from(count).unwrap_or(u32::MAX),
        ..copy
    })
}

pub async fn duplicate_project(call: Call, request: DuplicateProject) -> Result<ProjectView, ApiError> {
    call.insist_on_room()?;
    let (team, mut tx) = (call.team()?, call.begin().await?);
    let original = projects::list(&mut tx, Some(request.project))
        .await?
        .pop()
        .ok_or_else(|| ApiError::not_found("project"))?;
    let name = request.body.name;
    let details = ProjectDetails {
        name: name.clone(),
        description: original.description.clone(),
        tags: original.tags.clone(),
    };
    let id = new_project(&mut tx, team, &details).await?;
    copy_variables(&call, &mut tx, Scope::Project(original.id), Scope::Project(id)).await?;
    for environment in &original.environments {
        let copy = environment_named(&mut tx, team, id, &environment.name).await?;
        copy_environment(&call, &mut tx, environment.id, copy.id).await?;
    }
    call.audit(&mut tx, &format!("{} as {name}", original.name))
        .await?;
    let view = projects::list(&mut tx, Some(id))
        .await?
        .pop()
        .ok_or_else(|| ApiError::not_found("project"))?;
    tx.commit().await?;
    Ok(view)
}

/// Rows only: what runs is found by the application's id, which stays.
pub async fn move_application(call: Call, request: MoveApplication) -> Result<ApplicationView, ApiError> {
    let (running, mut tx) = (Running::now(&call).await, call.begin().await?);
    let application = row(&mut tx, request.application).await?;
    let environment = request.body.environment;
    if !applications::environment_exists(&mut tx, environment).await? {
        return Err(ApiError::not_found("environment"));
    }
    applications::relocate(&mut tx, application.id, environment)
        .await
        .map_err(|error| name_taken(error, &application.name))?;
    call.audit(&mut tx, application.name.as_str()).await?;
    let view = one(&call, &mut tx, application.id, &running).await?;
    tx.commit().await?;
    Ok(view)
}

async fn copy_environment(
    call: &Call,
    tx: &mut Tx,
    from: EnvironmentId,
    to: EnvironmentId,
) -> Result<(), ApiError> {
    copy_variables(call, tx, Scope::Environment(from), Scope::Environment(to)).await?;
    for application in applications::list(tx, Which::In(from)).await? {
        copy_application(call, tx, &application, to, &application.name).await?;
    }
    Ok(())
}

async fn copy_application(
    call: &Call,
    tx: &mut Tx,
    original: &Application,
    environment: EnvironmentId,
    name: &ApplicationName,
) -> Result<ApplicationId, ApiError> {
    let team = call.team()?;
    let mut settings = original.settings.clone();
    // Two applications on one folder, or a way into another's network, are asked for, not copied.
    settings.container.keep_off_the_node();
    let id = applications::insert(tx, team, environment, name, &settings)
        .await
        .map_err(|error| name_taken(error, name))?;
    applications::set_tags(tx, id, &original.tags).await?;
    let scope = Scope::Application(id);
    copy_variables(call, tx, Scope::Application(original.id), scope).await?;
    let paths = files::copy(tx, &call.app.sealer, team, original.id, id).await?;
    record(call, tx, team, scope, Configured::Files, paths).await?;
    patches::copy(tx, &call.app.sealer, team, original.id, id).await?;
    Ok(id)
}

async fn copy_variables(call: &Call, tx: &mut Tx, from: Scope, to: Scope) -> Result<(), ApiError> {
    let team = call.team()?;
    let (from, into) = (Of { team, scope: from }, Of { team, scope: to });
    let keys = variables::copy(tx, &call.app.sealer, from, into).await?;
    record(call, tx, team, to, Configured::Variables, keys).await
}

async fn record(
    call: &Call,
    tx: &mut Tx,
    team: TeamId,
    scope: Scope,
    what: Configured,
    added: Vec<String>,
) -> Result<(), ApiError> {
    let changed = Changes {
        added,
        ..Changes::default()
    };
    let actor = call.caller()?.me.email.as_str();
    Ok(changes::record(tx, Of { team, scope }, actor, what, &changed).await?)
}

fn name_taken(error: sqlx::Error, name: &ApplicationName) -> ApiError {
    match violated_constraint(&error) {
        Some("application_name_is_free") => ApiError::conflict(format!(
            "That environment already has an application “{name}”; choose another name."
        )),
        _ => error.into(),
    }
}
