//! The audit log: one row for each change, and the change not without it.

use std::fmt::Write as _;

use slipway_protocol::api::catalogue;
use slipway_protocol::{Access, ErrorCode, Method, RawRequest, Role};

use crate::access::without_docker;
use crate::examples::{new_application, new_domain, new_project};
use crate::stage::{As, Stage, send_bytes, sign_in_with, with_stage};

/// They change nothing that a person has set: a session goes on and had its row when it began, and so did an upload, which gets
/// another when it is finished; a plan is only shown; a terminal has its rows when it is opened and when it ends, and what is typed into
/// it is nobody else's business; a forwarded port has its row when it is opened, not with each connection.
const WITHOUT_A_ROW: [&str; 6] = [
    "RefreshSession",
    "PlanDeployment",
    "SendUploadPiece",
    "SendTerminalInput",
    "ResizeTerminal",
    "ConnectForward",
];

struct Row {
    team: Option<uuid::Uuid>,
    actor: String,
    action: String,
    request_id: String,
}

async fn newest(stage: &Stage) -> i64 {
    sqlx::query_scalar("select coalesce(max(id), 0) from audit")
        .fetch_one(stage.app.db.pool())
        .await
        .unwrap()
}

async fn rows_after(stage: &Stage, id: i64) -> Vec<Row> {
    let query = "select team_id, actor, action, request_id from audit where id > $1 order by id";
    let rows: Vec<(Option<uuid::Uuid>, String, String, String)> = sqlx::query_as(query)
        .bind(id)
        .fetch_all(stage.app.db.pool())
        .await
        .unwrap();
    rows.into_iter()
        .map(|(team, actor, action, request_id)| Row {
            team,
            actor,
            action,
            request_id,
        })
        .collect()
}

/// The calls that change something, each with a good request and who makes it.
async fn changes(stage: &Stage) -> Vec<(&'static str, RawRequest, As)> {
    let mut changes = Vec::new();
    for route in catalogue() {
        if route.method == Method::Get {
            continue;
        }
        let things = stage.things(&stage.owner.asks()).await;
        let raw = stage.example(route.name, &things).await.unwrap();
        let who = match route.access {
            Access::Public => As::nobody(),
            Access::SignedIn => As::bearer(stage.sign_in(&stage.owner.email).await.access_token.expose()),
            Access::Team(..) => stage.owner.asks(),
        };
        if !route.path.contains("{forward}") {
            // One person has only so many.
            stage.app.forwards.close(things.forward);
        }
        changes.push((route.name, raw, who));
    }
    changes
}

/// FR-IAM-09: each call that changes something writes one row: who, what, in which team and request.
#[tokio::test]
async fn each_change_writes_one_row() {
    with_stage(async |stage| {
        for (name, raw, who) in changes(stage).await {
            let before = newest(stage).await;
            let answer = stage.send(&raw, &who).await;
            match without_docker(name) {
                Some(code) => drop(answer.problem(code, name)),
                None => assert_eq!(answer.status, 200, "{name}: {}", answer.body),
            }
            let rows = rows_after(stage, before).await;
            if WITHOUT_A_ROW.contains(&name) {
                assert!(
                    rows.is_empty(),
                    "{name} writes a row now; take it from the exceptions"
                );
                continue;
            }
            assert_eq!(rows.len(), 1, "{name}");
            assert_eq!(rows[0].action, name);
            assert_eq!(rows[0].request_id, answer.header("x-request-id"), "{name}");
            if name == "JoinTeam" {
                let told = rows[0].team.is_some_and(|team| team != stage.owner.team.0);
                assert!(told, "it is told to the team that was joined");
            } else {
                assert_eq!(rows[0].team, Some(stage.owner.team.0), "{name}");
            }
            if name == "AcceptInvitation" {
                assert!(rows[0].actor.starts_with("fresh-"), "{}", rows[0].actor);
            } else {
                assert_eq!(rows[0].actor, stage.owner.email.as_str(), "{name}");
            }
        }
    })
    .await;
}

/// FR-IAM-09: reading writes nothing at all.
#[tokio::test]
async fn reading_changes_nothing() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let before = stage.dump().await;
        for route in catalogue() {
            if route.method == Method::Get {
                let raw = stage.example(route.name, &things).await.unwrap();
                stage.send(&raw, &stage.owner.asks()).await;
                assert_eq!(before, stage.dump().await, "{}", route.name);
            }
        }
    })
    .await;
}

/// FR-IAM-09: the row and the change are one transaction: where the row cannot be written, nothing is changed.
#[tokio::test]
async fn no_change_without_its_row() {
    with_stage(async |stage| {
        let changes = changes(stage).await;
        stage
            .execute(
                "create function refuse() returns trigger language plpgsql as
                   $$ begin raise exception 'canary cause in relation audit'; end $$;
                 create trigger refuse before insert on audit for each row execute function refuse();",
            )
            .await;
        let before = stage.dump().await;
        for (name, raw, who) in changes {
            if WITHOUT_A_ROW.contains(&name) {
                continue;
            }
            let answer = stage.send(&raw, &who).await;
            answer.problem(ErrorCode::Internal, name);
            assert_eq!(
                before,
                stage.dump().await,
                "{name} changed something without its row"
            );
        }
    })
    .await;
}

