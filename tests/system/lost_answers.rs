//! Docker or the database does what it is asked and the answer is lost: nobody can know what came of it. Whoever asks again finds it done, and
//! nothing is there twice or left behind.

use std::collections::BTreeSet;
use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::docker_gate::DockerGate;
use acceptance::engine::{Engine, text};
use acceptance::git_repo::GitRepo;
use acceptance::load::{Load, Plan};
use acceptance::postgres::Postgres;
use acceptance::postgres_gate::{Cut, PostgresGate};
use acceptance::sshd::Sshd;
use acceptance::stage::{Stage, host_of};
use acceptance::{environment, invariants, wait};
use slipway_client::ClientError;
use slipway_protocol::deployment::{DeploymentStatus, Trigger};
use slipway_protocol::project::ProjectDetails;
use slipway_protocol::settings::{Canary, CommandLine, Percent, Seconds, Strategy};
use slipway_protocol::variable::SetVariable;
use slipway_protocol::{ApplicationId, EnvironmentId, ErrorCode, Scope, Secret, api};

const LIMIT: Duration = Duration::from_secs(180);
const CREATE_NETWORK: &str = "POST /networks/create";
const CREATE_SECRET: &str = "POST /secrets/create";
const CREATE_SERVICE: &str = "POST /services/create";
const UPDATE_SERVICE: &str = "POST /services/*/update";
const REMOVE_SERVICE: &str = "DELETE /services/*";

/// FR-DEP-10, NFR-R1, NFR-R2: Docker makes a network, the edge, a secret, a release, a command's service, changes one and removes one, and the
/// answer to each is lost once: every deployment succeeds all the same, there is one service of each release and nothing left over, and no
/// request is lost. A thorough run does that with other ways to take over, and with a release that is taken back.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_of_docker_changes_nothing() {
    let gate = DockerGate::open_to(&Engine::from_environment());
    gate.lose(&[CREATE_NETWORK, CREATE_SERVICE]);
    let agent = Agent::start_with(Some(gate.address()), None).await;
    let stage = Stage::around(agent, Sshd::start().await).await;
    let environment = stage.environment("Shop").await;
    all_lost(&gate).await;
    goes_through(&stage, &gate, environment, "web", Strategy::BlueGreen).await;
    if environment::thorough() {
        let canary = Strategy::Canary(Canary {
            shares: vec![Percent::fixed(50)],
            pause: Seconds::fixed(1),
            ..Canary::default()
        });
        let ways = [
            ("canary", canary),
            ("rolling", Strategy::Rolling),
            ("recreate", Strategy::Recreate),
        ];
        for (name, strategy) in ways {
            goes_through(&stage, &gate, environment, name, strategy).await;
        }
    }
    let edges = services_with(&stage, |labels| labels["slipway.role"] == "edge").await;
    assert_eq!(edges.len(), 1, "{edges:?}");
    invariants::hold(&stage).await;
}

/// An application is deployed, deployed with more, and goes back; an answer of each kind is lost on the way.
async fn goes_through(
    stage: &Stage,
    gate: &DockerGate,
    environment: EnvironmentId,
    name: &str,
    strategy: Strategy,
) {
    let keeps_all = matches!(strategy, Strategy::BlueGreen | Strategy::Canary(_));
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, name, &repo.url()).await.id;
    stage
        .settings(application, |settings| settings.rollout.strategy = strategy)
        .await;
    gate.lose(&[CREATE_SERVICE]);
    let first = stage.deploy_well(application).await;
    all_lost(gate).await;
    let traffic = keeps_all.then(|| Load::start(Plan::requests(stage.agent.edge_port(), host_of(name), 20)));

    // The first service of this deployment is its command's, which is removed when it has ended.
    set_secret(stage, application).await;
    stage
        .settings(application, |settings| {
            settings.hooks.before = CommandLine::split("/app count 1 1").ok();
        })
        .await;
    repo.echo_version("2").await;
    gate.lose(&[CREATE_SECRET, CREATE_SERVICE, UPDATE_SERVICE, REMOVE_SERVICE]);
    let second = stage.deploy_well(application).await;
    stage.assert_serves(name, "2").await;
    all_lost(gate).await;
    let lines = stage.lines(second.id, None).await;
    let runs = lines
        .iter()
        .filter(|line| line.text.contains("line 1 of 1"))
        .count();
    assert_eq!(runs, 1, "the command ran once: {lines:?}");

    gate.lose(&[UPDATE_SERVICE]);
    let back = stage.roll_back(application, first.id).await;
    assert_eq!(back.status, DeploymentStatus::Succeeded, "{:?}", back.failure);
    stage.assert_serves(name, "1").await;
    all_lost(gate).await;
    if environment::thorough() {
        repo.echo_mode("3", "crash").await;
        gate.lose(&[CREATE_SERVICE, REMOVE_SERVICE]);
        let third = stage.deploy(application).await;
        assert_eq!(third.status, DeploymentStatus::Failed);
        assert!(third.failure.is_some());
        stage.assert_serves(name, "1").await;
        all_lost(gate).await;
    }
    if let Some(traffic) = traffic {
        traffic.end_well().await;
    }
    has_one_service_each(stage, application).await;
}

