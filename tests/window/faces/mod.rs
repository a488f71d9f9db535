//! Every page in each of its states: loading, failed, empty, stale, forbidden. Which of them a page cannot have, and why, stands in
//! `docs/desktop.md`.

mod dialogs;
mod out_of_reach;
mod own;

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::api_gate::{ApiGate, FAILURE, Rule};
use acceptance::desk::{Desk, takes_pictures};
use acceptance::keyring::Keyring;
use acceptance::person;
use acceptance::sshd::Sshd;
use acceptance::stage::{EMAIL, PASSWORD, Stage, new_application};
use serde_json::json;
use slipway_protocol::access::Role;
use slipway_protocol::api;
use slipway_protocol::identity::NewInvitation;
use slipway_protocol::{ApplicationId, EnvironmentId};

const SHORT: Duration = Duration::from_secs(90);
/// What begins the address of a page of the app itself, where a cluster's begins with its own.
const OF_THE_APP: &str = "#";

/// A page by its address below the cluster's, and what it says once it is there.
struct Face {
    name: &'static str,
    address: String,
    says: &'static str,
    /// The states that this page has elsewhere, or not at all.
    without: &'static [&'static str],
}

fn face(name: &'static str, address: impl Into<String>, says: &'static str) -> Face {
    Face {
        name,
        address: address.into(),
        says,
        without: &[],
    }
}

/// FR-DSK-01, NFR-U2: each page shows that it loads, what failed with a way on, what to do where nothing is there yet, how old what it
/// shows is, and which right is missing. Never an empty list in the place of one that has not come.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_has_its_five_faces() {
    let mut stage = Stage::around(Agent::start().await, Sshd::start().await).await;
    let gate = ApiGate::open_to(&stage.agent.socket());
    let keyring = Keyring::start().await;
    let desk = Desk::open(&keyring).await;
    own::before_any_cluster(&desk, &keyring).await;
    desk.press("add-cluster").await;
    person::describe_cluster(&desk, "staging", &stage.sshd, &gate.socket()).await;
    desk.press("connect").await;
    desk.press("host-key-accept").await;
    own::signing_in(&desk, &gate).await;
    let cluster = address(&desk).await;

    through(&desk, &gate, &cluster, &of_the_team()).await;

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
    through(&desk, &gate, &cluster, &inside_of_it(idle)).await;
    let plain = without_a_domain(&stage, environment).await;
    through(&desk, &gate, &cluster, &with_the_application(plain)).await;
    a_new_application(&desk, &gate, &cluster, &stage, environment).await;
    if takes_pictures() {
        dialogs::of_a_plan(&desk, &gate, &cluster, idle).await;
        dialogs::of_the_palette(&desk, &gate).await;
    }

    let body = NewInvitation { role: Role::Viewer };
    let invited = stage
        .connection
        .send(api::CreateInvitation { body })
        .await
        .expect("an invitation");
    becomes_a_viewer(&desk, &cluster, invited.code.expose()).await;
    for page in &not_for_a_viewer(idle, environment) {
        visit(&desk, &cluster, page).await;
        desk.find(".forbidden", SHORT).await;
        looks(&desk, page, "forbidden", page.says).await;
    }
    for page in &only_to_be_seen(plain) {
        visit(&desk, &cluster, page).await;
        desk.find(".read-only", SHORT).await;
        looks(&desk, page, "forbidden", page.says).await;
    }
    if takes_pictures() {
        dialogs::of_a_viewer(&desk, &cluster, idle).await;
    }
    out_of_reach::and_found_again(desk, &keyring, &mut stage.sshd, &cluster, idle).await;
}

