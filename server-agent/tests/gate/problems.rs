//! What a failed call tells, and what it does not.

use serde_json::json;
use slipway_protocol::api::{
    BeginUpload, FinishUpload, GetUpload, REQUEST_ID_HEADER, SendUploadPiece, catalogue,
};
use slipway_protocol::upload::{LARGEST_PIECE, LARGEST_UPLOAD, NewUpload, UploadView};
use slipway_protocol::{Endpoint, ErrorCode, Method, Sha256};

use crate::stage::{As, send_bytes, with_stage};

/// FR-API-01: an address, method, id or query that is not known is a problem in RFC 9457's form, without internals.
#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let get = async |target: &str| send_bytes(&stage.router, "GET", target, Vec::new(), &who).await;
        for target in [
            "/",
            "/api",
            "/api/v2/projects",
            "/api/v1/projects/",
            "/api/v1/nothing",
            "/api/v1/../../etc/passwd",
            "/internal",
            "//api/v1/me",
        ] {
            get(target).await.problem(ErrorCode::NotFound, target);
        }
        for id in [
            "1",
            "x",
            "%00",
            "%ff",
            "..%2f..%2fetc",
            "'%20or%201=1--",
            "00000000-0000-0000-0000-000000000000",
        ] {
            for kind in ["applications", "deployments"] {
                let target = format!("/api/v1/{kind}/{id}");
                let answer = get(&target).await;
                let code = if answer.status == 422 {
                    ErrorCode::Invalid
                } else {
                    ErrorCode::NotFound
                };
                answer.problem(code, &target);
            }
        }
        for target in [
            "/api/v1/applications?environment=x",
            "/api/v1/applications?environment=%ff",
            "/api/v1/deployments/00000000-0000-0000-0000-000000000000/events?after=-1",
            "/api/v1/applications/00000000-0000-0000-0000-000000000000/logs?tail=many",
        ] {
            get(target).await.problem(ErrorCode::Invalid, target);
        }
        for team in ["x", "", "00000000", "ÿ"] {
            let who = As {
                team: Some(team.to_owned()),
                ..stage.owner.asks()
            };
            let answer = send_bytes(&stage.router, "GET", "/api/v1/projects", Vec::new(), &who).await;
            answer.problem(ErrorCode::Invalid, team);
        }
    })
    .await;
}

/// FR-API-01: every call with a body refuses one that it cannot read, or that is too large, and says so in the same form.
#[tokio::test]
async fn a_bad_body_is_a_problem() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        let large = format!("\"{}\"", "x".repeat(1024 * 1024)).into_bytes();
        let before = stage.dump().await;
        for route in catalogue() {
            if route.method == Method::Get
                || route.bytes.is_some()
                || route.tunnel
                || ["SignOut", "RefreshSession", "AcceptInvitation", "JoinTeam"].contains(&route.name)
            {
                continue;
            }
            let raw = stage.example(route.name, &things).await.unwrap();
            let send = async |body: &[u8]| {
                send_bytes(
                    &stage.router,
                    route.method.as_str(),
                    &raw.target,
                    body.to_vec(),
                    &stage.owner.asks(),
                )
                .await
            };
            for body in [
                "{",
                "nonsense",
                "[]]",
                "{\"a\":1}",
                "7",
                "\"text\"",
                "\u{feff}{}",
                &deep,
            ] {
                let answer = send(body.as_bytes()).await;
                answer.problem(ErrorCode::Invalid, &format!("{} with {:.20}", route.name, body));
            }
            send(b"\xff\xfe").await.problem(ErrorCode::Invalid, route.name);
            send(&large).await.problem(ErrorCode::TooLarge, route.name);
        }
        assert_eq!(before, stage.dump().await);
    })
    .await;
}

