//! Keeping the edge's configuration equal to who serves, where their domains lead, and where their healthy tasks are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use slipway_protocol::DeploymentId;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::readiness::{self, Unready};
use crate::app::App;
use crate::db::deployments::{self, Routed};
use crate::db::domains;
use crate::docker::DockerError;
use crate::domain::rollout::{ObservedTask, TaskState};
use crate::domain::routes::{Routes, Rule, Target, server_url, servers, target_name};
use crate::feed::Whose;
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

/// How often to look without a reason, and how soon again at the earliest.
const LOOK: Duration = Duration::from_secs(1);
/// How often where everything is heard of that can change, and nothing has for a while.
const LOOK_WHILE_HEARING: Duration = Duration::from_secs(10);
const A_WHILE: Duration = Duration::from_secs(5);
/// The same while tasks are starting: that one has become healthy is no change that is heard.
const A_LONG_WHILE: Duration = Duration::from_secs(180);
const AT_LEAST: Duration = Duration::from_millis(150);

/// What an application of which this agent is in charge looks like right now.
struct Applied {
    routes: Routes,
    unready: BTreeMap<DeploymentId, Unready>,
    /// Some task is on its way.
    starting: bool,
    /// Of the tasks and their states: another number says that they are others.
    tasks: u64,
}

/// Reads everything anew and writes the configuration if it changed. Returns what it wrote, for whoever waits for Traefik.
pub async fn apply_routes(app: &App) -> Result<Routes, RoutesError> {
    Ok(apply(app).await?.routes)
}

async fn apply(app: &App) -> Result<Applied, RoutesError> {
    let _one_at_a_time = app.routes_lock.lock().await;
    // One moment: between the end of a share and who serves instead, nobody would. And before the tasks: those of who serves by
    // then run already, and stay until this configuration has been replaced.
    let mut moment = app.db.moment().await?;
    let serving = deployments::all_serving(&mut moment).await?;
    let shares = deployments::all_shares(&mut moment).await?;
    let domains = domains::list(&mut moment, None).await?;
    moment.commit().await?;
    let tasks = app.docker.deployment_tasks(&app.config.network).await?;
    let fingerprint = fingerprint(&tasks);
    let seen: HashSet<&str> = tasks.iter().map(|(_, task)| task.id.as_str()).collect();
    app.readiness.keep_only(&seen);
    let starting = tasks
        .iter()
        .any(|(_, task)| task.wanted && task.state == TaskState::Starting);
    let mut running: HashMap<String, Vec<ObservedTask>> = HashMap::new();
    for (deployment, task) in tasks {
        if task.wanted && task.state == TaskState::Running && task.address.is_some() {
            running.entry(deployment).or_default().push(task);
        }
    }
    let (mut targets, mut unready) = (BTreeMap::new(), BTreeMap::new());
    for (application, release) in serving {
        if release.port.is_none() {
            continue;
        }
        // Each on the port of its own settings: the next release may listen elsewhere.
        let mut pick = |release: &Routed| {
            let tasks = running.get(&release.tasks_of.to_string());
            let tasks = tasks.map(Vec::as_slice).unwrap_or_default();
            let Some(port) = release.port else {
                return Serving::default();
            };
            let picked = pick(app, tasks, port);
            if let (Some(plan), false) = (&release.plan, picked.waiting.is_empty()) {
                let (deployment, plan, tasks) = (release.deployment, plan.clone(), picked.waiting);
                unready.insert(
                    deployment,
                    Unready {
                        deployment,
                        plan,
                        tasks,
                    },
                );
            }
            picked.serving
        };
        let now = pick(&release);
        let next = shares
            .get(&application)
            .map(|share| (pick(&share.release), share.percent));
        targets.insert(target_name(application), target(now, next));
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
        deploy_urls: app.deploy_urls.get(),
        targets,
    };
    let text = traefik::render(&routes, app.edge.key());
    traefik::put_configuration(&app.config.dynamic_dir(), &text)?;
    Ok(Applied {
        routes,
        unready,
        starting,
        tasks: fingerprint,
    })
}

fn fingerprint(tasks: &[(String, ObservedTask)]) -> u64 {
    let mut all: Vec<_> = tasks
        .iter()
        .map(|(_, task)| (&task.id, task.state, task.wanted))
        .collect();
    all.sort_unstable_by(|a, b| a.0.cmp(b.0));
    let mut hasher = DefaultHasher::new();
    all.hash(&mut hasher);
    hasher.finish()
}

/// Where a release's requests go.
#[derive(Default)]
struct Serving {
    servers: Vec<String>,
    /// Its tasks have been healthy.
    ready: bool,
}

/// Where a release's requests go, and its tasks that have not been healthy yet.
struct Picked {
    serving: Serving,
    waiting: Vec<ObservedTask>,
}

