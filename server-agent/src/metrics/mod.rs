//! Metrics, recorded when nobody looks: each ten seconds what the node and the applications' tasks use, and what the edge answers.
//!
//! Points are kept here until a minute is over and then written in one statement. A write is a commit, which waits for the disk and
//! wakes the database: once a minute is a sixth of the work, and an answer needs none of it, because it takes in what is here. At its
//! end the agent writes what it has; when it is killed, less than a minute is lost.

mod cgroup;
mod edge;
mod network;
mod node;
mod tasks;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::Utc;
use slipway_protocol::ApplicationId;
use slipway_protocol::metric::TaskUsage;
use tokio_util::sync::CancellationToken;

use self::edge::Edge;
use self::node::Node;
use self::tasks::{Tasks, Used};
use crate::app::App;
use crate::db::metrics::{self, Row};
use crate::db::{Db, deployments};
use crate::docker::RunningTask;
use crate::domain::metrics::beat::{BEAT, missed};
use crate::domain::metrics::bucket::Point;
use crate::domain::metrics::requests::Rates;
use crate::domain::metrics::series::{NODE_SERIES, Of, SERIES, Values};
use crate::domain::metrics::track::Track;
use crate::domain::metrics::window::COARSER;

/// Docker has so long to name what runs, and to tell of it. The node is looked at all the same.
const PATIENCE: Duration = Duration::from_secs(5);
/// The last write before the end takes at most this long.
const AT_THE_END: Duration = Duration::from_secs(10);
/// In minutes: how often what is too old is taken away.
const TIDY: i64 = 10;

/// What is recorded and not written yet, or runs now.
#[derive(Default)]
pub struct Metrics {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    node: Track<NODE_SERIES>,
    applications: HashMap<ApplicationId, Recorded>,
}

#[derive(Default)]
struct Recorded {
    track: Track<SERIES>,
    tasks: Vec<TaskUsage>,
}

impl Metrics {
    /// The points of an application that may not be in the database yet.
    pub fn points(&self, application: ApplicationId, step: i64) -> Vec<Point<SERIES>> {
        let known = self.lock();
        let recorded = known.applications.get(&application);
        recorded.map_or_else(Vec::new, |recorded| recorded.track.points(step).collect())
    }

    /// What each of its tasks on this node uses now.
    pub fn tasks(&self, application: ApplicationId) -> Vec<TaskUsage> {
        let known = self.lock();
        let recorded = known.applications.get(&application);
        recorded.map_or_else(Vec::new, |recorded| recorded.tasks.clone())
    }

    /// The points of the node that may not be in the database yet.
    pub fn node_points(&self, step: i64) -> Vec<Point<NODE_SERIES>> {
        self.lock().node.points(step).collect()
    }

    /// Keeps one look at everything, at the ten seconds that begin at `at`, and at those that were missed before.
    fn keep(
        &self,
        (missed, at): (&[i64], i64),
        node: &Values<NODE_SERIES>,
        mut used: HashMap<ApplicationId, Used>,
        requests: Option<&HashMap<ApplicationId, Rates>>,
    ) {
        let mut known = self.lock();
        missed.iter().for_each(|at| known.node.add(*at, node));
        known.node.add(at, node);
        known.applications.values_mut().for_each(|one| one.tasks.clear());
        // Of one without a task here, requests are kept where there are any.
        let asked = requests.into_iter().flatten().filter(|(_, rates)| rates.any());
        for (application, _) in asked {
            used.entry(*application).or_default();
        }
        for (application, used) in used {
            let mut values = [None; SERIES];
            // How often something happened is the mean times the looks, so each look needs its number.
            values[Of::Restarts as usize] = Some(0.0);
            if !used.tasks.is_empty() {
                used.put_into(&mut values);
            }
            if let Some(requests) = requests {
                let rates = requests.get(&application).copied();
                rates.unwrap_or(Rates::NONE).put_into(&mut values);
            }
            let recorded = known.applications.entry(application).or_default();
            missed.iter().for_each(|at| {
                // What happened once is of one beat.
                let mut values = values;
                values[Of::Restarts as usize] = Some(0.0);
                recorded.track.add(*at, &values);
            });
            recorded.track.add(at, &values);
            recorded.tasks = used.tasks;
        }
        known.applications.retain(|_, one| !one.track.is_over(at));
    }

