//! Workers: claim a deployment, drive it with a heartbeat, let it go.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use slipway_protocol::DeploymentId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::engine::{self, EngineError};
use super::{hearing, keeper, notified, routes, sweep, sweep_builds, vitals};
use crate::app::App;
use crate::db::deployments::{self, Claim, Claimed, Holding, Lane};

/// A worker looks at least this often, whatever was notified.
const LOOK: Duration = Duration::from_secs(2);
/// How often a lease is extended and a wish to cancel is looked for.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// Without an extension for so long, the work is left alone: soon the lease has run out, and another worker may take it.
const LEASE_IN_DOUBT: Duration = Duration::from_secs(25);

/// Starts the engine: the notifications, the workers, the keeper of the routes, the sweep. All end with `shutdown`.
pub fn start_workers(app: &App, shutdown: &CancellationToken) {
    let spawn = |work: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| {
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! { () = work => {}, () = shutdown.cancelled() => {} }
        });
    };
    spawn(Box::pin(notified::hear(app.clone())));
    spawn(Box::pin(routes::keep_routes(app.clone())));
    spawn(Box::pin(sweep::keep_swept(app.clone())));
    spawn(Box::pin(sweep_builds::keep_swept(app.clone())));
    spawn(Box::pin(keeper::keep(app.clone())));
    spawn(Box::pin(vitals::watch(app.clone())));
    spawn(Box::pin(hearing::listen(app.clone())));
    let at_work = AtWork::default();
    for _ in 0..app.config.deployments.max(1) {
        spawn(Box::pin(work(app.clone(), Lane::Every, at_work.clone())));
    }
    spawn(Box::pin(work(app.clone(), Lane::Quick, at_work)));
}

/// The deployments that a worker of this agent is at work on. A lease is for other agents: it ends by the clock, and a clock that jumps would
/// have two workers on one deployment for a moment.
#[derive(Clone, Default)]
struct AtWork(Arc<Mutex<HashSet<Uuid>>>);

impl AtWork {
    fn all(&self) -> Vec<Uuid> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().copied().collect()
    }

    /// For as long as what is given lives.
    fn on(&self, id: DeploymentId) -> Work {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(id.uuid());
        Work {
            at_work: self.clone(),
            id: id.uuid(),
        }
    }
}

struct Work {
    at_work: AtWork,
    id: Uuid,
}

impl Drop for Work {
    fn drop(&mut self) {
        let mut all = self.at_work.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.id);
    }
}

async fn work(app: App, lane: Lane, at_work: AtWork) {
    let me = Uuid::new_v4();
    let mut wanted = app.work_wanted.subscribe();
    loop {
        wanted.mark_unchanged();
        match claim(&app, me, lane, &at_work).await {
            Ok(Claim::Taken(claimed)) => {
                let _work = at_work.on(claimed.id);
                drive(&app, me, *claimed).await;
                continue;
            }
            Ok(Claim::Unreadable(held)) => {
                let _work = at_work.on(held.id);
                park(&app, me, held).await;
                continue;
            }
            Ok(Claim::Nothing) => {}
            Err(error) => tracing::warn!(%error, "no deployment could be claimed"),
        }
        let _ = tokio::time::timeout(LOOK, wanted.changed()).await;
    }
}

async fn claim(app: &App, me: Uuid, lane: Lane, at_work: &AtWork) -> Result<Claim, sqlx::Error> {
    let mut tx = app.db.begin().await?;
    match deployments::claim(&mut tx, me, lane, &at_work.all()).await {
        Ok(claim) => {
            match &claim {
                Claim::Taken(claimed) => deployments::notify(&mut tx, claimed.id).await?,
                Claim::Unreadable(held) => deployments::notify(&mut tx, held.id).await?,
                Claim::Nothing => {}
            }
            tx.commit().await?;
            Ok(claim)
        }
        // Another worker has just begun a deployment of the same application.
        Err(error)
            if crate::db::violated_constraint(&error) == Some("one_active_deployment_per_application") =>
        {
            Ok(Claim::Nothing)
        }
        Err(error) => Err(error),
    }
}

async fn drive(app: &App, me: Uuid, claimed: Claimed) {
    let (id, cancel) = (claimed.id, CancellationToken::new());
    if claimed.cancelled {
        // Known from the start: no step begins that would only be taken back.
        cancel.cancel();
    }
    hold(app, me, id, &cancel, engine::drive(app, me, claimed, &cancel)).await;
}

async fn park(app: &App, me: Uuid, held: Holding) {
    let never = CancellationToken::new();
    hold(app, me, held.id, &never, engine::park(app, me, held)).await;
}

/// Works on a deployment for as long as its lease can be kept, and gives it back. A wish to cancel reaches `cancel`.
async fn hold(
    app: &App,
    me: Uuid,
    id: DeploymentId,
    cancel: &CancellationToken,
    work: impl Future<Output = Result<(), EngineError>>,
) {
    let lost = CancellationToken::new();
    let heartbeat = tokio::spawn(keep_lease(app.clone(), me, id, cancel.clone(), lost.clone()));
    // A bug outside the steps must not take the worker with it: the deployment goes on from what is recorded.
    let worked = AssertUnwindSafe(work).catch_unwind();
    tokio::select! {
        ended = worked => {
            let interrupted = match ended {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(crate::http::error_chain(&error)),
                Err(_) => Some("a bug in the engine".to_owned()),
            };
            if let Some(error) = interrupted {
                tracing::error!(deployment.id = %id, error, "a deployment was interrupted; it will be taken up again");
                // Its end may be written down all the same: only that this is so was not heard.
                app.sweep_wanted.notify_one();
                app.keeper_wanted.notify_one();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        () = lost.cancelled() => tracing::warn!(deployment.id = %id, "lost the lease on a deployment; leaving it"),
    }
    heartbeat.abort();
    if let Ok(mut connection) = app.db.pool().acquire().await {
        let _ = deployments::release_lease(&mut connection, id, me).await;
    }
}

async fn keep_lease(
    app: App,
    me: Uuid,
    id: DeploymentId,
    cancel: CancellationToken,
    lost: CancellationToken,
) {
    let mut held = Instant::now();
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        let asked = Instant::now();
        let extended = async { deployments::extend(&mut *app.db.pool().acquire().await?, id, me).await };
        let left = LEASE_IN_DOUBT.saturating_sub(held.elapsed());
        match tokio::time::timeout(left, extended).await {
            Ok(Ok(wish)) => {
                held = asked;
                match wish {
                    Some(true) => cancel.cancel(),
                    Some(false) => {}
                    None => lost.cancel(),
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "a lease could not be extended"),
            Err(_) => lost.cancel(),
        }
    }
}
