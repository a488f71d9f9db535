//! Commands that are run once beside applications, as far as no Docker is needed.

use slipway_protocol::api::{
    CancelCommand, DeleteApplication, GetCommand, ListAudit, ListCommands, PreviewApplicationDeletion,
    RequestDeployment, RunCommand,
};
use slipway_protocol::command::{CommandStatus, MOST_COMMANDS, NewCommand};
use slipway_protocol::deployment::Trigger;
use slipway_protocol::settings::CommandLine;
use slipway_protocol::{CommandId, DeploymentId, ErrorCode, Role};

use crate::examples::{Things, new_command};
use crate::stage::{Stage, with_stage};

fn in_release(things: &Things, deployment: DeploymentId) -> RunCommand {
    let mut asked = new_command(things.running);
    asked.body.deployment = Some(deployment);
    asked
}

/// The command has ended, as the engine would write it down.
async fn ends(stage: &Stage, command: CommandId) {
    let row = format!(
        "update command_runs set status = 'succeeded', exit_code = 0, ended_at = now() where id = '{command}'"
    );
    stage.execute(&row).await;
}

/// FR-DEP-09: a command runs in the release that serves, or in one that is kept; where there is none, that is said.
#[tokio::test]
async fn a_command_needs_a_release() {
    with_stage(async |stage| {
        let owner = stage.owner.asks();
        let (things, other) = (stage.things(&owner).await, stage.things(&owner).await);
        let view = stage.call(&owner, GetCommand { command: things.command }).await;
        assert_eq!((view.deployment, view.status), (things.serving, CommandStatus::Waiting));
        let never = stage.ask(&owner, new_command(things.application)).await;
        let problem = never.problem(ErrorCode::Conflict, "never deployed");
        assert!(problem.detail.contains("deploy it first"), "{}", problem.detail);
        stage.call(&owner, in_release(&things, things.serving)).await;
        let foreign = stage.ask(&owner, in_release(&things, other.serving)).await;
        foreign.problem(ErrorCode::NotFound, "another application's release");
        let deploy = RequestDeployment {
            application: things.running,
            revision: None,
            body: Trigger::Deploy,
        };
        let kept = stage.call(&owner, deploy).await.id;
        let problem = stage.ask(&owner, in_release(&things, kept)).await;
        let problem = problem.problem(ErrorCode::Conflict, "a release that is not kept");
        assert!(problem.detail.contains("not kept"), "{}", problem.detail);
        let row = format!("update deployments set status = 'succeeded', release_kept = true, image = 'sha256:1' where id = '{kept}'");
        stage.execute(&row).await;
        stage.call(&owner, in_release(&things, kept)).await;
        let bind = r#"[{"source": "/srv/secret", "path": "/given", "read_only": true}]"#;
        let reach = format!(
            "update deployments set plan = jsonb_set(plan, '{{settings,container,binds}}', '{bind}') where id = '{kept}'"
        );
        stage.execute(&reach).await;
        let developer = stage.member(Role::Developer).asks();
        let refused = stage.ask(&developer, in_release(&things, kept)).await;
        refused.problem(ErrorCode::Forbidden, "a folder of the node that was taken away since");
        stage.call(&owner, in_release(&things, kept)).await;
    })
    .await;
}

/// FR-DEP-09, NFR-R3: so many commands of an application go on at once, one that waits ends at once when it is cancelled, and of those that
/// have ended only the newest are kept.
#[tokio::test]
async fn commands_have_bounds() {
    with_stage(async |stage| {
        let owner = stage.owner.asks();
        let things = stage.things(&owner).await;
        for _ in 1..MOST_COMMANDS {
            stage.call(&owner, new_command(things.running)).await;
        }
        let one_more = stage.ask(&owner, new_command(things.running)).await;
        let problem = one_more.problem(ErrorCode::Conflict, "one too many");
        assert!(problem.detail.contains("cancel one"), "{}", problem.detail);
        let command = things.command;
        let cancelled = stage.call(&owner, CancelCommand { command }).await;
        assert_eq!(
            (cancelled.status, cancelled.ending),
            (CommandStatus::Cancelled, false)
        );
        let again = stage.ask(&owner, CancelCommand { command }).await;
        again.problem(ErrorCode::Conflict, "it has ended");
        let mut last = command;
        for _ in 0..60 {
            last = stage.call(&owner, new_command(things.running)).await.id;
            ends(stage, last).await;
        }
        let listed = stage
            .call(
                &owner,
                ListCommands {
                    application: things.running,
                },
            )
            .await;
        let waiting = listed.iter().filter(|one| !one.status.is_final()).count();
        assert_eq!(waiting, MOST_COMMANDS as usize - 1, "what goes on is kept");
        assert!(
            listed.len() <= 51 + waiting && listed[0].id == last,
            "{}",
            listed.len()
        );
        stage
            .ask(&owner, GetCommand { command })
            .await
            .problem(ErrorCode::NotFound, "the oldest");
    })
    .await;
}

/// FR-DEP-09, FR-IAM-09, NFR-S4: the audit log says which program was run beside which application, and none of its arguments.
#[tokio::test]
async fn arguments_are_not_audited() {
    with_stage(async |stage| {
        let owner = stage.owner.asks();
        let things = stage.things(&owner).await;
        let body = NewCommand {
            command: CommandLine::split("manage.py createsuperuser --password mistyped-canary").unwrap(),
            ..new_command(things.running).body
        };
        let asked = RunCommand {
            application: things.running,
            body,
        };
        stage.call(&owner, asked).await;
        let entries = stage.call(&owner, ListAudit {}).await;
        let newest = entries.iter().find(|entry| entry.action == "RunCommand").unwrap();
        assert_eq!(newest.subject, format!("{}-r: manage.py", things.marker));
        assert!(entries.iter().all(|entry| !entry.subject.contains("canary")));
    })
    .await;
}

/// FR-DEP-09, FR-PRJ-03: a deletion says that it ends commands, and takes them along.
#[tokio::test]
async fn a_deletion_takes_commands_along() {
    with_stage(async |stage| {
        let owner = stage.owner.asks();
        let things = stage.things(&owner).await;
        let application = things.running;
        let goes = stage
            .call(&owner, PreviewApplicationDeletion { application })
            .await;
        assert_eq!(goes.commands, 1);
        assert!(
            goes.in_words().contains(&"1 running command".to_owned()),
            "{:?}",
            goes.in_words()
        );
        let confirm = Some(goes.name);
        stage
            .call(&owner, DeleteApplication { application, confirm })
            .await;
        let gone = stage
            .ask(
                &owner,
                GetCommand {
                    command: things.command,
                },
            )
            .await;
        gone.problem(ErrorCode::NotFound, "its application is gone");
    })
    .await;
}