fn of_the_team() -> [Face; 9] {
    [
        Face {
            without: &["empty", "stale"],
            // Some environment: as long as nothing has come, nobody knows that there is none.
            ..face(
                "new-application",
                "/new-app?env=018f0000-0000-7000-8000-000000000001",
                "",
            )
        },
        face("home", "", "No projects yet"),
        face("health", "/health", "Swarm"),
        face("node-terminal", "/health/terminal", "No terminal is open"),
        face("events", "/events", "Nothing yet"),
        face("people", "/people", EMAIL),
        face("audit", "/audit", "accept invitation"),
        face("registries", "/registries", "No sign-ins yet"),
        face("variables-team", "/variables/team", "No variables yet"),
    ]
}

fn inside_of_it(idle: ApplicationId) -> [Face; 6] {
    [
        Face {
            // A log is not remembered: it is read again, and its own line says that it is interrupted.
            without: &["stale"],
            ..face("logs", format!("/app/{idle}/logs"), "Never deployed")
        },
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
    ]
}

/// An application that this window has not seen, without an address.
async fn without_a_domain(stage: &Stage, environment: EnvironmentId) -> ApplicationId {
    let body = new_application("plain", "/nowhere/repository", 8080);
    let created = stage
        .connection
        .send(api::CreateApplication { environment, body })
        .await;
    created.expect("an application").id
}

/// What comes with the application itself.
fn with_the_application(plain: ApplicationId) -> [Face; 3] {
    [
        face("settings", format!("/app/{plain}/settings"), "Danger zone"),
        face("domains", format!("/app/{plain}/domains"), "No domains yet"),
        face(
            "terminal",
            format!("/app/{plain}/terminal"),
            "No terminal is open",
        ),
    ]
}

fn not_for_a_viewer(idle: ApplicationId, environment: EnvironmentId) -> [Face; 11] {
    [
        face("health", "/health", "look after servers"),
        face("audit", "/audit", "the audit log"),
        face("node-terminal", "/health/terminal", "terminals on the node"),
        face("registries", "/registries", "read credentials"),
        face("variables-team", "/variables/team", "read variables"),
        face("variables", format!("/app/{idle}/variables"), "read variables"),
        face("files", format!("/app/{idle}/files"), "read variables"),
        face("commands", format!("/app/{idle}/commands"), "run commands"),
        face("terminal", format!("/app/{idle}/terminal"), "use terminals"),
        face("credentials", format!("/app/{idle}/settings"), "read credentials"),
        face(
            "new-application",
            format!("/new-app?env={environment}"),
            "make applications",
        ),
    ]
}

/// What a viewer sees and cannot change.
fn only_to_be_seen(plain: ApplicationId) -> [Face; 2] {
    [
        face(
            "settings",
            format!("/app/{plain}/settings"),
            "You can see the settings",
        ),
        face(
            "domains",
            format!("/app/{plain}/domains"),
            "You can see the domains",
        ),
    ]
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
        // What is open is left: opened anew, it asks anew.
        visit(desk, cluster, &face("people", "/people", "")).await;
        desk.see("people").await;
        for page in pages.iter().filter(|page| !page.without.contains(&name)) {
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

/// The form of a new application stands on the list of projects, which the cluster's frame asks for: at the next change.
async fn a_new_application(
    desk: &Desk,
    gate: &ApiGate,
    cluster: &str,
    stage: &Stage,
    environment: EnvironmentId,
) {
    let page = face(
        "new-application",
        format!("/new-app?env={environment}"),
        "Nothing runs until you deploy it",
    );
    visit(desk, cluster, &page).await;
    desk.see("app-create").await;
    looks(desk, &page, "empty", page.says).await;
    gate.set(Rule::Fail);
    stage.environment("attic").await;
    desk.find(".stale-line", SHORT).await;
    looks(desk, &page, "stale", page.says).await;
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
    // What failed for the face before may not have been asked for again yet: such a picture would be of two faces.
    if face == "empty" && takes_pictures() {
        let old = "return document.querySelector('.stale-line:not(.age)') === null";
        let what = format!("nothing on {} is of before", page.name);
        acceptance::wait::until(&what, SHORT, async || desk.run(old).await == json!(true)).await;
    }
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
