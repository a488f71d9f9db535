//! What is done to an application as it runs, and what others do to it behind Slipway's back.

use std::time::Duration;

use acceptance::engine::text;
use acceptance::load::{Load, Plan};
use acceptance::stage::{Stage, host_of};
use acceptance::{invariants, wait};
use slipway_client::ClientError;
use slipway_protocol::application::ObservedStatus;
use slipway_protocol::deployment::{DeploymentStatus, Trigger};
use slipway_protocol::settings::{ApplicationSettings, Replicas, Seconds};
use slipway_protocol::{ApplicationId, ErrorCode, api};

const LIMIT: Duration = Duration::from_secs(180);

fn tasks(count: u64) -> Replicas {
    Replicas::try_from(count).expect("a number of tasks")
}

async fn observed(stage: &Stage, application: ApplicationId, what: &str, status: ObservedStatus, count: u16) {
    wait::until(what, LIMIT, async || {
        let view = stage.view(application).await;
        (view.observed, view.observed_tasks) == (status, count)
    })
    .await;
}

/// FR-DEP-11, NFR-P6: scaling, restarting, reloading and deploying the same again lose no request; each is a deployment of the history.
#[tokio::test(flavor = "multi_thread")]
async fn operations_lose_no_request() {
    let (stage, repo, application) = Stage::with_web().await;
    let first = stage.deploy_well(application).await;
    let load = Load::start(
        Plan::requests(stage.agent.edge_port(), host_of("web"), 50).with_slow(Duration::from_secs(1)),
    );

    let up = stage
        .run_well(application, Trigger::Scale { replicas: tasks(3) })
        .await;
    assert_eq!(up.release_of, Some(first.id), "more tasks of the same release");
    observed(&stage, application, "three tasks", ObservedStatus::Running, 3).await;
    stage
        .run_well(application, Trigger::Scale { replicas: tasks(1) })
        .await;
    observed(&stage, application, "one task", ObservedStatus::Running, 1).await;

    stage.run_well(application, Trigger::Restart).await;
    stage.set_variable(application, "COLOUR", "green").await;
    let reloaded = stage.run_well(application, Trigger::Reload).await;
    assert_eq!(reloaded.image, first.image, "nothing is built");
    assert_eq!(
        stage.get("web", "/variable/COLOUR").await,
        (200, "green".to_owned())
    );

    // The branch has moved; the same source is the commit that serves.
    repo.echo_version("2").await;
    let again = stage.run_well(application, Trigger::Redeploy).await;
    assert_eq!(again.commit, first.commit);
    stage.assert_serves("web", "1").await;

    load.end_well().await;
    invariants::hold(&stage).await;
}

/// FR-DEP-11, FR-DEP-15, FR-PRJ-04, FR-PRJ-06: a stopped application has no tasks, also after a restart of the agent; started again it has as many
/// as before. Tasks that somebody gives it outside Slipway meanwhile are told, and can be taken away or taken over.
#[tokio::test(flavor = "multi_thread")]
async fn start_brings_back_what_stop_ended() {
    let (mut stage, _repo, application) = Stage::with_web().await;
    stage
        .settings(application, |settings| settings.replicas = tasks(2))
        .await;
    stage.deploy_well(application).await;

    stage
        .connection
        .send(api::StopApplication { application })
        .await
        .expect("it stops");
    observed(&stage, application, "no task", ObservedStatus::Stopped, 0).await;
    assert!(stage.agent.stop(), "the agent ends by itself");
    stage.agent.resume().await;
    wait::until("the link is back", LIMIT, async || {
        stage.connection.send(api::GetMe {}).await.is_ok()
    })
    .await;
    observed(&stage, application, "still no task", ObservedStatus::Stopped, 0).await;

    task_from_outside(&stage, application).await;
    let heal = api::HealDrift { application };
    stage.connection.send(heal).await.expect("it is put back");
    observed(&stage, application, "no task again", ObservedStatus::Stopped, 0).await;
    task_from_outside(&stage, application).await;
    stage
        .connection
        .send(api::StartApplication { application })
        .await
        .expect("it starts");
    observed(&stage, application, "two tasks", ObservedStatus::Running, 2).await;
    wait::until("it answers", LIMIT, async || stage.get("web", "/").await.0 == 200).await;
    wait::until("nothing differs", LIMIT, async || {
        stage.view(application).await.drift.is_empty()
    })
    .await;

    let stop = api::StopApplication { application };
    stage.connection.send(stop).await.expect("it stops");
    observed(&stage, application, "no task", ObservedStatus::Stopped, 0).await;
    task_from_outside(&stage, application).await;
    let adopt = api::AdoptDrift { application };
    let view = stage.connection.send(adopt).await.expect("it is taken over");
    assert!(!view.stopped && view.settings.replicas == tasks(1));
    assert!(
        view.last_deployment
            .is_some_and(|last| last.trigger == Trigger::Adopt)
    );
    observed(&stage, application, "its one task", ObservedStatus::Running, 1).await;
    invariants::hold(&stage).await;
}

