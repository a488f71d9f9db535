use super::*;
use crate::route::Tab;
use serde_json::json;
use slipway_protocol::Role;
use slipway_protocol::desktop::{Link, SshAuth, SshWay};

const ID: &str = "018f0000-0000-7000-8000-000000000001";

fn cluster() -> Rc<Cluster> {
    Rc::new(Cluster {
        id: ID.parse().unwrap(),
        name: "prod-frankfurt".to_owned(),
        host: "10.0.0.1".to_owned(),
        way: Some(SshWay {
            host: "10.0.0.1".to_owned(),
            port: 22,
            user: "deploy".to_owned(),
            auth: SshAuth::Agent,
            agent_socket: None,
            jump: Vec::new(),
            entries: Vec::new(),
        }),
        color: None,
        tag: Some("production".to_owned()),
        group: None,
        email: None,
        team: None,
        signed_in: true,
        notice: None,
        link: Link::Closed,
    })
}

/// Deployment 1, which succeeded and serves.
fn serving() -> serde_json::Value {
    json!({
        "id": ID, "application": ID, "number": 1, "status": "succeeded", "trigger": {"kind": "deploy"}, "requested_by": "a@example.org",
        "commit": null, "image": null, "steps": [], "failure": null, "created_at": "2026-01-01T00:00:00Z", "started_at": null,
        "ended_at": null, "can_roll_back_to": true,
    })
}

fn catalogue(role: Role) -> Catalogue {
    let projects = json!([{
        "id": ID, "name": "shop", "description": "", "created_at": "2026-01-01T00:00:00Z",
        "environments": [{ "id": ID, "name": "production", "application_count": 1 }]
    }]);
    let applications = json!([{
        "id": ID, "environment": ID, "project": ID, "name": "web", "observed": "running", "observed_tasks": 1, "pending_changes": false,
        "settings": { "source": { "kind": "git", "url": "https://example.org/a.git", "ref": "main" }, "port": 8080 },
        "domains": [{ "id": ID, "host": "shop.example.org", "path": "/", "url": "http://shop.example.org/" }],
        "last_deployment": null, "serving": null, "created_at": "2026-01-01T00:00:00Z"
    }]);
    Catalogue {
        projects: serde_json::from_value(projects).unwrap(),
        applications: serde_json::from_value(applications).unwrap(),
        role: Some(role),
    }
}

fn made(role: Role) -> Vec<Entry> {
    let cluster = cluster();
    let known = Known::holding(cluster.id, catalogue(role));
    entries(&[cluster], &known)
}

/// The same where the application runs, or was stopped.
fn made_running(stopped: bool) -> Vec<Entry> {
    let (cluster, mut catalogue) = (cluster(), catalogue(Role::Owner));
    for app in &mut catalogue.applications {
        app.serving = serde_json::from_value(serving()).unwrap();
        app.stopped = stopped;
    }
    let known = Known::holding(cluster.id, catalogue);
    entries(&[cluster], &known)
}

fn titled<'e>(all: &'e [Entry], title: &str) -> &'e Entry {
    let found = all.iter().find(|entry| entry.title == title);
    found.unwrap_or_else(|| panic!("{title} is not found"))
}

/// FR-DSK-02, FR-DSK-04: every page and action of an application is found with its cluster; what changes something asks first.
#[test]
fn everything_is_found_and_nothing_acts_at_once() {
    let all = made(Role::Owner);
    for tab in Tab::ALL.into_iter().filter(|tab| *tab != Tab::Overview) {
        titled(&all, &format!("{} of web", tab.title()));
    }
    assert!(matches!(titled(&all, "Deploy web…").does, Does::Ask(_)));
    let press = |control: &str| Step::Press(control.to_owned());
    assert_eq!(
        steps(titled(&all, "Delete web…")),
        [press("settings-danger"), press("app-delete")]
    );
    let web = titled(&all, "web");
    assert_eq!(
        (web.detail.as_str(), web.group),
        ("shop / production", Group::Applications)
    );
    assert!(web.haystack.more.contains("prod-frankfurt") && web.haystack.more.contains("production"));
    for title in [
        "prod-frankfurt",
        "shop",
        "Variables of the team",
        "Variables of shop",
        "Variables of production",
        "Registries",
        "All clusters",
        "Switch theme",
        "Open http://shop.example.org/",
    ] {
        titled(&all, title);
    }
    let keys: std::collections::HashSet<&str> = all.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys.len(), all.len(), "no two entries have the same key");
}

/// FR-DSK-02: every page there is is found, but for those that are come to from a list or by themselves.
#[test]
fn every_page_is_found() {
    let left_out = [
        // Whoever is not signed in is led there.
        "sign-in",
        // By the button of the health page, which asks first on a production cluster.
        "node terminal",
        // One of many, found in the list of its application.
        "deployment",
        "nothing",
    ];
    let all = made_running(false);
    let routes = all.iter().filter_map(|entry| match &entry.does {
        Does::Go(route) | Does::Reach(route, _) => Some(*route),
        Does::OpenUrl(_) | Does::Ask(_) | Does::SwitchTheme | Does::ShowShortcuts => None,
    });
    let missed = crate::every_page::missed(routes, &left_out);
    assert_eq!(missed, [""; 0], "pages that are not found");
}

