//! An application for each way to take over.

use slipway_protocol::deployment::Step;
use slipway_protocol::settings::{ApplicationSettings, CommandLine, Replicas, Strategy, VolumeMount};
use slipway_protocol::{ApplicationId, EnvironmentId};

use crate::git_repo::GitRepo;
use crate::invariants::Alone;
use crate::load::{Load, Plan};
use crate::stage::{Stage, host_of};

/// The ways to take over, by their applications' names.
pub const ALL_WAYS: [&str; 4] = ["blue-green", "canary", "rolling", "recreate"];

/// One application, with one way to take over.
pub(super) struct Way {
    pub(super) name: &'static str,
    /// Its place among all ways.
    pub(super) number: usize,
    pub(super) application: ApplicationId,
    pub(super) repo: GitRepo,
    pub(super) steps: Vec<Step>,
    /// The version that has to answer.
    pub(super) serving: String,
    pub(super) load: Option<Load>,
    /// It promises that its releases never run together.
    pub(super) alone: Option<Alone>,
    /// It promises that no request is lost: a rolling release's old tasks have only their own grace, and a recreated one has a gap.
    pub(super) keeps_all: bool,
}

/// An application that takes over in this way, with a command before and one after, whose version 0 serves.
pub(super) async fn way(stage: &Stage, environment: EnvironmentId, number: usize, strategy: Strategy) -> Way {
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