/// FR-SRC-04: a piece is taken at the place where its upload stands, within its bounds, and a finished upload takes none.
#[tokio::test]
async fn a_piece_has_its_place() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let things = stage.things(&who).await;
        let application = stage.things(&who).await.application;
        let upload = |length: u64, digit: &str| BeginUpload {
            application,
            body: NewUpload {
                length,
                sha256: Sha256::parse(&digit.repeat(64)).unwrap(),
            },
        };
        let send = async |upload, offset: u64, bytes: Vec<u8>| {
            let raw = SendUploadPiece { upload, offset }.into_raw().unwrap();
            send_bytes(&stage.router, "PUT", &raw.target, bytes, &who).await
        };
        for length in [0, LARGEST_UPLOAD + 1, u64::MAX] {
            let answer = stage.ask(&who, upload(length, "a")).await;
            answer.problem(ErrorCode::TooLarge, "a length");
        }
        let begun = stage.call(&who, upload(10, "a")).await;
        send(begun.id, 1, vec![1])
            .await
            .problem(ErrorCode::Conflict, "a gap");
        let view: UploadView = send(begun.id, 0, vec![1; 4]).await.expect("the first piece");
        assert_eq!(view.received, 4);
        send(begun.id, 0, vec![1; 4])
            .await
            .problem(ErrorCode::Conflict, "the same again");
        send(begun.id, 4, vec![1; 7])
            .await
            .problem(ErrorCode::Invalid, "too much");
        let again = stage.call(&who, upload(10, "a")).await;
        assert_eq!(
            (again.id, again.received),
            (begun.id, 4),
            "the same upload goes on"
        );
        let early = stage.ask(&who, FinishUpload { upload: begun.id }).await;
        early.problem(ErrorCode::Conflict, "it is not whole");
        send(begun.id, 4, vec![1; 6])
            .await
            .expect::<UploadView>("the rest");
        let wrong = stage.ask(&who, FinishUpload { upload: begun.id }).await;
        wrong.problem(ErrorCode::Invalid, "another digest");
        let gone = stage.ask(&who, GetUpload { upload: begun.id }).await;
        gone.problem(ErrorCode::NotFound, "what did not fit is forgotten");
        let large = stage.call(&who, upload(LARGEST_UPLOAD / 1024, "b")).await.id;
        let answer = send(large, 0, vec![0; LARGEST_PIECE + 1]).await;
        answer.problem(ErrorCode::TooLarge, "a piece");
        let finished = stage
            .call(
                &who,
                FinishUpload {
                    upload: things.upload,
                },
            )
            .await;
        assert!(finished.finished && finished.received == finished.length);
        send(things.upload, 1024, vec![1])
            .await
            .problem(ErrorCode::Conflict, "it is finished");
        let stranger = &stage.stranger.asks();
        let raw = SendUploadPiece {
            upload: large,
            offset: 0,
        }
        .into_raw()
        .unwrap();
        let answer = send_bytes(&stage.router, "PUT", &raw.target, vec![1], stranger).await;
        answer.problem(ErrorCode::NotFound, "another team's upload");
        for digit in ["1", "2", "3", "4", "5", "6"] {
            stage.call(&who, upload(10, digit)).await;
        }
        let many = stage.ask(&who, upload(10, "8")).await;
        many.problem(ErrorCode::Conflict, "too many that are not finished");
    })
    .await;
}