/// What is still to be lost is lost by what tidies up.
async fn all_lost(gate: &DockerGate) {
    wait::until("every answer is lost", LIMIT, async || {
        gate.still_to_lose().is_empty()
    })
    .await;
}

async fn set_secret(stage: &Stage, application: ApplicationId) {
    let secret = SetVariable {
        as_file: Some(true),
        ..SetVariable::new(
            "TOKEN".parse().expect("a key"),
            Secret::new("a secret".to_owned()),
        )
    };
    let set = api::SetVariable {
        scope: Scope::Application(application),
        body: secret,
    };
    stage.connection.send(set).await.expect("the secret is set");
}

/// Those of the releases that are kept, each once.
async fn has_one_service_each(stage: &Stage, application: ApplicationId) {
    let application = application.to_string();
    let of_it = async || {
        services_with(stage, |labels| {
            labels["slipway.application"] == application.as_str()
        })
        .await
    };
    wait::until("only the two releases have services", LIMIT, async || {
        of_it().await.len() == 2
    })
    .await;
    let all = of_it().await;
    let makers: BTreeSet<&String> = all.iter().collect();
    assert_eq!(makers.len(), all.len(), "{all:?}");
}

/// The deployments that have made services whose labels are so.
async fn services_with(stage: &Stage, is_one: impl Fn(&serde_json::Value) -> bool) -> Vec<String> {
    let all = stage.agent.engine().services(stage.agent.instance()).await;
    let labels = all.iter().map(|service| &service["Spec"]["Labels"]);
    labels
        .filter(|labels| is_one(labels))
        .map(|labels| text(&labels["slipway.deployment"]).to_owned())
        .collect()
}

/// FR-DEP-10, NFR-R1, NFR-R2: the connection to the database ends at COMMIT, before it is done or before that is said: who asked is told that
/// the database did not answer, and what was asked for is there once or not at all; a deployment to which that happens again and again
/// succeeds, and nothing is done twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_commit_changes_nothing() {
    let postgres = Postgres::start(&Engine::from_environment()).await;
    let gate = PostgresGate::to(&postgres).await;
    let agent = Agent::start_set(&[("DATABASE_URL", &gate.url())]).await;
    let stage = Stage::around(agent, Sshd::start().await).await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await.id;

    for (cut, name, there) in [(Cut::Answer, "Made", 1), (Cut::Question, "Not made", 0)] {
        gate.cut(&[cut], 1);
        let body = ProjectDetails::named(name.parse().expect("a name"));
        let asked = stage.connection.send(api::CreateProject { body }).await;
        assert!(gate.heal() > 0);
        let Err(ClientError::Problem(problem)) = asked else {
            panic!("{cut:?}: {asked:?}");
        };
        assert_eq!(problem.code, ErrorCode::Unavailable, "{cut:?}: {problem}");
        let projects = stage.connection.send(api::ListProjects {}).await;
        let projects = projects.expect("the projects");
        let found = projects.iter().filter(|one| one.name.as_str() == name).count();
        assert_eq!(found, there, "{cut:?}");
    }

    let rounds = if environment::thorough() { 6 } else { 1 };
    for round in 1..=rounds {
        let version = round.to_string();
        repo.echo_version(&version).await;
        let asked = stage.ask(application, Trigger::Deploy).await;
        // Two ways in turn; a number that is prime to how many COMMITs a step has.
        gate.cut(&[Cut::Answer, Cut::Question], 5);
        let ended = stage.end_of(asked.id).await;
        let cuts = gate.heal();
        assert_eq!(ended.status, DeploymentStatus::Succeeded, "{:?}", ended.failure);
        assert!(cuts > 1, "{cuts} connections were ended");
        stage.assert_serves("web", &version).await;
    }
    let deployments = stage.connection.send(api::ListDeployments::of(application)).await;
    let deployments = deployments.expect("the history");
    assert_eq!(deployments.len(), rounds);
    invariants::hold(&stage).await;
}
