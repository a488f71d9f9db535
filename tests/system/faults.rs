//! Something goes wrong at every boundary of every step of every way to take over, by enumeration. Four applications, one for
//! each way, are deployed beside each other; the steps come from the deployments themselves, so that a new one is not forgotten.
//!
//! An error, a bug, a hang, `kill -9` of the agent, `kill -9` of its database: each deployment ends in success or clean failure,
//! whoever served before serves, the invariants hold, and no request is lost where the way promises that.

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::git_repo::GitRepo;
use acceptance::invariants::Watch;
use acceptance::load::{Load, Plan};
use acceptance::sshd::Sshd;
use acceptance::stage::{DEPLOYMENT_LIMIT, Stage, host_of};
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Step};
use slipway_protocol::settings::{
    ApplicationSettings, Canary, CommandLine, Percent, Replicas, Seconds, Strategy,
};
use slipway_protocol::{ApplicationId, DeploymentId, EnvironmentId, api};

const MOMENTS: [&str; 3] = ["before", "after", "recorded"];
/// Seconds after which the agent gives up a step, where steps hang.
const LONGEST_STEP: &str = "12";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Error,
    Panic,
    Hang,
    Kill,
    /// The agent's PostgreSQL is killed.
    Database,
}

impl Fault {
    /// What the failpoint does.
    fn action(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Hang => "hang",
            Self::Kill => "kill",
            Self::Database => "pause",
        }
    }

    /// How it has to end where only one end is right: what fails before the new release serves is taken back.
    fn end(self, step: Step, moment: &str) -> Option<DeploymentStatus> {
        let tidying = matches!(step, Step::Retire | Step::After);
        match self {
            Self::Kill | Self::Database => None,
            Self::Error | Self::Panic | Self::Hang if moment == "recorded" || tidying => {
                Some(DeploymentStatus::Succeeded)
            }
            Self::Error | Self::Panic | Self::Hang => Some(DeploymentStatus::Failed),
        }
    }
}

/// FR-DEP-10, NFR-R1: a step that fails, or has a bug, is taken back with all before it, and once the new release serves nothing is.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_or_a_bug_at_every_step() {
    let mut ways = Ways::set(&[]).await;
    ways.all_with(&[Fault::Error, Fault::Panic]).await;
}

/// FR-DEP-10, NFR-R1: a step that hangs is given up, and its deployment ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_hang_at_every_step() {
    let mut ways = Ways::set(&[("SLIPWAY_LONGEST_STEP", LONGEST_STEP)]).await;
    ways.all_with(&[Fault::Hang]).await;
}

/// FR-DEP-10, NFR-R1, NFR-R2: the agent is killed, and started again.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_agent_at_every_step() {
    let mut ways = Ways::set(&[]).await;
    ways.all_with(&[Fault::Kill]).await;
}

/// FR-DEP-10, NFR-R1, NFR-R2: the agent's database is killed; the agent starts it again by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_database_at_every_step() {
    let mut ways = Ways::set(&[]).await;
    ways.all_with(&[Fault::Database]).await;
}

/// One application, with one way to take over.
struct Way {
    name: &'static str,
    application: ApplicationId,
    repo: GitRepo,
    steps: Vec<Step>,
    /// The version that has to answer.
    serving: String,
    load: Option<Load>,
}

/// What is asked of one of them in one round.
struct Asked {
    way: usize,
    step: Step,
    version: String,
    deployment: DeploymentId,
    armed: bool,
}

struct Ways {
    stage: Stage,
    watch: Watch,
    ways: Vec<Way>,
}

impl Ways {
    async fn set(settings: &[(&str, &str)]) -> Self {
        let stage = Stage::around(Agent::start_set(settings).await, Sshd::start().await).await;
        let bystanders = stage.environment("Bystanders").await;
        let repo = GitRepo::echo("0").await;
        let bystander = stage.application(bystanders, "bystander", &repo.url()).await.id;
        stage.deploy_well(bystander).await;
        let environment = stage.environment("Shop").await;
        let canary = Canary {
            shares: vec![Percent::fixed(50)],
            pause: Seconds::fixed(1),
            ..Canary::default()
        };
        let mut ways = Vec::new();
        for (name, strategy) in [
            ("blue-green", Strategy::BlueGreen),
            ("canary", Strategy::Canary(canary)),
            ("rolling", Strategy::Rolling),
            ("recreate", Strategy::Recreate),
        ] {
            ways.push(way(&stage, environment, name, strategy).await);
        }
        let watch = Watch::begin(&stage, bystander).await;
        Self { stage, watch, ways }
    }

    /// Every step × every moment × each of these faults.
    async fn all_with(&mut self, faults: &[Fault]) {
        let most = self.ways.iter().map(|way| way.steps.len()).max().unwrap_or(0);
        assert!(most > 7, "there are steps to go through");
        for number in 0..most {
            for moment in MOMENTS {
                for fault in faults {
                    self.round(number, moment, *fault).await;
                }
            }
        }
        for way in &mut self.ways {
            let Some(load) = way.load.take() else { continue };
            let report = load.end().await;
            assert_eq!(report.failed, 0, "{}: {:?}", way.name, report.reasons);
            eprintln!("{}: {} requests, none lost", way.name, report.sent);
        }
    }