/// NFR-S2: values that a name, a number or the database does not take are refused as invalid, not as a failure of the agent.
#[tokio::test]
async fn a_bad_value_is_a_problem() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let settings =
            json!({ "source": { "kind": "git", "url": "https://example.org/a.git", "ref": "main" }, "port": 8080 });
        let with = |member: &str, value: serde_json::Value| {
            let mut body = settings.clone();
            body[member] = value;
            body
        };
        let application = format!("/api/v1/applications/{}", things.application);
        let variables = format!("/api/v1/scopes/application:{}/variables", things.application);
        let import = variables.replace("/variables", "/import");
        let files = format!("{application}/files");
        let cases = [
            ("POST", "/api/v1/projects".to_owned(), json!({ "name": "" })),
            (
                "POST",
                "/api/v1/projects".to_owned(),
                json!({ "name": "a\u{0}b" }),
            ),
            (
                "POST",
                "/api/v1/projects".to_owned(),
                json!({ "name": "a\u{202e}b" }),
            ),
            (
                "POST",
                "/api/v1/projects".to_owned(),
                json!({ "name": "a", "description": "a\u{0}b" }),
            ),
            (
                "POST",
                "/api/v1/projects".to_owned(),
                json!({ "name": "a", "description": "x".repeat(2001) }),
            ),
            (
                "POST",
                "/api/v1/invitations".to_owned(),
                json!({ "role": "root" }),
            ),
            (
                "POST",
                "/api/v1/sessions".to_owned(),
                json!({ "email": "Not An Address", "password": "x" }),
            ),
            ("PUT", application.clone(), with("port", json!(0))),
            ("PUT", application.clone(), with("port", json!(65_536))),
            ("PUT", application.clone(), with("replicas", json!(51))),
            (
                "PUT",
                application.clone(),
                with(
                    "build",
                    json!({ "kind": "dockerfile", "file": "../../etc/passwd" }),
                ),
            ),
            (
                "PUT",
                application.clone(),
                with("source", json!({ "url": "ext::x", "ref": "main" })),
            ),
            (
                "PUT",
                application.clone(),
                with(
                    "source",
                    json!({ "url": "https://example.org/a.git", "ref": "--x" }),
                ),
            ),
            (
                "PUT",
                variables.clone(),
                json!({ "key": "A=B", "value": "x" }),
            ),
            (
                "PUT",
                variables.clone(),
                json!({ "key": "A", "value": "a\u{0}b" }),
            ),
            (
                "PUT",
                variables.clone(),
                json!({ "key": "A", "value": "x".repeat(64 * 1024 + 1) }),
            ),
            ("POST", import.clone(), json!({ "text": "A='not closed" })),
            ("POST", import.clone(), json!({ "text": "A=\u{0}" })),
            ("POST", import.clone(), json!({ "text": "ABSENT" })),
            ("POST", import, json!({ "text": "A=1\nA=2" })),
            ("PUT", files.clone(), json!({ "path": "/etc/../x", "content": "eA==" })),
            ("PUT", files.clone(), json!({ "path": "/proc/x", "content": "eA==" })),
            ("PUT", files.clone(), json!({ "path": "/etc/x", "content": "not base64" })),
            ("PUT", files.clone(), json!({ "path": "/etc/x", "content": "" })),
            ("PUT", files, json!({ "path": "/etc/x", "content": "eA==", "mode": "4755" })),
            (
                "POST",
                format!("{application}/domains"),
                json!({ "host": "a`b.example.org" }),
            ),
            (
                "POST",
                format!("{application}/domains"),
                json!({ "host": "a.example.org", "path": "/a`) || Path(`/b" }),
            ),
        ];
        let before = stage.dump().await;
        for (method, target, body) in cases {
            let bytes = serde_json::to_vec(&body).unwrap();
            let answer = send_bytes(&stage.router, method, &target, bytes, &stage.owner.asks()).await;
            answer.problem(ErrorCode::Invalid, &format!("{target} {:.80}", body.to_string()));
        }
        assert_eq!(before, stage.dump().await);
    })
    .await;
}

/// FR-API-01: a database that is away is told as such by every call, signed in or not.
#[tokio::test]
async fn a_database_that_is_away_is_a_problem() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let mut requests = Vec::new();
        for route in catalogue() {
            requests.push((route.name, stage.example(route.name, &things).await.unwrap()));
        }
        stage.app.db.pool().close().await;
        for (name, raw) in requests {
            let answer = stage.send(&raw, &stage.owner.asks()).await;
            answer.problem(ErrorCode::Unavailable, name);
        }
    })
    .await;
}

/// NFR-S2: a request's id is taken from the client only if it cannot break a line of the log.
#[tokio::test]
async fn a_strange_request_id_is_replaced() {
    with_stage(async |stage| {
        use tower_service::Service;
        for (id, taken) in [
            ("good-id-1234", true),
            ("short", false),
            ("with space and more", false),
            (&*"x".repeat(65), false),
            ("quote\"quote", false),
        ] {
            let request = http::Request::get("/api/v1/version")
                .header(REQUEST_ID_HEADER, id)
                .body(axum::body::Body::empty())
                .unwrap();
            let Ok(answer) = stage.router.clone().call(request).await;
            assert_eq!(answer.headers()[REQUEST_ID_HEADER] == id, taken, "{id}");
        }
    })
    .await;
}