/// Gives a stopped application a task outside Slipway, until that is told. As long as its stop was not seen to be carried out, the task ends
/// with it and nobody is told.
async fn task_from_outside(stage: &Stage, application: ApplicationId) {
    wait::until("a task from outside is told", LIMIT, async || {
        start_outside(stage).await;
        let drift = stage.view(application).await.drift;
        drift.len() == 1 && drift[0].what == "tasks" && drift[0].wanted == "0" && drift[0].found == "1"
    })
    .await;
}

/// One task for a service that has none.
async fn start_outside(stage: &Stage) {
    let service = serving_service(stage).await;
    if service["Spec"]["Mode"]["Replicated"]["Replicas"] == 0 {
        change_this(stage, &service, |spec| {
            spec["Mode"]["Replicated"]["Replicas"] = 1.into()
        })
        .await;
    }
}

/// FR-DEP-07, FR-DEP-11: while the old release is kept warm, going back runs its very containers: nothing is started. Stopping ends them all.
#[tokio::test(flavor = "multi_thread")]
async fn a_warm_release_is_gone_back_to_at_once() {
    let (stage, repo, application) = Stage::with_web().await;
    stage
        .settings(application, |settings| {
            settings.rollout.warm = Seconds::try_from(600).expect("a time");
        })
        .await;
    let first = stage.deploy_well(application).await;
    let before = containers(&stage, &first.id.to_string()).await;
    repo.echo_version("2").await;
    stage.deploy_well(application).await;
    let back = stage.roll_back(application, first.id).await;
    assert_eq!(back.release_of, Some(first.id), "{:?}", back.failure);
    stage.assert_serves("web", "1").await;
    assert_eq!(containers(&stage, &first.id.to_string()).await, before);
    let stop = api::StopApplication { application };
    stage.connection.send(stop).await.expect("it stops");
    wait::until("none of its releases runs", LIMIT, async || {
        let engine = stage.agent.engine();
        engine
            .running_containers(stage.agent.instance())
            .await
            .iter()
            .all(|one| text(&one["Labels"]["slipway.application"]) != application.to_string())
    })
    .await;
}

/// FR-DEP-11, FR-DEP-15: an application that somebody stopped stays stopped, also where its settings say that what is changed outside
/// Slipway is put back, and where somebody asks for that.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_stays_stopped() {
    let (stage, _repo, application) = Stage::with_web().await;
    let heal = |settings: &mut ApplicationSettings| settings.rollout.heal = true;
    stage.settings(application, heal).await;
    stage.deploy_well(application).await;
    let stop = api::StopApplication { application };
    stage.connection.send(stop).await.expect("it stops");
    observed(&stage, application, "no task", ObservedStatus::Stopped, 0).await;
    wait::until("a task from outside is told and taken away", LIMIT, async || {
        let events = api::ListEvents {
            before: None,
            limit: None,
            application: Some(application),
            severity: None,
            contains: Some("1 instead of 0 tasks".to_owned()),
        };
        let told = stage.connection.send(events).await.expect("events").len();
        if told == 0 {
            start_outside(&stage).await;
        }
        let view = stage.view(application).await;
        told > 0 && view.drift.is_empty() && view.observed_tasks == 0
    })
    .await;
    change_service(&stage, |spec| {
        spec["TaskTemplate"]["ContainerSpec"]["Env"] = serde_json::json!(["INTRUDER=1"])
    })
    .await;
    sees_the_intruder(&stage, application).await;
    let refused = stage.connection.send(api::HealDrift { application }).await;
    let Err(ClientError::Problem(problem)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(problem.code, ErrorCode::Conflict);
    assert!(problem.detail.contains("is stopped"), "{}", problem.detail);
    let view = stage.view(application).await;
    assert_eq!(view.observed, ObservedStatus::Stopped);
    assert!(
        view.last_deployment.is_some_and(|last| last.number == 1),
        "nothing was deployed by itself"
    );
}

