//! What a deployment's source is, frozen beside its plan: the upload that it builds, the patches that it lays over, and what an
//! earlier deployment pinned where it takes that again.

use slipway_protocol::deployment::Trigger;
use slipway_protocol::settings::Source;
use slipway_protocol::{DeploymentId, ErrorCode};

use crate::app::App;
use crate::db::applications::Application;
use crate::db::{Tx, deployments, patches, uploads};
use crate::http::ApiError;

/// In the transaction that stores the deployment.
pub(super) async fn freeze_source(
    app: &App,
    tx: &mut Tx,
    application: &Application,
    id: DeploymentId,
    trigger: &Trigger,
) -> Result<(), ApiError> {
    match trigger {
        Trigger::Deploy => {
            if let Source::Upload(_) = application.settings.source {
                let newest = uploads::newest(tx, application.id).await?;
                let upload = newest.ok_or_else(|| nothing_sent(application))?;
                uploads::choose(tx, id, upload).await?;
            }
            Ok(patches::freeze(tx, &app.sealer, application.id, id).await?)
        }
        // The same commit, upload or digest once more, with the patches as they are now.
        Trigger::Redeploy => {
            take_over(tx, application, id).await?;
            Ok(patches::freeze(tx, &app.sealer, application.id, id).await?)
        }
        Trigger::Rollback { to } => Ok(deployments::take_over_pinned(tx, id, *to).await?),
        Trigger::Reload | Trigger::Restart | Trigger::Scale { .. } | Trigger::Adopt => {
            take_over(tx, application, id).await
        }
    }
}

async fn take_over(tx: &mut Tx, application: &Application, id: DeploymentId) -> Result<(), ApiError> {
    if let Some(serving) = deployments::serving(tx, application.id).await? {
        deployments::take_over_pinned(tx, id, serving).await?;
    }
    Ok(())
}

fn nothing_sent(application: &Application) -> ApiError {
    let name = &application.name;
    ApiError::new(
        ErrorCode::Conflict,
        format!(
            "Nothing was sent for “{name}” yet; send a folder or an archive with “slipway deploy {name} FOLDER”, or drop it on the application's page."
        ),
    )
}
