//! Something goes wrong at every boundary of every step of every way to take over, by enumeration. Applications, one for
//! each way, are deployed beside each other; the steps come from the deployments themselves, so that a new one is not forgotten.
//!
//! An error, a bug, a hang, a wish to cancel, `kill -9` of the agent, of its database, of the Docker engine: each deployment ends in success or
//! clean failure, whoever served before serves, the invariants hold, and no request is lost where the way promises that.

use std::time::Duration;

use crate::agent::Agent;
use crate::environment;
use crate::git_repo::GitRepo;
use crate::invariants::{Alone, Watch};
use crate::load::{self, Load, Plan};
use crate::sshd::Sshd;
use crate::stage::{DEPLOYMENT_LIMIT, Stage, host_of};
use crate::wait::{self, Pace};
use chrono::{DateTime, TimeDelta, Utc};
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Step};
use slipway_protocol::settings::{
    ApplicationSettings, Canary, CommandLine, Percent, Replicas, Seconds, Strategy, VolumeMount,
};
use slipway_protocol::{ApplicationId, DeploymentId, EnvironmentId, api};

/// Before a step's effect, after it, and after its record.
pub const MOMENTS: [&str; 3] = ["before", "after", "recorded"];

/// A wish to cancel has been heard by then; a step that hangs has more time than that.
const HEARD_WITHIN: TimeDelta = TimeDelta::seconds(50);

/// The ways to take over, by their applications' names.
pub const ALL_WAYS: [&str; 4] = ["blue-green", "canary", "rolling", "recreate"];

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Error,
    Panic,
    Hang,
    /// Somebody cancels the deployment while the step does not end by itself.
    Cancel,
    Kill,
    /// The agent's PostgreSQL is killed.
    Database,
    /// The Docker engine is killed, and started again.
    Docker,
}

impl Fault {
    /// Those that leave the Docker engine to the other tests.
    pub const ALL: [Self; 6] = [
        Self::Error,
        Self::Panic,
        Self::Hang,
        Self::Cancel,
        Self::Kill,
        Self::Database,
    ];

    /// Those that a run is about: all, or the one that it names.
    pub fn wanted() -> Vec<Self> {
        let named = |name: &str| Self::ALL.into_iter().find(|fault| fault.name() == name);
        match environment::only_fault() {
            Some(name) => vec![named(&name).expect("the name of a fault")],
            None => Self::ALL.to_vec(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Database => "database",
            Self::Docker => "docker",
            Self::Error | Self::Panic | Self::Hang | Self::Kill => self.action(),
        }
    }

    /// Every deployment that is under way feels it, not only the one that it was meant for.
    fn strikes_all(self) -> bool {
        matches!(self, Self::Kill | Self::Database | Self::Docker)
    }

    /// What the failpoint does.
    fn action(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Hang | Self::Cancel => "hang",
            Self::Kill => "kill",
            Self::Database | Self::Docker => "pause",
        }
    }

    /// How it has to end where only one end is right: what fails before the new release serves is taken back.
    fn end(self, step: Step, moment: &str) -> Option<DeploymentStatus> {
        let tidying = matches!(step, Step::Retire | Step::After);
        match self {
            Self::Kill | Self::Database | Self::Docker => None,
            Self::Error | Self::Panic | Self::Hang if moment == "recorded" || tidying => {
                Some(DeploymentStatus::Succeeded)
            }
            Self::Error | Self::Panic | Self::Hang => Some(DeploymentStatus::Failed),
            Self::Cancel if tidying => Some(DeploymentStatus::Succeeded),
            Self::Cancel => Some(DeploymentStatus::Cancelled),
        }
    }
}

/// One application, with one way to take over.
struct Way {
    name: &'static str,
    /// Its place among all ways.
    number: usize,
    application: ApplicationId,
    repo: GitRepo,
    steps: Vec<Step>,
    /// The version that has to answer.
    serving: String,
    load: Option<Load>,
    /// It promises that its releases never run together.
    alone: Option<Alone>,
    /// It promises that no request is lost: a rolling release's old tasks have only their own grace, and a recreated one has a gap.
    keeps_all: bool,
}

