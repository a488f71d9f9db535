//! What the running tasks of applications use. The kernel's own files are read; where they cannot be, the engine is asked.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use slipway_protocol::ApplicationId;
use slipway_protocol::metric::TaskUsage;
use slipway_protocol::task::{TaskName, TaskPart};

use super::cgroup::{Group, Mounts, Usage};
use super::network::{self, Network};
use super::node;
use crate::docker::{ContainerStats, Docker, RunningTask};
use crate::domain::metrics::counter::rate;
use crate::domain::metrics::series::{Of, SERIES, Values};

/// A task that takes a place this long after another has left it takes it from nobody.
const REMEMBERED: Duration = Duration::from_secs(600);

/// All that is known from one look to the next.
pub struct Tasks {
    mounts: Mounts,
    /// By container.
    seen: HashMap<String, Seen>,
    /// By place: the container that had it last, and when it was last there.
    places: HashMap<String, (String, Instant)>,
}

struct Seen {
    counted_by: Counted,
    before: Option<(Instant, Counters)>,
}

/// Where a container's counters come from.
#[derive(Clone, Debug)]
enum Counted {
    Files { group: Group, process: u32 },
    Engine,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Counters {
    usage: Usage,
    network: Network,
}

/// What the tasks of an application use together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Used {
    cpu: Option<f64>,
    memory: u64,
    memory_limit: Limit,
    received: Option<f64>,
    sent: Option<f64>,
    pub restarts: u32,
    pub tasks: Vec<TaskUsage>,
}

/// Of several tasks: the sum, unless one has none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Limit {
    #[default]
    Unknown,
    Bytes(u64),
    None,
}

impl Tasks {
    /// With `from_engine` no file is looked for.
    pub fn new(from_engine: bool) -> Self {
        let mounts = if from_engine {
            Mounts::default()
        } else {
            Mounts::here()
        };
        Self {
            mounts,
            seen: HashMap::new(),
            places: HashMap::new(),
        }
    }

    /// One look at these tasks.
    pub async fn look(&mut self, docker: &Docker, running: &[RunningTask]) -> HashMap<ApplicationId, Used> {
        let there: HashSet<&str> = running.iter().map(|task| task.container.as_str()).collect();
        self.seen
            .retain(|container, _| there.contains(container.as_str()));
        for task in running {
            if !self.seen.contains_key(&task.container)
                && let Some(counted_by) = self.find(docker, &task.container).await
            {
                let seen = Seen {
                    counted_by,
                    before: None,
                };
                self.seen.insert(task.container.clone(), seen);
            }
        }
        let restarted = self.restarted(running, &there);
        let mut read = self.read(docker).await;
        let mut all: HashMap<ApplicationId, Used> = HashMap::new();
        for task in running {
            let (Ok(application), Ok(name)) = (task.application.parse(), TaskName::parse(&task.task)) else {
                continue;
            };
            let used = all.entry(application).or_default();
            if restarted.contains(task.container.as_str()) {
                used.restarts += 1;
            }
            if let (Some(seen), Some((at, now))) =
                (self.seen.get_mut(&task.container), read.remove(&task.container))
            {
                used.add((name, task.part), seen.before, at, now);
                seen.before = Some((at, now));
            }
        }
        all.retain(|_, used| !used.tasks.is_empty());
        all
    }

    /// Where a new container's counters are. One that has ended already has none.
    async fn find(&self, docker: &Docker, container: &str) -> Option<Counted> {
        let facts = docker.container(container).await.ok()??;
        let process = facts.process?;
        let files = self.mounts.group_of(process).filter(|group| {
            // Found and readable are two things.
            group.usage().is_some() && network::of_process(process).is_some()
        });
        Some(files.map_or(Counted::Engine, |group| Counted::Files { group, process }))
    }

