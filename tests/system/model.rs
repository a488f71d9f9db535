//! Random people do random things to random applications while the agent and its database die, and a model of a hundred lines says
//! what has to come out. Bounded by time; the seed is printed, and `SLIPWAY_TEST_SEED` makes the same choices again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use acceptance::dice::Dice;
use acceptance::git_repo::GitRepo;
use acceptance::invariants::Watch;
use acceptance::stage::{DEPLOYMENT_LIMIT, Guest, Stage};
use acceptance::wait::{self, Pace};
use chrono::Utc;
use slipway_client::{ClientError, Connection};
use slipway_protocol::access::Role;
use slipway_protocol::deployment::{DeploymentStatus, Trigger};
use slipway_protocol::settings::Replicas;
use slipway_protocol::{ApplicationId, DeploymentId, EnvironmentId, ErrorCode, api};

/// How long it goes on where `SLIPWAY_TEST_MODEL_SECONDS` says nothing else.
const SECONDS: u64 = 45;
const MOST_APPLICATIONS: usize = 3;

/// FR-DEP-01, FR-DEP-02, FR-DEP-07, FR-DEP-10, FR-DEP-11, FR-PRJ-03, FR-PRJ-06, NFR-R1: whatever is done in whatever order, what
/// serves is what the accepted deployments add up to, and the invariants hold.
#[tokio::test(flavor = "multi_thread")]
async fn the_model_says_what_serves() {
    let seconds = std::env::var("SLIPWAY_TEST_MODEL_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let mut people = People::set().await;
    let begun = Instant::now();
    let mut bursts = 0;
    while begun.elapsed() < Duration::from_secs(seconds) {
        for _ in 0..=people.dice.below(4) {
            people.act().await;
        }
        people.settle().await;
        bursts += 1;
    }
    eprintln!("{bursts} times compared, {} acts", people.trace.len());
}

/// What a release answers with.
#[derive(Clone, Debug, PartialEq)]
struct Release {
    version: String,
    value: String,
    /// It starts and stays up.
    good: bool,
    /// With so many tasks; more than one number where it was asked for while the application was about to be scaled.
    tasks: Vec<u16>,
}

/// An accepted deployment that may not have ended.
struct Open {
    deployment: DeploymentId,
    release: Release,
    /// It gives the application this number of tasks, and those that are asked for later.
    scales: Option<u16>,
    cancelled: bool,
}

struct Application {
    id: ApplicationId,
    name: String,
    repo: GitRepo,
    /// What the branch and the variable say now.
    wanted: Release,
    serving: Option<Release>,
    stopped: bool,
    /// What each deployment that succeeded put in front.
    released: BTreeMap<DeploymentId, Release>,
    open: Vec<Open>,
}

struct People {
    stage: Stage,
    developer: Guest,
    viewer: Guest,
    watch: Watch,
    environment: EnvironmentId,
    applications: Vec<Application>,
    dice: Dice,
    versions: usize,
    /// Something was killed in this burst: a good deployment may fail.
    killed: bool,
    trace: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Create,
    Commit,
    CommitBad,
    SetVariable,
    Deploy,
    DeployAsViewer,
    RollBack,
    Reload,
    Restart,
    Scale,
    Cancel,
    StopOrStart,
    Delete,
    KillAgent,
    KillDatabase,
}

/// More likely where it stands more often.
const ACTS: [Act; 22] = [
    Act::Create,
    Act::Create,
    Act::Commit,
    Act::Commit,
    Act::CommitBad,
    Act::SetVariable,
    Act::SetVariable,
    Act::Deploy,
    Act::Deploy,
    Act::Deploy,
    Act::Deploy,
    Act::DeployAsViewer,
    Act::RollBack,
    Act::RollBack,
    Act::Reload,
    Act::Restart,
    Act::Scale,
    Act::Cancel,
    Act::Cancel,
    Act::StopOrStart,
    Act::Delete,
    Act::KillAgent,
];

impl People {
    async fn set() -> Self {
        let stage = Stage::set().await;
        let bystanders = stage.environment("Bystanders").await;
        let repo = GitRepo::echo("0").await;
        let bystander = stage.application(bystanders, "bystander", &repo.url()).await.id;
        stage.deploy_well(bystander).await;
        let environment = stage.environment("Shop").await;
        let (developer, viewer) = (stage.join(Role::Developer).await, stage.join(Role::Viewer).await);
        let watch = Watch::begin(&stage, bystander).await;
        let mut people = Self {
            stage,
            developer,
            viewer,
            watch,
            environment,
            applications: Vec::new(),
            dice: Dice::from_environment(),
            versions: 0,
            killed: false,
            trace: Vec::new(),
        };
        // Most acts need something that serves.
        for which in 0..2 {
            people.create().await;
            people.deploy(which).await;
        }
        people.settle().await;
        people
    }

    /// Somebody who may: the owner or the developer.
    fn somebody(&mut self) -> Connection {
        match self.dice.below(2) {
            0 => self.stage.connection.clone(),
            _ => self.developer.connection.clone(),
        }
    }

    async fn act(&mut self) {
        let act = if self.dice.below(30) == 0 {
            Act::KillDatabase
        } else {
            self.dice.pick(&ACTS).copied().unwrap_or(Act::Deploy)
        };
        let which = self.dice.below(self.applications.len());
        let name = self.applications.get(which).map(|one| one.name.clone());
        self.trace
            .push(format!("{act:?} {}", name.clone().unwrap_or_default()));
        eprintln!("{}", self.trace.last().map_or("", String::as_str));
        match act {
            Act::Create => self.create().await,
            Act::KillAgent => self.kill_agent().await,
            Act::KillDatabase => self.kill_database().await,
            _ if name.is_none() => {}
            Act::Commit => self.commit(which, true).await,
            Act::CommitBad => self.commit(which, false).await,
            Act::SetVariable => self.set_variable(which).await,
            Act::Deploy => self.deploy(which).await,
            Act::DeployAsViewer => self.deploy_as_viewer(which).await,
            Act::RollBack => self.roll_back(which).await,
            Act::Reload => self.again(which, Trigger::Reload).await,
            Act::Restart => self.again(which, Trigger::Restart).await,
            Act::Scale => {
                let tasks = self.dice.below(2) as u64 + 1;
                let replicas = Replicas::try_from(tasks).expect("a number of tasks");
                self.again(which, Trigger::Scale { replicas }).await;
            }
            Act::Cancel => self.cancel(which).await,
            Act::StopOrStart => self.stop_or_start(which).await,
            Act::Delete => self.delete(which).await,
        }
    }

    async fn create(&mut self) {
        if self.applications.len() >= MOST_APPLICATIONS {
            return;
        }
        let name = wait::unique("app-");
        let repo = GitRepo::echo("0").await;
        let begun = Utc::now();
        let created = self.stage.application(self.environment, &name, &repo.url()).await;
        self.watch.done("CreateApplication", begun);
        let id = created.id;
        self.variable(id, "0").await;
        let wanted = Release {
            version: "0".to_owned(),
            value: "0".to_owned(),
            good: true,
            tasks: vec![created.settings.replicas.get()],
        };
        self.applications.push(Application {
            id,
            name,
            repo,
            wanted,
            serving: None,
            stopped: false,
            released: BTreeMap::new(),
            open: Vec::new(),
        });
    }

    /// The branch is read when a deployment's turn comes, so it moves only while none is open.
    async fn commit(&mut self, which: usize, good: bool) {
        let application = &mut self.applications[which];
        if !application.open.is_empty() {
            return;
        }
        self.versions += 1;
        let version = self.versions.to_string();
        if good {
            application.repo.echo_version(&version).await;
        } else {
            application.repo.echo_mode(&version, "crash").await;
        }
        application.wanted.version = version;
        application.wanted.good = good;
    }

    async fn set_variable(&mut self, which: usize) {
        self.versions += 1;
        let value = format!("value {} of $x", self.versions);
        let application = self.applications[which].id;
        self.variable(application, &value).await;
        self.applications[which].wanted.value = value;
    }

    async fn variable(&mut self, application: ApplicationId, value: &str) {
        let begun = Utc::now();
        self.stage.set_variable(application, "VALUE", value).await;
        self.watch.done("SetVariable", begun);
    }

    async fn ask(&mut self, which: usize, body: Trigger, release: Release) {
        let application = self.applications[which].id;
        let scales = match &body {
            Trigger::Scale { replicas } => Some(replicas.get()),
            _ => None,
        };
        let request = api::RequestDeployment {
            application,
            revision: None,
            body,
        };
        let begun = Utc::now();
        match self.somebody().send(request).await {
            Ok(view) => {
                self.watch.done("RequestDeployment", begun);
                self.watch.accepted(application, view.id);
                self.applications[which].open.push(Open {
                    deployment: view.id,
                    release,
                    scales,
                    cancelled: false,
                });
            }
            Err(error) => self.fail(&format!("a deployment is refused: {error}")),
        }
    }

    async fn deploy(&mut self, which: usize) {
        let application = &self.applications[which];
        let mut release = application.wanted.clone();
        // Whether it is scaled before this is asked for or after it, nobody knows.
        release
            .tasks
            .extend(application.open.iter().filter_map(|open| open.scales));
        self.ask(which, Trigger::Deploy, release).await;
    }

    async fn deploy_as_viewer(&mut self, which: usize) {
        let request = api::RequestDeployment {
            application: self.applications[which].id,
            revision: None,
            body: Trigger::Deploy,
        };
        match self.viewer.connection.send(request).await {
            Err(ClientError::Problem(problem)) if problem.code == ErrorCode::Forbidden => {}
            other => self.fail(&format!("a viewer may deploy: {other:?}")),
        }
    }

    /// What is done to the serving release is chosen while no other deployment may change which that is.
    async fn again(&mut self, which: usize, trigger: Trigger) {
        let application = &self.applications[which];
        let Some(serving) = application.serving.clone() else {
            return;
        };
        if !application.open.is_empty() || application.stopped {
            return;
        }
        let release = Release {
            value: match trigger {
                Trigger::Reload => application.wanted.value.clone(),
                _ => serving.value.clone(),
            },
            tasks: match trigger {
                Trigger::Reload => application.wanted.tasks.clone(),
                Trigger::Scale { replicas } => vec![replicas.get()],
                _ => serving.tasks.clone(),
            },
            ..serving
        };
        self.ask(which, trigger, release).await;
    }

    async fn roll_back(&mut self, which: usize) {
        let application = &self.applications[which];
        if !application.open.is_empty() {
            return;
        }
        let request = api::ListDeployments::of(application.id);
        let all = self.stage.connection.send(request).await.expect("the history");
        let kept: Vec<DeploymentId> = all
            .iter()
            .filter(|deployment| deployment.can_roll_back_to)
            .map(|deployment| deployment.id)
            .collect();
        let Some(to) = self.dice.pick(&kept).copied() else {
            return;
        };
        match self.applications[which].released.get(&to).cloned() {
            Some(release) => self.ask(which, Trigger::Rollback { to }, release).await,
            None => self.fail(&format!("{to} can be rolled back to, but never succeeded")),
        }
    }

    async fn cancel(&mut self, which: usize) {
        let count = self.applications[which].open.len();
        let at = self.dice.below(count);
        let connection = self.somebody();
        if let Some(open) = self.applications[which].open.get_mut(at) {
            let (deployment, begun) = (open.deployment, Utc::now());
            open.cancelled = true;
            match connection.send(api::CancelDeployment { deployment }).await {
                Ok(_) => self.watch.done("CancelDeployment", begun),
                // One that has ended cannot be cancelled any more, and says so.
                Err(ClientError::Problem(problem)) if problem.code == ErrorCode::Conflict => {}
                Err(error) => self.fail(&format!("it cannot be cancelled: {error}")),
            }
        }
    }

    async fn stop_or_start(&mut self, which: usize) {
        let application = &self.applications[which];
        if !application.open.is_empty() || application.serving.is_none() {
            return;
        }
        let (id, stopped) = (application.id, !application.stopped);
        let connection = self.somebody();
        let begun = Utc::now();
        let done = if stopped {
            connection.send(api::StopApplication { application: id }).await
        } else {
            connection.send(api::StartApplication { application: id }).await
        };
        match done {
            Ok(_) => {
                let action = if stopped {
                    "StopApplication"
                } else {
                    "StartApplication"
                };
                self.watch.done(action, begun);
                self.applications[which].stopped = stopped;
            }
            Err(error) => self.fail(&format!("it cannot be stopped or started: {error}")),
        }
    }

    /// Also while it is deployed: one of both wins, and nothing is left.
    async fn delete(&mut self, which: usize) {
        let application = self.applications[which].id;
        let request = api::DeleteApplication {
            application,
            confirm: Some(self.applications[which].name.clone()),
        };
        let begun = Utc::now();
        match self.stage.connection.send(request).await {
            Ok(_) => {
                self.watch.done("DeleteApplication", begun);
                self.applications.remove(which);
                self.watch.deleted(application);
            }
            Err(ClientError::Problem(problem)) if problem.code == ErrorCode::Conflict => {
                eprintln!("  kept: {}", problem.detail);
            }
            Err(error) => self.fail(&format!("it cannot be deleted: {error}")),
        }
    }

    async fn kill_agent(&mut self) {
        self.killed = true;
        self.stage.agent.kill9();
        self.stage.agent.resume().await;
        self.back().await;
        self.watch.restarted(&self.stage);
    }

    async fn kill_database(&mut self) {
        self.killed = true;
        self.stage.agent.kill_database().await;
        self.back().await;
    }

    async fn back(&self) {
        for connection in [
            &self.stage.connection,
            &self.developer.connection,
            &self.viewer.connection,
        ] {
            wait::until("the agent answers again", Duration::from_secs(180), async || {
                connection.send(api::GetMe {}).await.is_ok()
            })
            .await;
        }
    }

    /// Waits until nothing is open, and compares.
    async fn settle(&mut self) {
        for which in 0..self.applications.len() {
            let open = std::mem::take(&mut self.applications[which].open);
            let last = open.len().saturating_sub(1);
            for (at, open) in open.into_iter().enumerate() {
                self.fold(which, open, at < last).await;
            }
        }
        self.killed = false;
        for application in &self.applications {
            self.compare_tasks(application).await;
            if let (Some(serving), false) = (&application.serving, application.stopped) {
                self.compare(application, serving).await;
            }
        }
        self.watch.hold(&self.stage).await;
    }

    async fn fold(&mut self, which: usize, open: Open, followed: bool) {
        let view = tokio::time::timeout(DEPLOYMENT_LIMIT, self.stage.end_of(open.deployment)).await;
        let Ok(view) = view else {
            return self.fail(&format!("{} does not end", open.deployment));
        };
        let may = match view.status {
            DeploymentStatus::Succeeded => open.release.good,
            DeploymentStatus::Failed => !open.release.good || self.killed,
            DeploymentStatus::Cancelled => open.cancelled,
            DeploymentStatus::Superseded => followed,
            _ => false,
        };
        if !may {
            self.fail(&format!(
                "#{} of {} ended as {:?} ({:?}), asked for {:?}",
                view.number, self.applications[which].name, view.status, view.failure, open.release
            ));
        }
        let application = &mut self.applications[which];
        // Whatever takes the place of one that scales and waits brings its number, and the settings keep it.
        if let (Some(tasks), DeploymentStatus::Succeeded | DeploymentStatus::Superseded) =
            (open.scales, view.status)
        {
            application.wanted.tasks = vec![tasks];
        }
        if view.status == DeploymentStatus::Succeeded {
            application.released.insert(open.deployment, open.release.clone());
            application.serving = Some(open.release);
            application.stopped = false;
        }
    }

    /// Whether it is stopped, and with how many tasks it serves; that Docker runs so many is an invariant.
    async fn compare_tasks(&self, application: &Application) {
        let view = self.stage.view(application.id).await;
        let wanted = match &application.serving {
            Some(serving) if !application.stopped => serving.tasks.clone(),
            Some(_) | None => vec![0],
        };
        if view.stopped != application.stopped || !wanted.contains(&view.wanted_tasks) {
            self.fail(&format!(
                "{} has so many tasks: {}, stopped: {}, instead of {wanted:?}, stopped: {}",
                application.name, view.wanted_tasks, view.stopped, application.stopped
            ));
        }
    }

    async fn compare(&self, application: &Application, serving: &Release) {
        // A start is carried out a moment after it was asked for.
        let wanted = (200, format!("version {}\n", serving.version));
        let (end, pace) = (Instant::now() + Duration::from_secs(120), Pace::begin());
        let mut seen = self.stage.get(&application.name, "/").await;
        while seen != wanted && Instant::now() < end {
            pace.pause().await;
            seen = self.stage.get(&application.name, "/").await;
        }
        let value = self.stage.get(&application.name, "/variable/VALUE").await;
        if seen != wanted || value != (200, serving.value.clone()) {
            self.fail(&format!(
                "{} answers {seen:?} with {value:?} instead of {serving:?}",
                application.name
            ));
        }
    }

    fn fail(&self, what: &str) {
        panic!("{what}\nafter:\n  {}", self.trace.join("\n  "));
    }
}
