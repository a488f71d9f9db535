//! What is asked for while something is under way. Nobody works here: how far a deployment is is written into its row.

use std::time::Duration;

use serde_json::json;
use slipway_agent::db::deployments::{self, Claimed};
use slipway_agent::db::step_events::{self, Details};
use slipway_agent::deploy::{engine, notified};
use slipway_agent::domain::saga::StepEvent;
use slipway_protocol::api::{GetApplication, GetDeployment, RequestDeployment, UpdateApplication};
use slipway_protocol::deployment::{DeploymentStatus, Step, Trigger};
use slipway_protocol::{ApplicationId, DeploymentId};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::stage::{As, Stage, with_stage};

impl Stage {
    /// Asks for a deployment; the number of tasks in its plan.
    async fn tasks_of_next(&self, who: &As, application: ApplicationId) -> (DeploymentId, i64) {
        let request = RequestDeployment {
            application,
            revision: None,
            body: Trigger::Deploy,
        };
        let deployment = self.call(who, request).await.id;
        (deployment, self.tasks_planned(deployment).await)
    }

    async fn tasks_planned(&self, deployment: DeploymentId) -> i64 {
        let query = "select (plan #>> '{settings,replicas}')::bigint from deployments where id = $1";
        let tasks = sqlx::query_scalar(query)
            .bind(deployment.0)
            .fetch_one(self.app.db.pool());
        tasks.await.unwrap()
    }

    /// The deployment asks for so many tasks, and is so far.
    pub async fn scales(&self, deployment: DeploymentId, tasks: u16, status: &str) {
        let statement = format!(
            "update deployments set trigger = '{{\"kind\": \"scale\", \"replicas\": {tasks}}}', status = '{status}',
                                    plan = jsonb_set(plan, '{{settings,replicas}}', '{tasks}') where id = '{deployment}'"
        );
        self.execute(&statement).await;
    }

    pub async fn tasks_set(&self, who: &As, application: ApplicationId) -> u16 {
        let view = self.call(who, GetApplication { application }).await;
        view.settings.replicas.get()
    }

    /// Somebody saves the settings with another number of tasks.
    pub async fn sets_tasks(&self, who: &As, application: ApplicationId, tasks: u16) {
        let mut body = self.call(who, GetApplication { application }).await.settings;
        body.replicas = serde_json::from_value(json!(tasks)).unwrap();
        self.call(who, UpdateApplication { application, body }).await;
    }

    /// An agent has recorded this of each of the deployment's first steps, and another one ends it.
    async fn ends(&self, deployment: DeploymentId, steps: usize, events: &[StepEvent]) {
        let worker = Uuid::now_v7();
        let lease = format!("update deployments set leased_by = '{worker}' where id = '{deployment}'");
        self.execute(&lease).await;
        let mut tx = self.app.db.begin().await.unwrap();
        let found = deployments::find_plan(&mut tx, deployment).await.unwrap();
        let (plan, ..) = found.expect("it is there");
        for step in plan.steps.iter().take(steps) {
            for event in events {
                step_events::append(&mut tx, deployment, *step, *event, Details::default())
                    .await
                    .unwrap();
            }
        }
        tx.commit().await.unwrap();
        let claimed = Claimed {
            id: deployment,
            number: 1,
            plan,
            cancelled: false,
        };
        let ended = engine::drive(&self.app, worker, claimed, &CancellationToken::new()).await;
        ended.expect("it ends");
    }
}

/// FR-DEP-01, FR-DEP-11: a deployment that is asked for while another number of tasks is on its way brings that number, and the settings keep it
/// where it takes the place of one that waited; a number that somebody has cancelled comes to nothing.
#[tokio::test]
async fn a_deployment_takes_no_scale_back() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let things = stage.things(&who).await;
        let application = things.application;
        stage.scales(things.deployment, 3, "running").await;
        let (second, tasks) = stage.tasks_of_next(&who, application).await;
        assert_eq!(tasks, 3);
        assert_eq!(stage.tasks_set(&who, application).await, 1, "it may yet fail");

        let cancelled = format!(
            "update deployments set cancel_requested_at = now() where id = '{}'",
            things.deployment
        );
        stage.execute(&cancelled).await;
        let (third, tasks) = stage.tasks_of_next(&who, application).await;
        assert_eq!(tasks, 1);
        assert_ne!(second, third);

        stage.scales(third, 4, "queued").await;
        let (fourth, tasks) = stage.tasks_of_next(&who, application).await;
        assert_eq!((tasks, stage.tasks_set(&who, application).await), (4, 4));
        let (fifth, tasks) = stage.tasks_of_next(&who, application).await;
        assert_eq!(tasks, 4, "what has waited is not asked for once more");
        assert_ne!(fourth, fifth);
    })
    .await;
}

/// FR-DEP-01, FR-DEP-11: of a number of tasks that is on its way and one that is put into the settings, the one that was wished for later is
/// brought, and stays; who changes another setting wishes for no number.
#[tokio::test]
async fn the_later_wish_for_tasks_wins() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let things = stage.things(&who).await;
        let (application, scale) = (things.application, things.deployment);
        stage.scales(scale, 3, "running").await;
        stage.sets_tasks(&who, application, 1).await;
        assert_eq!(
            stage.tasks_of_next(&who, application).await.1,
            3,
            "1 was set before"
        );
        let mut last = scale;
        for (status, wished) in [("queued", 7), ("running", 6)] {
            stage.scales(scale, 4, status).await;
            stage.sets_tasks(&who, application, wished).await;
            let (next, tasks) = stage.tasks_of_next(&who, application).await;
            assert_eq!(tasks, i64::from(wished), "{status}");
            assert_eq!(stage.tasks_set(&who, application).await, wished, "{status}");
            last = next;
        }
        let mut connection = stage.app.db.pool().acquire().await.unwrap();
        deployments::keep_scale(&mut connection, scale).await.unwrap();
        assert_eq!(
            stage.tasks_set(&who, application).await,
            6,
            "the scale has cut over"
        );

        stage
            .execute(&format!(
                "update deployments set status = 'failed' where id = '{scale}'"
            ))
            .await;
        stage.scales(last, 5, "queued").await;
        let (_, tasks) = stage.tasks_of_next(&who, application).await;
        assert_eq!(
            (tasks, stage.tasks_set(&who, application).await),
            (5, 5),
            "the scale is later"
        );
    })
    .await;
}

