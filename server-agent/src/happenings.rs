//! Noting what happens by itself, so that somebody can ask afterwards: containers that end, nodes that go.
//!
//! What deployments come to is noted where they end, and what was changed from outside where that is found.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use slipway_protocol::ApplicationId;
use slipway_protocol::event::Severity;

use crate::app::App;
use crate::db::{events, tidy};
use crate::docker::{DockerError, Happening, Node, What};
use crate::feed::Whose;

/// How often the nodes are looked at.
const LOOK: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_secs(5);
/// How often what is too old is taken away.
const TIDY: Duration = Duration::from_secs(3_600);

#[derive(Debug, thiserror::Error)]
enum NotingError {
    #[error(transparent)]
    Docker(#[from] DockerError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Runs until the agent ends.
pub async fn note(app: App) {
    let started = format!("The agent {} has started.", env!("CARGO_PKG_VERSION"));
    of_cluster(&app, Severity::Info, "Slipway", &started).await;
    tokio::join!(containers(&app), nodes(&app), tidy(&app));
}

/// Notes what happened to an application, and tells who watches. What cannot be noted is logged: nothing waits for it.
pub async fn of_application(
    app: &App,
    application: ApplicationId,
    at: DateTime<Utc>,
    severity: Severity,
    text: &str,
) {
    let noted = async {
        let mut connection = app.db.pool().acquire().await?;
        events::record(&mut connection, application, None, at, severity, text).await
    };
    told(app, noted.await);
}

async fn of_cluster(app: &App, severity: Severity, subject: &str, text: &str) {
    let noted = async {
        let mut connection = app.db.pool().acquire().await?;
        events::record_of_cluster(&mut connection, Utc::now(), severity, subject, text).await
    };
    told(app, noted.await);
}

fn told(app: &App, noted: Result<(), sqlx::Error>) {
    match noted {
        Ok(()) => app.feed.tell(Whose::Everyone),
        Err(error) => tracing::warn!(%error, "an event could not be noted"),
    }
}

/// Containers of this node. After a break the engine tells what happened meanwhile, as far as it remembers.
async fn containers(app: &App) {
    let mut since: Option<DateTime<Utc>> = None;
    loop {
        if let Err(error) = hear(app, &mut since).await {
            tracing::debug!(%error, "what happens to containers is not heard now");
        }
        app.docker.agree_again();
        tokio::time::sleep(AGAIN).await;
    }
}

async fn hear(app: &App, since: &mut Option<DateTime<Utc>>) -> Result<(), NotingError> {
    let behind = since.map(|at| at + chrono::Duration::nanoseconds(1));
    let mut happenings = Box::pin(app.docker.happenings(behind).await?);
    while let Some(happening) = happenings.next().await {
        let happening = happening?;
        *since = Some(happening.at);
        let Ok(application) = happening.application.parse::<ApplicationId>() else {
            continue;
        };
        if let Some((severity, text)) = words(&happening) {
            of_application(app, application, happening.at, severity, &text).await;
        }
    }
    Ok(())
}

/// What is said of it; nothing of what is plain from what else is said.
fn words(happening: &Happening) -> Option<(Severity, String)> {
    let said = match happening.what {
        What::Started => (Severity::Info, "A task has started.".to_owned()),
        // As it is asked to: by itself, or at the signal to end.
        What::Ended { code: code @ (0 | 143) } => (Severity::Info, format!("A task has ended (exit code {code}).")),
        What::Ended { code: 137 } => (
            Severity::Warning,
            "A task was killed (exit code 137): it did not end in the time that it was given, or ran out of memory.".to_owned(),
        ),
        What::Ended { code } => (Severity::Bad, format!("A task has ended with exit code {code}; its last lines are in the log.")),
        What::OutOfMemory => (
            Severity::Bad,
            "A task ran out of memory, and the kernel killed a process of it; give it more or use less.".to_owned(),
        ),
        What::Unhealthy => (
            Severity::Bad,
            "A task's health command fails; Swarm starts another in its place.".to_owned(),
        ),
        What::Healthy => return None,
    };
    Some(said)
}

async fn nodes(app: &App) {
    let mut known: Option<HashMap<String, Node>> = None;
    loop {
        match app.docker.nodes().await {
            Ok(nodes) => {
                let now: HashMap<String, Node> =
                    nodes.into_iter().map(|node| (node.id.clone(), node)).collect();
                if let Some(before) = &known {
                    for (severity, name, text) in differences(before, &now) {
                        of_cluster(app, severity, &name, &text).await;
                    }
                }
                known = Some(now);
            }
            Err(error) => tracing::debug!(%error, "the nodes cannot be seen now"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What became of the nodes, in the order of their names.
fn differences(
    before: &HashMap<String, Node>,
    now: &HashMap<String, Node>,
) -> Vec<(Severity, String, String)> {
    let mut all = Vec::new();
    let mut say =
        |severity, node: &Node, text: &str| all.push((severity, node.name.clone(), text.to_owned()));
    for (id, node) in now {
        let Some(earlier) = before.get(id) else {
            say(Severity::Info, node, "The node has joined the Swarm.");
            continue;
        };
        match (earlier.state.as_str(), node.state.as_str()) {
            (from, to) if from == to => {}
            (_, "ready") => say(Severity::Info, node, "The node is ready again."),
            (_, "down") => say(
                Severity::Bad,
                node,
                "The node is down: Swarm does not hear of it and starts its tasks elsewhere.",
            ),
            (_, other) => say(Severity::Warning, node, &format!("The node is {other}.")),
        }
        if earlier.availability != node.availability {
            let text = format!(
                "The node's availability was {} and is {} now.",
                earlier.availability, node.availability
            );
            say(Severity::Warning, node, &text);
        }
    }
    for (_, node) in before.iter().filter(|(id, _)| !now.contains_key(*id)) {
        say(Severity::Warning, node, "The node has left the Swarm.");
    }
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

async fn tidy(app: &App) {
    loop {
        tokio::time::sleep(TIDY).await;
        let pruned = async {
            let mut connection = app.db.pool().acquire().await?;
            events::prune(&mut connection).await?;
            tidy::prune(&mut connection).await
        };
        let pruned: Result<(), sqlx::Error> = pruned.await;
        if let Err(error) = pruned {
            tracing::debug!(%error, "what is old is taken away later");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(all: &[(&str, &str, &str)]) -> HashMap<String, Node> {
        let node = |(name, state, availability): &(&str, &str, &str)| Node {
            id: format!("id-{name}"),
            name: (*name).to_owned(),
            state: (*state).to_owned(),
            availability: (*availability).to_owned(),
        };
        all.iter().map(node).map(|node| (node.id.clone(), node)).collect()
    }

    /// FR-OBS-06: a node that goes, comes, is emptied or joins is told; one that stays as it was is not.
    #[test]
    fn what_becomes_of_nodes_is_told() {
        let before = nodes(&[
            ("a", "ready", "active"),
            ("b", "ready", "active"),
            ("c", "down", "active"),
            ("d", "ready", "active"),
        ]);
        let now = nodes(&[
            ("a", "ready", "active"),
            ("b", "down", "drain"),
            ("c", "ready", "active"),
            ("e", "ready", "active"),
        ]);
        let told: Vec<(Severity, String)> = differences(&before, &now)
            .into_iter()
            .map(|(severity, name, _)| (severity, name))
            .collect();
        let wanted = [
            (Severity::Bad, "b"),
            (Severity::Warning, "b"),
            (Severity::Info, "c"),
            (Severity::Warning, "d"),
            (Severity::Info, "e"),
        ];
        assert_eq!(told, wanted.map(|(severity, name)| (severity, name.to_owned())));
    }
}
