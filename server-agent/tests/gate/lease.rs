//! What a worker takes from the queue, on rows as they stand in the database.

use serde_json::json;
use slipway_agent::db::deployments::{self, Claim, Lane};
use slipway_agent::db::step_events::{self, Details};
use slipway_agent::deploy::engine;
use slipway_agent::domain::saga::StepEvent;
use slipway_protocol::DeploymentId;
use slipway_protocol::api::{GetDeployment, LeaveAsIs};
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Step};
use uuid::Uuid;

use crate::stage::{Stage, with_stage};

impl Stage {
    async fn claim(&self, lane: Lane) -> Claim {
        self.claim_as(Uuid::new_v4(), lane).await
    }

    async fn claim_as(&self, worker: Uuid, lane: Lane) -> Claim {
        self.claim_beside(worker, lane, &[]).await
    }

    /// While somebody in the same agent is at work on these.
    pub async fn claim_beside(&self, worker: Uuid, lane: Lane, at_work: &[Uuid]) -> Claim {
        let mut tx = self.app.db.begin().await.unwrap();
        let claim = deployments::claim(&mut tx, worker, lane, at_work).await.unwrap();
        tx.commit().await.unwrap();
        claim
    }

    /// A worker takes a deployment whose plan it cannot read.
    pub async fn parks(&self, deployment: DeploymentId) {
        let worker = Uuid::new_v4();
        let Claim::Unreadable(held) = self.claim_as(worker, Lane::Every).await else {
            panic!("it is read, or there is none");
        };
        assert_eq!(held.id, deployment);
        let parked = engine::park(&self.app, worker, held).await;
        parked.expect("it is parked");
    }

    /// As if the clock had jumped beyond the lease, or its worker had been away for so long.
    async fn let_the_lease_run_out(&self, deployment: DeploymentId) {
        let query = format!(
            "update deployments set leased_until = now() - interval '1 day' where id = '{deployment}'"
        );
        self.execute(&query).await;
    }

    /// The only deployment that waits.
    pub async fn waiting(&self) -> DeploymentId {
        let deployment = self.things(&self.owner.asks()).await.deployment;
        self.execute(&format!(
            "delete from deployments where id <> '{deployment}' and status = 'queued'"
        ))
        .await;
        deployment
    }

    async fn deployment(&self, deployment: DeploymentId) -> DeploymentView {
        self.call(&self.owner.asks(), GetDeployment { deployment }).await
    }
}

/// FR-DEP-12, NFR-R3: a row that this agent cannot read is parked as stuck and says so; the queue goes on, and a person can leave it.
#[tokio::test]
async fn an_unreadable_plan_is_in_nobodys_way() {
    with_stage(async |stage| {
        let deployment = stage.waiting().await;
        stage
            .execute(&format!(
                "update deployments set plan = '{{\"steps\": [\"teleport\"]}}' where id = '{deployment}'"
            ))
            .await;
        stage.parks(deployment).await;
        assert!(matches!(stage.claim(Lane::Every).await, Claim::Nothing));
        let view = stage.deployment(deployment).await;
        assert_eq!(view.status, DeploymentStatus::Stuck);
        let failure = view.failure.unwrap();
        assert!(
            failure.contains("plan") && failure.contains("newer agent"),
            "{failure}"
        );
        let left = stage.call(&stage.owner.asks(), LeaveAsIs { deployment }).await;
        assert_eq!(left.status, DeploymentStatus::Failed);
    })
    .await;
}

/// FR-DEP-10: a wish to cancel that an earlier life of the agent had taken is known to whoever goes on.
#[tokio::test]
async fn a_wish_to_cancel_outlives_the_agent() {
    with_stage(async |stage| {
        let deployment = stage.waiting().await;
        stage
            .execute(&format!(
                "update deployments set status = 'running', cancel_requested_at = now() where id = '{deployment}'"
            ))
            .await;
        let Claim::Taken(claimed) = stage.claim(Lane::Every).await else {
            panic!("it is not taken");
        };
        assert!(claimed.id == deployment && claimed.cancelled);
    })
    .await;
}

/// FR-DEP-10: one worker is never kept by builds: it takes only what builds nothing.
#[tokio::test]
async fn what_builds_nothing_has_a_lane_of_its_own() {
    with_stage(async |stage| {
        let deployment = stage.waiting().await;
        assert!(matches!(stage.claim(Lane::Quick).await, Claim::Nothing));
        let steps = json!(["release", "gate", "cut_over", "retire"]);
        stage
            .execute(&format!(
                "update deployments set plan = jsonb_set(plan, '{{steps}}', '{steps}') where id = '{deployment}'"
            ))
            .await;
        assert!(matches!(stage.claim(Lane::Quick).await, Claim::Taken(_)));
    })
    .await;
}

/// FR-DEP-01, FR-DEP-10, NFR-R1, NFR-R3: a worker that is at work keeps its deployment, also where the clock jumps and its heart beats before another
/// one looks. One whose place was taken records nothing any more, gets no lease back, and takes none away.
#[tokio::test]
async fn a_worker_whose_place_was_taken_changes_nothing() {
    with_stage(async |stage| {
        let deployment = stage.waiting().await;
        let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
        assert!(matches!(
            stage.claim_as(first, Lane::Every).await,
            Claim::Taken(_)
        ));
        assert!(matches!(
            stage.claim_as(second, Lane::Every).await,
            Claim::Nothing
        ));
        stage.let_the_lease_run_out(deployment).await;
        let mut tx = stage.app.db.begin().await.unwrap();
        let kept = deployments::extend(&mut tx, deployment, first).await;
        assert_eq!(kept.unwrap(), Some(false));
        tx.commit().await.unwrap();
        assert!(matches!(
            stage.claim_as(second, Lane::Every).await,
            Claim::Nothing
        ));

        stage.let_the_lease_run_out(deployment).await;
        assert!(matches!(
            stage.claim_as(second, Lane::Every).await,
            Claim::Taken(_)
        ));
        let mut tx = stage.app.db.begin().await.unwrap();
        assert!(!deployments::hold(&mut tx, deployment, first).await.unwrap());
        let lost = deployments::extend(&mut tx, deployment, first).await;
        assert_eq!(lost.unwrap(), None);
        deployments::release_lease(&mut tx, deployment, first)
            .await
            .unwrap();
        assert!(deployments::hold(&mut tx, deployment, second).await.unwrap());
    })
    .await;
}

/// NFR-R3: what a program printed is recorded without the one character that the database does not hold.
#[tokio::test]
async fn a_failure_with_nul_is_recorded() {
    with_stage(async |stage| {
        let deployment = stage.waiting().await;
        let mut tx = stage.app.db.begin().await.unwrap();
        let output = json!({ "said": "a\0b" });
        let details = Details {
            output: Some(&output),
            failure: Some("it said a\0b"),
            ..Details::default()
        };
        step_events::append(&mut tx, deployment, Step::Build, StepEvent::Started, details)
            .await
            .unwrap();
        deployments::set_status(
            &mut tx,
            deployment,
            DeploymentStatus::Failed,
            Some("it said a\0b"),
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            stage.deployment(deployment).await.failure.as_deref(),
            Some("it said ab")
        );
    })
    .await;
}
