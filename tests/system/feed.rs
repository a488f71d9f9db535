//! The feed of changes: who watches is told, and need not ask.

use std::time::Duration;

use acceptance::stage::Stage;
use acceptance::wait;
use futures_util::StreamExt;
use slipway_client::{ClientError, Connection};
use slipway_protocol::api::{GetDeployment, ListEvents};
use slipway_protocol::event::{ClusterEvent, Severity};
use slipway_protocol::feed::FeedEvent;
use slipway_protocol::{ApplicationId, Role};

const LIMIT: Duration = Duration::from_secs(180);

/// What was told so far, as often as it was.
struct Watching(tokio::sync::mpsc::UnboundedReceiver<Result<FeedEvent, ClientError>>);

impl Watching {
    fn begin(connection: &Connection) -> Self {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        let mut events = connection.watch_changes();
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        Self(receiver)
    }

    /// Waits for the next change.
    async fn changed(&mut self, what: &str) {
        let next = async {
            loop {
                match self.0.recv().await {
                    Some(Ok(FeedEvent::Changed)) => return,
                    Some(Ok(FeedEvent::Ping)) => {}
                    other => panic!("{what}: {other:?}"),
                }
            }
        };
        let told = tokio::time::timeout(LIMIT, next).await;
        assert!(told.is_ok(), "{what}: nothing was told");
    }

    /// Waits until nothing is told any more: a ping without a change before it.
    async fn quiet(&mut self) {
        let next = async {
            let mut pings = 0;
            while pings < 2 {
                match self.0.recv().await {
                    Some(Ok(FeedEvent::Changed)) => pings = 0,
                    Some(Ok(FeedEvent::Ping)) => pings += 1,
                    other => panic!("{other:?}"),
                }
            }
        };
        assert!(
            tokio::time::timeout(LIMIT, next).await.is_ok(),
            "it does not become quiet"
        );
    }
}

/// NFR-P10: whoever watches is told of what others do, of what becomes of tasks, and after a lost link that something may have been
/// missed; while nothing happens nothing is told.
#[tokio::test(flavor = "multi_thread")]
async fn changes_are_told() {
    let (mut stage, _repo, application) = Stage::with_web().await;
    let guest = stage.join(Role::Viewer).await;
    let mut watching = Watching::begin(&guest.connection);
    watching.changed("the beginning").await;
    watching.quiet().await;
    stage.set_variable(application, "COLOUR", "green").await;
    watching.changed("a variable").await;
    stage.deploy_well(application).await;
    watching.changed("a deployment").await;
    watching.quiet().await;

    let engine = stage.agent.engine();
    let running = engine.running_containers(stage.agent.instance()).await;
    let id = running
        .iter()
        .find(|one| one["Labels"]["slipway.deployment"].is_string())
        .and_then(|one| one["Id"].as_str());
    let path = format!("/containers/{}/kill", id.expect("its container"));
    assert_eq!(engine.call("POST", &path, None).await.0, 204);
    watching.changed("a task").await;
    what_happened_can_be_searched(&stage, &guest.connection, application).await;

    watching.quiet().await;
    stage.agent.kill9();
    stage.agent.resume().await;
    watching.changed("the agent is back").await;
}

/// FR-IAM-02: what somebody follows ends within seconds when their session does, whoever else follows the same.
#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_the_session() {
    let (stage, _repo, application) = Stage::with_web().await;
    stage.deploy_well(application).await;
    let guest = stage.join(Role::Viewer).await;
    let (mut theirs, mut others) = (
        Watching::begin(&guest.connection),
        Watching::begin(&stage.connection),
    );
    let mut log = guest.connection.follow_logs(application, Some(10), None);
    theirs.changed("the beginning").await;
    others.changed("the beginning").await;
    others.quiet().await;

    guest.connection.sign_out().await.expect("signed out");
    let ended = async {
        loop {
            match theirs.0.recv().await {
                None | Some(Err(_)) => return,
                Some(Ok(_)) => {}
            }
        }
    };
    let both = async { tokio::join!(ended, async { while let Some(Ok(_)) = log.next().await {} }) };
    let ended = tokio::time::timeout(LIMIT, both).await;
    assert!(ended.is_ok(), "somebody who has signed out still hears of it");
    stage.set_variable(application, "COLOUR", "green").await;
    others.changed("a variable").await;
}

/// FR-OBS-06: what happened is kept and found by its words, its gravity and its application; also by who may only look.
async fn what_happened_can_be_searched(stage: &Stage, viewer: &Connection, application: ApplicationId) {
    let all = ListEvents {
        before: None,
        limit: None,
        application: Some(application),
        severity: None,
        contains: None,
    };
    let killed = ListEvents {
        severity: Some(Severity::Warning),
        contains: Some("KILLED".to_owned()),
        ..all.clone()
    };
    wait::until("the kill is noted", LIMIT, async || {
        viewer
            .send(killed.clone())
            .await
            .is_ok_and(|events| !events.is_empty())
    })
    .await;
    let found: Vec<ClusterEvent> = viewer.send(killed).await.expect("events");
    assert!(
        found[0].text.contains("exit code 137") && found[0].subject == "web",
        "{found:?}"
    );
    let events = stage.connection.send(all.clone()).await.expect("events");
    let told = |event: &ClusterEvent| event.text.contains("Deployment 1 has succeeded");
    let ended = events.iter().find(|event| told(event));
    let led_to = ended.and_then(|event| event.deployment).expect("the deployment");
    let deployment = GetDeployment { deployment: led_to };
    let deployment = stage.connection.send(deployment).await.expect("the deployment");
    assert_eq!(deployment.number, 1, "{events:?}");
    let older = ListEvents {
        before: Some(found[0].number),
        ..all
    };
    let older = viewer.send(older).await.expect("events");
    assert!(older.iter().all(|event| event.number < found[0].number));
}
