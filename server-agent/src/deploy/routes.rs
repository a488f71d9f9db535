//! Keeping the edge's configuration equal to who serves, where their domains lead, and where their tasks are.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::app::App;
use crate::db::{deployments, domains};
use crate::docker::DockerError;
use crate::domain::rollout::TaskState;
use crate::domain::routes::{Routes, Rule, Target, target_name};
use crate::traefik;

#[derive(Debug, thiserror::Error)]
pub enum RoutesError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Docker(#[from] DockerError),
    #[error("the routes could not be written to Traefik's folder")]
    File(#[from] std::io::Error),
}

/// Reads everything anew and writes the configuration if it changed. Returns what it wrote, for whoever waits for Traefik.
pub async fn apply_routes(app: &App) -> Result<Routes, RoutesError> {
    let _one_at_a_time = app.routes_lock.lock().await;
    let tasks = app.docker.deployment_tasks(&app.config.network).await?;
    let mut addresses: HashMap<String, Vec<String>> = HashMap::new();
    for (deployment, task) in tasks {
        if let (true, TaskState::Running, Some(address)) = (task.wanted, task.state, task.address) {
            addresses.entry(deployment).or_default().push(address);
        }
    }
    let mut connection = app.db.pool().acquire().await?;
    let serving = deployments::all_serving(&mut connection).await?;
    let domains = domains::list(&mut connection, None).await?;
    drop(connection);
    let mut targets = BTreeMap::new();
    for (application, deployment, plan) in serving {
        let own = addresses.remove(&deployment.to_string()).unwrap_or_default();
        targets.insert(
            target_name(application),
            Target::new(own, plan.settings.port.get()),
        );
    }
    let rules = domains.into_iter().filter_map(|domain| {
        let target = target_name(domain.application);
        let known = targets.contains_key(&target);
        known.then(|| Rule {
            name: format!("domain-{}", domain.id.uuid().simple()),
            host: domain.host,
            path: domain.path,
            target,
        })
    });
    let routes = Routes {
        rules: rules.collect(),
        probes: app.probes.all(),
        targets,
    };
    let text = traefik::render(&routes, app.edge.key());
    traefik::put_configuration(&app.config.dynamic_dir(), &text)?;
    Ok(routes)
}

/// In the background: a failure is logged, and the next look mends it.
pub fn apply_routes_soon(app: &App) {
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(error) = apply_routes(&app).await {
            tracing::warn!(%error, "routes not applied yet");
        }
    });
}

/// Looks every second, so that a task that Swarm replaced is followed to its new address.
pub(super) async fn keep_routes(app: App) {
    let mut said = String::new();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        match apply_routes(&app).await {
            Ok(_) => said.clear(),
            Err(error) => {
                // The same trouble is told once, not each second.
                let now = error.to_string();
                if now != said {
                    tracing::warn!(%error, "routes not applied");
                    said = now;
                }
            }
        }
    }
}