/// What is asked of one of them in one round.
struct Asked {
    way: usize,
    step: Step,
    moment: String,
    version: String,
    fault: Fault,
    /// It fails for certain, and the faults are on its way back.
    back: bool,
    deployment: DeploymentId,
    armed: bool,
    /// When somebody cancelled it.
    cancelled: Option<DateTime<Utc>>,
}

/// An agent with an application for each way, under traffic.
pub struct Ways {
    stage: Stage,
    watch: Watch,
    ways: Vec<Way>,
}

impl Ways {
    /// Those of [`ALL_WAYS`] that are wanted, with these variables in the agent's environment.
    pub async fn set(wanted: &[&str], settings: &[(&str, &str)]) -> Self {
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
        let strategies = [
            Strategy::BlueGreen,
            Strategy::Canary(canary),
            Strategy::Rolling,
            Strategy::Recreate,
        ];
        for (number, strategy) in strategies.into_iter().enumerate() {
            if wanted.contains(&ALL_WAYS[number]) {
                ways.push(way(&stage, environment, number, strategy).await);
            }
        }
        let watch = Watch::begin(&stage, bystander).await;
        Self { stage, watch, ways }
    }

    /// How many steps the longest way has.
    fn most_steps(&self) -> usize {
        let most = self.ways.iter().map(|way| way.steps.len()).max().unwrap_or(0);
        assert!(most > 7, "there are steps to go through");
        most
    }

    /// Every step × each of these moments × each of these faults, the same one for all ways at once.
    pub async fn all_with(&mut self, moments: &[&str], faults: &[Fault]) {
        for number in 0..self.most_steps() {
            for moment in moments {
                // Behind its record a step is over: the wish is followed when the next one hangs.
                let fit = |fault: &&Fault| **fault != Fault::Cancel || *moment != "recorded";
                for fault in faults.iter().filter(fit) {
                    self.round(number, |_| (*moment, *fault)).await;
                }
            }
        }
        for (round, moment) in moments.iter().enumerate() {
            // A hang behind the record is no step's: nothing gives it up. And the database is killed by the rounds above.
            let fit = |fault: &&Fault| match fault {
                Fault::Hang => *moment != "recorded",
                Fault::Cancel | Fault::Database | Fault::Docker => false,
                Fault::Error | Fault::Panic | Fault::Kill => true,
            };
            for fault in faults.iter().filter(fit) {
                self.back(round, |_| (*moment, *fault)).await;
            }
        }
        self.end_loads(faults).await;
    }

    /// Every step meets a fault in every way: an own one, whose end is certain, in some of them, and one that strikes all in the others; which,
    /// and at which moment, differs from way to way and from step to step. And one step hangs. A small part of [`Self::all_with`].
    pub async fn some(&mut self) {
        let (own, common) = ([Fault::Error, Fault::Panic], [Fault::Kill, Fault::Database]);
        let first = self.ways.first().map_or(0, |way| way.number);
        for number in 0..self.most_steps() {
            let moment = |way: usize| MOMENTS[(way + number) % MOMENTS.len()];
            // All of one round meet faults of the same sort: one that strikes all would leave no other's end certain.
            let faults = if (number + first / 2).is_multiple_of(2) {
                own
            } else {
                common
            };
            self.round(number, |way| {
                (moment(way), faults[(way + number / 2) % faults.len()])
            })
            .await;
        }
        self.at(Step::Gate, Fault::Hang).await;
        let all = [Fault::Kill, Fault::Error, Fault::Panic];
        for round in 0..2 {
            self.back(round, |step| {
                (
                    MOMENTS[(step + round) % MOMENTS.len()],
                    all[(step + round) % all.len()],
                )
            })
            .await;
        }
        self.end_loads(&Fault::ALL).await;
    }

