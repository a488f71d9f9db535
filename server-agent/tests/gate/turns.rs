//! What is asked for while something is under way. Nobody works here: how far a deployment is is written into its row.

use slipway_protocol::api::{GetApplication, RequestDeployment};
use slipway_protocol::deployment::Trigger;
use slipway_protocol::{ApplicationId, DeploymentId};

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
        let query = "select (plan #>> '{settings,replicas}')::bigint from deployments where id = $1";
        let tasks = sqlx::query_scalar(query)
            .bind(deployment.0)
            .fetch_one(self.app.db.pool())
            .await
            .unwrap();
        (deployment, tasks)
    }

    /// The deployment asks for so many tasks, and is so far.
    async fn scales(&self, deployment: DeploymentId, tasks: u16, status: &str) {
        let statement = format!(
            "update deployments set trigger = '{{\"kind\": \"scale\", \"replicas\": {tasks}}}', status = '{status}',
                                    plan = jsonb_set(plan, '{{settings,replicas}}', '{tasks}') where id = '{deployment}'"
        );
        self.execute(&statement).await;
    }

    async fn tasks_set(&self, who: &As, application: ApplicationId) -> u16 {
        let view = self.call(who, GetApplication { application }).await;
        view.settings.replicas.get()
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