async fn containers(stage: &Stage, deployment: &str) -> Vec<String> {
    let all = stage
        .agent
        .engine()
        .running_containers(stage.agent.instance())
        .await;
    let own = all
        .iter()
        .filter(|one| text(&one["Labels"]["slipway.deployment"]) == deployment);
    own.map(|one| text(&one["Id"]).to_owned()).collect()
}

/// FR-DEP-15, FR-PRJ-04: what somebody changes outside Slipway is seen, told with both sides, and put back or taken over; a service that
/// is gone is made again.
#[tokio::test(flavor = "multi_thread")]
async fn changes_from_outside_are_seen_and_mended() {
    let (stage, _repo, application) = Stage::with_web().await;
    stage.deploy_well(application).await;

    change_service(&stage, |spec| spec["Mode"]["Replicated"]["Replicas"] = 2.into()).await;
    let drift = seen_drift(&stage, application).await;
    assert_eq!(
        (
            drift[0].what.as_str(),
            drift[0].wanted.as_str(),
            drift[0].found.as_str()
        ),
        ("tasks", "1", "2")
    );
    stage
        .connection
        .send(api::AdoptDrift { application })
        .await
        .expect("it is taken over");
    let view = stage.view(application).await;
    assert_eq!((view.settings.replicas.get(), view.wanted_tasks), (2, 2));
    assert!(
        view.last_deployment
            .is_some_and(|last| last.trigger == Trigger::Adopt)
    );
    observed(&stage, application, "two tasks", ObservedStatus::Running, 2).await;

    change_service(&stage, |spec| {
        spec["TaskTemplate"]["ContainerSpec"]["Env"] = serde_json::json!(["INTRUDER=1"])
    })
    .await;
    sees_the_intruder(&stage, application).await;
    stage
        .connection
        .send(api::HealDrift { application })
        .await
        .expect("it is put back");
    wait::until("it is as deployed again", LIMIT, async || {
        let view = stage.view(application).await;
        view.drift.is_empty() && view.last_deployment.is_some_and(|last| last.status.is_final())
    })
    .await;
    wait::until("the intruder is gone", LIMIT, async || {
        stage.get("web", "/variable/INTRUDER").await.0 == 404
    })
    .await;

    let service = serving_service(&stage).await;
    let path = format!("/services/{}", text(&service["ID"]));
    assert_eq!(stage.agent.engine().call("DELETE", &path, None).await.0, 200);
    wait::until("it is made again", LIMIT, async || {
        stage.get("web", "/").await.0 == 200
    })
    .await;
    observed(&stage, application, "both tasks", ObservedStatus::Running, 2).await;
    invariants::hold(&stage).await;
}

