//! Every call of the catalogue, asked by everybody.

use std::collections::BTreeSet;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use slipway_agent::http::PeerUid;
use slipway_agent::http::tokens::TokenKeys;
use slipway_protocol::api::{
    DeleteDomain, DeleteVariable, GetServerCheckup, RequestDeployment, SignOut, catalogue,
};
use slipway_protocol::checkup::CheckupTopic;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::{
    Access, ErrorCode, Method, RawRequest, Role, RouteDescription, Scope, Secret, TeamId,
};

use crate::examples::Things;
use crate::stage::{Answer, As, Stage, invite_as, send_bytes, with_stage};

/// What the router serves beside the catalogue; each has a test of its own here.
const BESIDE: [&str; 2] = ["/api/v1/openapi.json", "/internal/invitations"];

fn fills(template: &str, target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template
            .iter()
            .zip(&path)
            .all(|(wanted, given)| (wanted.starts_with('{') && !given.is_empty()) || wanted == given)
}

async fn example_of(stage: &Stage, route: &RouteDescription, things: &Things) -> RawRequest {
    let raw = stage.example(route.name, things).await;
    let raw = raw.unwrap_or_else(|| panic!("{} has no example here; write one", route.name));
    assert_eq!(raw.method, route.method, "{}", route.name);
    assert!(fills(route.path, &raw.target), "{}: {}", route.name, raw.target);
    raw
}

/// Sign-ins that are none.
async fn bad_sign_ins(stage: &Stage) -> Vec<(&'static str, As)> {
    let owner = &stage.owner;
    let good = owner.tokens.access_token.expose();
    let ended = stage.sign_in(&owner.email).await;
    stage
        .call(&As::bearer(ended.access_token.expose()), SignOut {})
        .await;
    let own_key = stage.key.derive("tokens");
    let sign = |claims: serde_json::Value, algorithm| {
        let key = EncodingKey::from_secret(own_key.expose());
        As::bearer(&jsonwebtoken::encode(&Header::new(algorithm), &claims, &key).unwrap())
    };
    let now = chrono::Utc::now().timestamp();
    let claims = |issuer: &str, audience: &str, ends: i64| json!({ "sub": owner.id, "sid": owner.tokens.session, "iss": issuer, "aud": audience, "iat": now - 60, "exp": ends });
    let agent = "slipway-agent";
    let stranger_in_owners_session = json!({ "sub": stage.stranger.id, "sid": owner.tokens.session, "iss": agent, "aud": agent, "iat": now, "exp": now + 60 });
    let foreign = TokenKeys::new(&Secret::new([7; 32]))
        .issue(owner.id, owner.tokens.session)
        .unwrap();
    let with = |authorization: String| As {
        authorization: Some(authorization),
        team: None,
    };
    let unsigned = format!(
        "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.",
        good.split('.').nth(1).unwrap()
    );
    vec![
        ("no token", As::nobody()),
        ("garbage", As::bearer("garbage")),
        ("an empty token", As::bearer("")),
        ("another scheme", with(format!("Basic {good}"))),
        ("no scheme", with(good.clone())),
        ("a cut token", As::bearer(&good[..good.len() - 3])),
        ("another key's token", As::bearer(foreign.expose())),
        ("an unsigned token", As::bearer(&unsigned)),
        (
            "another algorithm",
            sign(claims(agent, agent, now + 60), Algorithm::HS384),
        ),
        (
            "an expired token",
            sign(claims(agent, agent, now - 30), Algorithm::HS256),
        ),
        (
            "another issuer",
            sign(claims("else", agent, now + 60), Algorithm::HS256),
        ),
        (
            "another audience",
            sign(claims(agent, "else", now + 60), Algorithm::HS256),
        ),
        (
            "another's session",
            sign(stranger_in_owners_session, Algorithm::HS256),
        ),
        ("an ended session", As::bearer(ended.access_token.expose())),
        ("a refresh token", As::bearer(owner.tokens.refresh_token.expose())),
    ]
}

/// What whoever may call learns because Docker is not there: from Docker itself, or from a terminal, which has ended at once.
pub fn without_docker(name: &str) -> Option<ErrorCode> {
    match name {
        "ListTasks" | "ConnectForward" => Some(ErrorCode::Unavailable),
        "SendTerminalInput" => Some(ErrorCode::Conflict),
        _ => None,
    }
}

fn served(answer: &Answer, route: &RouteDescription, who: &str) {
    let what = format!("{} as {who}: {} {}", route.name, answer.status, answer.body);
    match without_docker(route.name) {
        Some(code) => drop(answer.problem(code, &what)),
        None => assert_eq!(answer.status, 200, "{what}"),
    }
}