fn steps(entry: &Entry) -> &[Step] {
    match &entry.does {
        Does::Reach(_, steps) => steps,
        _ => panic!("{} leads to no control", entry.title),
    }
}

/// FR-DSK-02: every section of the settings is found and shown, and a field is looked for where it stands.
#[test]
fn settings_are_found_in_their_section() {
    use crate::pages::settings_form::Section;
    let all = made(Role::Viewer);
    let press = |section: Section| Step::Press(format!("settings-{}", section.as_str()));
    for section in Section::ALL {
        let entry = titled(&all, &format!("{} of web", section.title()));
        assert_eq!(steps(entry), [press(section)]);
    }
    let port = steps(titled(&all, "Port of web"));
    assert_eq!(
        port,
        [press(Section::Running), Step::Focus("app-port".to_owned())]
    );
    assert_eq!(steps(titled(&all, "Replicas of web")).len(), 2);
}

/// FR-DSK-02: what the role does not allow is found, and says what it needs.
#[test]
fn a_refusal_says_what_it_needs() {
    let all = made(Role::Viewer);
    assert_eq!(titled(&all, "Deploy web…").refused, Some(DEVELOPER));
    assert_eq!(titled(&all, "Invite somebody").refused, Some(OWNER));
    assert_eq!(titled(&all, "Logs of web").refused, None);
    assert_eq!(titled(&all, "Variables of the team").refused, Some(DEVELOPER));
    assert_eq!(titled(&all, "Terminal of web").refused, Some(DEVELOPER));
    assert_eq!(titled(&all, "Audit log").refused, Some(ADMIN));
}

/// FR-DSK-02, FR-DSK-04, FR-CON-13: what can be done with an application that runs is found, and each act asks or leads to its dialog; a
/// port is forwarded at once.
#[test]
fn what_runs_can_be_changed_from_the_palette() {
    let all = made_running(false);
    for verb in ["Deploy", "Reload", "Restart", "Stop"] {
        let entry = titled(&all, &format!("{verb} web…"));
        assert!(matches!(entry.does, Does::Ask(_)), "{verb}");
    }
    let press = |control: &str| Step::Press(control.to_owned());
    assert_eq!(
        steps(titled(&all, "Scale web…")),
        [press("deploy-more"), press("scale")]
    );
    assert_eq!(
        steps(titled(&all, "Redeploy web…")),
        [press("deploy-more"), press("redeploy")]
    );
    assert_eq!(steps(titled(&all, "Roll back web…")), [press("roll-back")]);
    let forward = titled(&all, "Forward a port of web");
    assert_eq!(steps(forward), [press("forward-open")]);
    assert!(all.iter().all(|entry| entry.title != "Start web…"));
    let all = made_running(true);
    titled(&all, "Start web…");
    for title in ["Stop web…", "Restart web…"] {
        assert!(all.iter().all(|entry| entry.title != title), "{title}");
    }
    let settings = titled(&all, "Settings of prod-frankfurt");
    assert_eq!(steps(settings), [press("edit-cluster-prod-frankfurt")]);
    assert!(matches!(settings.does, Does::Reach(Route::Fleet, _)));
    titled(&all, "Metrics of the node");
}

/// FR-DSK-02: each row has a name that is read out, with where it is and why it cannot be done, and nothing twice.
#[test]
fn every_row_has_a_name() {
    let all = made(Role::Viewer);
    let name = |title: &str| titled(&all, title).name();
    assert_eq!(name("People"), "People, prod-frankfurt, production");
    assert_eq!(name("All clusters"), "All clusters");
    assert_eq!(
        name("Deploy web…"),
        "Deploy web…, shop / production, prod-frankfurt, production, needs the role developer or above"
    );
    assert!(name("prod-frankfurt").starts_with("prod-frankfurt, 10.0.0.1"));
    assert!(name("prod-frankfurt").ends_with(", production"));
}

/// FR-DSK-02: what is called by another word is found first all the same.
#[test]
fn other_words_are_understood() {
    use crate::palette::rank;
    let all = made_running(false);
    let first = |typed: &str| {
        let words = rank::words(typed);
        let best = rank::best(&words, all.iter().map(|entry| &entry.haystack), |_| 0, 1);
        best.first().map(|place| all[*place].title.as_str())
    };
    for (typed, title) in [
        ("shell web", "Terminal of web"),
        ("rollback web", "Roll back web…"),
        ("instances web", "Scale web…"),
        ("reboot web", "Restart web…"),
        ("halt web", "Stop web…"),
        ("tunnel web", "Forward a port of web"),
        ("dns web", "Domains of web"),
        ("env web", "Variables of web"),
        ("stdout web", "Logs of web"),
        ("website web", "Open http://shop.example.org/"),
        ("members", "People"),
        ("ghcr", "Registries"),
        ("charts node", "Metrics of the node"),
        ("rename prod-frankfurt", "Settings of prod-frankfurt"),
    ] {
        assert_eq!(first(typed), Some(title), "{typed}");
    }
}