/// FR-DEP-15, FR-DEP-13: what is taken over of a changed service is a deployment of the history and stands in the settings; what the release
/// was deployed as stays as it was and can be gone back to. What has no setting that says it exactly stays to be put back.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_adopted_is_history() {
    let (stage, _repo, application) = Stage::with_web().await;
    let first = stage.deploy_well(application).await;
    change_service(&stage, |spec| {
        spec["Mode"]["Replicated"]["Replicas"] = 2.into();
        spec["TaskTemplate"]["Resources"]["Limits"]["MemoryBytes"] = (300_u64 << 20).into();
        spec["TaskTemplate"]["ContainerSpec"]["User"] = "1000".into();
    })
    .await;
    let drift = seen_drift(&stage, application).await;
    let ways: Vec<(&str, bool)> = drift
        .iter()
        .map(|one| (one.what.as_str(), one.adoptable))
        .collect();
    assert_eq!(ways, [("tasks", true), ("user", false), ("memory", true)]);

    let adopt = api::AdoptDrift { application };
    let view = stage.connection.send(adopt).await.expect("it is taken over");
    let memory = view
        .settings
        .container
        .resources
        .memory
        .map(|amount| amount.get());
    assert_eq!((view.settings.replicas.get(), memory), (2, Some(300)));
    assert!(!view.pending_changes, "nothing waits for a deployment");
    let adopted = view.serving.expect("it serves");
    assert_eq!((adopted.number, adopted.trigger == Trigger::Adopt), (2, true));
    assert_eq!(adopted.status, DeploymentStatus::Succeeded);
    assert_eq!(adopted.release_of, Some(first.id), "the same service serves on");
    let compare = api::CompareDeployments {
        deployment: first.id,
        with: adopted.id,
    };
    let compared = stage.connection.send(compare).await.expect("a comparison");
    let changes: Vec<(&str, Option<&str>, Option<&str>)> = compared
        .iter()
        .map(|one| (one.what.as_str(), one.from.as_deref(), one.to.as_deref()))
        .collect();
    assert_eq!(
        changes,
        [
            ("container.resources.memory", None, Some("300")),
            ("replicas", Some("1"), Some("2"))
        ]
    );
    wait::until("only what has no setting is left", LIMIT, async || {
        let left = stage.view(application).await.drift;
        left.len() == 1 && left[0].what == "user"
    })
    .await;
    match stage.connection.send(api::AdoptDrift { application }).await {
        Err(ClientError::Problem(problem)) => {
            assert_eq!(problem.code, ErrorCode::Conflict);
            assert!(problem.detail.contains("user"), "{}", problem.detail);
        }
        other => panic!("it was taken over: {other:?}"),
    }

    let back = stage.roll_back(application, first.id).await;
    assert_eq!(back.status, DeploymentStatus::Succeeded, "{:?}", back.failure);
    observed(&stage, application, "one task", ObservedStatus::Running, 1).await;
    let service = serving_service(&stage).await;
    let limits = &service["Spec"]["TaskTemplate"]["Resources"]["Limits"];
    assert!(limits["MemoryBytes"].as_u64().unwrap_or(0) == 0, "{limits}");
    invariants::hold(&stage).await;
}

/// FR-DEP-15, FR-PRJ-06, FR-OBS-06: that somebody takes away all tasks outside Slipway is told as any other change. It can be put back, or taken
/// over, which is *stop*: start brings back as many as before. Where the settings say so it is put back by itself, and told all the same.
#[tokio::test(flavor = "multi_thread")]
async fn no_task_from_outside_is_seen() {
    let (stage, _repo, application) = Stage::with_web().await;
    stage
        .settings(application, |settings| settings.replicas = tasks(2))
        .await;
    stage.deploy_well(application).await;
    let no_task = async || {
        change_service(&stage, |spec| spec["Mode"]["Replicated"]["Replicas"] = 0.into()).await;
    };

    no_task().await;
    let drift = seen_drift(&stage, application).await;
    let [one] = drift.as_slice() else {
        panic!("{drift:?}");
    };
    assert_eq!(
        (one.what.as_str(), one.wanted.as_str(), one.found.as_str()),
        ("tasks", "2", "0")
    );
    observed(&stage, application, "nobody serves", ObservedStatus::Down, 0).await;
    let heal = api::HealDrift { application };
    stage.connection.send(heal).await.expect("it is put back");
    observed(&stage, application, "both tasks", ObservedStatus::Running, 2).await;
    wait::until("nothing differs", LIMIT, async || {
        stage.view(application).await.drift.is_empty()
    })
    .await;

    no_task().await;
    seen_drift(&stage, application).await;
    let adopt = api::AdoptDrift { application };
    let view = stage.connection.send(adopt).await.expect("it is taken over");
    assert!(view.stopped && view.settings.replicas == tasks(2));
    assert!(view.last_deployment.is_some_and(|last| last.number == 1));
    observed(&stage, application, "no task", ObservedStatus::Stopped, 0).await;
    let start = api::StartApplication { application };
    stage.connection.send(start).await.expect("it starts");
    observed(&stage, application, "two tasks", ObservedStatus::Running, 2).await;

    let heal = |settings: &mut ApplicationSettings| settings.rollout.heal = true;
    stage.settings(application, heal).await;
    stage.run_well(application, Trigger::Reload).await;
    no_task().await;
    wait::until("it was told and put back by itself", LIMIT, async || {
        let events = api::ListEvents {
            before: None,
            limit: None,
            application: Some(application),
            severity: None,
            contains: Some("0 instead of 2 tasks".to_owned()),
        };
        let told = stage.connection.send(events).await.expect("events").len();
        let view = stage.view(application).await;
        told >= 3 && (view.observed, view.observed_tasks) == (ObservedStatus::Running, 2)
    })
    .await;
    invariants::hold(&stage).await;
}

