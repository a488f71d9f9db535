//! Domains of an application: in force at once.

use slipway_protocol::api::{CreateDomain, DeleteDomain};
use slipway_protocol::domain::{DomainView, NewDomain};

use super::applications::row;
use super::{ApiError, Call};
use crate::db::{domains, violated_constraint};
use crate::deploy;

pub async fn create_domain(call: Call, request: CreateDomain) -> Result<DomainView, ApiError> {
    let (team, mut tx) = (call.team()?, call.begin().await?);
    let application = row(&mut tx, request.application).await?;
    let new = NewDomain {
        // The edge makes no difference between the two.
        path: request.body.path.without_last_slash(),
        ..request.body
    };
    if domains::is_of_another_team(&mut tx, &new.host).await? {
        return Err(ApiError::conflict(format!(
            "{} leads to applications of another team of this cluster; choose another host name.",
            new.host
        )));
    }
    let inserted = domains::insert(&mut tx, team, request.application, &new.host, &new.path).await;
    let id = inserted.map_err(|error| match violated_constraint(&error) {
        Some("domain_is_free") => ApiError::conflict(format!(
            "{}{} already leads to an application of this cluster; choose another.",
            new.host, new.path
        )),
        _ => error.into(),
    })?;
    call.audit(&mut tx, &format!("{} {}{}", application.name, new.host, new.path))
        .await?;
    tx.commit().await?;
    deploy::apply_routes_soon(&call.app);
    let url = call.app.config.public_url(new.host.as_str(), new.path.as_str());
    Ok(DomainView {
        id,
        host: new.host,
        path: new.path,
        url,
    })
}

pub async fn delete_domain(call: Call, request: DeleteDomain) -> Result<(), ApiError> {
    let mut tx = call.begin().await?;
    let application = row(&mut tx, request.application).await?;
    if !domains::delete(&mut tx, request.application, request.domain).await? {
        return Err(ApiError::not_found("domain"));
    }
    call.audit(&mut tx, application.name.as_str()).await?;
    tx.commit().await?;
    deploy::apply_routes_soon(&call.app);
    Ok(())
}