    /// Writes what is not written. What cannot be is kept for the next time.
    async fn write(&self, db: &Db) -> Result<(), sqlx::Error> {
        let (node, applications) = {
            let known = self.lock();
            let applications = known.applications.iter();
            let applications = applications.flat_map(|(id, one)| rows(Some(*id), &one.track));
            (rows(None, &known.node), applications.collect::<Vec<_>>())
        };
        metrics::write(db, &node, &applications).await?;
        let mut known = self.lock();
        known.node.written();
        known
            .applications
            .values_mut()
            .for_each(|one| one.track.written());
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each point once: the later one, where a clock was set back.
pub fn rows<const N: usize>(application: Option<ApplicationId>, track: &Track<N>) -> Vec<Row> {
    let points = track.unwritten();
    let of_time: BTreeMap<(i64, i64), Point<N>> =
        points.map(|(step, point)| ((step, point.at), point)).collect();
    let row = |((step, _), point)| Row::new(application, step, &point);
    of_time.into_iter().map(row).collect()
}

/// Records until the agent ends, and writes the rest.
pub async fn record(app: App, shutdown: CancellationToken) {
    let work = async {
        if let Err(error) = resume(&app).await {
            tracing::debug!(%error, "what was recorded lately is not gone on with");
        }
        let mut recorder = Recorder {
            tasks: Tasks::new(app.config.metrics_from_engine),
            edge: Edge::default(),
            last: None,
            node: Some(Node::new(app.config.data_dir.clone())),
            app: app.clone(),
        };
        let mut minute = Utc::now().timestamp() / 60;
        loop {
            let now = next_beat().await;
            recorder.beat(now - BEAT).await;
            if now / 60 != minute {
                minute = now / 60;
                write(&app, minute % TIDY == 0).await;
            }
        }
    };
    tokio::select! { () = work => {}, () = shutdown.cancelled() => {} }
    let last = app.metrics.write(&app.db);
    match tokio::time::timeout(AT_THE_END, last).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the last metrics could not be written"),
        Err(_) => tracing::warn!("the last metrics could not be written in time"),
    }
}

/// Waits until the clock shows a multiple of ten seconds; which one.
async fn next_beat() -> i64 {
    let beat = BEAT * 1_000;
    let wait = beat - Utc::now().timestamp_millis().rem_euclid(beat);
    tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
    // It may be a little before or behind.
    (Utc::now().timestamp_millis() + beat / 2).div_euclid(beat) * BEAT
}

async fn write(app: &App, tidy: bool) {
    let written = async {
        app.metrics.write(&app.db).await?;
        if tidy {
            metrics::prune(&mut *app.db.pool().acquire().await?, Utc::now().timestamp()).await?;
        }
        Ok::<_, sqlx::Error>(())
    };
    if let Err(error) = written.await {
        tracing::warn!(%error, "metrics are written later");
    }
}

/// The minute and the quarter of an hour that an earlier life has begun go on.
async fn resume(app: &App) -> Result<(), sqlx::Error> {
    let mut connection = app.db.pool().acquire().await?;
    let now = Utc::now().timestamp();
    for step in COARSER {
        let at = now - now.rem_euclid(step);
        let applications = metrics::all_at(&mut connection, step, at).await?;
        let node = metrics::of_node(&mut connection, step, at, at + step).await?;
        let mut known = app.metrics.lock();
        for (application, point) in applications {
            let recorded = known.applications.entry(application).or_default();
            recorded.track.resume(step, &point);
        }
        node.iter().for_each(|point| known.node.resume(step, point));
    }
    Ok(())
}

struct Recorder {
    app: App,
    tasks: Tasks,
    edge: Edge,
    /// The beat of the look before.
    last: Option<i64>,
    /// Absent only while it is looked at.
    node: Option<Node>,
}

impl Recorder {
    /// One look at everything. Without applications only the node is looked at.
    async fn beat(&mut self, at: i64) {
        let missed = missed(self.last, at);
        self.last = Some(at);
        let node = self.look_at_node().await;
        let running = self.running().await;
        let (mut used, mut requests) = (HashMap::new(), None);
        if !running.is_empty() || self.anyone_serves().await {
            let look = self.tasks.look(&self.app.docker, &running);
            used = tokio::time::timeout(PATIENCE, look).await.unwrap_or_default();
            requests = self.edge.look(&self.app.edge, at).await;
        }
        self.app
            .metrics
            .keep((&missed, at), &node, used, requests.as_ref());
    }

