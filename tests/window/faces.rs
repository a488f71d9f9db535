//! Every page of a cluster in each of its states: loading, failed, empty, stale, forbidden.

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::api_gate::{ApiGate, FAILURE, Rule};
use acceptance::desk::Desk;
use acceptance::keyring::Keyring;
use acceptance::sshd::Sshd;
use acceptance::stage::{EMAIL, PASSWORD, Stage};
use serde_json::json;
use slipway_protocol::access::Role;
use slipway_protocol::api;
use slipway_protocol::identity::NewInvitation;

use crate::person;

const SHORT: Duration = Duration::from_secs(90);

/// A page by its address below the cluster's, and what it says once it is there.
struct Face {
    name: &'static str,
    address: String,
    says: &'static str,
}

fn face(name: &'static str, address: impl Into<String>, says: &'static str) -> Face {
    Face {
        name,
        address: address.into(),
        says,
    }
}

/// FR-DSK-01, NFR-U2: each page shows that it loads, what failed with a way on, what to do where nothing is there yet, how old what it
/// shows is, and which right is missing. Never an empty list in the place of one that has not come.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_has_its_five_faces() {
    let stage = Stage::around(Agent::start().await, Sshd::start().await).await;
    let gate = ApiGate::open_to(&stage.agent.socket());
    let keyring = Keyring::start().await;
    let desk = Desk::open(&keyring).await;
    desk.press("add-cluster").await;
    person::describe_cluster(&desk, "staging", &stage.sshd, &gate.socket()).await;
    desk.press("connect").await;
    desk.press("host-key-accept").await;
    desk.fill("sign-in-email", EMAIL).await;
    desk.fill("sign-in-password", PASSWORD).await;
    gate.set(Rule::Hold);
    desk.press("sign-in-submit").await;
    desk.see("projects").await;
    let cluster = address(&desk).await;

    let of_the_team = [
        face("home", "", "No projects yet"),
        face("health", "/health", "Swarm"),
        face("events", "/events", "Nothing yet"),
        face("people", "/people", EMAIL),
        face("audit", "/audit", "accept invitation"),
        face("registries", "/registries", "No sign-ins yet"),
        face("variables-team", "/variables/team", "No variables yet"),
    ];
    through(&desk, &gate, &cluster, &of_the_team).await;

    let environment = stage.environment("shop").await;
    let app = stage
        .application(environment, "web", "/nowhere/repository")
        .await
        .id;
    let failed = stage.deploy(app).await.id;
    let idle = stage
        .application(environment, "idle", "/nowhere/repository")
        .await
        .id;
    // What runs, and what has never run; the second one is the empty one.
    let of_an_application = [
        face("application", format!("/app/{idle}"), "Never deployed"),
        face(
            "deployments",
            format!("/app/{idle}/deployments"),
            "Never deployed",
        ),
        face("deployment", format!("/deployment/{failed}"), "failed"),
    ];
    through(&desk, &gate, &cluster, &of_an_application).await;
    let inside_of_it = [
        face("logs", format!("/app/{idle}/logs"), "Never deployed"),
        face("variables", format!("/app/{idle}/variables"), "No variables yet"),
        face("files", format!("/app/{idle}/files"), "No files yet"),
        face(
            "commands",
            format!("/app/{idle}/commands"),
            "No command was run yet",
        ),
        face(
            "metrics",
            format!("/app/{idle}/metrics"),
            "Nothing recorded in this time",
        ),
        face(
            "credentials",
            format!("/app/{idle}/settings"),
            "Make a deploy URL",
        ),
    ];
    through(&desk, &gate, &cluster, &inside_of_it).await;

    let body = NewInvitation { role: Role::Viewer };
    let invited = stage
        .connection
        .send(api::CreateInvitation { body })
        .await
        .expect("an invitation");
    becomes_a_viewer(&desk, &cluster, invited.code.expose()).await;
    let not_for_a_viewer = [
        face("health", "/health", "look after servers"),
        face("audit", "/audit", "the audit log"),
        face("node-terminal", "/health/terminal", "terminals on the node"),
        face("registries", "/registries", "read credentials"),
        face("variables-team", "/variables/team", "read variables"),
        face("variables", format!("/app/{idle}/variables"), "read variables"),
        face("files", format!("/app/{idle}/files"), "read variables"),
        face("commands", format!("/app/{idle}/commands"), "run commands"),
        face("credentials", format!("/app/{idle}/settings"), "read credentials"),
    ];
    for page in &not_for_a_viewer {
        visit(&desk, &cluster, page).await;
        desk.find(".forbidden", SHORT).await;
        looks(&desk, page, "forbidden", page.says).await;
    }
    desk.close().await;
}

/// Each page as it loads, as it fails, as it is, and as it is once it cannot be asked again. It was never opened before.
async fn through(desk: &Desk, gate: &ApiGate, cluster: &str, pages: &[Face]) {
    for (rule, name, part) in [
        (Rule::Hold, "loading", ".skeleton"),
        (Rule::Fail, "error", ".broken"),
        (Rule::Pass, "empty", ".content"),
        (Rule::Fail, "stale", ".stale-line"),
    ] {
        gate.set(rule);
        for page in pages {
            // A log is not remembered: it is read again, and its own line says that it is interrupted.
            if name == "stale" && page.name == "logs" {
                continue;
            }
            visit(desk, cluster, page).await;
            desk.find(part, SHORT).await;
            match name {
                "error" => looks(desk, page, name, FAILURE).await,
                "loading" => looks(desk, page, name, "").await,
                _ => looks(desk, page, name, page.says).await,
            }
        }
    }
    gate.set(Rule::Pass);
}

async fn visit(desk: &Desk, cluster: &str, page: &Face) {
    let script = "location.hash = arguments[0]";
    let hash = json!(format!("{cluster}{}", page.address));
    desk.client()
        .execute(script, vec![hash])
        .await
        .expect("an address");
}

/// The page says this, and looks as its picture.
async fn looks(desk: &Desk, page: &Face, face: &str, words: &str) {
    acceptance::wait::until(
        &format!("{} ({face}) says “{words}”", page.name),
        SHORT,
        async || {
            let main = desk.find(".content", SHORT).await;
            main.text().await.is_ok_and(|text| text.contains(words))
        },
    )
    .await;
    desk.shots(&format!("faces/{}-{face}", page.name)).await;
}

async fn address(desk: &Desk) -> String {
    let url = desk.client().current_url().await.expect("an address");
    format!("#{}", url.fragment().expect("a page").trim_end_matches('/'))
}

async fn becomes_a_viewer(desk: &Desk, cluster: &str, code: &str) {
    visit(desk, cluster, &face("home", "", "")).await;
    desk.press("sign-out").await;
    desk.press("tab-invitation").await;
    desk.fill("invitation-code", code).await;
    desk.fill("invitation-email", "viewer@example.org").await;
    desk.fill("invitation-name", "A Viewer").await;
    desk.fill("invitation-password", PASSWORD).await;
    desk.press("invitation-submit").await;
    desk.see("projects").await;
}
