//! Every kind of page there is, in one place, for the tests of what has to know all of them.

use slipway_protocol::{ApplicationId, ClusterId, Scope};

use crate::route::{Page, Route, Tab};

/// A route has one kind, and what is missing here does not compile.
macro_rules! kinds {
    ($($name:literal: $pattern:pat,)+) => {
        pub const KINDS: &[&str] = &[$($name),+];

        pub fn kind(route: Route) -> &'static str {
            match route {
                $($pattern => $name,)+
            }
        }
    };
}

kinds! {
    "fleet": Route::Fleet,
    "add": Route::Add,
    "settings": Route::Settings,
    "host keys": Route::HostKeys,
    "home": Route::Cluster(_, Page::Home),
    "sign-in": Route::Cluster(_, Page::SignIn),
    "health": Route::Cluster(_, Page::Health),
    "renew": Route::Cluster(_, Page::Renew),
    "node terminal": Route::Cluster(_, Page::NodeTerminal),
    "events": Route::Cluster(_, Page::Events),
    "people": Route::Cluster(_, Page::People),
    "audit": Route::Cluster(_, Page::Audit),
    "registries": Route::Cluster(_, Page::Registries),
    "variables of the team": Route::Cluster(_, Page::Variables(Scope::Team)),
    "variables of a project": Route::Cluster(_, Page::Variables(Scope::Project(_))),
    "variables of an environment": Route::Cluster(_, Page::Variables(Scope::Environment(_))),
    "new application": Route::Cluster(_, Page::NewApp(_)),
    "deployment": Route::Cluster(_, Page::Deployment(_)),
    "overview": Route::Cluster(_, Page::App(_, Tab::Overview)),
    "deployments": Route::Cluster(_, Page::App(_, Tab::Deployments)),
    "logs": Route::Cluster(_, Page::App(_, Tab::Logs)),
    "variables": Route::Cluster(_, Page::App(_, Tab::Variables)),
    "files": Route::Cluster(_, Page::App(_, Tab::Files)),
    "domains": Route::Cluster(_, Page::App(_, Tab::Domains)),
    "metrics": Route::Cluster(_, Page::App(_, Tab::Metrics)),
    "terminal": Route::Cluster(_, Page::App(_, Tab::Terminal)),
    "commands": Route::Cluster(_, Page::App(_, Tab::Commands)),
    "application settings": Route::Cluster(_, Page::App(_, Tab::Settings)),
    // The variables of an application are a tab; no address names them as a page.
    "nothing": Route::Unknown | Route::Cluster(_, Page::Variables(Scope::Application(_))),
}

/// What these routes do not come to, but for the kinds that are left out. Those have to exist, and may not be come to.
pub fn missed(routes: impl IntoIterator<Item = Route>, left_out: &[&str]) -> Vec<&'static str> {
    let come_to: Vec<&str> = routes.into_iter().map(kind).collect();
    for name in left_out {
        assert!(KINDS.contains(name), "there is no kind “{name}” to be left out");
        assert!(!come_to.contains(name), "“{name}” is left out, and is there");
    }
    let all = KINDS.iter().copied();
    all.filter(|name| !come_to.contains(name) && !left_out.contains(name))
        .collect()
}

const ID: &str = "018f0000-0000-7000-8000-000000000001";
/// What the test of hostile texts opens: its list is Rust, and each of its addresses a text of its own.
const OPENED: &str = include_str!("../../tests/window/hostile/pages.rs");

/// The address with an id in the place of each name in capitals.
fn with_ids(address: &str) -> String {
    let mut out = String::new();
    let mut rest = address;
    while let Some(begin) = rest.find(|letter: char| letter.is_ascii_uppercase()) {
        let (before, name) = rest.split_at(begin);
        out.push_str(before);
        out.push_str(ID);
        rest = name.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    }
    out.push_str(rest);
    out
}

/// NFR-S7: the test of hostile texts opens every page there is, but for those that show nothing of what others write.
#[test]
fn every_page_is_opened_with_hostile_texts() {
    // Nobody who is signed in is led to the first one.
    let left_out = ["sign-in", "nothing"];
    let (list, _) = OPENED.split_once("];").expect("the list has an end");
    let addresses: Vec<&str> = list.split('"').filter(|text| text.starts_with("#/")).collect();
    assert!(addresses.len() > 20, "{addresses:?}");
    let routes = addresses.into_iter().map(|address| {
        let route = Route::parse(&with_ids(address));
        assert_ne!(route, Route::Unknown, "{address} leads to no page");
        route
    });
    assert_eq!(missed(routes, &left_out), [""; 0], "pages that are never opened");
}

/// FR-DSK-01: the tabs of an application are all in the list that its head and the palette are made from.
#[test]
fn every_tab_is_listed() {
    let named = KINDS.len();
    let application: ApplicationId = ID.parse().expect("an id");
    let cluster: ClusterId = ID.parse().expect("an id");
    let tabs = Tab::ALL.map(|tab| kind(Route::Cluster(cluster, Page::App(application, tab))));
    let before = KINDS
        .iter()
        .position(|name| *name == tabs[0])
        .expect("the first tab");
    // Those of an application stand together, before the last kind.
    assert_eq!(KINDS[before..named - 1], tabs);
}
