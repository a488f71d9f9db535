//! Projects and environments.

use slipway_protocol::api::{CreateEnvironment, CreateProject, ListProjects};
use slipway_protocol::project::{EnvironmentView, ProjectView};
use slipway_protocol::{DisplayName, EnvironmentName, ProjectId, TeamId};

use super::{ApiError, Call};
use crate::db::{Tx, projects, violated_constraint};

pub async fn list_projects(call: Call, _: ListProjects) -> Result<Vec<ProjectView>, ApiError> {
    let mut tx = call.begin().await?;
    Ok(projects::list(&mut tx, None).await?)
}

pub async fn create_project(call: Call, request: CreateProject) -> Result<ProjectView, ApiError> {
    let new = request.body;
    if new.description.len() > 2000 || new.description.contains('\0') {
        return Err(ApiError::invalid(
            "The description is not valid: it must be at most 2000 bytes and hold no NUL byte.",
        ));
    }
    let (team, mut tx) = (call.team()?, call.begin().await?);
    let id = project_named(&mut tx, team, &new.name, &new.description).await?;
    let production = EnvironmentName::parse("production")?;
    projects::insert_environment(&mut tx, team, id, &production).await?;
    call.audit(&mut tx, new.name.as_str()).await?;
    let project = projects::list(&mut tx, Some(id))
        .await?
        .pop()
        .ok_or_else(|| ApiError::not_found("project"))?;
    tx.commit().await?;
    Ok(project)
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

/// A new project; a taken name is a conflict.
pub(super) async fn project_named(
    tx: &mut Tx,
    team: TeamId,
    name: &DisplayName,
    description: &str,
) -> Result<ProjectId, ApiError> {
    let inserted = projects::insert(tx, team, name, description).await;
    inserted.map_err(|error| match violated_constraint(&error) {
        Some("project_name_is_free") => ApiError::conflict(format!(
            "There is already a project “{name}”; choose another name."
        )),
        _ => error.into(),
    })
}

/// A new environment; a taken name is a conflict.
pub(super) async fn environment_named(
    tx: &mut Tx,
    team: TeamId,
    project: ProjectId,
    name: &EnvironmentName,
) -> Result<EnvironmentView, ApiError> {
    let inserted = projects::insert_environment(tx, team, project, name).await;
    inserted.map_err(|error| match violated_constraint(&error) {
        Some("environment_name_is_free") => ApiError::conflict(format!(
            "The project already has an environment “{name}”; choose another name."
        )),
        _ => error.into(),
    })
}
