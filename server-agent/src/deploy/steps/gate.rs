//! Wait until the release's tasks run and each is healthy. It only observes; killed and run again, it looks again.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::{Value, json};
use slipway_protocol::deployment::Step;
use slipway_protocol::settings::Port;
use tokio::time::Instant;

use super::counted::Counted;
use super::{Context, StepError, witness};
use crate::deploy::asking::{self, Asked, Check};
use crate::deploy::routes::apply_routes;
use crate::docker::LogRequest;
use crate::domain::explain::seen::{Answer, Seen};
use crate::domain::rollout::{FAILING_CHECK, ObservedTask, TaskState, Verdict, judge};
use crate::domain::routes::Probe;

/// The last answer of each task, by the task's id.
type Answers = BTreeMap<String, Asked>;

const LOOK: Duration = Duration::from_millis(200);
/// A release that runs, but is not healthy for so long, is looked at: who waits at the log may know what is wrong.
const PATIENCE: Duration = Duration::from_secs(15);
/// A failed release's last lines in the deployment's log.
const LAST_LINES: u32 = 30;
/// So long they are waited for: by them a failure is explained.
const PATIENCE_WITH_LOGS: Duration = Duration::from_secs(20);

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    context
        .log
        .say(Step::Gate, "Waiting until the new tasks are healthy");
    let ended = healthy(context, Step::Gate, context.plan.first_tasks()).await;
    if ended.is_ok() {
        context.log.say(Step::Gate, "Every new task is healthy");
    }
    ended.map(|tasks| json!({ "tasks": tasks }))
}

pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    close(context).await;
    Ok(())
}

/// Waits until so many tasks of the release are healthy, within the gate's time; returns how many are.
pub async fn healthy(context: &Context<'_>, step: Step, wanted: u16) -> Result<usize, StepError> {
    let ended = Gate::new(context, step, wanted).wait().await;
    close(context).await;
    if ended.as_ref().is_err_and(|error| !error.is_docker_away()) {
        show_last_lines(context, step).await;
    }
    ended
}

/// Why a release fails that does not stay up, with what is seen of the container that ended last.
pub async fn not_up(context: &Context<'_>, tasks: &[ObservedTask], reason: String) -> StepError {
    let seen = Box::new(witness::of_ended(&context.app.docker, context.plan, tasks).await);
    let reason = match seen.is_unhealthy() {
        true => FAILING_CHECK.to_owned(),
        false => reason,
    };
    StepError::Unhealthy { reason, seen }
}

/// One wait for a release.
struct Gate<'a> {
    context: &'a Context<'a>,
    step: Step,
    check: Check<'a>,
    wanted: usize,
    counted: Counted,
    begun: Instant,
    limit: Duration,
    /// How long healthy tasks are watched.
    watch: Duration,
    /// The tasks that were all healthy, and since when.
    steady: Option<(Vec<String>, Instant)>,
    open: Vec<Probe>,
    answers: Answers,
    /// Since when each task is seen running.
    up_since: HashMap<String, Instant>,
    told: bool,
}

impl<'a> Gate<'a> {
    fn new(context: &'a Context<'a>, step: Step, wanted: u16) -> Self {
        Self {
            context,
            step,
            check: Check::of(&context.plan.settings),
            wanted: usize::from(wanted),
            counted: Counted::of(context),
            begun: Instant::now(),
            limit: Duration::from_secs(context.plan.limits.gate),
            watch: match context.plan.tasks_of {
                None => Duration::from_secs(context.plan.limits.watch),
                Some(_) => Duration::ZERO,
            },
            steady: None,
            open: Vec::new(),
            answers: Answers::new(),
            up_since: HashMap::new(),
            told: false,
        }
    }