    /// Each application's step of that number meets the fault, all at once.
    async fn round(&mut self, number: usize, moment: &str, fault: Fault) {
        let mut asked = Vec::new();
        for index in 0..self.ways.len() {
            let way = &self.ways[index];
            let Some(step) = way.steps.get(number).copied() else {
                continue;
            };
            let application = way.application;
            let version = format!("{}-{moment}-{}", step.as_str(), fault.action());
            way.repo.echo_version(&version).await;
            let failpoint = format!("{}:{moment}:{}", step.as_str(), fault.action());
            self.stage.agent.arm(application, &failpoint);
            let deployment = self.ask(application).await;
            self.watch.accepted(application, deployment);
            asked.push(Asked {
                way: index,
                step,
                version,
                deployment,
                armed: true,
            });
        }
        let ended = self.until_all_ended(&mut asked, fault).await;
        for (asked, view) in asked.into_iter().zip(ended) {
            self.judge(asked, &view, moment, fault).await;
        }
        self.watch.hold(&self.stage).await;
        for way in &self.ways {
            let report = way.load.as_ref().map(Load::so_far).unwrap_or_default();
            assert_eq!(report.failed, 0, "{}: {:?}", way.name, report.reasons);
        }
    }

    /// Asks until it is accepted: a killed agent is started again, a killed database comes back.
    async fn ask(&mut self, application: ApplicationId) -> DeploymentId {
        let begun = std::time::Instant::now();
        loop {
            if !self.stage.agent.is_running() {
                self.stage.agent.resume().await;
                self.watch.restarted(&self.stage);
            }
            let request = api::RequestDeployment {
                application,
                revision: None,
                body: slipway_protocol::deployment::Trigger::Deploy,
            };
            match self.stage.connection.send(request).await {
                Ok(view) => return view.id,
                Err(error) => assert!(begun.elapsed() < Duration::from_secs(60), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn until_all_ended(&mut self, asked: &mut [Asked], fault: Fault) -> Vec<DeploymentView> {
        let begun = std::time::Instant::now();
        loop {
            for asked in asked.iter_mut().filter(|asked| asked.armed) {
                let application = self.ways[asked.way].application;
                if self.stage.agent.is_armed(application) {
                    continue;
                }
                asked.armed = false;
                if fault == Fault::Database {
                    self.stage.agent.kill_database();
                }
            }
            if fault == Fault::Kill && !self.stage.agent.is_running() {
                self.stage.agent.resume().await;
                self.watch.restarted(&self.stage);
            }
            let mut ended = Vec::new();
            for asked in asked.iter() {
                let deployment = asked.deployment;
                match self
                    .stage
                    .connection
                    .send(api::GetDeployment { deployment })
                    .await
                {
                    Ok(view) if view.status.is_final() => ended.push(view),
                    Ok(_) | Err(_) => break,
                }
            }
            if ended.len() == asked.len() {
                return ended;
            }
            assert!(
                begun.elapsed() < DEPLOYMENT_LIMIT,
                "not all deployments end: {:?}",
                ended.iter().map(|view| view.status).collect::<Vec<_>>()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn judge(&mut self, asked: Asked, view: &DeploymentView, moment: &str, fault: Fault) {
        let way = &mut self.ways[asked.way];
        let what = format!("{}, {}:{moment}, {fault:?}", way.name, asked.step.as_str());
        // The database may die before a step is reached, and the deployment fail there.
        let reached = !self.stage.agent.is_armed(way.application);
        assert!(
            reached || fault == Fault::Database,
            "{what}: not reached, {view:?}"
        );
        if let Some(wanted) = fault.end(asked.step, moment) {
            assert_eq!(view.status, wanted, "{what}: {:?}", view.failure);
        }
        match view.status {
            DeploymentStatus::Succeeded => way.serving = asked.version,
            DeploymentStatus::Failed => assert!(view.failure.is_some(), "{what}"),
            other => panic!("{what}: {other:?} {:?}", view.steps),
        }
        eprintln!(
            "{what}: {:?} {}",
            view.status,
            view.failure.as_deref().unwrap_or("")
        );
        self.stage.assert_serves(way.name, &way.serving).await;
    }
}

/// An application that takes over in this way, with a command before and one after, whose version 0 serves.
async fn way(stage: &Stage, environment: EnvironmentId, name: &'static str, strategy: Strategy) -> Way {
    let repo = GitRepo::echo("0").await;
    let application = stage.application(environment, name, &repo.url()).await.id;
    let recreated = strategy == Strategy::Recreate;
    let change = |settings: &mut ApplicationSettings| {
        settings.hooks.before = CommandLine::split("/app count 1 1").ok();
        settings.hooks.after = CommandLine::split("/app count 1 1").ok();
        if strategy == Strategy::Rolling {
            settings.replicas = Replicas::try_from(2).expect("a number");
        }
        settings.rollout.strategy = strategy;
    };
    stage.settings(application, change).await;
    let first = stage.deploy_well(application).await;
    // Recreating promises that nobody serves in between.
    let load = (!recreated).then(|| {
        Load::start(Plan {
            port: stage.agent.edge_port(),
            host: host_of(name),
            per_second: 8,
            slow: None,
            longest: Duration::from_secs(60 * 60),
        })
    });
    Way {
        name,
        application,
        repo,
        steps: first.steps.iter().map(|step| step.step).collect(),
        serving: "0".to_owned(),
        load,
    }
}
