//! The server's clock jumps. What was written before is a day ahead of it then, or a day behind.

use slipway_agent::db::deployments::{self, Claim, Lane};
use slipway_protocol::api::{GetCommand, RefreshSession, RequestDeployment};
use slipway_protocol::deployment::Trigger;
use slipway_protocol::identity::{RefreshSession as Refresh, Tokens};
use slipway_protocol::{DeploymentId, ErrorCode, Role};
use uuid::Uuid;

use crate::examples::new_command;
use crate::stage::{As, PASSWORD, Stage, sign_in_with, with_stage};

/// By so much what was written is moved: the clock was set back, or ahead.
const JUMPS: [&str; 2] = ["+ interval '1 day'", "- interval '1 day'"];

impl Stage {
    async fn takes(&self, worker: Uuid, at_work: &[Uuid]) -> bool {
        matches!(
            self.claim_beside(worker, Lane::Every, at_work).await,
            Claim::Taken(_)
        )
    }

    /// Whether a release that does not serve keeps its tasks.
    async fn is_warm(&self, deployment: DeploymentId, service: &str) -> bool {
        let mut connection = self.app.db.pool().acquire().await.unwrap();
        let upkeep = deployments::upkeep(&mut connection).await.unwrap();
        let (plan, ..) = deployments::find_plan(&mut connection, deployment)
            .await
            .unwrap()
            .unwrap();
        let application = plan.application;
        let services = deployments::warm_services(&mut connection, application)
            .await
            .unwrap();
        let idle = deployments::is_idle(&mut connection, application, service)
            .await
            .unwrap();
        let warm = upkeep.warm.contains(&deployment);
        assert_eq!(services.iter().any(|one| one == service), warm);
        assert_eq!(!idle, warm);
        warm
    }
}

/// FR-DEP-10, NFR-R1, NFR-R3: whichever way the clock jumps, a deployment that somebody in this agent works on is nobody else's, and one that
/// nobody works on is taken up at once. So is one whose worker was not told that it had got it.
#[tokio::test]
async fn a_lease_is_no_matter_of_the_clock() {
    with_stage(async |stage| {
        let deployment = stage.waiting().await;
        let mut workers = (Uuid::new_v4(), Uuid::new_v4());
        assert!(stage.takes(workers.0, &[]).await);
        for jump in JUMPS {
            let (one, other) = workers;
            assert!(!stage.takes(other, &[]).await, "it is held");
            let moved = format!(
                "update deployments set leased_until = leased_until {jump} where id = '{deployment}'"
            );
            stage.execute(&moved).await;
            assert!(!stage.takes(other, &[deployment.uuid()]).await, "{jump}");
            assert!(stage.takes(other, &[]).await, "{jump}");
            workers = (other, one);
        }
        assert!(!stage.takes(workers.1, &[]).await);
        assert!(stage.takes(workers.0, &[]).await, "whoever asks works on nothing");
    })
    .await;
}

/// FR-DEP-07, NFR-R3: a release that is kept running to go back to is so for as long as was asked for, and not a day longer because the clock was
/// set back.
#[tokio::test]
async fn a_warm_release_outlives_no_jump() {
    with_stage(async |stage| {
        let owner = stage.owner.asks();
        let things = stage.things(&owner).await;
        let request = RequestDeployment {
            application: things.running,
            revision: None,
            body: Trigger::Deploy,
        };
        let earlier = stage.call(&owner, request).await.id;
        stage
            .execute(&format!(
                "update deployments set status = 'succeeded', release_kept = true where id = '{earlier}'"
            ))
            .await;
        let query = "select plan ->> 'service' from deployments where id = $1";
        let service: String = sqlx::query_scalar(query)
            .bind(earlier.0)
            .fetch_one(stage.app.db.pool())
            .await
            .unwrap();
        assert!(!stage.is_warm(earlier, &service).await);
        for jump in JUMPS {
            let mut connection = stage.app.db.pool().acquire().await.unwrap();
            deployments::keep_warm(&mut connection, earlier, 3600)
                .await
                .unwrap();
            drop(connection);
            assert!(stage.is_warm(earlier, &service).await);
            let moved =
                format!("update deployments set warm_until = warm_until {jump} where id = '{earlier}'");
            stage.execute(&moved).await;
            assert!(!stage.is_warm(earlier, &service).await, "{jump}");
        }
    })
    .await;
}