/// FR-IAM-09: a call that is refused or fails leaves no row and no change.
#[tokio::test]
async fn a_refused_call_leaves_nothing() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let taken_host = format!("{}.example.org", things.marker);
        let conflicts = [
            raw(new_project(&things.marker)),
            raw(new_application(things.environment, &things.marker)),
            raw(new_domain(things.application, &taken_host)),
            raw(slipway_protocol::api::DeleteProject {
                project: things.project,
                confirm: Some("another name".to_owned()),
            }),
        ];
        let changes = changes(stage).await;
        let before = stage.dump().await;
        for request in &conflicts {
            let answer = stage.send(request, &stage.owner.asks()).await;
            answer.problem(ErrorCode::Conflict, &request.target);
        }
        for (name, request, _) in &changes {
            let access = catalogue()
                .iter()
                .find(|route| route.name == *name)
                .unwrap()
                .access;
            let who = stage.owner.asks();
            let method = request.method.as_str();
            if let Access::Team(resource, action) = access {
                if !Role::Viewer.allows(resource, action) {
                    let answer = stage.send(request, &stage.viewer.asks()).await;
                    answer.problem(ErrorCode::Forbidden, name);
                }
                let answer = stage
                    .send(request, &stage.stranger.asks().in_team(stage.owner.team))
                    .await;
                answer.problem(ErrorCode::NotFound, name);
                if request.target.contains("/0") || request.target.contains("%3A0") {
                    let id = uuid::Uuid::now_v7().to_string();
                    // An id stands alone, or behind the kind of a scope.
                    let invented = |part: &str| match part.split_once("%3A") {
                        Some((kind, _)) => format!("{kind}%3A{id}"),
                        None if part.len() == 36 => id.clone(),
                        None => part.to_owned(),
                    };
                    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
                    let path: Vec<String> = path.split('/').map(invented).collect();
                    let target = format!("{}?{query}", path.join("/"));
                    let elsewhere = RawRequest {
                        target,
                        ..request.clone()
                    };
                    let answer = stage.send(&elsewhere, &who).await;
                    answer.problem(ErrorCode::NotFound, name);
                }
            }
            if request.body.is_some() {
                let answer = send_bytes(&stage.router, method, &request.target, b"{".to_vec(), &who).await;
                answer.problem(ErrorCode::Invalid, name);
            }
        }
        assert_eq!(before, stage.dump().await);
    })
    .await;
}

/// FR-IAM-09: a refused sign-in has its row too, once, and says that it was refused.
#[tokio::test]
async fn a_refused_sign_in_is_recorded() {
    with_stage(async |stage| {
        let before = newest(stage).await;
        let email = stage.viewer.email.as_str();
        stage
            .ask(&As::nobody(), sign_in_with(email, "the wrong password"))
            .await;
        let rows: Vec<(String, String, String)> =
            sqlx::query_as("select actor, action, subject from audit where id > $1")
                .bind(before)
                .fetch_all(stage.app.db.pool())
                .await
                .unwrap();
        assert_eq!(
            rows,
            [(email.to_owned(), "SignIn".to_owned(), "refused".to_owned())]
        );
    })
    .await;
}

/// FR-IAM-09, FR-IAM-04: a session that ended because a spent token came back is told once, however often it comes.
#[tokio::test]
async fn a_stolen_token_is_recorded() {
    with_stage(async |stage| {
        let refresh_token = stage.sign_in(&stage.viewer.email).await.refresh_token;
        let before = newest(stage).await;
        for _ in 0..4 {
            let body = slipway_protocol::identity::RefreshSession {
                refresh_token: refresh_token.clone(),
                next: None,
            };
            let request = slipway_protocol::api::RefreshSession { body };
            stage.ask(&As::nobody(), request).await;
        }
        let rows = rows_after(stage, before).await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].action, "RefreshSession");
        assert_eq!(rows[0].actor, stage.viewer.email.as_str());
    })
    .await;
}

/// NFR-S4, FR-IAM-09: no password, code, token or variable stands in the audit log, or anywhere in the database.
#[tokio::test]
async fn the_database_holds_no_secret() {
    with_stage(async |stage| {
        for (name, raw, who) in changes(stage).await {
            let answer = stage.send(&raw, &who).await;
            if without_docker(name).is_some() {
                continue;
            }
            assert_eq!(answer.status, 200, "{name}: {}", answer.body);
            let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            for member in ["code", "access_token", "refresh_token"] {
                if let Some(secret) = body.get(member).and_then(|value| value.as_str()) {
                    stage.keep_secret(secret);
                }
            }
            if let Some(typed) = raw.body.as_ref().and_then(|body| body.get("code")) {
                stage.keep_secret(typed.as_str().unwrap());
            }
        }
        stage
            .ask(
                &As::nobody(),
                sign_in_with("owner@example.org", "a mistyped canary"),
            )
            .await;
        stage.keep_secret("a mistyped canary");
        let dump = stage.dump().await;
        let listed = stage
            .ask(&stage.owner.asks(), slipway_protocol::api::ListAudit {})
            .await
            .body;
        assert!(dump.contains("owner@example.org") && listed.contains("SetVariable"));
        let secrets = stage.secrets();
        assert!(secrets.len() > 20);
        for secret in secrets {
            let mut hex = String::new();
            for byte in secret.bytes() {
                write!(hex, "{byte:02x}").unwrap();
            }
            assert!(
                !dump.contains(&secret) && !dump.contains(&hex),
                "{secret} stands in the database"
            );
            assert!(!listed.contains(&secret), "{secret} stands in the audit log");
        }
    })
    .await;
}

fn raw<E: slipway_protocol::Endpoint>(request: E) -> RawRequest {
    request.into_raw().unwrap()
}