    /// The counters of all containers that are known. What cannot be read is looked for anew the next time.
    async fn read(&mut self, docker: &Docker) -> HashMap<String, (Instant, Counters)> {
        let places: Vec<(String, Counted)> = self
            .seen
            .iter()
            .map(|(container, seen)| (container.clone(), seen.counted_by.clone()))
            .collect();
        let (from_files, from_engine): (Vec<_>, Vec<_>) = places
            .into_iter()
            .partition(|(_, counted_by)| matches!(counted_by, Counted::Files { .. }));
        let read = tokio::task::spawn_blocking(move || read_files(from_files)).await;
        let mut all = HashMap::new();
        for (container, counters) in read.unwrap_or_default() {
            match counters {
                Some(counters) => {
                    all.insert(container, counters);
                }
                None => {
                    self.seen.remove(&container);
                }
            }
        }
        for (container, _) in from_engine {
            match docker.container_stats(&container).await {
                Ok(stats) => {
                    all.insert(container, (Instant::now(), counters(stats)));
                }
                Err(error) => {
                    tracing::debug!(%error, "a container's use is not known now");
                    self.seen.remove(&container);
                }
            }
        }
        all
    }

    /// The containers that took the place of another one, which was there before and is gone.
    fn restarted<'a>(&mut self, running: &'a [RunningTask], there: &HashSet<&str>) -> HashSet<&'a str> {
        let now = Instant::now();
        let mut restarted = HashSet::new();
        for task in running {
            match self.places.get_mut(&task.place) {
                Some((container, at)) if *container == task.container => *at = now,
                // Both are there for a moment where the new one starts first.
                Some((earlier, _)) if there.contains(earlier.as_str()) => {}
                Some(place) => {
                    restarted.insert(task.container.as_str());
                    *place = (task.container.clone(), now);
                }
                None => {
                    self.places
                        .insert(task.place.clone(), (task.container.clone(), now));
                }
            }
        }
        self.places
            .retain(|_, (_, at)| now.duration_since(*at) < REMEMBERED);
        restarted
    }
}

impl Used {
    fn add(
        &mut self,
        (task, part): (TaskName, TaskPart),
        before: Option<(Instant, Counters)>,
        at: Instant,
        now: Counters,
    ) {
        let growth = |of: fn(&Counters) -> u64| {
            let (then, before) = before.as_ref()?;
            rate(of(before), of(&now), at.duration_since(*then))
        };
        let cpu = growth(|counters| counters.usage.cpu).map(|nanoseconds| nanoseconds / 1e9);
        plus(&mut self.cpu, cpu);
        plus(&mut self.received, growth(|counters| counters.network.received));
        plus(&mut self.sent, growth(|counters| counters.network.sent));
        self.memory += now.usage.memory;
        self.memory_limit = match (self.memory_limit, now.usage.memory_limit) {
            (Limit::Unknown, Some(limit)) => Limit::Bytes(limit),
            (Limit::Bytes(sum), Some(limit)) => Limit::Bytes(sum.saturating_add(limit)),
            (Limit::None, _) | (_, None) => Limit::None,
        };
        self.tasks.push(TaskUsage {
            task,
            part,
            cpu: cpu.map(|cpu| cpu as f32),
            memory: now.usage.memory,
            memory_limit: now.usage.memory_limit,
        });
    }

    pub fn put_into(&self, values: &mut Values<SERIES>) {
        let mut put =
            |series: Of, value: Option<f64>| values[series as usize] = value.map(|value| value as f32);
        put(Of::Cpu, self.cpu);
        put(Of::Memory, Some(self.memory as f64));
        let limit = match self.memory_limit {
            Limit::Bytes(limit) => Some(limit as f64),
            Limit::Unknown | Limit::None => None,
        };
        put(Of::MemoryLimit, limit);
        put(Of::Received, self.received);
        put(Of::Sent, self.sent);
        put(Of::Restarts, Some(f64::from(self.restarts)));
    }
}

fn plus(sum: &mut Option<f64>, more: Option<f64>) {
    if let Some(more) = more {
        *sum = Some(sum.unwrap_or(0.0) + more);
    }
}

