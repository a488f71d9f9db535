//! Commands that somebody runs once beside an application: what stands in the table is begun, watched and recorded.
//!
//! Promised: a command is started at most once. Killed at any instant, the agent finds the command's service again at its next start, or makes
//! it where nothing of it was ever seen; its end is recorded, and its service is gone afterwards.

mod outcome;
mod output;
mod run;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use slipway_protocol::CommandId;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::db::commands::{self, Unfinished};
use crate::logs::collect::Sources;

/// How often to look without a reason, and how soon again at one that met a Docker or a database that is away.
const LOOK: Duration = Duration::from_secs(5);

/// Looks after commands until the agent ends.
pub fn start(app: &App, sources: Arc<Sources>, shutdown: &CancellationToken) {
    let (app, shutdown) = (app.clone(), shutdown.clone());
    tokio::spawn(async move {
        tokio::select! { () = keep(app, sources) => {}, () = shutdown.cancelled() => {} }
    });
}

async fn keep(app: App, sources: Arc<Sources>) {
    let mut work = JoinSet::new();
    let mut known: HashMap<CommandId, AbortHandle> = HashMap::new();
    loop {
        while work.try_join_next().is_some() {}
        known.retain(|_, one| !one.is_finished());
        match unfinished(&app).await {
            Ok(all) => {
                for command in all {
                    known.entry(command.id).or_insert_with(|| {
                        let (app, sources) = (app.clone(), Arc::clone(&sources));
                        work.spawn(run::drive(app, sources, command))
                    });
                }
            }
            Err(error) => tracing::debug!(%error, "commands are looked for later"),
        }
        let _ = tokio::time::timeout(LOOK, app.commands_wanted.notified()).await;
    }
}

async fn unfinished(app: &App) -> Result<Vec<Unfinished>, sqlx::Error> {
    commands::unfinished(&mut *app.db.pool().acquire().await?).await
}
