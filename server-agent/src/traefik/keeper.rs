//! Keeps the edge: makes its network and its service where they are missing, and starts Traefik anew where it runs and nobody gets through
//! to it.
//!
//! The latter is Docker's trouble, not Traefik's: an engine that was killed while it made a container has forgotten that container's
//! address and gives it to another one.

use std::time::Duration;

use chrono::Utc;
use slipway_protocol::event::Severity;
use tokio::time::Instant;

use crate::app::App;
use crate::db::events;
use crate::deploy;
use crate::docker::{DockerError, EdgeSpec};

/// How often to look, and how soon again while something is wrong.
const LOOK: Duration = Duration::from_secs(30);
const AGAIN: Duration = Duration::from_secs(3);
/// So long the same task has to run and let nobody through.
const DEAF_FOR: Duration = Duration::from_secs(20);
/// Between two of such restarts, as long as they do not help.
const BETWEEN: Duration = Duration::from_secs(600);

/// For as long as the agent lives.
pub async fn keep(app: App) {
    let (mut deaf, mut said) = (Deaf::default(), String::new());
    loop {
        let looked = match ensure(&app).await {
            Ok(()) => listen(&app, &mut deaf).await,
            Err(error) => {
                deaf.hears();
                Err(error)
            }
        };
        let pause = match looked {
            Ok(hears) => {
                said.clear();
                if hears { LOOK } else { AGAIN }
            }
            Err(error) => {
                // The same trouble is told once, not with each look.
                let now = error.to_string();
                if now != said {
                    tracing::warn!(%error, "the edge is not in place");
                    said = now;
                }
                AGAIN
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn ensure(app: &App) -> Result<(), DockerError> {
    let dynamic = app.config.dynamic_dir();
    let dynamic = dynamic.canonicalize().unwrap_or(dynamic);
    app.docker.ensure_network(&app.config.network).await?;
    // Traefik starts with the routes in place, not with an empty configuration.
    if let Err(error) = deploy::apply_routes(app).await {
        tracing::debug!(%error, "routes come later");
    }
    let edge = EdgeSpec {
        image: &app.config.traefik_image,
        log_level: &app.config.traefik_log,
        network: &app.config.network,
        port: app.config.edge_port,
        dynamic_dir: &dynamic.to_string_lossy(),
    };
    app.docker.ensure_edge(edge).await
}

/// Whether the edge lets requests through; where it has not for a while, it is started anew.
async fn listen(app: &App, deaf: &mut Deaf) -> Result<bool, DockerError> {
    if !app.edge.refuses().await {
        deaf.hears();
        return Ok(true);
    }
    let task = app.docker.edge_task().await?.map(|task| task.id);
    if deaf.is_lasting(task.as_deref(), Instant::now()) {
        tracing::warn!("Traefik runs and nobody gets through to it; it is started anew");
        app.docker.restart_edge().await?;
        note(app).await;
    }
    Ok(false)
}

async fn note(app: &App) {
    let said = "Traefik ran and nobody got through to it; it was started anew.";
    let noted = async {
        let mut connection = app.db.pool().acquire().await?;
        events::record_of_cluster(&mut connection, Utc::now(), Severity::Bad, "Traefik", said).await
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, "the edge's restart is not in the list of events");
    }
}

/// Since when the edge lets nobody through.
#[derive(Default)]
struct Deaf {
    since: Option<(String, Instant)>,
    restarted: Option<Instant>,
}

impl Deaf {
    fn hears(&mut self) {
        self.since = None;
    }

    /// It refuses now. Whether this task, which runs, has done so for long enough to be replaced.
    fn is_lasting(&mut self, task: Option<&str>, now: Instant) -> bool {
        let Some(task) = task else {
            // Swarm is about to start one.
            self.since = None;
            return false;
        };
        let since = match &self.since {
            Some((known, since)) if known == task => *since,
            _ => {
                self.since = Some((task.to_owned(), now));
                now
            }
        };
        let was_lately = self
            .restarted
            .is_some_and(|restarted| now.duration_since(restarted) < BETWEEN);
        let lasting = now.duration_since(since) >= DEAF_FOR && !was_lately;
        if lasting {
            self.restarted = Some(now);
        }
        lasting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-R2: only a task that runs and has let nobody through for a while is replaced, and not again and again.
    #[test]
    fn who_is_deaf_for_long_is_replaced() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut deaf = Deaf::default();
        assert!(!deaf.is_lasting(Some("a"), at(0)));
        assert!(!deaf.is_lasting(Some("a"), at(19)));
        // Another task has a time of its own, and so has one that has heard something.
        assert!(!deaf.is_lasting(Some("b"), at(21)));
        deaf.hears();
        assert!(!deaf.is_lasting(Some("b"), at(50)));
        assert!(!deaf.is_lasting(None, at(60)));
        assert!(!deaf.is_lasting(Some("b"), at(61)));
        assert!(deaf.is_lasting(Some("b"), at(81)));
        assert!(!deaf.is_lasting(Some("c"), at(90)));
        assert!(!deaf.is_lasting(Some("c"), at(300)));
        assert!(deaf.is_lasting(Some("c"), at(700)));
    }
}
