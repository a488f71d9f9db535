//! Hearing from the engine what starts, ends and is changed, so that nothing has to be looked at every second.
//!
//! Two streams: the containers of this node, and what Swarm tells a manager of its services and nodes. While both are open and this
//! is the only node, everything that can change is heard of. Containers of other nodes are not: with those, looking stays frequent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;

use crate::app::App;
use crate::docker::Changed;

/// What Swarm makes of a change shows a moment later.
const LATER: Duration = Duration::from_millis(400);
const AGAIN: Duration = Duration::from_secs(5);

/// What is heard at present.
#[derive(Default)]
pub struct Hearing {
    containers: AtomicBool,
    swarm: AtomicBool,
    alone: AtomicBool,
}

impl Hearing {
    /// Nothing that matters to who serves can happen unheard.
    pub fn is_whole(&self) -> bool {
        [&self.containers, &self.swarm, &self.alone]
            .iter()
            .all(|heard| heard.load(Ordering::Acquire))
    }
}

/// Listens until the agent ends.
pub(super) async fn listen(app: App) {
    tokio::join!(containers(&app), swarm(&app));
}

/// Starts and ends of releases' containers: where a route leads may have changed.
async fn containers(app: &App) {
    loop {
        match app.docker.writer_changes().await {
            Ok(changes) => {
                let _open = Open::now(app, &app.hearing.containers);
                let mut changes = Box::pin(changes);
                while let Some(Ok(_)) = changes.next().await {
                    wake_routes(app);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "containers cannot be heard; they are looked at each second")
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Changes of services, whoever made them, and of nodes.
async fn swarm(app: &App) {
    loop {
        match app.docker.swarm_changes().await {
            Ok(changes) => {
                let _open = Open::now(app, &app.hearing.swarm);
                let mut changes = Box::pin(changes);
                count_nodes(app).await;
                while let Some(Ok(changed)) = changes.next().await {
                    app.keeper_wanted.notify_one();
                    wake_routes(app);
                    if changed == Changed::Node {
                        count_nodes(app).await;
                    }
                }
            }
            Err(error) => {
                tracing::debug!(%error, "services cannot be heard; they are looked at at intervals")
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// A stream that is open for as long as this lives. At its beginning nobody knows what was missed, and at its end who waits for long
/// has to look often again: both are told to look now.
struct Open<'a> {
    app: &'a App,
    heard: &'a AtomicBool,
}

impl<'a> Open<'a> {
    fn now(app: &'a App, heard: &'a AtomicBool) -> Self {
        heard.store(true, Ordering::Release);
        app.keeper_wanted.notify_one();
        wake_routes(app);
        Self { app, heard }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.heard.store(false, Ordering::Release);
        self.app.keeper_wanted.notify_one();
        self.app.routes_wanted.notify_one();
    }
}

async fn count_nodes(app: &App) {
    let alone = app.docker.nodes().await.is_ok_and(|nodes| nodes.len() == 1);
    app.hearing.alone.store(alone, Ordering::Release);
}

fn wake_routes(app: &App) {
    app.routes_wanted.notify_one();
    let later = app.routes_wanted.clone();
    tokio::spawn(async move {
        tokio::time::sleep(LATER).await;
        later.notify_one();
    });
}
