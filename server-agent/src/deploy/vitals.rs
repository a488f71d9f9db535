//! Whether the tasks that serve still answer as they did when they were let in.
//!
//! Nothing is taken away from them: an edge that leaves out who is slow leaves out everybody when all are slow. It is told instead, in what
//! is observed of the application and as an event. They are asked from inside their own networks (decision 0014), so that no route, no count and no
//! log of the edge knows of it; tasks on other nodes are not asked.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::Utc;
use futures_util::{StreamExt, stream};
use slipway_protocol::ApplicationId;
use slipway_protocol::application::Unhealthy;
use slipway_protocol::event::Severity;
use slipway_protocol::settings::ApplicationSettings;

use super::asking::{Asked, Check};
use crate::app::App;
use crate::db::deployments::{self, Routed};
use crate::docker::{Docker, DockerError};
use crate::domain::explain::seen::Answer;
use crate::domain::rollout::{ObservedTask, TaskState};
use crate::feed::Whose;
use crate::forwards::{self, ReachError};
use crate::traefik::LARGEST_PROBE;
use crate::{happenings, one_get};

const LOOK: Duration = Duration::from_secs(10);
/// So many tasks are asked at once.
const AT_ONCE: usize = 16;
/// An answer takes at most this long.
const PATIENCE: Duration = Duration::from_secs(5);
/// So often in a row a task has to fail: one slow answer is nothing to tell.
const IN_A_ROW: u8 = 3;

/// Of each task that was asked, by its id.
#[derive(Default)]
pub struct Vitals(Mutex<HashMap<String, Pulse>>);

struct Pulse {
    /// The deployment whose id the task carries.
    of: String,
    failures: u8,
    /// What it answered last, to which question.
    said: String,
}

/// What one more answer changes.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    None,
    FellIll,
    Recovered,
}

impl Vitals {
    /// Of the tasks that carry this deployment's id.
    pub fn unhealthy_of(&self, deployment: &str) -> Option<Unhealthy> {
        let all = self.lock();
        let mut ill = all
            .values()
            .filter(|pulse| pulse.of == deployment && pulse.failures >= IN_A_ROW);
        let first = ill.next()?;
        Some(Unhealthy {
            tasks: u16::try_from(1 + ill.count()).unwrap_or(u16::MAX),
            said: first.said.clone(),
        })
    }

    fn note(&self, task: &str, of: &str, healthy: bool, said: &str) -> Change {
        let mut all = self.lock();
        let pulse = all.entry(task.to_owned()).or_insert_with(|| Pulse {
            of: of.to_owned(),
            failures: 0,
            said: String::new(),
        });
        let before = pulse.failures;
        pulse.failures = if healthy {
            0
        } else {
            before.saturating_add(1).min(IN_A_ROW)
        };
        said.clone_into(&mut pulse.said);
        match (before >= IN_A_ROW, pulse.failures >= IN_A_ROW) {
            (false, true) => Change::FellIll,
            (true, false) => Change::Recovered,
            (false, false) | (true, true) => Change::None,
        }
    }

