//! Whether the tasks that serve still answer as they did when they were let in.
//!
//! Nothing is taken away from them: an edge that leaves out who is slow leaves out everybody when all are slow. It is told instead, in what
//! is observed of the application and as an event. They are asked from inside their own networks, so that no route, no count and no
//! log of the edge knows of it; those on other nodes through the edge ([`ways`]).

mod pulses;
mod ways;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::{StreamExt, stream};
use slipway_protocol::ApplicationId;
use slipway_protocol::event::Severity;
use slipway_protocol::settings::ApplicationSettings;

use self::pulses::Change;
pub use self::pulses::Vitals;
use self::ways::Way;
use super::asking::{Asked, Check};
use super::routes::{RoutesError, apply_routes};
use crate::app::App;
use crate::db::deployments::{self, Routed};
use crate::domain::explain::seen::Answer;
use crate::domain::rollout::{ObservedTask, TaskState};
use crate::domain::routes::Probe;
use crate::feed::Whose;
use crate::happenings;

const LOOK: Duration = Duration::from_secs(10);
/// So many tasks are asked at once.
const AT_ONCE: usize = 16;

/// A task that serves, and how it is asked.
struct Patient {
    application: ApplicationId,
    tasks_of: String,
    task: ObservedTask,
    release: Arc<Routed>,
    port: u16,
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

async fn look(app: &App) -> Result<(), RoutesError> {
    let patients = patients(app).await?;
    let there: HashSet<&str> = patients.iter().map(|one| one.task.id.as_str()).collect();
    if app.vitals.keep_only(&there) {
        app.feed.tell(Whose::Everyone);
    }
    let located: Vec<(Patient, Way)> = stream::iter(patients)
        .map(|patient| async move {
            let way = way_to(app, &patient).await;
            (patient, way)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    open_ways(app, &located).await?;
    stream::iter(&located)
        .for_each_concurrent(AT_ONCE, |(patient, way)| examine(app, patient, way))
        .await;
    Ok(())
}

async fn way_to(app: &App, patient: &Patient) -> Way {
    let Some(plan) = &patient.release.plan else {
        return Way::Closed;
    };
    Way::to(&app.docker, plan, &patient.task, check_of(&plan.settings)).await
}

/// The ways through the edge are open for as long as those tasks serve. What is opened now is asked with the next look at the latest.
async fn open_ways(app: &App, located: &[(Patient, Way)]) -> Result<(), RoutesError> {
    let mut probes: Vec<Probe> = located
        .iter()
        .filter_map(|(_, way)| way.probe().cloned())
        .collect();
    // Where there is no other node such a task has just gone.
    if !probes.is_empty() && app.docker.facts().await?.nodes < 2 {
        probes.clear();
    }
    if app.probes.keep_serving(probes) {
        apply_routes(app).await?;
    }
    Ok(())
}

/// The tasks that take requests and can be asked.
async fn patients(app: &App) -> Result<Vec<Patient>, RoutesError> {
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

async fn examine(app: &App, patient: &Patient, way: &Way) {
    let Some(plan) = &patient.release.plan else { return };
    let check = check_of(&plan.settings);
    let Some(asked) = way.ask(&app.edge, patient.port, check).await else {
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
