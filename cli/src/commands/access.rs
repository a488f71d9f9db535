//! `slipway app key`, `token` and `deploy-url`: what lets the agent into a private repository, and a CI job into the agent.

use slipway_protocol::LoginName;
use slipway_protocol::api::{
    DeleteDeployKey, DeleteDeployUrl, DeleteGitToken, GetDeployUrl, GetGitAccess, MakeDeployKey,
    MakeDeployUrl, SetGitToken,
};
use slipway_protocol::git_access::GitToken;

use crate::context::Context;
use crate::error::CliError;
use crate::{ask, output};

/// Shows the public half; makes a key where there is none, or a new one.
pub async fn key(context: &Context, app: &str, renew: bool, remove: bool) -> Result<(), CliError> {
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    if remove {
        connection.send(DeleteDeployKey { application }).await?;
        return output::done(
            context.json,
            &format!("Removed the deploy key of “{}”.", view.name),
        );
    }
    let there = connection
        .send(GetGitAccess { application })
        .await?
        .deploy_key
        .filter(|_| !renew);
    let key = match there {
        Some(key) => key,
        None => connection.send(MakeDeployKey { application }).await?,
    };
    if context.json {
        return output::json(&key);
    }
    output::line(&output::plain(&key.public_key));
    output::note(
        "Add it to the repository as a deploy key that may read, and use the repository's SSH address.",
    );
    Ok(())
}

pub async fn token(context: &Context, app: &str, user: &str, remove: bool) -> Result<(), CliError> {
    let user = LoginName::parse(user)?;
    let token = if remove {
        None
    } else {
        Some(ask::secret_from_stdin("the token")?)
    };
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    match token {
        None => {
            connection.send(DeleteGitToken { application }).await?;
            output::done(context.json, &format!("Removed the token of “{}”.", view.name))
        }
        Some(token) => {
            let body = GitToken { user, token };
            connection.send(SetGitToken { application, body }).await?;
            output::done(
                context.json,
                &format!(
                    "Stored the token of “{}”; its next deployment uses it.",
                    view.name
                ),
            )
        }
    }
}

/// Shows the URL; makes it where there is none, or gives it another secret.
pub async fn deploy_url(context: &Context, app: &str, renew: bool, remove: bool) -> Result<(), CliError> {
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    if remove {
        connection.send(DeleteDeployUrl { application }).await?;
        return output::done(
            context.json,
            &format!("Removed the deploy URL of “{}”.", view.name),
        );
    }
    let there = connection.send(GetDeployUrl { application }).await?;
    if let Some(there) = there.filter(|_| !renew) {
        if context.json {
            return output::json(&there);
        }
        output::line(&output::plain(&there.url));
        output::note("Its secret was told when it was made; --renew makes another one.");
        return Ok(());
    }
    let fresh = connection.send(MakeDeployUrl { application }).await?;
    if context.json {
        return output::json(&fresh);
    }
    output::line(&format!(
        "curl -X POST -H 'Authorization: Bearer {}' {}",
        output::plain(fresh.secret.expose()),
        output::plain(&fresh.url)
    ));
    output::note("Keep the secret where your CI keeps secrets: it is not shown again.");
    Ok(())
}