    /// Each step is cancelled in one of the ways that have it, before its effect or after it, the ways side by side; a thorough run does that
    /// in every way.
    pub async fn cancelled(&mut self) {
        let all: Vec<&[Step]> = self.ways.iter().map(|way| way.steps.as_slice()).collect();
        let shares: Vec<Vec<usize>> = if environment::thorough() {
            all.iter().map(|steps| (0..steps.len()).collect()).collect()
        } else {
            shared_out(&all)
        };
        // What retires the old release hears no wish any more: the new one serves.
        let hears = |way: usize, number: &usize| all[way][*number] != Step::Retire;
        let shares: Vec<Vec<usize>> = shares
            .into_iter()
            .enumerate()
            .map(|(way, share)| share.into_iter().filter(|number| hears(way, number)).collect())
            .collect();
        let rounds = shares.iter().map(Vec::len).max().unwrap_or(0);
        for round in 0..rounds {
            self.round_of(
                |way| shares[way].get(round).copied(),
                |way| (MOMENTS[(way + round) % 2], Fault::Cancel),
            )
            .await;
        }
        self.end_loads(&[Fault::Cancel]).await;
    }

    /// A deployment of each way that fails just before the new release would serve. Taking back each of its steps meets a fault: the one of
    /// that step's number, at its moment.
    async fn back<'m>(&mut self, round: usize, fault: impl Fn(usize) -> (&'m str, Fault)) {
        let mut asked = Vec::new();
        for index in 0..self.ways.len() {
            let way = &self.ways[index];
            let last = way
                .steps
                .iter()
                .position(|step| *step == Step::CutOver)
                .expect("it cuts over");
            let mut failpoints = vec![format!("{}:before:error", Step::CutOver.as_str())];
            for (number, step) in way.steps.iter().enumerate().take(last + 1) {
                let (moment, fault) = fault(number + way.number);
                failpoints.push(format!("{}:undo-{moment}:{}", step.as_str(), fault.action()));
            }
            let version = format!("back-{round}-{}", fault(0).1.name());
            way.repo.echo_version(&version).await;
            let application = way.application;
            self.stage.agent.arm(application, &failpoints.join("\n"));
            let deployment = self.ask(application).await;
            self.watch.accepted(application, deployment);
            asked.push(Asked {
                way: index,
                step: Step::CutOver,
                moment: "on the way back".to_owned(),
                version,
                // Whoever is killed there, the agent may be.
                fault: Fault::Kill,
                back: true,
                deployment,
                armed: true,
                cancelled: None,
            });
        }
        self.see_through(asked).await;
    }

    /// One step of each way, by its name, with this fault after its effect.
    pub async fn at(&mut self, step: Step, fault: Fault) {
        let named = |way: &Way| way.steps.iter().position(|one| *one == step);
        let numbers: Vec<Option<usize>> = self.ways.iter().map(named).collect();
        self.round_of(|way| numbers[way], |_| ("after", fault)).await;
    }

    async fn end_loads(&mut self, faults: &[Fault]) {
        for way in &mut self.ways {
            let Some(load) = way.load.take() else {
                continue;
            };
            let report = load.end().await;
            // Without a Docker engine, Swarm's tasks are started anew.
            if way.keeps_all && !faults.contains(&Fault::Docker) {
                assert_eq!(report.failed, 0, "{}: {:?}", way.name, report.reasons);
            }
            eprintln!("{}: {} requests, {} lost", way.name, report.sent, report.failed);
        }
    }

    /// Each application's step of that number meets its fault at its moment, all at once.
    async fn round<'m>(&mut self, number: usize, fault: impl Fn(usize) -> (&'m str, Fault)) {
        self.round_of(|_| Some(number), fault).await;
    }

    /// The same of a step for each way, by its place.
    async fn round_of<'m>(
        &mut self,
        number: impl Fn(usize) -> Option<usize>,
        fault: impl Fn(usize) -> (&'m str, Fault),
    ) {
        let mut asked = Vec::new();
        for index in 0..self.ways.len() {
            let way = &self.ways[index];
            let step = number(index).and_then(|number| way.steps.get(number).copied());
            let Some(step) = step else {
                continue;
            };
            let application = way.application;
            let (moment, fault) = fault(way.number);
            let version = format!("{}-{moment}-{}", step.as_str(), fault.name());
            way.repo.echo_version(&version).await;
            let failpoint = format!("{}:{moment}:{}", step.as_str(), fault.action());
            self.stage.agent.arm(application, &failpoint);
            let deployment = self.ask(application).await;
            self.watch.accepted(application, deployment);
            asked.push(Asked {
                way: index,
                step,
                moment: moment.to_owned(),
                version,
                fault,
                back: false,
                deployment,
                armed: true,
                cancelled: None,
            });
        }
        self.see_through(asked).await;
    }

    /// To the end of all that was asked for, and what must hold then.
    async fn see_through(&mut self, mut asked: Vec<Asked>) {
        let ended = self.until_all_ended(&mut asked).await;
        let docker = asked.iter().any(|asked| asked.fault == Fault::Docker);
        let storm = asked.iter().any(|asked| asked.fault.strikes_all());
        if docker {
            self.until_all_serve(&asked, &ended).await;
        }
        for (asked, view) in asked.into_iter().zip(ended) {
            self.judge(asked, &view, storm).await;
        }
        self.watch.hold(&self.stage).await;
        for alone in self.ways.iter().filter_map(|way| way.alone.as_ref()) {
            alone.hold();
        }
        for way in self.ways.iter().filter(|way| way.keeps_all && !docker) {
            let Some(load) = &way.load else { continue };
            if load.failed() > 0 {
                panic!("{}: {:?}", way.name, load.so_far().failures);
            }
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
                Err(error) => assert!(begun.elapsed() < Duration::from_secs(180), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn until_all_ended(&mut self, asked: &mut [Asked]) -> Vec<DeploymentView> {
        let (begun, pace) = (std::time::Instant::now(), Pace::begin());
        let mut docker_killed = false;
        loop {
            for asked in asked.iter_mut().filter(|asked| asked.armed) {
                let application = self.ways[asked.way].application;
                if self.stage.agent.is_armed(application) {
                    continue;
                }
                asked.armed = false;
                if asked.fault == Fault::Cancel {
                    let deployment = asked.deployment;
                    let wish = api::CancelDeployment { deployment };
                    let begun = Utc::now();
                    let taken = self.stage.connection.send(wish).await;
                    taken.expect("the wish to cancel is taken");
                    self.watch.done("CancelDeployment", begun);
                    asked.cancelled = Some(Utc::now());
                }
                if asked.fault == Fault::Database {
                    self.stage.agent.kill_database().await;
                }
                if asked.fault == Fault::Docker && !docker_killed {
                    docker_killed = true;
                    self.stage.agent.engine().kill_and_restart().await;
                }
            }
            if asked.iter().any(|asked| asked.fault == Fault::Kill) && !self.stage.agent.is_running() {
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
            pace.pause().await;
        }
    }

    /// A restarted engine starts every task anew, the bystander's too.
    async fn until_all_serve(&mut self, asked: &[Asked], ended: &[DeploymentView]) {
        for (asked, view) in asked.iter().zip(ended) {
            let way = &self.ways[asked.way];
            let version = match view.status {
                DeploymentStatus::Succeeded => &asked.version,
                _ => &way.serving,
            };
            let wanted = (200, format!("version {version}\n"));
            wait::until("it serves again", Duration::from_secs(120), async || {
                load::get(self.stage.agent.edge_port(), &host_of(way.name), "/")
                    .await
                    .is_ok_and(|(status, body)| {
                        (status, String::from_utf8_lossy(&body).into_owned()) == wanted
                    })
            })
            .await;
        }
        self.watch.engine_restarted(&self.stage).await;
    }

    /// `storm`: something else may have struck this deployment too.
    async fn judge(&mut self, asked: Asked, view: &DeploymentView, storm: bool) {
        let (fault, moment) = (asked.fault, asked.moment.as_str());
        let way = &mut self.ways[asked.way];
        let what = format!("{}, {}:{moment}, {fault:?}", way.name, asked.step.as_str());
        // What is killed may be missed before a step is reached, and the deployment fail there.
        let reached = !self.stage.agent.is_armed(way.application);
        assert!(reached || storm, "{what}: not reached, {view:?}");
        if let (Some(wanted), false) = (fault.end(asked.step, moment), storm) {
            assert_eq!(view.status, wanted, "{what}: {:?}", view.failure);
        }
        assert!(
            !asked.back || view.status == DeploymentStatus::Failed,
            "{what}: {view:?}"
        );
        match view.status {
            DeploymentStatus::Succeeded => way.serving = asked.version,
            DeploymentStatus::Failed => assert!(view.failure.is_some(), "{what}"),
            DeploymentStatus::Cancelled if fault == Fault::Cancel => {}
            other => panic!("{what}: {other:?} {:?}", view.steps),
        }
        eprintln!(
            "{what}: {:?} {}",
            view.status,
            view.failure.as_deref().unwrap_or("")
        );
        self.stage.assert_serves(way.name, &way.serving).await;
        let heard = asked.cancelled.filter(|_| asked.step != Step::Retire);
        if let Some(wish) = heard {
            is_heard(&self.stage, asked.deployment, wish, &what).await;
        }
    }
}

/// Each step in one of the ways that have it, and of all ways about as many: for each way the places of its steps.
fn shared_out(ways: &[&[Step]]) -> Vec<Vec<usize>> {
    let mut all: Vec<Step> = Vec::new();
    for step in ways.iter().flat_map(|steps| steps.iter().copied()) {
        if !all.contains(&step) {
            all.push(step);
        }
    }
    // Those that few ways have come first; the others find room where it is left.
    all.sort_by_key(|step| ways.iter().filter(|steps| steps.contains(step)).count());
    let mut shares: Vec<Vec<usize>> = vec![Vec::new(); ways.len()];
    for step in all {
        let place = |steps: &[Step]| steps.iter().position(|one| *one == step);
        let places = ways
            .iter()
            .copied()
            .enumerate()
            .filter_map(|(way, steps)| Some((way, place(steps)?)));
        if let Some((way, place)) = places.min_by_key(|(way, _)| shares[*way].len()) {
            shares[way].push(place);
        }
    }
    shares
}

/// It is the wish that stops the step, and not the end of the step's own time, which is longer. How soon that is, a busy machine decides.
async fn is_heard(stage: &Stage, deployment: DeploymentId, wish: DateTime<Utc>, what: &str) {
    let lines = stage.lines(deployment, None).await;
    let said = lines
        .iter()
        .find(|line| line.text == "Stopped: the deployment was cancelled");
    let took = said.map(|line| line.at - wish);
    assert!(took.is_some_and(|took| took < HEARD_WITHIN), "{what}: {took:?}");
}

/// An application that takes over in this way, with a command before and one after, whose version 0 serves.
async fn way(stage: &Stage, environment: EnvironmentId, number: usize, strategy: Strategy) -> Way {
    let name = ALL_WAYS[number];
    let repo = GitRepo::echo("0").await;
    let application = stage.application(environment, name, &repo.url()).await.id;
    let recreated = strategy == Strategy::Recreate;
    let keeps_all = matches!(strategy, Strategy::BlueGreen | Strategy::Canary(_));
    let change = |settings: &mut ApplicationSettings| {
        settings.hooks.before = CommandLine::split("/app count 1 1").ok();
        settings.hooks.after = CommandLine::split("/app count 1 1").ok();
        if strategy == Strategy::Rolling {
            settings.replicas = Replicas::try_from(2).expect("a number");
        }
        if recreated {
            settings.container.volumes = vec![VolumeMount {
                name: "data".parse().expect("a name"),
                path: "/data".parse().expect("a path"),
                read_only: false,
            }];
        }
        settings.rollout.strategy = strategy;
    };
    stage.settings(application, change).await;
    let first = stage.deploy_well(application).await;
    // Recreating promises that nobody serves in between.
    let load = (!recreated).then(|| Load::start(Plan::requests(stage.agent.edge_port(), host_of(name), 8)));
    let alone = recreated.then(|| Alone::watch(stage.agent.engine(), application));
    Way {
        name,
        number,
        alone,
        application,
        repo,
        steps: first
            .steps
            .iter()
            .filter_map(|step| step.step.known().copied())
            .collect(),
        serving: "0".to_owned(),
        load,
        keeps_all,
    }
}
