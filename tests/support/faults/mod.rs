//! Something goes wrong at every boundary of every step of every way to take over, by enumeration. Applications, one for
//! each way, are deployed beside each other; the steps come from the deployments themselves, so that a new one is not forgotten.
//!
//! An error, a bug, a hang, a wish to cancel, `kill -9` of the agent, of its database, of the Docker engine: each deployment ends in success or
//! clean failure, whoever served before serves, the invariants hold, and no request is lost where the way promises that.

mod fault;
mod shares;
mod through;
mod way;

use slipway_protocol::deployment::Step;
use slipway_protocol::settings::{Canary, Percent, Seconds, Strategy};

pub use self::fault::{Fault, MOMENTS};
use self::shares::shared_out;
use self::through::Asked;
pub use self::way::ALL_WAYS;
use self::way::{Way, way};
use crate::agent::Agent;
use crate::environment;
use crate::git_repo::GitRepo;
use crate::invariants::Watch;
use crate::sshd::Sshd;
use crate::stage::Stage;

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
}