    async fn wait(mut self) -> Result<usize, StepError> {
        loop {
            if self.context.cancel.is_cancelled() {
                return Err(StepError::Cancelled);
            }
            let tasks = self.counted.look(self.context).await?;
            match judge(&tasks, self.wanted, self.begun.elapsed(), self.limit) {
                Verdict::Failed(reason) => return Err(not_up(self.context, &tasks, reason).await),
                Verdict::Converging => {}
                Verdict::Up => {
                    if !self.is_steady(&tasks) && self.all_healthy(&tasks).await? {
                        self.steady = Some((running(&tasks), Instant::now()));
                    }
                    match &self.steady {
                        Some((_, since)) if since.elapsed() >= self.watch => return Ok(self.admit(&tasks)),
                        Some(_) => {}
                        None => self.tell_so_far(&tasks).await,
                    }
                }
            }
            if self.steady.is_none() && self.begun.elapsed() >= self.limit {
                return Err(self.too_late(&tasks).await);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The edge may send requests to them from now on.
    fn admit(&self, tasks: &[ObservedTask]) -> usize {
        let running: Vec<_> = tasks.iter().filter(|task| runs(task)).collect();
        for task in &running {
            self.context.app.readiness.mark(&task.id);
        }
        running.len()
    }

    /// The tasks that were healthy still run, and no others. A task that took another's place has to become healthy itself.
    fn is_steady(&mut self, tasks: &[ObservedTask]) -> bool {
        let now = running(tasks);
        self.steady.take_if(|(then, _)| *then != now);
        self.steady.is_some()
    }

    async fn all_healthy(&mut self, tasks: &[ObservedTask]) -> Result<bool, StepError> {
        match self.check {
            Check::Runs => Ok(true),
            Check::Stays(long) => Ok(self.stay_up(tasks, long)),
            Check::Answers { .. } | Check::Listens => self.all_answer(tasks).await,
        }
    }

    fn stay_up(&mut self, tasks: &[ObservedTask], long: Duration) -> bool {
        let now = Instant::now();
        self.up_since
            .retain(|id, _| tasks.iter().any(|task| task.id == *id && runs(task)));
        let mut all = true;
        for task in tasks.iter().filter(|task| runs(task)) {
            let since = *self.up_since.entry(task.id.clone()).or_insert(now);
            all &= now.duration_since(since) >= long;
        }
        all
    }

    async fn all_answer(&mut self, tasks: &[ObservedTask]) -> Result<bool, StepError> {
        let app = self.context.app;
        let probes = asking::probes(self.context.plan, tasks.iter());
        if probes != self.open {
            app.probes.open_at_gate(self.context.id, probes.clone());
            apply_routes(app).await?;
            self.open = probes;
        }
        // It asks up to the first that is not healthy.
        for probe in &self.open {
            let asked = asking::ask(&app.edge, probe, self.check).await;
            let healthy = self.check.accepts(&asked);
            self.answers.insert(probe.task.clone(), asked);
            if !healthy {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What seems to be wrong, while there is still time.
    async fn tell_so_far(&mut self, tasks: &[ObservedTask]) {
        if self.told || self.begun.elapsed() < PATIENCE || !self.check.asks() {
            return;
        }
        self.told = true;
        let seen = self.seen(tasks, self.unhealthy(tasks)).await;
        if let Some(explanation) = self.context.explain(self.step, "", Vec::new(), seen) {
            let so_far = format!("So far: {}", explanation.cause);
            self.context.log.say(self.step, &so_far);
        }
    }

    /// What is seen of the release, and what its image says of itself.
    async fn seen(&self, tasks: &[ObservedTask], unhealthy: Option<(&str, Answer)>) -> Seen {
        let docker = &self.context.app.docker;
        let seen = witness::of_running(docker, tasks, unhealthy).await;
        let exposed = match self.context.image() {
            Ok(image) => witness::exposed(docker, &image).await,
            Err(_) => Vec::new(),
        };
        Seen { exposed, ..seen }
    }

    /// The first task that still runs and is not healthy, and its last answer.
    fn unhealthy(&self, tasks: &[ObservedTask]) -> Option<(&str, Answer)> {
        let still = |id: &str| tasks.iter().any(|task| task.wanted && task.id == id);
        let mut all = self.answers.iter();
        all.find(|(id, asked)| still(id) && !self.check.accepts(asked))
            .map(|(id, asked)| (id.as_str(), asked.answer))
    }

    /// The deadline is over: says how each task answered, and looks where the one that is not healthy listens.
    async fn too_late(&self, tasks: &[ObservedTask]) -> StepError {
        let app = self.context.app;
        if self.check.asks()
            && let Err(error) = app.edge.alive().await
        {
            return error.into();
        }
        let path = self.check.path();
        for (task, asked) in &self.answers {
            let short: String = task.chars().take(8).collect();
            let answered = format!("Task {short}, asked for {path}: {}", asked.answer);
            self.context.log.say(self.step, &answered);
        }
        let unhealthy = self.unhealthy(tasks);
        let seen = Box::new(self.seen(tasks, unhealthy).await);
        StepError::Unhealthy {
            reason: self.reason(unhealthy),
            seen,
        }
    }

    fn reason(&self, unhealthy: Option<(&str, Answer)>) -> String {
        let (path, seconds) = (self.check.path(), self.limit.as_secs());
        let Some(port) = self.context.plan.settings.port.map(Port::get) else {
            return format!("the new release runs, but was not healthy within {seconds} s");
        };
        match unhealthy {
            Some((_, answer @ Answer::Refused)) => format!(
                "the new release runs, but on port {port} {answer} after {seconds} s; check that the application listens on 0.0.0.0:{port}"
            ),
            Some((task, answer @ Answer::Status(_))) if self.answered_right(task) => format!(
                "the new release runs, but asked for {path} on port {port} {answer} without the text that was expected, after {seconds} s"
            ),
            Some((_, answer @ (Answer::NoWay | Answer::Late | Answer::Status(_)))) => {
                format!(
                    "the new release runs, but asked for {path} on port {port} {answer} after {seconds} s"
                )
            }
            None => format!("the new release runs, but on port {port} it was not healthy within {seconds} s"),
        }
    }

    /// The status was as wanted, so it was the text that was missing.
    fn answered_right(&self, task: &str) -> bool {
        let Check::Answers {
            wanted: Some(wanted), ..
        } = self.check
        else {
            return false;
        };
        let status = slipway_protocol::settings::Answer {
            text: None,
            ..wanted.clone()
        };
        let only_status = Check::Answers {
            path: "/",
            wanted: Some(&status),
        };
        self.answers
            .get(task)
            .is_some_and(|asked| only_status.accepts(asked))
    }
}

fn running(tasks: &[ObservedTask]) -> Vec<String> {
    let mut ids: Vec<String> = tasks
        .iter()
        .filter(|task| runs(task))
        .map(|task| task.id.clone())
        .collect();
    ids.sort_unstable();
    ids
}

fn runs(task: &ObservedTask) -> bool {
    task.wanted && task.state == TaskState::Running
}

async fn close(context: &Context<'_>) {
    context.app.probes.close(context.id);
    if let Err(error) = apply_routes(context.app).await {
        tracing::debug!(%error, "probes are closed with the next look");
    }
}

/// What the release wrote last goes to the deployment's log, where a failure is explained by it too.
pub async fn show_last_lines(context: &Context<'_>, step: Step) {
    use futures_util::StreamExt;
    let request = LogRequest {
        service: context.plan.service.clone(),
        tail: Some(LAST_LINES),
        follow: false,
    };
    let mut lines = Box::pin(context.app.docker.logs(request));
    let read = async {
        while let Some(Ok(line)) = lines.next().await {
            context.log.line(step, line.stream, &line.text);
        }
    };
    let _ = tokio::time::timeout(PATIENCE_WITH_LOGS, read).await;
}
