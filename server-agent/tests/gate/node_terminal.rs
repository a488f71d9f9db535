//! A terminal on the node itself: more than one in a container.

use std::sync::Arc;

use slipway_agent::app::App;
use slipway_agent::config::Config;
use slipway_agent::http::router;
use slipway_protocol::api::{
    CloseTerminal, FollowTerminal, ListTerminals, OpenNodeTerminal, SendTerminalInput,
};
use slipway_protocol::terminal::{NewNodeTerminal, TerminalPlace};
use slipway_protocol::{Endpoint, ErrorCode, RawRequest, Role, TerminalId};

use crate::stage::{As, Stage, send, with_stage};

async fn listed(stage: &Stage, who: &As, node: Option<bool>) -> Vec<TerminalId> {
    let request = ListTerminals {
        application: None,
        node,
    };
    let all = stage.call(who, request).await;
    all.into_iter().map(|one| one.id).collect()
}

fn uses(terminal: TerminalId) -> [RawRequest; 3] {
    [
        FollowTerminal {
            terminal,
            after: None,
        }
        .into_raw(),
        SendTerminalInput {
            terminal,
            writer: uuid::Uuid::nil(),
            offset: 0,
            end: None,
        }
        .into_raw(),
        CloseTerminal { terminal }.into_raw(),
    ]
    .map(Result::unwrap)
}

/// FR-OBS-02, FR-IAM-05: only admins and owners open one; it is its opener's own; who is no admin any more has nothing of it, though terminals in
/// containers are still allowed.
#[tokio::test]
async fn a_terminal_on_the_node_is_an_admins() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let open = || OpenNodeTerminal {
            body: NewNodeTerminal::default(),
        };
        for role in [Role::Viewer, Role::Developer] {
            let answer = stage.ask(&stage.member(role).asks(), open()).await;
            answer.problem(ErrorCode::Forbidden, role.as_str());
        }
        let admin = stage.newcomer(Role::Admin).await;
        let opened = stage.call(&admin.asks(), open()).await;
        assert!(matches!(&opened.place, TerminalPlace::Node { node } if !node.is_empty()));
        let in_task = stage.terminal(&admin.asks(), things.running).await;
        assert_eq!(
            listed(stage, &admin.asks(), None).await,
            [opened.id, in_task],
            "oldest first"
        );
        assert_eq!(listed(stage, &admin.asks(), Some(true)).await, [opened.id]);
        assert_eq!(listed(stage, &admin.asks(), Some(false)).await, [in_task]);
        for request in uses(opened.id) {
            let answer = stage.send(&request, &stage.owner.asks()).await;
            answer.problem(ErrorCode::NotFound, &request.target);
        }

        sqlx::query("update memberships set role = 'developer' where user_id = $1")
            .bind(admin.id.0)
            .execute(stage.app.db.pool())
            .await
            .unwrap();
        for request in uses(opened.id) {
            let answer = stage.send(&request, &admin.asks()).await;
            let problem = answer.problem(ErrorCode::Forbidden, &request.target);
            assert!(problem.detail.contains("this terminal"), "{}", problem.detail);
        }
        let [follow, ..] = uses(in_task);
        assert_eq!(stage.send(&follow, &admin.asks()).await.status, 200);
        stage
            .ask(&admin.asks(), open())
            .await
            .problem(ErrorCode::Forbidden, "a developer");
    })
    .await;
}

/// FR-OBS-02: whoever runs a server can forbid terminals on it to everybody, and that is said in a sentence and nowhere audited as opened.
#[tokio::test]
async fn a_server_can_forbid_terminals_on_it() {
    with_stage(async |stage| {
        let config = Config {
            no_node_terminal: true,
            ..(*stage.app.config).clone()
        };
        let forbidding = router(App {
            config: Arc::new(config),
            ..stage.app.clone()
        });
        let before = stage.dump().await;
        let request = OpenNodeTerminal {
            body: NewNodeTerminal::default(),
        };
        let answer = send(&forbidding, &request.into_raw().unwrap(), &stage.owner.asks()).await;
        let problem = answer.problem(ErrorCode::Forbidden, "an owner");
        assert_eq!(
            problem.detail,
            "This server allows no terminal on its node; whoever runs it has switched that off (SLIPWAY_NO_NODE_TERMINAL)."
        );
        assert_eq!(before, stage.dump().await);
    })
    .await;
}
