//! Variables of an application: write-only values.

use slipway_protocol::api::{DeleteVariable, ListVariables, SetVariable};
use slipway_protocol::variable::{LARGEST_VALUE, VariableView};

use super::{ApiError, Call};
use crate::db::{applications, variables};

pub async fn list_variables(call: Call, request: ListVariables) -> Result<Vec<VariableView>, ApiError> {
    let mut tx = call.begin().await?;
    applications::find(&mut tx, request.application)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    Ok(variables::list(&mut tx, request.application).await?)
}

pub async fn set_variable(call: Call, request: SetVariable) -> Result<VariableView, ApiError> {
    let (team, mut tx) = (call.team()?, call.begin().await?);
    let application = applications::find(&mut tx, request.application)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    let (key, value) = (request.body.key, request.body.value);
    if value.expose().len() > LARGEST_VALUE || value.expose().contains('\0') {
        return Err(ApiError::invalid(format!(
            "The value of {key} is not valid: it must be at most 64 KiB and hold no NUL byte."
        )));
    }
    let view = variables::put(&mut tx, &call.app.sealer, team, request.application, &key, &value).await?;
    applications::touch(&mut tx, request.application).await?;
    call.audit(&mut tx, &format!("{} {key}", application.name))
        .await?;
    tx.commit().await?;
    Ok(view)
}

pub async fn delete_variable(call: Call, request: DeleteVariable) -> Result<(), ApiError> {
    let mut tx = call.begin().await?;
    let application = applications::find(&mut tx, request.application)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    if !variables::delete(&mut tx, request.application, &request.key).await? {
        return Err(ApiError::not_found("variable"));
    }
    applications::touch(&mut tx, request.application).await?;
    call.audit(&mut tx, &format!("{} {}", application.name, request.key))
        .await?;
    tx.commit().await?;
    Ok(())
}