type Read = (String, Option<(Instant, Counters)>);

fn read_files(places: Vec<(String, Counted)>) -> Vec<Read> {
    let read = |counted_by: &Counted| match counted_by {
        Counted::Files { group, process } => {
            let usage = group.usage()?;
            let network = network::of_process(*process)?;
            Some((Instant::now(), Counters { usage, network }))
        }
        Counted::Engine => None,
    };
    let all = places.into_iter();
    all.map(|(container, counted_by)| {
        let read = read(&counted_by);
        (container, read)
    })
    .collect()
}

fn counters(stats: ContainerStats) -> Counters {
    let host = node::memory().map_or(u64::MAX, |(_, total)| total);
    Counters {
        usage: Usage {
            cpu: stats.cpu,
            memory: stats.memory,
            memory_limit: stats.memory_limit.filter(|limit| *limit < host),
        },
        network: Network {
            received: stats.received,
            sent: stats.sent,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(container: &str, place: &str) -> RunningTask {
        RunningTask {
            container: container.to_owned(),
            application: "a".to_owned(),
            task: container.to_owned(),
            part: TaskPart::default(),
            place: place.to_owned(),
        }
    }

    fn restarted(tasks: &mut Tasks, running: &[RunningTask]) -> usize {
        let there = running.iter().map(|task| task.container.as_str()).collect();
        tasks.restarted(running, &there).len()
    }

    /// FR-OBS-03: a task that takes the place of one that is gone counts as a restart; a new place and a new release do not.
    #[test]
    fn restarts_are_counted() {
        let mut tasks = Tasks::new(true);
        assert_eq!(restarted(&mut tasks, &[task("c1", "d 1"), task("c2", "d 2")]), 0);
        assert_eq!(restarted(&mut tasks, &[task("c1", "d 1"), task("c3", "d 2")]), 1);
        assert_eq!(restarted(&mut tasks, &[task("c1", "d 1"), task("c3", "d 2")]), 0);
        let both = [task("c1", "d 1"), task("c4", "d 1"), task("c5", "d 3")];
        assert_eq!(restarted(&mut tasks, &both), 0);
        assert_eq!(restarted(&mut tasks, &[task("c4", "d 1"), task("c6", "e 1")]), 1);
    }

    fn counters_of(cpu: u64, memory: u64, memory_limit: Option<u64>) -> Counters {
        let usage = Usage {
            cpu,
            memory,
            memory_limit,
        };
        let network = Network {
            received: cpu,
            sent: 0,
        };
        Counters { usage, network }
    }

    /// FR-OBS-03: tasks count together; a new one has memory at once, and a rate from its second look on.
    #[test]
    fn tasks_count_together() {
        let (then, now) = (Instant::now(), Instant::now() + Duration::from_secs(10));
        let name = |text: &str| (TaskName::parse(text).unwrap(), TaskPart::default());
        let mut used = Used::default();
        let before = Some((then, counters_of(1_000_000_000, 50, Some(100))));
        used.add(name("t1"), before, now, counters_of(6_000_000_000, 60, Some(100)));
        used.add(name("t2"), None, now, counters_of(9_000_000_000, 30, Some(100)));
        let mut values = [None; SERIES];
        used.put_into(&mut values);
        assert_eq!(values[Of::Cpu as usize], Some(0.5));
        assert_eq!(values[Of::Memory as usize], Some(90.0));
        assert_eq!(values[Of::MemoryLimit as usize], Some(200.0));
        assert_eq!(values[Of::Received as usize], Some(5e8));
        assert_eq!(values[Of::Requests as usize], None);
        used.add(name("t3"), None, now, counters_of(0, 10, None));
        used.put_into(&mut values);
        assert_eq!(values[Of::MemoryLimit as usize], None, "one of them has no limit");
        assert_eq!(used.tasks.len(), 3);
    }
}
