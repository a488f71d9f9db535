//! What the edge has counted for an application, read at the moments that a receipt is made of.

use slipway_protocol::ApplicationId;

use crate::app::App;
use crate::domain::routes::{halves, target_name};
use crate::domain::traffic::{Traffic, read as traffic};

/// All requests of an application so far; `None` when the edge cannot be asked. A receipt is not worth a failure.
pub async fn read(app: &App, application: ApplicationId) -> Option<Traffic> {
    let metrics = app.edge.metrics().await.ok()?;
    let target = target_name(application);
    let (now, next) = halves(&target);
    Some(traffic(&metrics, &[&target, &now, &next]))
}

/// What went to a canary so far.
pub async fn read_next(app: &App, application: ApplicationId) -> Option<Traffic> {
    let metrics = app.edge.metrics().await.ok()?;
    let (_, next) = halves(&target_name(application));
    Some(traffic(&metrics, &[&next]))
}
