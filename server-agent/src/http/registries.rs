//! The team's sign-ins for registries: write-only passwords.

use slipway_protocol::api::{DeleteRegistry, ListRegistries, SetRegistry};
use slipway_protocol::registry::{LONGEST_PASSWORD, RegistryView};

use super::{ApiError, Call};
use crate::db::registries;

pub async fn list_registries(call: Call, _: ListRegistries) -> Result<Vec<RegistryView>, ApiError> {
    let mut tx = call.begin().await?;
    Ok(registries::list(&mut tx).await?)
}

pub async fn set_registry(call: Call, request: SetRegistry) -> Result<RegistryView, ApiError> {
    let (team, mut tx) = (call.team()?, call.begin().await?);
    let login = request.body;
    let length = login.password.expose().len();
    if length == 0 || length > LONGEST_PASSWORD {
        return Err(ApiError::invalid(format!(
            "The password for {} is not valid: it has between 1 and {LONGEST_PASSWORD} bytes.",
            login.host
        )));
    }
    let sealer = &call.app.sealer;
    let view = registries::put(&mut tx, sealer, team, &login.host, &login.user, &login.password).await?;
    call.audit(&mut tx, view.host.as_str()).await?;
    tx.commit().await?;
    Ok(view)
}

pub async fn delete_registry(call: Call, request: DeleteRegistry) -> Result<(), ApiError> {
    let mut tx = call.begin().await?;
    if !registries::delete(&mut tx, &request.host).await? {
        return Err(ApiError::not_found("sign-in for a registry"));
    }
    call.audit(&mut tx, request.host.as_str()).await?;
    tx.commit().await?;
    Ok(())
}
