//! Projects and environments.

use std::fmt::Display;

use slipway_protocol::api::{
    CreateEnvironment, CreateProject, ListProjects, UpdateEnvironment, UpdateProject,
};
use slipway_protocol::project::{EnvironmentView, ProjectDetails, ProjectView};
use slipway_protocol::{DisplayName, EnvironmentId, EnvironmentName, ProjectId, TeamId};

use super::{ApiError, Call, tags};
use crate::db::{Tx, projects, violated_constraint};

pub async fn list_projects(call: Call, _: ListProjects) -> Result<Vec<ProjectView>, ApiError> {
    let mut tx = call.begin().await?;
    Ok(projects::list(&mut tx, None).await?)
}

pub async fn create_project(call: Call, request: CreateProject) -> Result<ProjectView, ApiError> {
    let new = checked(request.body)?;
    let (team, mut tx) = (call.team()?, call.begin().await?);
    let id = new_project(&mut tx, team, &new).await?;
    let production = EnvironmentName::parse("production")?;
    projects::insert_environment(&mut tx, team, id, &production).await?;
    call.audit(&mut tx, new.name.as_str()).await?;
    let project = one(&mut tx, id).await?;
    tx.commit().await?;
    Ok(project)
}

pub async fn update_project(call: Call, request: UpdateProject) -> Result<ProjectView, ApiError> {
    let details = checked(request.body)?;
    let mut tx = call.begin().await?;
    let before = one(&mut tx, request.project).await?;
    let updated = projects::update(&mut tx, request.project, &details).await;
    if !updated.map_err(|error| name_taken(error, &details.name))? {
        return Err(ApiError::not_found("project"));
    }
    call.audit(&mut tx, &renamed(&before.name, &details.name)).await?;
    let project = one(&mut tx, request.project).await?;
    tx.commit().await?;
    Ok(project)
}

pub(super) async fn one(tx: &mut Tx, id: ProjectId) -> Result<ProjectView, ApiError> {
    let found = projects::list(tx, Some(id)).await?.pop();
    found.ok_or_else(|| ApiError::not_found("project"))
}

fn checked(details: ProjectDetails) -> Result<ProjectDetails, ApiError> {
    if details.description.len() > 2000 || details.description.contains('\0') {
        return Err(ApiError::invalid(
            "The description is not valid: it must be at most 2000 bytes and hold no NUL byte.",
        ));
    }
    Ok(ProjectDetails {
        tags: tags::kept(details.tags, "A project")?,
        ..details
    })
}

pub async fn create_environment(call: Call, request: CreateEnvironment) -> Result<EnvironmentView, ApiError> {
    let (team, mut tx) = (call.team()?, call.begin().await?);
    if !projects::exists(&mut tx, request.project).await? {
        return Err(ApiError::not_found("project"));
    }
    let name = request.body.name;
    let view = environment_named(&mut tx, team, request.project, &name).await?;
    call.audit(&mut tx, name.as_str()).await?;
    tx.commit().await?;
    Ok(view)
}

pub async fn update_environment(call: Call, request: UpdateEnvironment) -> Result<EnvironmentView, ApiError> {
    let (id, name) = (request.environment, request.body.name);
    let mut tx = call.begin().await?;
    let before = environment(&mut tx, id).await?;
    projects::rename_environment(&mut tx, id, &name)
        .await
        .map_err(|error| environment_name_taken(error, &name))?;
    call.audit(&mut tx, &renamed(&before.name, &name)).await?;
    let view = environment(&mut tx, id).await?;
    tx.commit().await?;
    Ok(view)
}

async fn environment(tx: &mut Tx, id: EnvironmentId) -> Result<EnvironmentView, ApiError> {
    let projects = projects::list(tx, None).await?;
    let mut environments = projects.into_iter().flat_map(|project| project.environments);
    let found = environments.find(|environment| environment.id == id);
    found.ok_or_else(|| ApiError::not_found("environment"))
}

/// What the audit log calls something whose name may have changed.
fn renamed<Name: Display + PartialEq>(before: &Name, now: &Name) -> String {
    if before == now {
        now.to_string()
    } else {
        format!("{before} as {now}")
    }
}

/// A new project; a taken name is a conflict.
pub(super) async fn new_project(
    tx: &mut Tx,
    team: TeamId,
    details: &ProjectDetails,
) -> Result<ProjectId, ApiError> {
    let inserted = projects::insert(tx, team, details).await;
    inserted.map_err(|error| name_taken(error, &details.name))
}

fn name_taken(error: sqlx::Error, name: &DisplayName) -> ApiError {
    match violated_constraint(&error) {
        Some("project_name_is_free") => ApiError::conflict(format!(
            "There is already a project “{name}”; choose another name."
        )),
        _ => error.into(),
    }
}

/// A new environment; a taken name is a conflict.
pub(super) async fn environment_named(
    tx: &mut Tx,
    team: TeamId,
    project: ProjectId,
    name: &EnvironmentName,
) -> Result<EnvironmentView, ApiError> {
    let inserted = projects::insert_environment(tx, team, project, name).await;
    inserted.map_err(|error| environment_name_taken(error, name))
}

fn environment_name_taken(error: sqlx::Error, name: &EnvironmentName) -> ApiError {
    match violated_constraint(&error) {
        Some("environment_name_is_free") => ApiError::conflict(format!(
            "The project already has an environment “{name}”; choose another name."
        )),
        _ => error.into(),
    }
}
