//! Projects and environments.

use slipway_protocol::EnvironmentName;
use slipway_protocol::api::{CreateEnvironment, CreateProject, DeleteProject, ListProjects};
use slipway_protocol::project::{EnvironmentView, ProjectView};

use super::{ApiError, Call};
use crate::db::{projects, violated_constraint};

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
    let id = projects::insert(&mut tx, team, &new.name, &new.description)
        .await
        .map_err(|error| match violated_constraint(&error) {
            Some("project_name_is_free") => ApiError::conflict(format!(
                "There is already a project “{}”; choose another name.",
                new.name
            )),
            _ => error.into(),
        })?;
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

pub async fn delete_project(call: Call, request: DeleteProject) -> Result<(), ApiError> {
    let mut tx = call.begin().await?;
    let project = projects::list(&mut tx, Some(request.project))
        .await?
        .pop()
        .ok_or_else(|| ApiError::not_found("project"))?;
    if project
        .environments
        .iter()
        .any(|environment| environment.application_count > 0)
    {
        return Err(ApiError::conflict(format!(
            "The project “{}” still has applications; delete them first.",
            project.name
        )));
    }
    projects::delete(&mut tx, request.project).await?;
    call.audit(&mut tx, project.name.as_str()).await?;
    tx.commit().await?;
    Ok(())
}

pub async fn create_environment(call: Call, request: CreateEnvironment) -> Result<EnvironmentView, ApiError> {
    let (team, mut tx) = (call.team()?, call.begin().await?);
    if !projects::exists(&mut tx, request.project).await? {
        return Err(ApiError::not_found("project"));
    }
    let name = request.body.name;
    let view = projects::insert_environment(&mut tx, team, request.project, &name)
        .await
        .map_err(|error| match violated_constraint(&error) {
            Some("environment_name_is_free") => ApiError::conflict(format!(
                "The project already has an environment “{name}”; choose another name."
            )),
            _ => error.into(),
        })?;
    call.audit(&mut tx, name.as_str()).await?;
    tx.commit().await?;
    Ok(view)
}