/// FR-DEP-01, FR-DEP-11, NFR-R6: the deployment that waits behind a change of scale brings its number, and what was set before where that comes to
/// nothing, and says so; the number of one whose cut-over an earlier agent has recorded is kept at its end.
#[tokio::test]
async fn the_end_of_a_scale_decides_how_many_tasks_there_are() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let things = stage.things(&who).await;
        let (application, scale) = (things.application, things.deployment);
        stage.scales(scale, 3, "running").await;
        let (next, tasks) = stage.tasks_of_next(&who, application).await;
        assert_eq!(tasks, 3);
        let taken_back = [
            StepEvent::Started,
            StepEvent::Failed,
            StepEvent::UndoStarted,
            StepEvent::UndoFinished,
        ];
        stage.ends(scale, 1, &taken_back).await;
        assert_eq!(stage.tasks_planned(next).await, 1);
        assert_eq!(stage.tasks_set(&who, application).await, 1);
        let said =
            "select count(*) from events where deployment_id = $1 and text like '%has come to nothing.'";
        let said: i64 = sqlx::query_scalar(said)
            .bind(next.0)
            .fetch_one(stage.app.db.pool())
            .await
            .unwrap();
        assert_eq!(said, 1);

        stage.scales(next, 5, "running").await;
        stage
            .ends(next, usize::MAX, &[StepEvent::Started, StepEvent::Succeeded])
            .await;
        assert_eq!(stage.tasks_set(&who, application).await, 5);
    })
    .await;
}

/// FR-DEP-11, FR-DEP-12: a change of scale whose plan cannot be read comes to nothing as any other that fails: what waits behind it brings what was
/// set before, and both are said.
#[tokio::test]
async fn a_scale_that_is_parked_has_ended_too() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let things = stage.things(&who).await;
        let (application, scale) = (things.application, things.deployment);
        stage.scales(scale, 3, "running").await;
        let (next, tasks) = stage.tasks_of_next(&who, application).await;
        assert_eq!(tasks, 3);
        let damaged = format!(
            "update deployments set plan = jsonb_set(plan, '{{steps}}', '[\"teleport\"]') where id = '{scale}'"
        );
        stage.execute(&damaged).await;
        stage.parks(scale).await;
        assert_eq!(stage.tasks_planned(next).await, 1);
        assert_eq!(stage.tasks_set(&who, application).await, 1);
        let query = "select text from events where deployment_id in ($1, $2) order by text";
        let said: Vec<String> = sqlx::query_scalar(query)
            .bind(scale.0)
            .bind(next.0)
            .fetch_all(stage.app.db.pool())
            .await
            .unwrap();
        let has = |words: &str| said.iter().any(|text| text.contains(words));
        assert!(has("is stuck: its plan") && has("has come to nothing."), "{said:?}");
    })
    .await;
}

/// FR-DEP-12, NFR-U2: a deployment that was stuck and could be taken back at last says what it failed by, and not what had kept it from being taken
/// back.
#[tokio::test]
async fn what_was_taken_back_at_last_says_why_it_failed() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let deployment = things.deployment;
        stage.scales(deployment, 3, "running").await;
        let mut tx = stage.app.db.begin().await.unwrap();
        for (event, failure) in [
            (StepEvent::Started, None),
            (StepEvent::Failed, Some("the repository is gone")),
            (StepEvent::UndoStarted, None),
            (StepEvent::UndoFailed, Some("the folder could not be removed")),
        ] {
            let details = Details {
                failure,
                ..Details::default()
            };
            step_events::append(&mut tx, deployment, Step::Source, event, details)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let statement = format!(
            "update deployments set status = 'unwinding', failure = 'the folder could not be removed' where id = '{deployment}'"
        );
        stage.execute(&statement).await;
        stage
            .ends(deployment, 1, &[StepEvent::UndoStarted, StepEvent::UndoFinished])
            .await;
        let view = stage.call(&stage.owner.asks(), GetDeployment { deployment }).await;
        assert_eq!(view.status, DeploymentStatus::Failed);
        assert_eq!(view.failure.as_deref(), Some("the repository is gone"));
    })
    .await;
}

/// NFR-P10, NFR-R6: a connection to the database that is lost and made anew has missed what was told meanwhile: who watches is told to look, though
/// nothing else happens.
#[tokio::test]
async fn who_watches_is_told_that_something_may_be_missed() {
    with_stage(async |stage| {
        let patience = Duration::from_secs(60);
        let mut watch = stage.app.feed.watch(stage.owner.team);
        let hearing = tokio::spawn(notified::hear(stage.app.clone()));
        let told = tokio::time::timeout(patience, watch.next()).await;
        told.expect("at its beginning");
        let query = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                      where query ilike 'listen %' and pid <> pg_backend_pid()";
        let lost: i64 = sqlx::query_scalar(query)
            .fetch_one(stage.app.db.pool())
            .await
            .unwrap();
        assert_eq!(lost, 1, "connections that listen");
        let told = tokio::time::timeout(patience, watch.next()).await;
        told.expect("when it was lost");
        hearing.abort();
    })
    .await;
}