async fn seen_drift(stage: &Stage, application: ApplicationId) -> Vec<slipway_protocol::drift::Difference> {
    wait::until_some("the change is seen", LIMIT, async || {
        let drift = stage.view(application).await.drift;
        (!drift.is_empty()).then_some(drift)
    })
    .await
}

/// What was told before may be told for a moment longer.
async fn sees_the_intruder(stage: &Stage, application: ApplicationId) {
    wait::until("the intruder is seen", LIMIT, async || {
        let drift = stage.view(application).await.drift;
        drift.iter().any(|one| one.what == "variable INTRUDER")
    })
    .await;
}

/// The service of a deployment that has tasks; the only one, where none has.
async fn serving_service(stage: &Stage) -> serde_json::Value {
    let mut all = stage.agent.engine().services(stage.agent.instance()).await;
    all.retain(|service| service["Spec"]["Labels"]["slipway.deployment"].is_string());
    let serves = |service: &serde_json::Value| service["Spec"]["Mode"]["Replicated"]["Replicas"] != 0;
    let place = all.iter().position(serves).unwrap_or(0);
    all.swap_remove(place)
}

async fn change_service(stage: &Stage, change: impl Fn(&mut serde_json::Value)) {
    change_this(stage, &serving_service(stage).await, change).await;
}

async fn change_this(stage: &Stage, service: &serde_json::Value, change: impl Fn(&mut serde_json::Value)) {
    let engine = stage.agent.engine();
    engine.change_service(text(&service["ID"]), change).await;
}

/// FR-DEP-07, FR-DEP-15: a release that is kept warm and was changed outside Slipway meanwhile comes back as it was deployed.
#[tokio::test(flavor = "multi_thread")]
async fn a_roll_back_trusts_no_change_from_outside() {
    let (stage, repo, application) = Stage::with_web().await;
    let first = stage.deploy_well(application).await;
    let kept = serving_service(&stage).await;
    repo.echo_version("2").await;
    stage.deploy_well(application).await;
    change_this(&stage, &kept, |spec| {
        spec["TaskTemplate"]["ContainerSpec"]["Env"] = serde_json::json!(["INTRUDER=1"]);
        spec["TaskTemplate"]["ContainerSpec"]["Hosts"] = serde_json::json!(["10.9.9.9 database"]);
    })
    .await;
    let back = stage.roll_back(application, first.id).await;
    assert_eq!(back.status, DeploymentStatus::Succeeded, "{:?}", back.failure);
    stage.assert_serves("web", "1").await;
    assert_eq!(stage.get("web", "/variable/INTRUDER").await.0, 404);
    let services = stage.agent.engine().services(stage.agent.instance()).await;
    let same = services.iter().find(|service| service["ID"] == kept["ID"]);
    let serves = same.expect("it is the same service");
    assert_eq!(serves["Spec"]["Mode"]["Replicated"]["Replicas"], 1);
    assert!(serves["Spec"]["TaskTemplate"]["ContainerSpec"]["Hosts"].is_null());
    invariants::hold(&stage).await;
}