    /// On a thread that may wait for a disk.
    async fn look_at_node(&mut self) -> Values<NODE_SERIES> {
        let Some(mut node) = self.node.take() else {
            return [None; NODE_SERIES];
        };
        if node.docker_root.is_none()
            && let Ok(Ok(facts)) = tokio::time::timeout(PATIENCE, self.app.docker.facts()).await
        {
            node.docker_root = facts.root;
        }
        let looked = tokio::task::spawn_blocking(move || {
            let values = node.look();
            (node, values)
        });
        match looked.await {
            Ok((node, values)) => {
                self.node = Some(node);
                values
            }
            Err(error) => {
                tracing::warn!(%error, "the node could not be looked at");
                self.node = Some(Node::new(self.app.config.data_dir.clone()));
                [None; NODE_SERIES]
            }
        }
    }

    async fn running(&self) -> Vec<RunningTask> {
        match tokio::time::timeout(PATIENCE, self.app.docker.running_tasks()).await {
            Ok(Ok(running)) => running,
            Ok(Err(error)) => {
                tracing::debug!(%error, "what runs is not known now");
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    /// Tasks of other nodes are not seen here, and what the edge answers for them is.
    async fn anyone_serves(&self) -> bool {
        let asked = async {
            let mut connection = self.app.db.pool().acquire().await?;
            deployments::anyone_serves(&mut connection).await
        };
        asked.await.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::task::{TaskName, TaskPart};

    use super::*;
    use crate::domain::metrics::requests::answered;
    use crate::domain::routes::target_name;
    use crate::domain::traffic::Traffic;

    /// FR-OBS-03: restarts are as many as there were, also where only requests were seen before and after them.
    #[test]
    fn looks_without_tasks_multiply_no_restart() {
        let id = ApplicationId(uuid::Uuid::from_u128(7));
        let traffic = Traffic {
            requests: 5,
            ..Traffic::default()
        };
        let counted = HashMap::from([(target_name(id), traffic)]);
        let requests = answered(&HashMap::new(), &counted, BEAT);
        let mut restarted = Used::default();
        restarted.restarts = 1;
        restarted.tasks.push(TaskUsage {
            task: TaskName::parse("t1").unwrap(),
            part: TaskPart::default(),
            cpu: None,
            memory: 0,
            memory_limit: None,
        });
        let metrics = Metrics::default();
        let node = [None; NODE_SERIES];
        for at in [600, 610, 620, 630] {
            let used = (at == 620).then(|| (id, restarted.clone()));
            metrics.keep((&[], at), &node, used.into_iter().collect(), Some(&requests));
        }
        for step in [60, 900] {
            let points = metrics.points(id, step);
            let [point] = points.as_slice() else {
                panic!("{points:?}");
            };
            let mean = point.mean[Of::Restarts as usize].unwrap();
            assert_eq!((point.samples, mean * 4.0), (4, 1.0));
        }
    }
}
