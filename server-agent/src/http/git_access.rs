//! What lets the agent into an application's private repository: a token or a deploy key.

use slipway_protocol::api::{DeleteDeployKey, DeleteGitToken, GetGitAccess, MakeDeployKey, SetGitToken};
use slipway_protocol::git_access::{DeployKeyView, GitAccessView, GitTokenView, LONGEST_TOKEN};
use slipway_protocol::names::is_hidden;
use slipway_protocol::settings::Source;
use slipway_protocol::{ApplicationId, LoginName, Secret};

use super::applications::row;
use super::{ApiError, Call};
use crate::db::damaged;
use crate::db::git_credentials::{self as credentials, Kind, New};
use crate::git::{self, DeployKey};

pub async fn get_git_access(call: Call, request: GetGitAccess) -> Result<GitAccessView, ApiError> {
    let mut tx = call.begin().await?;
    row(&mut tx, request.application).await?;
    let token = credentials::find(&mut tx, request.application, Kind::Token).await?;
    let key = credentials::find(&mut tx, request.application, Kind::DeployKey).await?;
    let token = token.map(|found| {
        Ok::<_, sqlx::Error>(GitTokenView {
            user: LoginName::parse(&found.text).map_err(damaged)?,
            origin: found.origin,
            updated_at: found.updated_at,
        })
    });
    Ok(GitAccessView {
        token: token.transpose()?,
        deploy_key: key.map(|found| DeployKeyView {
            public_key: found.text,
            created_at: found.updated_at,
        }),
    })
}

pub async fn make_deploy_key(call: Call, request: MakeDeployKey) -> Result<DeployKeyView, ApiError> {
    let (team, mut tx) = (call.team()?, call.begin().await?);
    let application = row(&mut tx, request.application).await?;
    let key = DeployKey::generate().map_err(|error| ApiError::internal(&error))?;
    let public = key.public(&format!("slipway-{}", application.name));
    let new = New {
        team,
        application: request.application,
        kind: Kind::DeployKey,
        secret: key.into_seed(),
        public: &public,
        origin: None,
    };
    let stored = credentials::put(&mut tx, &call.app.sealer, new).await?;
    call.audit(&mut tx, application.name.as_str()).await?;
    tx.commit().await?;
    Ok(DeployKeyView {
        public_key: public,
        created_at: stored.updated_at,
    })
}

pub async fn delete_deploy_key(call: Call, request: DeleteDeployKey) -> Result<(), ApiError> {
    delete(call, request.application, Kind::DeployKey, "deploy key").await
}

pub async fn set_git_token(call: Call, request: SetGitToken) -> Result<GitTokenView, ApiError> {
    let (team, mut tx) = (call.team()?, call.begin().await?);
    let application = row(&mut tx, request.application).await?;
    let (user, token) = (request.body.user, request.body.token);
    let text = token.expose();
    if text.is_empty() || text.len() > LONGEST_TOKEN || text.chars().any(is_hidden) {
        return Err(ApiError::invalid(format!(
            "The token is not valid: it is one line of at most {LONGEST_TOKEN} bytes."
        )));
    }
    // Whoever may change the address later may not be one who could read the token.
    let git = match &application.settings.source {
        Source::Git(git) => git::origin(git.url.as_str()),
        Source::Image(_) | Source::Upload(_) => None,
    };
    let new = New {
        team,
        application: request.application,
        origin: Some(git.as_deref().unwrap_or_default()),
        kind: Kind::Token,
        secret: Secret::new(token.into_exposed().into_bytes()),
        public: user.as_str(),
    };
    let stored = credentials::put(&mut tx, &call.app.sealer, new).await?;
    call.audit(&mut tx, application.name.as_str()).await?;
    tx.commit().await?;
    Ok(GitTokenView {
        origin: stored.origin,
        updated_at: stored.updated_at,
        user,
    })
}

pub async fn delete_git_token(call: Call, request: DeleteGitToken) -> Result<(), ApiError> {
    delete(call, request.application, Kind::Token, "token").await
}

async fn delete(call: Call, application: ApplicationId, kind: Kind, what: &str) -> Result<(), ApiError> {
    let mut tx = call.begin().await?;
    let found = row(&mut tx, application).await?;
    if !credentials::delete(&mut tx, application, kind).await? {
        return Err(ApiError::not_found(what));
    }
    call.audit(&mut tx, found.name.as_str()).await?;
    tx.commit().await?;
    Ok(())
}