/// Only tasks that were healthy take part. Where none was, all do: an answer of one that is starting is better than none.
fn pick(app: &App, running: &[ObservedTask], port: u16) -> Picked {
    let address = |task: &ObservedTask| task.address.clone().unwrap_or_default();
    let is_ready = |task: &&ObservedTask| {
        app.readiness
            .is_ready(&task.id, &server_url(&address(task), port))
    };
    let (ready, waiting): (Vec<_>, Vec<_>) = running.iter().partition(is_ready);
    let part = if ready.is_empty() { &waiting } else { &ready };
    let serving = Serving {
        servers: servers(part.iter().map(|task| address(task)), port),
        ready: !ready.is_empty(),
    };
    Picked {
        serving,
        waiting: waiting.into_iter().cloned().collect(),
    }
}

fn target(now: Serving, next: Option<(Serving, Option<u8>)>) -> Target {
    let (servers, canary) = match next {
        None => (now.servers, None),
        // Nobody to share with yet.
        Some((next, _)) if next.servers.is_empty() => (now.servers, None),
        // Who served has no tasks: a share of the requests would be led to nobody.
        Some((next, Some(_))) if now.servers.is_empty() => (next.servers, None),
        Some((next, Some(share))) => (now.servers, Some((next.servers, share))),
        Some((next, None)) => (together(now, next), None),
    };
    Target { servers, canary }
}

/// A rolling release's and the old one's. Where only one of them has been healthy, the other one's tasks are still starting.
fn together(now: Serving, next: Serving) -> Vec<String> {
    let mut all = match (now.ready, next.ready) {
        (true, false) => now.servers,
        (false, true) => next.servers,
        (true, true) | (false, false) => [now.servers, next.servers].concat(),
    };
    all.sort();
    all.dedup();
    all
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

/// Looks when something was heard, and at least every second while tasks come and go or not everything is heard: a task that
/// Swarm replaced is followed to its new address, once it is healthy there.
pub(super) async fn keep_routes(app: App) {
    inherit(&app);
    let mut said = String::new();
    let mut asking: Option<JoinHandle<()>> = None;
    let mut seen = None;
    let mut changed = Instant::now();
    let mut first_look = None;
    let mut pause = LOOK;
    loop {
        // Not at once again: many containers may start together.
        tokio::time::sleep(AT_LEAST).await;
        let _ = tokio::time::timeout(pause - AT_LEAST, app.routes_wanted.notified()).await;
        pause = LOOK;
        match apply(&app).await {
            Ok(applied) => {
                said.clear();
                if first_look.get_or_insert_with(Instant::now).elapsed() > A_LONG_WHILE {
                    app.readiness.disinherit();
                }
                if seen.replace(applied.tasks) != Some(applied.tasks) {
                    app.feed.tell(Whose::Everyone);
                    changed = Instant::now();
                }
                let patience = if applied.starting { A_LONG_WHILE } else { A_WHILE };
                let calm = applied.unready.is_empty() && changed.elapsed() > patience;
                if calm && app.hearing.is_whole() {
                    pause = LOOK_WHILE_HEARING;
                }
                // Beside the look, which has to come in time whatever a task does.
                if asking.as_ref().is_none_or(JoinHandle::is_finished) {
                    let app = app.clone();
                    asking = Some(tokio::spawn(async move {
                        readiness::ask(&app, applied.unready).await;
                    }));
                }
            }
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

/// What the configuration of an earlier life names took part, and goes on doing so.
pub fn inherit(app: &App) {
    let file = app.config.dynamic_dir().join(traefik::FILE_NAME);
    if let Ok(text) = std::fs::read_to_string(file) {
        app.readiness.inherit(traefik::servers_in(&text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-05: a canary has a share; of a rolling release, every task counts the same; and nobody to share with changes nothing.
    #[test]
    fn shares_become_targets() {
        let (old, new) = (vec!["http://a:1".to_owned()], vec!["http://b:1".to_owned()]);
        let ready = |servers: &[String]| Serving {
            servers: servers.to_vec(),
            ready: true,
        };
        let canary = target(ready(&old), Some((ready(&new), Some(10))));
        assert_eq!(canary.canary, Some((new.clone(), 10)));
        let rolling = target(ready(&old), Some((ready(&new), None)));
        assert_eq!((rolling.servers.len(), rolling.canary), (2, None));
        let alone = target(ready(&old), Some((ready(&[]), Some(10))));
        assert_eq!((alone.servers, alone.canary), (old, None));
    }

    /// FR-DEP-05: while one release of a rolling deployment is still starting, the other one has all requests.
    #[test]
    fn who_starts_waits() {
        let serving = |server: &str, ready| Serving {
            servers: vec![server.to_owned()],
            ready,
        };
        let servers = |now, next| target(serving("a", now), Some((serving("b", next), None))).servers;
        assert_eq!(servers(false, true), ["b"]);
        assert_eq!(servers(true, false), ["a"]);
        assert_eq!(servers(false, false), ["a", "b"]);
    }
}