/// NFR-S3, FR-IAM-04: whoever is not signed in is refused by every call that is not public, whatever they send instead.
#[tokio::test]
async fn nobody_passes_without_a_sign_in() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let bad = bad_sign_ins(stage).await;
        for route in catalogue() {
            if route.access == Access::Public {
                let raw = example_of(stage, &route, &things).await;
                served(&stage.send(&raw, &As::bearer("garbage")).await, &route, "nobody");
                continue;
            }
            let raw = example_of(stage, &route, &things).await;
            for (what, who) in &bad {
                for who in [who.clone(), who.in_team(stage.owner.team)] {
                    let answer = stage.send(&raw, &who).await;
                    answer.problem(ErrorCode::Unauthenticated, &format!("{} with {what}", route.name));
                }
            }
        }
        // The same forged tokens are good when nothing in them is wrong: the refusals above have the named reason.
        let now = chrono::Utc::now().timestamp();
        let claims = json!({ "sub": stage.owner.id, "sid": stage.owner.tokens.session, "iss": "slipway-agent", "aud": "slipway-agent", "iat": now, "exp": now + 60 });
        let key = EncodingKey::from_secret(stage.key.derive("tokens").expose());
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
        stage.call(&As::bearer(&token), slipway_protocol::api::GetMe {}).await;
    })
    .await;
}

/// NFR-S3, FR-IAM-05: each role may exactly what the table of rights says, in every call.
#[tokio::test]
async fn each_role_may_what_the_table_says() {
    with_stage(async |stage| {
        let shared = stage.things(&stage.owner.asks()).await;
        for route in catalogue() {
            for role in Role::ALL {
                let allowed = match route.access {
                    Access::Public | Access::SignedIn => true,
                    Access::Team(resource, action) => role.allows(resource, action),
                };
                let mut own;
                let things = if allowed
                    && ["{terminal}", "{forward}"]
                        .iter()
                        .any(|part| route.path.contains(part))
                {
                    // They are found by whoever opened them, and by nobody else.
                    let opener = stage.member(role).asks();
                    own = shared.clone();
                    own.terminal = stage.terminal(&opener, shared.running).await;
                    own.forward = stage.forward(&opener, shared.running).await;
                    &own
                } else if allowed && route.method != Method::Get {
                    own = stage.things(&stage.owner.asks()).await;
                    &own
                } else {
                    &shared
                };
                let raw = example_of(stage, &route, things).await;
                let mut who = stage.member(role).asks();
                if route.name == "SignOut" {
                    who = As::bearer(
                        stage
                            .sign_in(&stage.member(role).email)
                            .await
                            .access_token
                            .expose(),
                    );
                }
                let answer = stage.send(&raw, &who).await;
                if allowed {
                    served(&answer, &route, role.as_str());
                } else {
                    answer.problem(
                        ErrorCode::Forbidden,
                        &format!("{} as {}", route.name, role.as_str()),
                    );
                }
                if things.forward != shared.forward {
                    // One person has only so many.
                    stage.app.forwards.close(things.forward);
                }
            }
        }
    })
    .await;
}

/// NFR-S3, FR-IAM-05: another team's owner finds nothing of this team, in any call; not even whether it exists.
#[tokio::test]
async fn another_team_finds_nothing() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let (team, stranger) = (stage.owner.team, stage.stranger.asks());
        let nowhere = TeamId(uuid::Uuid::now_v7());
        let before = stage.dump().await;
        for route in catalogue() {
            let Access::Team(..) = route.access else { continue };
            let raw = example_of(stage, &route, &things).await;
            let named = stage.send(&raw, &stranger.in_team(team)).await;
            let named = named.problem(ErrorCode::NotFound, &format!("{} in the other team", route.name));
            let invented = stage.send(&raw, &stranger.in_team(nowhere)).await;
            let invented = invented.problem(ErrorCode::NotFound, &format!("{} in no team", route.name));
            assert_eq!(named.detail, invented.detail, "{}", route.name);
            let foreign = stage.send(&raw, &stranger).await;
            if route.path.contains('{') {
                foreign.problem(ErrorCode::NotFound, &format!("foreign {}", route.name));
            } else {
                assert_eq!(foreign.status, 200, "{}: {}", route.name, foreign.body);
                for told in [&things.marker, stage.owner.email.as_str(), &team.to_string()] {
                    assert!(
                        !foreign.body.contains(told),
                        "{} tells {told}: {}",
                        route.name,
                        foreign.body
                    );
                }
            }
        }
        let ours = |dump: &str| -> Vec<String> {
            let team = team.to_string();
            dump.lines()
                .filter(|line| line.contains(&team))
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(
            ours(&before),
            ours(&stage.dump().await),
            "the other team was changed"
        );
    })
    .await;
}

/// NFR-S3, FR-IAM-05: who is an owner elsewhere is no more than a viewer here.
#[tokio::test]
async fn a_role_counts_in_its_team_only() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let guest = stage.newcomer(Role::Viewer).await;
        sqlx::query("insert into memberships (team_id, user_id, role) values ($1, $2, 'owner')")
            .bind(stage.stranger.team.0)
            .bind(guest.id.0)
            .execute(stage.app.db.pool())
            .await
            .unwrap();
        for route in catalogue() {
            let Access::Team(resource, action) = route.access else {
                continue;
            };
            let raw = example_of(stage, &route, &things).await;
            let here = stage.send(&raw, &guest.asks().in_team(stage.owner.team)).await;
            if Role::Viewer.allows(resource, action) {
                served(&here, &route, "a guest");
            } else {
                here.problem(ErrorCode::Forbidden, &format!("{} as a guest", route.name));
            }
            let there = stage.send(&raw, &guest.asks().in_team(stage.stranger.team)).await;
            if route.path.contains('{') {
                there.problem(
                    ErrorCode::NotFound,
                    &format!("{} from the other team", route.name),
                );
            } else {
                assert!(
                    !there.body.contains(&things.marker),
                    "{}: {}",
                    route.name,
                    there.body
                );
            }
        }
    })
    .await;
}