/// FR-PRJ-04, FR-DEP-04: a release that serves and does not pass its health check any more is told, and so is that it does again. It keeps its
/// requests all the while.
#[tokio::test(flavor = "multi_thread")]
async fn who_falls_ill_is_told() {
    let (stage, _repo, application) = Stage::with_web().await;
    let check = serde_json::json!({ "kind": "http", "path": "/healthy" });
    stage
        .settings(application, |settings| {
            settings.health = serde_json::from_value(check).expect("a check");
        })
        .await;
    stage.deploy_well(application).await;
    assert_eq!(stage.get("web", "/sicken").await.0, 200);
    let said = "asked for /healthy on port 8080, it answers 503";
    wait::until("it runs and is seen to be ill", LIMIT, async || {
        let view = stage.view(application).await;
        let is_ill = view
            .unhealthy
            .is_some_and(|ill| ill.tasks == 1 && ill.said == said);
        is_ill && view.observed == ObservedStatus::Running
    })
    .await;
    stage.assert_serves("web", "1").await;
    assert_eq!(stage.get("web", "/recover").await.0, 200);
    wait::until("it is seen to be well", LIMIT, async || {
        stage.view(application).await.unhealthy.is_none()
    })
    .await;
    let events = api::ListEvents {
        before: None,
        limit: None,
        application: Some(application),
        severity: None,
        contains: None,
    };
    wait::until("both are told", LIMIT, async || {
        let told = stage.connection.send(events.clone()).await.expect("events");
        ["not healthy any more: asked for /healthy", "is healthy again"]
            .iter()
            .all(|words| told.iter().any(|event| event.text.contains(words)))
    })
    .await;
    invariants::hold(&stage).await;
}

/// FR-DEP-08: a plan names what changes, and is refused when the application has changed since.
#[tokio::test(flavor = "multi_thread")]
async fn a_stale_plan_is_refused() {
    let (stage, _repo, application) = Stage::with_web().await;
    let first = stage.deploy_well(application).await;
    stage.set_variable(application, "COLOUR", "green").await;
    stage
        .settings(application, |settings| settings.replicas = tasks(2))
        .await;

    let body = Trigger::Reload;
    let plan = stage
        .connection
        .send(api::PlanDeployment { application, body })
        .await
        .expect("a plan");
    let changes: Vec<&str> = plan.changes.iter().map(|change| change.what.as_str()).collect();
    assert_eq!(changes, ["replicas", "variable COLOUR"]);
    assert_eq!((plan.starts, plan.stops, plan.most_at_once), (2, 1, 3));

    stage.set_variable(application, "COLOUR", "blue").await;
    let apply = api::RequestDeployment {
        application,
        revision: Some(plan.revision),
        body: Trigger::Reload,
    };
    match stage.connection.send(apply.clone()).await {
        Err(ClientError::Problem(problem)) => assert_eq!(problem.code, ErrorCode::Conflict, "{problem}"),
        other => panic!("a stale plan was taken: {other:?}"),
    }
    let body = Trigger::Reload;
    let fresh = stage
        .connection
        .send(api::PlanDeployment { application, body })
        .await
        .expect("a plan");
    let apply = api::RequestDeployment {
        revision: Some(fresh.revision),
        ..apply
    };
    let asked = stage.connection.send(apply).await.expect("a deployment");
    let ended = stage.end_of(asked.id).await;
    let with = ended.id;
    let deployment = first.id;
    let compared = stage
        .connection
        .send(api::CompareDeployments { deployment, with })
        .await
        .expect("a comparison");
    let names: Vec<&str> = compared.iter().map(|change| change.what.as_str()).collect();
    assert_eq!(names, ["replicas", "variable COLOUR"]);
    assert!(!format!("{compared:?}").contains("blue"), "values are not told");
}