    /// Forgets tasks that are gone. True where one of them was ill.
    fn keep_only(&self, tasks: &HashSet<&str>) -> bool {
        let mut all = self.lock();
        let was_ill = all
            .iter()
            .any(|(task, pulse)| pulse.failures >= IN_A_ROW && !tasks.contains(task.as_str()));
        all.retain(|task, _| tasks.contains(task.as_str()));
        was_ill
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Pulse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task that serves, and how it is asked.
struct Patient {
    application: ApplicationId,
    tasks_of: String,
    task: ObservedTask,
    release: Arc<Routed>,
    port: u16,
}

#[derive(Debug, thiserror::Error)]
enum VitalsError {
    #[error(transparent)]
    Docker(#[from] DockerError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Runs until the agent ends.
pub(super) async fn watch(app: App) {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(error) = look(&app).await {
            tracing::debug!(%error, "how tasks are is not known now");
        }
    }
}

async fn look(app: &App) -> Result<(), VitalsError> {
    let patients = patients(app).await?;
    let there: HashSet<&str> = patients.iter().map(|one| one.task.id.as_str()).collect();
    if app.vitals.keep_only(&there) {
        app.feed.tell(Whose::Everyone);
    }
    stream::iter(&patients)
        .for_each_concurrent(AT_ONCE, |patient| examine(app, patient))
        .await;
    Ok(())
}

/// The tasks that take requests and can be asked.
async fn patients(app: &App) -> Result<Vec<Patient>, VitalsError> {
    let mut connection = app.db.pool().acquire().await?;
    let serving = deployments::all_serving(&mut connection).await?;
    drop(connection);
    let mut tasks: HashMap<String, Vec<ObservedTask>> = HashMap::new();
    for (deployment, task) in app.docker.deployment_tasks(&app.config.network).await? {
        // One that has not been healthy yet is waited for elsewhere.
        if task.wanted && task.state == TaskState::Running && app.readiness.was_marked(&task.id) {
            tasks.entry(deployment).or_default().push(task);
        }
    }
    let mut all = Vec::new();
    for (application, release) in serving {
        let asks = |release: &Routed| {
            let plan = release.plan.as_ref()?;
            Check::of(&plan.settings).asks().then_some(release.port?)
        };
        let Some(port) = asks(&release) else { continue };
        let tasks_of = release.tasks_of.to_string();
        let release = Arc::new(release);
        for task in tasks.remove(&tasks_of).unwrap_or_default() {
            all.push(Patient {
                application,
                tasks_of: tasks_of.clone(),
                task,
                release: release.clone(),
                port,
            });
        }
    }
    Ok(all)
}

async fn examine(app: &App, patient: &Patient) {
    let Some(plan) = &patient.release.plan else { return };
    let check = check_of(&plan.settings);
    let Some(asked) = ask(&app.docker, patient, check).await else {
        return;
    };
    let said = said(check, patient.port, &asked);
    let change = app
        .vitals
        .note(&patient.task.id, &patient.tasks_of, check.accepts(&asked), &said);
    let (severity, text) = match change {
        Change::None => return,
        Change::FellIll => (
            Severity::Bad,
            format!("A task that serves is not healthy any more: {said}."),
        ),
        Change::Recovered => (Severity::Info, "A task that serves is healthy again.".to_owned()),
    };
    happenings::of_application(app, patient.application, Utc::now(), severity, &text).await;
}

/// What a task is asked while it serves. Who has set no check is not asked for a page every few seconds, for ever: that its port takes
/// connections is enough.
fn check_of(settings: &ApplicationSettings) -> Check<'_> {
    match Check::of(settings) {
        Check::Answers { wanted: None, .. } => Check::Listens,
        other => other,
    }
}

/// What is told of an answer: the right status with another text is no health either.
fn said(check: Check<'_>, port: u16, asked: &Asked) -> String {
    let answer = match asked.answer {
        Answer::Status(status) if (200..400).contains(&status) => {
            format!("it answers {status}, and not what is expected")
        }
        other => other.to_string(),
    };
    match check {
        Check::Answers { path, .. } => format!("asked for {path} on port {port}, {answer}"),
        Check::Listens | Check::Runs | Check::Stays(_) => format!("on port {port} {answer}"),
    }
}

/// `None` where it could not be asked, which says nothing of its health.
async fn ask(docker: &Docker, patient: &Patient, check: Check<'_>) -> Option<Asked> {
    let container = patient.task.container.as_deref()?;
    let process = docker.container(container).await.ok()??.process?;
    let bare = |answer| Asked {
        answer,
        body: String::new(),
    };
    let stream = match forwards::connect(process, patient.port).await {
        Ok(stream) => stream,
        Err(ReachError::Refused(_)) => return Some(bare(Answer::Refused)),
        Err(ReachError::Silent(_)) => return Some(bare(Answer::Late)),
        Err(ReachError::Gone | ReachError::HostNetwork | ReachError::NotAllowed | ReachError::Failed(_)) => {
            return None;
        }
    };
    if check == Check::Listens {
        return Some(bare(Answer::Late));
    }
    let answer = one_get::get(stream, check.path(), None, LARGEST_PROBE);
    Some(match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Some((status, body))) => Asked {
            answer: Answer::Status(status.as_u16()),
            body: String::from_utf8_lossy(&body).into_owned(),
        },
        Ok(None) => bare(Answer::Refused),
        Err(_) => bare(Answer::Late),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-PRJ-04, FR-DEP-04: a task is told to be ill once, after it has failed several times in a row, and well again at its first good
    /// answer; one that is gone is not counted.
    #[test]
    fn one_slow_answer_is_nothing_to_tell() {
        let vitals = Vitals::default();
        let note = |healthy| vitals.note("task", "release", healthy, "asked");
        assert_eq!(
            [note(false), note(false), note(true)],
            [const { Change::None }; 3]
        );
        assert_eq!(
            [note(false), note(false), note(false), note(false)],
            [Change::None, Change::None, Change::FellIll, Change::None]
        );
        let ill = vitals.unhealthy_of("release");
        assert_eq!(
            ill.map(|ill| (ill.tasks, ill.said)),
            Some((1, "asked".to_owned()))
        );
        assert_eq!(vitals.unhealthy_of("another"), None);
        assert_eq!(note(true), Change::Recovered);
        assert_eq!(vitals.unhealthy_of("release"), None);
        assert!(!vitals.keep_only(&HashSet::from(["task"])));
        for _ in 0..3 {
            note(false);
        }
        assert!(vitals.keep_only(&HashSet::new()) && vitals.unhealthy_of("release").is_none());
    }
}