/// FR-IAM-02, FR-IAM-04, NFR-R3: nobody is locked out for longer than a lock lasts, who tries wrong passwords is locked out again, and who is
/// signed in stays so.
#[tokio::test]
async fn sign_ins_outlive_a_jump() {
    with_stage(async |stage| {
        let person = stage.newcomer(Role::Viewer).await;
        let email = person.email.as_str();
        let locked = |until: &str| {
            format!(
                "update users set failed_sign_ins = 20, locked_until = now() + interval '10 minutes' {until} where email = '{email}'"
            )
        };
        stage.execute(&locked("")).await;
        let answer = stage.ask(&As::nobody(), sign_in_with(email, PASSWORD)).await;
        answer.problem(ErrorCode::TooManyAttempts, "it is locked");
        for jump in JUMPS {
            stage.execute(&locked(jump)).await;
            let answer = stage.ask(&As::nobody(), sign_in_with(email, "the wrong password")).await;
            answer.problem(ErrorCode::BadCredentials, jump);
            let answer = stage.ask(&As::nobody(), sign_in_with(email, PASSWORD)).await;
            answer.problem(ErrorCode::TooManyAttempts, "it is locked again");
            stage.execute(&locked(jump)).await;
            let mut tokens: Tokens = stage.sign_in(&person.email).await;
            let moved = format!(
                "update refresh_tokens set expires_at = expires_at {jump} where session_id = '{}'",
                tokens.session
            );
            stage.execute(&moved).await;
            let body = Refresh {
                refresh_token: tokens.refresh_token.clone(),
                next: None,
            };
            let answer = stage.ask(&As::nobody(), RefreshSession { body }).await;
            tokens = answer.expect("the session goes on");
            assert!(!tokens.access_token.expose().is_empty());
        }
    })
    .await;
}

/// FR-DEP-11, NFR-R3: of a number of tasks that is put into the settings and one that is scaled to, the one that was wished for later stays, also
/// where the clock has jumped between the two wishes.
#[tokio::test]
async fn the_later_wish_is_told_across_a_jump() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let things = stage.things(&who).await;
        let (application, scale) = (things.application, things.deployment);
        stage.scales(scale, 3, "running").await;
        let kept = async || {
            let mut connection = stage.app.db.pool().acquire().await.unwrap();
            deployments::keep_scale(&mut connection, scale).await.unwrap();
            drop(connection);
            stage.tasks_set(&who, application).await
        };
        for jump in JUMPS {
            stage.sets_tasks(&who, application, 7).await;
            stage
                .execute(&format!(
                    "update applications set replicas_wished_at = now() {jump} where id = '{application}';
                     update deployments set created_at = now() where id = '{scale}'"
                ))
                .await;
            assert_eq!(kept().await, 3, "{jump}: the scale is later");
            stage
                .execute(&format!(
                    "update deployments set created_at = now() {jump} where id = '{scale}'"
                ))
                .await;
            stage.sets_tasks(&who, application, 7).await;
            assert_eq!(kept().await, 7, "{jump}: the settings are later");
        }
    })
    .await;
}

/// FR-DEP-09, NFR-R3: of the commands that have ended the newest are kept, also where all others were run before the clock was set back.
#[tokio::test]
async fn a_command_is_kept_though_the_clock_was_set_back() {
    with_stage(async |stage| {
        let owner = stage.owner.asks();
        let things = stage.things(&owner).await;
        let command = things.command;
        stage
            .execute(&format!(
                "insert into command_runs (id, team_id, application_id, deployment_id, command, status, requested_by,
                                           deadline_seconds, created_at, ended_at)
                   select gen_random_uuid(), team_id, application_id, deployment_id, command, 'succeeded', requested_by,
                          deadline_seconds, now() + interval '1 day', now() + interval '1 day'
                     from command_runs, generate_series(1, 60) where id = '{command}';
                 update command_runs set status = 'succeeded', ended_at = now() where id = '{command}'"
            ))
            .await;
        stage.call(&owner, new_command(things.running)).await;
        let kept = stage.call(&owner, GetCommand { command }).await;
        assert_eq!(kept.id, command);
    })
    .await;
}
