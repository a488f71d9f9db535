//! Making and removing an application's deploy URL. Its use comes through the edge process: see `crate::edge`.

use slipway_protocol::ApplicationId;
use slipway_protocol::api::{DeleteDeployUrl, GetDeployUrl, MakeDeployUrl};
use slipway_protocol::deploy_url::{DeployUrlView, NewDeployUrl, path_of};

use super::applications::row;
use super::{ApiError, Call, tokens};
use crate::app::App;
use crate::db::{Tx, deploy_urls, domains};

pub async fn get_deploy_url(call: Call, request: GetDeployUrl) -> Result<Option<DeployUrlView>, ApiError> {
    let mut tx = call.begin().await?;
    let application = row(&mut tx, request.application).await?;
    let Some(found) = deploy_urls::find(&mut tx, application.id).await? else {
        return Ok(None);
    };
    Ok(Some(DeployUrlView {
        url: url(&call.app, &mut tx, application.id).await?,
        made_by: found.made_by,
        made_at: found.made_at,
        last_used_at: found.last_used_at,
    }))
}

pub async fn make_deploy_url(call: Call, request: MakeDeployUrl) -> Result<NewDeployUrl, ApiError> {
    let (team, mut tx) = (call.team()?, call.begin().await?);
    let application = row(&mut tx, request.application).await?;
    let (secret, hash) = tokens::random_code().map_err(|error| ApiError::internal(&error))?;
    let by = call.caller()?.me.email.as_str();
    deploy_urls::put(&mut tx, team, application.id, &hash, by).await?;
    call.audit(&mut tx, application.name.as_str()).await?;
    let url = url(&call.app, &mut tx, application.id).await?;
    tx.commit().await?;
    Ok(NewDeployUrl { url, secret })
}

pub async fn delete_deploy_url(call: Call, request: DeleteDeployUrl) -> Result<(), ApiError> {
    let mut tx = call.begin().await?;
    let application = row(&mut tx, request.application).await?;
    if !deploy_urls::delete(&mut tx, application.id).await? {
        return Err(ApiError::not_found("deploy URL"));
    }
    call.audit(&mut tx, application.name.as_str()).await?;
    tx.commit().await?;
    Ok(())
}

/// On the application's first domain: any name that leads to the edge will do.
async fn url(app: &App, tx: &mut Tx, application: ApplicationId) -> Result<String, ApiError> {
    let path = path_of(application);
    let domains = domains::list(tx, Some(application)).await?;
    Ok(domains.first().map_or_else(
        || path.clone(),
        |domain| app.config.public_url(domain.host.as_str(), &path),
    ))
}