/// FR-HST-06, NFR-S3: what is weak about the server is told whole to admins and owners, and to nobody else.
#[tokio::test]
async fn weaknesses_are_told_to_few() {
    with_stage(async |stage| {
        for role in Role::ALL {
            let who = stage.member(role).asks();
            if role < Role::Admin {
                let answer = stage.ask(&who, GetServerCheckup {}).await;
                answer.problem(ErrorCode::Forbidden, role.as_str());
                continue;
            }
            let checkup = stage.call(&who, GetServerCheckup {}).await;
            let topics: Vec<_> = checkup.checks.iter().map(|check| check.topic).collect();
            assert_eq!(topics, CheckupTopic::ALL, "{}", role.as_str());
        }
    })
    .await;
}

/// NFR-S3: an own thing in the address is no way to a foreign one beside it or in the body.
#[tokio::test]
async fn foreign_ids_beside_own_ones_are_not_found() {
    with_stage(async |stage| {
        let foreign = stage.things(&stage.owner.asks()).await;
        let stranger = stage.stranger.asks();
        let own = stage.things(&stranger).await;
        let also_own = stage.things(&stranger).await;
        for other in [&foreign, &also_own] {
            let domain = DeleteDomain {
                application: own.application,
                domain: other.domain,
            };
            let answer = stage.ask(&stranger, domain).await;
            answer.problem(ErrorCode::NotFound, "another application's domain");
            let rollback = RequestDeployment {
                application: own.application,
                revision: None,
                body: Trigger::Rollback { to: other.deployment },
            };
            let answer = stage.ask(&stranger, rollback).await;
            answer.problem(ErrorCode::NotFound, "another application's deployment");
        }
        let variable = DeleteVariable {
            scope: Scope::Application(foreign.application),
            key: own.key,
        };
        let answer = stage.ask(&stranger, variable).await;
        answer.problem(ErrorCode::NotFound, "a foreign application's variable");
    })
    .await;
}

/// NFR-S3: the router serves the catalogue and the two named addresses, by the declared methods, and nothing else.
#[tokio::test]
async fn the_router_serves_the_catalogue_and_no_more() {
    with_stage(async |stage| {
        // The router's own description names every path it knows.
        let description = format!("{:?}", stage.router);
        let served: BTreeSet<&str> = description
            .split('"')
            .filter(|text| text.starts_with('/') && *text != "/" && !text.contains("__private__"))
            .collect();
        let declared: BTreeSet<&str> = catalogue().iter().map(|route| route.path).chain(BESIDE).collect();
        assert_eq!(served, declared);
        let things = stage.things(&stage.owner.asks()).await;
        for route in catalogue() {
            let raw = example_of(stage, &route, &things).await;
            for method in [
                "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT",
            ] {
                let known = catalogue()
                    .iter()
                    .any(|other| other.path == route.path && other.method.as_str() == method);
                if !known {
                    let answer = send_bytes(
                        &stage.router,
                        method,
                        &raw.target,
                        Vec::new(),
                        &stage.owner.asks(),
                    )
                    .await;
                    answer.problem(ErrorCode::NotFound, &format!("{method} {}", route.path));
                }
            }
        }
        let openapi = send_bytes(
            &stage.router,
            "GET",
            "/api/v1/openapi.json",
            Vec::new(),
            &As::nobody(),
        )
        .await;
        let document: serde_json::Value = openapi.expect("the API's description");
        for route in catalogue() {
            assert!(document["paths"].get(route.path).is_some(), "{}", route.path);
        }
    })
    .await;
}

/// FR-IAM-01: an owner's invitation is made for root and the agent's own account only, as the kernel names them.
#[tokio::test]
async fn only_the_server_makes_an_owners_invitation() {
    with_stage(async |stage| {
        let own = nix::unistd::geteuid().as_raw();
        for peer in [None, Some(PeerUid(own + 1)), Some(PeerUid(65534))] {
            let answer = invite_as(&stage.router, peer).await;
            assert_eq!(answer.status, 403, "{}", answer.body);
            assert!(!answer.body.contains("expires_at"), "{}", answer.body);
        }
        let signed_in = send_bytes(
            &stage.router,
            "POST",
            "/internal/invitations",
            Vec::new(),
            &stage.owner.asks(),
        )
        .await;
        assert_eq!(signed_in.status, 403, "{}", signed_in.body);
        assert_eq!(invite_as(&stage.router, Some(PeerUid(0))).await.status, 200);
    })
    .await;
}
